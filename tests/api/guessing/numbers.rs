//! Known words: who has overheard them and not the number gets five tries.

use countersign::token::SpokenCode;
use serde_json::json;
use tokio::task::JoinSet;

use super::{address, behind_a_proxy, check, six_words, status, verdict};
use crate::{
    app::{Setup, TestApp},
    events::Events,
    world::MINUTE,
};

const NUMBER: &str = "042137";

async fn numbered(app: &TestApp) -> crate::actors::Issued {
    app.officer.issue(json!({"channel": "telephone", "challenge": NUMBER})).await
}

async fn open() -> TestApp {
    behind_a_proxy(Setup { guesses: 1_000_000, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_numbers_at_once_get_five_answers() {
    let app = open().await;
    let issued = numbered(&app).await;
    let (five, six) = (SpokenCode::parse(&issued.words).unwrap(), SpokenCode::parse(&six_words(&issued)).unwrap());
    let mut racing = JoinSet::new();
    for n in 0..10_000 {
        let side = app.public_side.clone();
        let number = format!("{n:06}");
        let code = if n % 2 == 0 { five } else { six };
        racing.spawn(async move { verdict(side.limited(address(n), check(code, Some(&number), n)).await) });
        if racing.len() > 40 {
            let said = racing.join_next().await.unwrap().unwrap();
            assert!(["other_challenge", "unknown_code"].contains(&said), "{said}");
        }
    }
    drop(racing.join_all().await);
    app.figures().await.is("checks_total{form=\"code\",verdict=\"other_challenge\"}", 5);
    app.figures().await.is("checks_total{form=\"code\",verdict=\"unknown_code\"}", 9_995);
    assert_eq!(app.officer.status(&issued.id).await, status("live", None, 5));
}

#[tokio::test]
async fn after_five_wrong_numbers_words_name_nothing_any_more() {
    let app = open().await;
    let issued = numbered(&app).await;
    let mut events = Events::of(&app.officer, &issued.id).await;
    assert_eq!(events.next().await, Some(status("live", None, 0)));
    for n in 0..5_u32 {
        let asker = app.anyone().from(&address(1).to_string());
        assert_eq!(asker.with_number("999999").code(&issued.words).await.verdict(), "other_challenge");
        assert_eq!(events.next().await, Some(status("live", None, n + 1)), "its officer learns of it");
    }
    let asker = app.anyone().from("192.0.2.1");
    let dead = super::nothing(1, countersign::token::SpokenSize::Five).words();
    for number in [Some(NUMBER), Some("999999"), None] {
        let asker = number.map_or(asker.clone(), |number| asker.with_number(number));
        for words in [issued.words.clone(), six_words(&issued)] {
            let (reply, of_dead) = (asker.code(&words).await, asker.code(&dead).await);
            assert_eq!(reply.verdict(), "unknown_code", "{number:?}");
            assert_eq!(reply.body, of_dead.body, "{number:?}");
        }
    }
    assert_eq!(app.officer.status(&issued.id).await, status("live", None, 5));
    assert!(app.officer.get("/v1/tokens").await.body.contains("\"wrong_numbers\":5"));
    // Who scans has the number with the words.
    assert_eq!(asker.with_number("999999").token(&issued.token).await.verdict(), "other_challenge");
    assert_eq!(asker.with_number(NUMBER).token(&issued.token).await.verdict(), "genuine");
    assert_eq!(events.next().await, Some(status("checked", Some(MINUTE), 5)));
}

#[tokio::test]
async fn right_numbers_and_scans_are_never_counted() {
    let app = open().await;
    let issued = numbered(&app).await;
    for n in 0..10 {
        let verdict = if n == 0 { "genuine" } else { "already_checked" };
        assert_eq!(app.anyone().with_number(NUMBER).code(&issued.words).await.verdict(), verdict);
        assert_eq!(app.anyone().with_number("999999").token(&issued.token).await.verdict(), "other_challenge");
        assert_eq!(app.officer.status(&issued.id).await, status("checked", Some(MINUTE), 0));
    }
    let bare = app.officer.issue_spoken().await;
    for _ in 0..10 {
        assert_eq!(app.anyone().with_number(NUMBER).code(&bare.words).await.verdict(), "other_challenge");
    }
    assert_eq!(app.officer.status(&bare.id).await, status("live", None, 0), "it carries none");
}

/// A page that lost the answer asks again, whatever others did meanwhile.
#[tokio::test]
async fn who_was_first_keeps_their_answer() {
    let app = open().await;
    let issued = numbered(&app).await;
    let first = app.anyone().with_number(NUMBER);
    assert_eq!(first.code(&issued.words).await.verdict(), "genuine");
    for _ in 0..5 {
        assert_eq!(app.anyone().with_number("999999").code(&issued.words).await.verdict(), "other_challenge");
    }
    assert_eq!(app.anyone().with_number(NUMBER).code(&issued.words).await.verdict(), "unknown_code");
    for _ in 0..3 {
        assert_eq!(first.code(&issued.words).await.verdict(), "genuine");
    }
    assert_eq!(app.officer.status(&issued.id).await, status("checked", Some(MINUTE), 5));
}
