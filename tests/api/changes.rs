//! An open console hears that something changed, of what kind and no more.

use countersign::{authority::Actor, http::app::Phase};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    actors::{Person, Reply},
    app::{TestApp, wide},
    browser::Browser,
    events::Events,
    world::NOW,
};

async fn watches(person: &Person) -> Events {
    Events::open(person.request(Method::GET, "/v1/changes")).await
}

async fn seen_by(browser: &Browser) -> Events {
    Events::open(browser.request(Method::GET, "/v1/changes")).await
}

fn changed(kinds: &[&str]) -> Value {
    json!({ "changed": kinds })
}

#[tokio::test]
async fn a_request_and_its_decision_are_heard_of_by_those_whom_they_concern() {
    let app = TestApp::start().await;
    let kite = app.person("kite", countersign::authority::Role::Officer).await;
    let (mut officer, mut approver) = (watches(&app.officer).await, watches(&app.approver).await);
    let (mut other, mut administrator) = (watches(&kite).await, watches(&app.administrator).await);
    let mine = ["authorisations", "tokens"];
    assert_eq!(
        (officer.next().await, approver.next().await, other.next().await),
        (Some(changed(&mine)), Some(changed(&mine)), Some(changed(&mine)))
    );
    assert_eq!(administrator.next().await, Some(changed(&["authorisations", "tokens", "people"])), "everything, at first");
    let id = app.asked(&app.officer.officer, wide()).await.id;
    assert_eq!((officer.next().await, approver.next().await), (Some(changed(&mine[..1])), Some(changed(&mine[..1]))));
    let why = json!({"reason": "Not today"});
    app.approver.post(&format!("/v1/authorisations/{id}/refuse"), &why).await;
    assert_eq!((officer.next().await, administrator.next().await), (Some(changed(&mine[..1])), Some(changed(&mine[..1]))));
    // By another process.
    app.another_issuer().await;
    let elsewhere = countersign::store::SqliteStore::open_for_issuer(&app.path(), &crate::world::deployment_keys()).unwrap();
    let registry = countersign::issuer::Registry::new(
        std::sync::Arc::new(elsewhere),
        app.clock.clone(),
        std::sync::Arc::new(crate::world::Seeded::new(9)),
    );
    registry.suspend(&Actor::Operator, "heron".parse().unwrap()).await.unwrap();
    assert_eq!(other.next().await, Some(changed(&mine)), "the first that kite hears of");
    assert_eq!(approver.next().await, Some(changed(&mine[..1])), "the refusal");
    assert_eq!(approver.next().await, None, "who is suspended hears nothing more");
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_keeps_none_alive() {
    let app = TestApp::start().await;
    let (browser, mut passkey) = app.signs_in(&app.officer.officer, 1).await;
    let mut events = seen_by(&browser).await;
    assert_eq!(events.next().await, Some(changed(&["authorisations", "tokens"])));
    // Opened again and again, with all that is read when something changed, it is nobody doing anything.
    app.clock.set(NOW + 600);
    let mut again = seen_by(&browser).await;
    assert!(again.next().await.is_some());
    let read = browser.request(Method::GET, "/v1/tokens").header("countersign-unattended", "?1");
    assert_eq!(Reply::of(read).await.status, 200);
    app.clock.set(NOW + 899);
    assert_eq!(browser.get("/v1/session").await.status, 200);
    app.clock.set(NOW + 899 + 900);
    assert_eq!((events.next().await, again.next().await), (None, None), "it ended");
    let read = browser.request(Method::GET, "/v1/tokens").header("countersign-unattended", "?1");
    assert_eq!(Reply::of(read).await.problem(), (401, "no-session".into()));
    app.clock.set(NOW);
    let browser = app.browser().signed_in(&mut passkey).await;
    let mut events = seen_by(&browser).await;
    events.next().await;
    assert_eq!(browser.delete("/v1/session").await.status, 204);
    assert_eq!(events.next().await, None, "signed out");
}

#[tokio::test]
async fn a_service_that_stops_waits_for_no_stream() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let (mut events, mut code) = (watches(&app.officer).await, Events::of(&app.officer, &issued.id).await);
    assert!(events.next().await.is_some() && code.next().await.is_some());
    app.phase.send_replace(Phase::Leaving);
    app.asked(&app.officer.officer, wide()).await;
    assert_eq!(events.next().await, Some(changed(&["authorisations"])), "all who are there are served");
    app.phase.send_replace(Phase::Ending);
    assert_eq!((events.next().await, code.next().await), (None, None));
}

/// A program's credential hears of what it may read.
#[tokio::test]
async fn a_stream_tells_of_what_its_reader_may_read() {
    let app = TestApp::start().await;
    let scopes = [countersign::authority::Scope::Tokens].into();
    let made = app.registry.make_credential(&Actor::Operator, "otter".parse().unwrap(), scopes, 60).await.unwrap();
    let program = app.administrator.with_credential(Some(made.expose()));
    let mut events = watches(&program).await;
    assert_eq!(events.next().await, Some(changed(&["tokens"])));
    app.asked(&app.officer.officer, wide()).await;
    app.officer.issue_plain().await;
    assert_eq!(events.next().await, Some(changed(&["tokens"])));
    let mut first = watches(&app.officer).await;
    first.next().await;
    let mut more = vec![];
    for _ in 0..16 {
        more.push(watches(&app.officer).await);
    }
    assert_eq!(first.next().await, None, "one more than sixteen ends the oldest");
}
