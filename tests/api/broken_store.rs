//! A store that fails or hangs: nothing is ever genuine by default.

use countersign::{http::app::Phase, token::Token};

use crate::{app::TestApp, faults::Fault, world};

#[tokio::test]
async fn whatever_fails_is_cannot_check_and_nothing_else() {
    let app = TestApp::start().await;
    for (operation, member, number) in [
        ("use_once", "token", None),
        ("standing", "token", Some("123456")),
        ("take_guess", "code", None),
        ("token_for_code", "code", None),
        ("use_once", "code", None),
        ("standing", "code", Some("123456")),
    ] {
        let issued = app.officer.issue_spoken().await;
        let shown = if member == "token" { &issued.token } else { &issued.words };
        let asker = number.map_or(app.anyone(), |number| app.anyone().with_number(number));
        let body = asker.body(member, shown);
        app.faults.set(Fault::Fails(operation));
        let reply = asker.verify(&body).await;
        assert_eq!(reply.verdict(), "cannot_check", "{operation} by {member}");
        assert!(!reply.body.contains("secret"), "{reply:?}");
        app.faults.set(Fault::None);
        assert_eq!(app.officer.status(&issued.id).await["state"], "live");
        assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine", "{operation} by {member}");
    }
}

#[tokio::test]
async fn a_lost_place_in_the_budget_is_no_reason_to_hide_a_hit() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_spoken().await;
    app.faults.set(Fault::Fails("give_back"));
    assert_eq!(app.anyone().code(&issued.words).await.verdict(), "genuine");
}

/// Waits out the real patience of two seconds: a paused clock would run ahead of the real sockets.
#[tokio::test]
async fn a_store_that_hangs_is_given_up() {
    let app = TestApp::start().await;
    app.faults.set(Fault::Hangs("use_once"));
    let issued = app.officer.issue_spoken().await;
    let (by_token, by_code) = (app.anyone(), app.anyone());
    let (by_token, by_code) = tokio::join!(by_token.token(&issued.token), by_code.code(&issued.words));
    assert_eq!((by_token.verdict(), by_code.verdict()), ("cannot_check".into(), "cannot_check".into()));
    app.faults.set(Fault::Hangs("ready"));
    assert_eq!(app.anyone().get("/health/ready").await.problem(), (503, "unavailable".into()));
    app.faults.set(Fault::None);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
}

#[tokio::test]
async fn what_needs_no_store_is_answered_without_one() {
    let app = TestApp::start().await;
    for operation in ["use_once", "standing", "take_guess", "token_for_code"] {
        app.faults.set(Fault::Hangs(operation));
        let mut forged = world::unrecorded([1; 8], world::NOW, 300).as_bytes().to_vec();
        *forged.last_mut().unwrap() ^= 1;
        let forged = Token::from_bytes(forged).unwrap().text();
        assert_eq!(app.anyone().token(&forged).await.verdict(), "not_genuine");
        assert_eq!(app.anyone().token("hello").await.verdict(), "mistyped");
        assert_eq!(app.anyone().code("hello").await.verdict(), "mistyped");
        let late = world::unrecorded([1; 8], world::NOW - 700, 300).text();
        assert_eq!(app.anyone().token(&late).await.verdict(), "expired");
    }
}

#[tokio::test]
async fn readiness_follows_the_store_and_liveness_does_not() {
    let app = TestApp::start().await;
    assert_eq!(app.anyone().get("/health/ready").await.status, 204);
    app.faults.set(Fault::Fails("ready"));
    let reply = app.anyone().get("/health/ready").await;
    assert_eq!(reply.problem(), (503, "unavailable".into()));
    assert!(!reply.body.contains("secret"), "{reply:?}");
    assert_eq!(app.anyone().get("/health/live").await.status, 204);
}

#[tokio::test]
async fn a_process_about_to_stop_is_not_ready_and_answers_all_the_same() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    app.phase.send_replace(Phase::Leaving);
    assert_eq!(app.anyone().get("/health/ready").await.problem(), (503, "leaving".into()));
    assert_eq!(app.anyone().get("/health/live").await.status, 204);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
}
