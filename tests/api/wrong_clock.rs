//! A verifier whose clock is wrong: it judges nothing, spends nothing, and says so to those who run it.

use countersign::clock::TOLERANCE;
use serde_json::json;

use crate::{
    actors::{Issued, Reply},
    app::TestApp,
    world::{NOW, unknown_code},
};

/// Ahead of the right time, in seconds, but for the smallest.
const WRONG: [i64; 6] = [-180, -125, -TOLERANCE - 1, TOLERANCE + 1, 600, 40 * 86_400];

/// Whatever is asked is `cannot_check`, and no place of the budget is taken.
async fn judges_nothing(app: &TestApp, fresh: &Issued, right: i64) {
    let anyone = app.anyone();
    let unknown = unknown_code(3).words();
    for reply in [anyone.token(&fresh.token).await, anyone.code(&fresh.words).await, anyone.code(&unknown).await] {
        assert_eq!((reply.status, reply.verdict().as_str()), (503, "cannot_check"));
        assert_eq!(reply.json()["server_time"], right, "the page judges by this time, so it is the one that is known to be right");
    }
    assert_eq!((app.count("misses"), app.count("marks")), (0, 0));
    assert_eq!(anyone.get("/health/ready").await.problem(), (503, "unavailable".into()));
    assert_eq!(anyone.get("/.well-known/jwks.json").await.status, 503, "nobody can say whether the set is over");
    assert_eq!(anyone.get("/.well-known/countersign/keys.jwt").await.status, 200, "which says itself when it ends");
    assert_eq!(anyone.get("/check").await.status, 200);
}

async fn judges(app: &TestApp) {
    let fresh = app.officer.issue_spoken().await;
    assert_eq!(app.anyone().token(&fresh.token).await.verdict(), "genuine");
    assert_eq!(app.anyone().get("/health/ready").await.status, 204);
    assert_eq!(app.anyone().get("/.well-known/jwks.json").await.status, 200);
}

/// The clock was wrong from the start, so that only the store's time shows it.
#[tokio::test]
async fn a_clock_that_differs_from_the_stores_is_noticed_at_the_next_look() {
    for ahead in WRONG {
        let app = TestApp::start().await;
        let fresh = app.officer.issue_spoken().await;
        app.faults.store_time(Some(NOW - ahead));
        app.readiness.look().await;
        judges_nothing(&app, &fresh, NOW - ahead).await;
        let figures = app.figures().await;
        figures.is("failing{side=\"verifier\",part=\"clock\"}", 1);
        figures.is("clock_offset_seconds", ahead);
        figures.is("store_up", 1);
        // Set right: at once, and not only when it is looked again.
        app.clock.step(NOW - ahead);
        let unknown = app.anyone().code(&unknown_code(5).words()).await;
        assert_eq!(unknown.verdict(), "unknown_code");
        app.clock.step(NOW);
        app.faults.store_time(Some(NOW));
        app.readiness.look().await;
        judges(&app).await;
        let figures = app.figures().await;
        figures.is("failing{side=\"verifier\",part=\"clock\"}", 0);
        figures.is("clock_offset_seconds", 0);
    }
}

#[tokio::test]
async fn clocks_that_differ_by_half_a_minute_do() {
    for ahead in [-TOLERANCE, 0, TOLERANCE] {
        let app = TestApp::start().await;
        app.faults.store_time(Some(NOW - ahead));
        app.readiness.look().await;
        judges(&app).await;
    }
}

/// A store without a clock shows jumps alone, and those at once.
#[tokio::test]
async fn a_clock_that_is_set_while_the_service_runs_is_noticed_by_the_next_check() {
    for ahead in WRONG {
        let app = TestApp::start().await;
        let fresh = app.officer.issue_spoken().await;
        app.clock.step(NOW + ahead);
        judges_nothing(&app, &fresh, NOW).await;
        app.readiness.look().await;
        judges_nothing(&app, &fresh, NOW).await;
        app.figures().await.is("failing{side=\"verifier\",part=\"clock\"}", 1);
        app.clock.step(NOW);
        app.readiness.look().await;
        judges(&app).await;
    }
}

#[tokio::test]
async fn the_form_without_scripts_says_that_it_cannot_check() {
    let app = TestApp::start().await;
    let fresh = app.officer.issue_plain().await;
    app.clock.step(NOW + 600);
    let form = app.anyone().request(reqwest::Method::POST, "/check").header("content-type", "application/x-www-form-urlencoded");
    let reply = Reply::of(form.header("sec-fetch-site", "same-origin").body(format!("code={}", fresh.token))).await;
    assert_eq!(reply.status, 503);
    assert_eq!(app.count("marks"), 0);
}

/// A set that is over by the wrong clock is not over, and the other way about.
#[tokio::test]
async fn the_end_of_the_key_set_is_judged_by_the_stores_time() {
    let app = TestApp::start().await;
    app.clock.step(NOW + 40 * 86_400);
    app.faults.store_time(Some(NOW));
    app.readiness.look().await;
    let figures = app.figures().await;
    figures.is("failing{side=\"verifier\",part=\"key_set\"}", 0);
    figures.is("key_set_read_timestamp_seconds", NOW);
}

#[tokio::test]
async fn a_wrong_clock_neither_lifts_the_limit_of_an_address_nor_makes_it_last() {
    let app = TestApp::start().await;
    let asker = app.anyone().at_address(95);
    let mut tries = 0;
    while asker.code(&unknown_code(tries).words()).await.status == 200 {
        tries += 1;
    }
    assert!((20..=40).contains(&tries), "{tries}");
    for ahead in [-86_400, 86_400] {
        app.clock.step(NOW + ahead);
        let reply = asker.verify(&json!({"code": unknown_code(60).words()})).await;
        let wait: i64 = reply.header("retry-after").parse().unwrap();
        assert!(reply.status == 429 && wait == 780, "{reply:?}");
    }
}
