//! The limit for one address, which tells nothing of its neighbours and never stands between a person and a right number.

use countersign::{
    http::{
        code_places::PATIENCE,
        guessers::{History, TRIES, WINDOW},
    },
    store::GuessPool,
};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::{address, behind_a_proxy, check, history, taken, verdict};
use crate::{
    actors::{Asker, Reply},
    app::{Setup, TestApp},
    faults::Fault,
    world::{NOW, unknown_code},
};

/// Wrong codes until the address is asked to wait; how many.
async fn to_the_limit(asker: &Asker) -> u32 {
    for n in 0.. {
        let reply = asker.code(&unknown_code(n).words()).await;
        if reply.status == 429 {
            return u32::try_from(n).unwrap();
        }
        assert_eq!(reply.verdict(), "unknown_code");
    }
    unreachable!()
}

#[tokio::test]
async fn one_address_is_held_back_and_its_scans_are_not() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    let (spoken, plain) = (app.officer.issue_spoken().await, app.officer.issue_plain().await);
    let tries = to_the_limit(&asker).await;
    assert!(TRIES.contains(&tries), "{tries}");
    for code in [unknown_code(30).words(), spoken.words.clone()] {
        let reply = asker.code(&code).await;
        assert_eq!(reply.problem(), (429, "too-many-requests".into()));
        assert_eq!(reply.header("retry-after"), WINDOW.to_string(), "always the same");
        assert_eq!(reply.body.len(), 2_048);
    }
    assert_eq!(taken(&app, GuessPool::Five).await, tries, "what was held back cost nothing");
    assert_eq!(asker.token(&plain.token).await.verdict(), "genuine");
    assert_eq!(asker.code("hello").await.verdict(), "mistyped");
    assert_eq!(asker.at_address(2).code(&spoken.words).await.verdict(), "genuine", "another address");
    app.clock.set(NOW + i64::from(WINDOW));
    assert_eq!(asker.code(&unknown_code(31).words()).await.verdict(), "unknown_code");
}

#[tokio::test]
async fn hits_are_not_held_against_an_address() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    for _ in 0..100 {
        let issued = app.officer.issue_spoken().await;
        assert_eq!(asker.another().code(&issued.words).await.verdict(), "genuine");
    }
    assert_eq!(asker.code(&unknown_code(1).words()).await.verdict(), "unknown_code");
}

#[tokio::test]
async fn guesses_while_a_budget_is_spent_are_limited_as_well() {
    let app = Setup { guesses: 0, ..Setup::default() }.start().await;
    let (asker, live) = (app.anyone(), app.officer.issue_spoken().await);
    let mut tries = 0;
    while asker.code(&live.words).await.status == 503 {
        tries += 1;
        assert!(tries <= *TRIES.end());
    }
    assert!(tries >= *TRIES.start(), "{tries}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misses_at_once_never_exceed_the_limit() {
    let app = TestApp::start().await;
    let mut racing = JoinSet::new();
    for n in 0..100 {
        let side = app.public_side.clone();
        racing.spawn(async move { verdict(side.limited(address(1), check(unknown_code(n), None, n)).await) });
    }
    let said = racing.join_all().await;
    let answered = u32::try_from(said.iter().filter(|said| **said == "unknown_code").count()).unwrap();
    assert!(TRIES.contains(&answered), "{answered}");
    assert_eq!(said.iter().filter(|said| **said == "429").count(), 100 - usize::try_from(answered).unwrap());
}

/// The form as a browser without scripts sends it.
async fn form(asker: &Asker, words: &str, number: &str) -> Reply {
    let body = format!("code={}&challenge={number}", words.replace(' ', "+"));
    let form = asker.request(Method::POST, "/check").header("sec-fetch-site", "same-origin");
    Reply::of(form.header("content-type", "application/x-www-form-urlencoded").body(body)).await
}

#[tokio::test]
async fn a_right_number_is_answered_whatever_else_came_from_the_address() {
    let app = behind_a_proxy(Setup::default()).await;
    let asker = app.anyone().from("192.0.2.1");
    to_the_limit(&asker).await;
    let numbered = async || app.officer.issue(json!({"channel": "telephone", "challenge": "123456"})).await;
    let (first, second, bare) = (numbered().await, numbered().await, app.officer.issue_spoken().await);
    let before = taken(&app, GuessPool::Number).await;
    for words in [&first.words, &bare.words, &unknown_code(1).words()] {
        assert_eq!(asker.code(words).await.problem(), (429, "too-many-requests".into()), "no number");
        let reply = asker.with_number("654321").code(words).await;
        assert_eq!(reply.problem(), (429, "too-many-requests".into()), "not its number");
        assert_eq!(reply.header("retry-after"), WINDOW.to_string());
    }
    assert_eq!(taken(&app, GuessPool::Number).await, before + 3, "each was judged, and costs a place");
    assert_eq!(form(&asker, &second.words, "654321").await.status, 429);
    assert_eq!(asker.with_number("123456").code(&first.words).await.verdict(), "genuine");
    assert_eq!(asker.another().with_number("123456").code(&first.words).await.verdict(), "already_checked");
    let page = form(&asker, &second.words, "123456").await;
    assert_eq!(page.status, 200);
    assert_eq!(app.officer.status(&second.id).await["state"], "checked");
    assert_eq!(taken(&app, GuessPool::Number).await, before + 4);
}

/// The store is too slow for all who come from one address: who waited in vain has guessed nothing.
#[tokio::test]
async fn who_waited_in_vain_is_not_counted() {
    let app = TestApp::start().await;
    app.faults.set(Fault::Hangs("take_guess"));
    let mut waiting = JoinSet::new();
    for n in 0..100 {
        let side = app.public_side.clone();
        waiting.spawn(async move { verdict(side.limited(address(1), check(unknown_code(n), None, n)).await) });
    }
    assert!(waiting.join_all().await.iter().all(|said| *said == "cannot_check"), "after {PATIENCE:?}");
    app.faults.set(Fault::None);
    assert_eq!(history(&app, 1), History::Clean);
}
