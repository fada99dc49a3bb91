//! What is dropped, when, and that nothing dropped ever comes back.

use countersign::store::{IssuerStore as _, KEEP_CODES, KEEP_ROWS};
use serde_json::json;

use crate::{
    app::TestApp,
    world::{DAY, NOW},
};

impl TestApp {
    async fn purge_at(&self, now: i64) {
        self.begins_again_at(now);
        self.store.purge(now).await.unwrap();
    }
}

#[tokio::test]
async fn codes_and_bytes_go_half_an_hour_after_the_end() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_spoken().await;
    let stored = |app: &TestApp| app.dump()["tokens"][0].clone();
    for (now, verdict) in [(issued.expires_at + KEEP_CODES - 1, "expired"), (issued.expires_at + KEEP_CODES, "unknown_code")] {
        app.purge_at(now).await;
        assert_eq!(app.anyone().code(&issued.words).await.verdict(), verdict);
        assert_eq!(stored(&app).contains("|null|null|"), verdict == "unknown_code");
    }
    assert_eq!(app.count("tokens"), 1, "the row stays");
    app.begins_again_at(NOW);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine", "and is still the record");
}

#[tokio::test]
async fn rows_and_marks_go_together_a_day_after_the_end() {
    let app = TestApp::start().await;
    let (used, unused) = (app.officer.issue_plain().await, app.officer.issue_plain().await);
    assert_eq!(app.anyone().token(&used.token).await.verdict(), "genuine");
    assert_eq!(app.store.report_first_checks(NOW).await.unwrap(), 1);
    for (now, rows, marks) in [(used.expires_at + KEEP_ROWS - 1, 2, 1), (used.expires_at + KEEP_ROWS, 0, 0)] {
        app.purge_at(now).await;
        assert_eq!((app.count("tokens"), app.count("marks")), (rows, marks));
    }
    assert_eq!(app.dump()["purged"], [format!("1|{}", used.expires_at)]);
    assert_eq!(app.officer.get(&format!("/v1/tokens/{}", unused.id)).await.status, 404);
}

#[tokio::test]
async fn a_clock_that_is_set_back_brings_nothing_back() {
    let app = TestApp::start().await;
    let body = json!({"channel": "telephone", "lifetime": 600, "challenge": "123456"});
    let (used, unused) = (app.officer.issue(body.clone()).await, app.officer.issue(body).await);
    let numbered = app.anyone().with_number("123456");
    assert_eq!(numbered.token(&used.token).await.verdict(), "genuine");
    app.store.report_first_checks(NOW).await.unwrap();
    let purged_at = NOW + 25 * 3_600;
    app.purge_at(purged_at).await;
    assert_eq!((app.count("tokens"), app.count("marks")), (0, 0));
    // Inside the old window again: by that clock nothing is judged, until it is believed because the service was restarted.
    app.clock.set(purged_at - 25 * 3_600);
    assert_eq!(app.anyone().token(&used.token).await.verdict(), "cannot_check");
    let refused = app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await;
    assert_eq!(refused.problem(), (503, "clock".into()), "nor is anything issued");
    app.begins_again_at(purged_at - 25 * 3_600);
    for issued in [&used, &unused] {
        for asker in [&numbered, &numbered.another(), &app.anyone(), &app.anyone().with_number("000000")] {
            assert_eq!(asker.token(&issued.token).await.verdict(), "expired");
        }
        assert_eq!(numbered.code(&issued.words).await.verdict(), "unknown_code");
    }
    assert_eq!((app.count("tokens"), app.count("marks")), (0, 0));
    let refused = app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await;
    assert_eq!(refused.problem(), (503, "born-expired".into()), "it would end before what was purged");
    let fresh = app.officer.issue(json!({"channel": "in-person", "lifetime": 600, "not_before": NOW + 1})).await;
    assert_eq!(app.anyone().token(&fresh.token).await.verdict(), "genuine", "ends after the purge, so it counts");
}

#[tokio::test]
async fn purging_again_with_the_clock_set_back_lowers_nothing() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    app.purge_at(NOW + 2 * DAY).await;
    app.purge_at(NOW).await;
    assert_eq!(app.dump()["purged"], [format!("1|{}", issued.expires_at)]);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "expired");
}

#[tokio::test]
async fn a_mark_that_the_ledger_does_not_know_is_kept() {
    let app = TestApp::start().await;
    let (used, unused) = (app.officer.issue_plain().await, app.officer.issue_plain().await);
    assert_eq!(app.anyone().token(&used.token).await.verdict(), "genuine");
    app.purge_at(used.expires_at + 3 * DAY).await;
    assert_eq!((app.count("tokens"), app.count("marks")), (1, 1));
    app.begins_again_at(NOW);
    for issued in [&used, &unused] {
        assert_eq!(app.anyone().token(&issued.token).await.verdict(), "expired");
    }
    let now = used.expires_at + 3 * DAY;
    assert_eq!(app.store.report_first_checks(now).await.unwrap(), 1);
    assert_eq!(app.store.report_first_checks(now).await.unwrap(), 0, "each is reported once");
    app.purge_at(now).await;
    assert_eq!((app.count("tokens"), app.count("marks")), (0, 0));
}
