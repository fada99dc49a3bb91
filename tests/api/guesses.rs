//! Guessing spoken codes: the budget for all, and the limit for one address.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    app::{Setup, TestApp},
    world::{MINUTE, NOW, unknown_code},
};

async fn budget(guesses: u32) -> TestApp {
    Setup { guesses, ..Setup::default() }.start().await
}

/// The verdict on a code that names nothing; each is tried from an address that tried nothing before.
async fn guess(app: &TestApp, n: usize) -> String {
    let address = 10 + u8::try_from(n).unwrap();
    app.anyone().at_address(address).code(&unknown_code(n).words()).await.verdict()
}

#[tokio::test]
async fn a_spent_budget_still_believes_code_and_number_together() {
    let app = budget(2).await;
    let numbered = app.officer.issue(json!({"channel": "telephone", "challenge": "123456"})).await;
    let bare = app.officer.issue_spoken().await;
    for n in 0..2 {
        assert_eq!(guess(&app, n).await, "unknown_code");
    }
    assert_eq!(guess(&app, 2).await, "cannot_check");
    assert_eq!(app.anyone().code(&bare.words).await.verdict(), "cannot_check");
    assert_eq!(app.anyone().with_number("123456").code(&bare.words).await.verdict(), "cannot_check", "carries none");
    assert_eq!(app.anyone().code(&numbered.words).await.verdict(), "cannot_check");
    assert_eq!(app.anyone().with_number("123457").code(&numbered.words).await.verdict(), "cannot_check");
    assert_eq!(app.anyone().code("hello").await.verdict(), "mistyped");
    assert_eq!(app.count("marks"), 0);
    assert_eq!(app.anyone().with_number("123456").code(&numbered.words).await.verdict(), "genuine");
    assert_eq!(app.anyone().with_number("123456").code(&numbered.words).await.verdict(), "already_checked");
    assert_eq!(app.anyone().token(&bare.token).await.verdict(), "genuine", "a scan is never limited");
}

#[tokio::test]
async fn a_spent_budget_stays_spent_in_another_process() {
    let app = budget(2).await;
    assert_eq!(guess(&app, 0).await, "unknown_code");
    let other = app.second_verifier().await;
    assert_eq!(other.code(&unknown_code(1).words()).await.verdict(), "unknown_code");
    assert_eq!(other.code(&unknown_code(2).words()).await.verdict(), "cannot_check");
    assert_eq!(guess(&app, 3).await, "cannot_check");
    let restarted = app.second_verifier().await;
    assert_eq!(restarted.code(&unknown_code(4).words()).await.verdict(), "cannot_check");
}

#[tokio::test]
async fn the_budget_comes_back_after_the_longest_life_of_a_token() {
    let app = budget(1).await;
    assert_eq!(guess(&app, 0).await, "unknown_code");
    // Twelve minutes: ten of life and one of leeway on either side. Counted in whole minutes, never for less.
    for (now, verdict) in [(NOW + 719, "cannot_check"), (MINUTE + 779, "cannot_check"), (MINUTE + 780, "unknown_code")] {
        app.clock.set(now);
        assert_eq!(guess(&app, 1).await, verdict, "{}", now - NOW);
    }
    app.clock.set(NOW - 3_600);
    assert_eq!(guess(&app, 2).await, "cannot_check", "a clock that was set back wins nothing");
}

#[tokio::test]
async fn a_hit_gives_its_place_back() {
    let app = budget(1).await;
    for _ in 0..3 {
        let issued = app.officer.issue_spoken().await;
        for verdict in ["genuine", "already_checked"] {
            assert_eq!(app.anyone().code(&issued.words).await.verdict(), verdict);
        }
    }
    assert_eq!(guess(&app, 0).await, "unknown_code");
    assert_eq!(guess(&app, 1).await, "cannot_check");
}

#[tokio::test]
async fn mistyped_costs_nothing() {
    let app = budget(1).await;
    for text in ["hello", "", "123456789012345", "abacus abacus abacus abacus volley"] {
        assert_eq!(app.anyone().code(text).await.verdict(), "mistyped");
    }
    assert_eq!(guess(&app, 0).await, "unknown_code");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_never_exceed_the_budget() {
    let app = budget(20).await;
    let second_process = app.second_verifier().await;
    let mut racing = JoinSet::new();
    for n in 0..100 {
        let asker = if n % 2 == 0 { app.anyone() } else { second_process.another() };
        racing.spawn(async move { asker.code(&unknown_code(n).words()).await.verdict() });
    }
    let mut verdicts = BTreeMap::new();
    for verdict in racing.join_all().await {
        *verdicts.entry(verdict).or_insert(0) += 1;
    }
    assert_eq!(verdicts, BTreeMap::from([("cannot_check".into(), 80), ("unknown_code".into(), 20)]));
}

#[tokio::test]
async fn one_address_is_held_back_and_its_scans_are_not() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    let (spoken, plain) = (app.officer.issue_spoken().await, app.officer.issue_plain().await);
    for n in 0..30 {
        assert_eq!(asker.code(&unknown_code(n).words()).await.verdict(), "unknown_code");
    }
    app.clock.set(NOW + 20);
    for code in [unknown_code(30).words(), spoken.words.clone()] {
        let reply = asker.code(&code).await;
        assert_eq!(reply.problem(), (429, "too-many-requests".into()));
        assert_eq!(reply.header("retry-after"), "700");
        assert_eq!(reply.body.len(), 2_048);
    }
    assert_eq!(app.dump()["misses"], [format!("{}|30", MINUTE / 60)], "what was held back cost nothing");
    assert_eq!(asker.token(&plain.token).await.verdict(), "genuine");
    assert_eq!(asker.code("hello").await.verdict(), "mistyped");
    assert_eq!(asker.at_address(2).code(&spoken.words).await.verdict(), "genuine", "another address");
    app.clock.set(NOW + 720);
    assert_eq!(asker.code(&unknown_code(31).words()).await.verdict(), "unknown_code");
}

#[tokio::test]
async fn hits_are_not_held_against_an_address() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    let issued = app.officer.issue_spoken().await;
    for _ in 0..40 {
        assert_eq!(asker.code(&issued.words).await.verdict(), "genuine");
    }
    assert_eq!(asker.code(&unknown_code(1).words()).await.verdict(), "unknown_code");
}
