//! After an incident: a lost phone, a copied passkey, a stolen credential, and everything at once.

use countersign::authority::{AccessHash, Role};
use serde_json::{Value, json};

use crate::{
    actors::{Issued, Person, Reply},
    app::TestApp,
    authenticator::Passkey,
    browser::Browser,
    world::NOW,
};

async fn verdict(app: &TestApp, issued: &Issued) -> String {
    app.anyone().token(&issued.token).await.verdict()
}

async fn revoke(app: &TestApp, hash: AccessHash) -> Value {
    let reply = app.administrator.delete(&format!("/v1/keys/{}", hash.id())).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    reply.json()
}

async fn prepared(browser: &Browser, passkey: &mut Passkey) -> Issued {
    let confirmation = browser.confirmation(passkey).await;
    let body = json!({"channel": "telephone", "not_before": NOW + 600, "confirmation": confirmation});
    crate::actors::issued(&browser.post("/v1/tokens", &body).await)
}

async fn sweep(person: &Person, tokens: &str) -> Reply {
    person.post("/v1/tokens/withdraw", &json!({"tokens": tokens})).await
}

#[tokio::test]
async fn a_lost_phone_takes_its_live_and_prepared_codes_with_it() {
    let app = TestApp::start().await;
    let (lost, mut lost_key) = app.signs_in(&app.officer.officer, 1).await;
    let (kept, mut kept_key) = app.signs_in(&app.officer.officer, 2).await;
    let (live, later) = (lost.issue(&mut lost_key).await, prepared(&lost, &mut lost_key).await);
    let (other, programs) = (kept.issue(&mut kept_key).await, app.officer.issue_plain().await);
    let revoked = revoke(&app, AccessHash::of(&lost_key.id)).await;
    assert_eq!(revoked, json!({"callsign": "falcon", "withdrawn": 2}));
    assert_eq!(verdict(&app, &live).await, "withdrawn");
    assert_eq!((verdict(&app, &other).await, verdict(&app, &programs).await), ("genuine".into(), "genuine".into()));
    app.clock.set(NOW + 600);
    assert_eq!(verdict(&app, &later).await, "withdrawn");
    assert_eq!(app.anyone().code(&later.digits).await.verdict(), "withdrawn");
}

#[tokio::test]
async fn a_stolen_credential_takes_its_codes_with_it() {
    let app = TestApp::start().await;
    let (browser, mut passkey) = app.signs_in(&app.officer.officer, 1).await;
    let (stolen, own) = (app.officer.issue_plain().await, browser.issue(&mut passkey).await);
    let ids = app.administrator.get("/v1/people").await.json();
    let falcon = ids.as_array().unwrap().iter().find(|person| person["callsign"] == "falcon").unwrap().clone();
    let credential = falcon["keys"].as_array().unwrap().iter().find(|key| key["kind"] == "credential").unwrap()["id"].clone();
    let reply = app.administrator.delete(&format!("/v1/keys/{}", credential.as_str().unwrap())).await;
    assert_eq!(reply.json(), json!({"callsign": "falcon", "withdrawn": 1}));
    assert_eq!((verdict(&app, &stolen).await, verdict(&app, &own).await), ("withdrawn".into(), "genuine".into()));
}

/// Codes from before it was recorded with what they were issued.
#[tokio::test]
async fn a_code_of_an_unknown_way_in_goes_with_any_of_its_officers() {
    let app = TestApp::start().await;
    let (_, passkey) = app.signs_in(&app.officer.officer, 1).await;
    let (_, herons) = app.signs_in(&app.approver.officer, 2).await;
    let old = app.officer.issue_plain().await;
    assert_eq!(app.sql().execute("UPDATE tokens SET access = NULL", []).unwrap(), 1);
    assert_eq!(revoke(&app, AccessHash::of(&herons.id)).await["withdrawn"], 0, "an approver's phone issued nothing");
    assert_eq!(revoke(&app, AccessHash::of(&passkey.id)).await["withdrawn"], 1);
    assert_eq!(verdict(&app, &old).await, "withdrawn");
}

#[tokio::test]
async fn a_copy_that_signs_in_is_refused_like_anybody_and_recorded_once_a_minute() {
    let app = TestApp::start().await;
    let (_, mut passkey) = app.signs_in(&app.officer.officer, 1).await;
    let mut copy = passkey.clone();
    assert_eq!(app.browser().try_sign_in(&mut passkey).await.status, 201);
    let spoiled = app.browser().try_sign_in(&mut passkey.saying(|says| says.spoils = 1)).await;
    let before = app.entries().await.len();
    for (seconds, entries) in [(0, 1), (1, 1), (59, 1), (60, 2)] {
        app.clock.set(NOW + seconds);
        copy.counter = 0;
        let reply = app.browser().try_sign_in(&mut copy).await;
        assert_eq!((reply.status, &reply.body), (spoiled.status, &spoiled.body));
        let names = |reply: &Reply| reply.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&reply), names(&spoiled));
        assert_eq!(app.entries().await.len(), before + entries, "after {seconds} seconds");
    }
    let id = AccessHash::of(&copy.id).id();
    let expected = format!(r#"{{"at":{NOW},"callsign":"falcon","event":"passkey_counter_regressed","passkey":"{id}"}}"#);
    assert_eq!(app.entries().await[before], expected);
}

/// Nor may somebody without the key make one look copied.
#[tokio::test]
async fn neither_a_synced_passkey_nor_a_wrong_signature_looks_like_a_copy() {
    let app = TestApp::start().await;
    let mut synced = Passkey::synchronised(1);
    app.registers(&app.officer.officer, &mut synced).await;
    let (_, passkey) = app.signs_in(&app.approver.officer, 2).await;
    let before = app.entries().await.len();
    for _ in 0..3 {
        assert_eq!(app.browser().try_sign_in(&mut synced).await.status, 201);
    }
    let mut forged = passkey.saying(|says| says.spoils = 1);
    forged.counter = 0;
    assert_eq!(app.browser().try_sign_in(&mut forged).await.status, 401);
    assert_eq!(app.entries().await.len(), before);
}

#[tokio::test]
async fn an_administrator_withdraws_many_at_once() {
    let app = TestApp::start().await;
    let (near, far) = (app.officer.issue_plain().await, app.officer.issue_spoken().await);
    let reply = sweep(&app.administrator, "channel:telephone").await;
    assert_eq!((reply.status, reply.json(), reply.header("cache-control")), (200, json!({"withdrawn": 1}), "no-store"));
    assert_eq!((verdict(&app, &near).await, verdict(&app, &far).await), ("genuine".into(), "withdrawn".into()));
    assert_eq!(sweep(&app.administrator, "person:heron").await.json(), json!({"withdrawn": 1}), "whose approval allowed it");
    assert_eq!(verdict(&app, &near).await, "withdrawn");
    let before = app.entries().await;
    for again in ["all", "person:falcon", &format!("authorisation:{}", app.authorisation)] {
        assert_eq!(sweep(&app.administrator, again).await.json(), json!({"withdrawn": 0}), "{again}");
    }
    let expected = format!(r#"{{"at":{NOW},"by":"otter","event":"tokens_withdrawn","tokens":"person:heron","withdrawn":1}}"#);
    assert_eq!(before.last(), Some(&expected));
    assert_eq!(app.entries().await, before);
}

#[tokio::test]
async fn who_is_no_administrator_and_what_selects_nothing_withdraws_nothing() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let owl = app.person("owl", Role::Overseer).await;
    for person in [&app.officer, &app.approver, &owl] {
        assert_eq!(sweep(person, "all").await.problem(), (403, "not-allowed".into()));
    }
    assert!(app.entries().await.iter().any(|entry| entry.contains(r#""act":"withdraw-tokens""#) && entry.contains("falcon")));
    assert_eq!(sweep(&app.administrator.with_credential(None), "all").await.status, 401);
    let before = app.entries().await;
    for (tokens, problem) in [
        ("person:nobody", (404, "unknown")),
        ("authorisation:0000000000000000", (404, "unknown")),
        ("", (422, "invalid")),
        ("channel:radio", (422, "invalid")),
        ("every", (422, "invalid")),
    ] {
        let (status, kind) = sweep(&app.administrator, tokens).await.problem();
        assert_eq!((status, kind.as_str()), problem, "{tokens}");
    }
    assert_eq!(app.entries().await, before);
    assert_eq!(verdict(&app, &issued).await, "genuine");
}
