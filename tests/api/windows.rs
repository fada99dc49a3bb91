//! Every edge of every window at -1, 0 and +1 s.

use serde_json::{Value, json};

use crate::{
    app::TestApp,
    world::{self, NOW},
};

/// Seconds from start or end, by which verdict.
const AT_START: [(i64, &str); 4] = [(-61, "not_yet_valid"), (-60, "genuine"), (-59, "genuine"), (0, "genuine")];
const AT_END: [(i64, &str); 6] = [(-1, "genuine"), (0, "genuine"), (1, "genuine"), (59, "genuine"), (60, "expired"), (61, "expired")];

/// A fresh token for every moment, by token and by code.
async fn edges(app: &TestApp, body: Value, start: i64, end: i64) {
    let starts = AT_START.map(|(off, verdict)| (start + off, verdict));
    let ends = AT_END.map(|(off, verdict)| (end + off, verdict));
    for (now, verdict) in starts.into_iter().chain(ends) {
        app.begins_again_at(NOW);
        let by_token = app.officer.issue(body.clone()).await;
        let by_code = app.officer.issue(body.clone()).await;
        app.begins_again_at(now);
        assert_eq!(app.anyone().token(&by_token.token).await.verdict(), verdict, "{body} {start} {end} at {now}");
        let spoken = if verdict == "not_yet_valid" { "unknown_code" } else { verdict };
        assert_eq!(app.anyone().code(&by_code.words).await.verdict(), spoken, "{body} {start} {end} at {now}");
    }
}

#[tokio::test]
async fn the_shortest_the_usual_and_the_longest_life() {
    let app = TestApp::start().await;
    for lifetime in [1, 300, 600] {
        edges(&app, json!({"channel": "telephone", "lifetime": lifetime}), NOW, NOW + lifetime).await;
    }
}

#[tokio::test]
async fn tokens_prepared_for_later() {
    let app = TestApp::start().await;
    for ahead in [1, 61, 86_400] {
        let body = json!({"channel": "telephone", "not_before": NOW + ahead, "lifetime": 300});
        edges(&app, body, NOW + ahead, NOW + ahead + 300).await;
    }
}

#[tokio::test]
async fn what_the_desk_refuses_at_the_edges() {
    let app = TestApp::start().await;
    for (body, status) in [
        (json!({"lifetime": 0}), 422),
        (json!({"lifetime": 1}), 201),
        (json!({"lifetime": 600}), 201),
        (json!({"lifetime": 601}), 422),
        (json!({"lifetime": i64::MAX}), 422),
        (json!({"lifetime": -1}), 422),
        (json!({"not_before": NOW - 1}), 422),
        (json!({"not_before": NOW}), 422),
        (json!({"not_before": NOW + 1}), 201),
        (json!({"not_before": NOW + 86_400}), 201),
        (json!({"not_before": NOW + 86_401}), 422),
        (json!({"not_before": i64::MAX}), 422),
        (json!({"not_before": i64::MIN}), 422),
    ] {
        let mut body = body;
        body["channel"] = "in-person".into();
        // Named, so that the choice of an authorisation does not come before the window.
        body["authorisation"] = app.authorisation.to_string().into();
        let reply = app.officer.post("/v1/tokens", &body).await;
        assert_eq!(reply.status, status, "{body} {reply:?}");
    }
}

#[tokio::test]
async fn telephone_tokens_live_ten_minutes_and_others_five() {
    let app = TestApp::start().await;
    for (channel, lifetime) in [("in-person", 300), ("telephone", 600), ("online", 300)] {
        assert_eq!(app.officer.issue(json!({"channel": channel})).await.expires_at, NOW + lifetime);
    }
}

#[tokio::test]
async fn a_key_signs_only_for_its_own_time() {
    let app = TestApp::start().await;
    // A right signature over a window that the published key does not cover.
    let mut short = world::published();
    short.expires_at = NOW + 200;
    app.publish(&world::key_set(2, NOW + 1_000, vec![short])).await;
    let issued = app.officer.issue(json!({"channel": "in-person", "lifetime": 201})).await;
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "not_genuine");
    let issued = app.officer.issue(json!({"channel": "in-person", "lifetime": 200})).await;
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
}
