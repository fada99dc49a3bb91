//! People, credentials and authorisations; suspension and withdrawal reach every token.

use countersign::{
    authority::{Actor, Decision, Role, Scope},
    issuer::{Ask, Refused},
    token::Channel,
};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, wide},
    world::{DAY, NOW},
};

#[tokio::test]
async fn asked_approved_and_seen() {
    let app = TestApp::start().await;
    let body = json!({"reference": "OP-7", "purpose": "Return a lost bag", "channels": ["online", "in-person"], "until": NOW + 3_600, "max_tokens": 3});
    let asked = app.officer.post("/v1/authorisations", &body).await;
    assert_eq!(asked.status, 201);
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    let expected = json!({"id": id, "reference": "OP-7", "purpose": "Return a lost bag", "channels": ["in-person", "online"], "from": NOW, "until": NOW + 3_600,
                          "max_tokens": 3, "tokens_issued": 0, "asked_by": "falcon", "asked_at": NOW, "state": "asked",
                          "decided_by": null, "decided_at": null, "reason": null, "approver_suspended": false, "asker_suspended": false, "withdrawn_by": null});
    assert_eq!(asked.json(), expected);
    app.clock.set(NOW + 10);
    let approved = app.approver.post(&format!("/v1/authorisations/{id}/approve"), &Value::Null).await;
    assert_eq!(approved.status, 200);
    assert_eq!((&approved.json()["state"], &approved.json()["decided_by"]), (&json!("approved"), &json!("heron")));
    assert_eq!(approved.json()["decided_at"], NOW + 10);
    app.clock.set(NOW + 20);
    let again = app.approver.post(&format!("/v1/authorisations/{id}/approve"), &Value::Null).await;
    assert_eq!((again.status, again.json()), (200, approved.json()), "as if its answer had been lost");
    let other = app.approver.post(&format!("/v1/authorisations/{id}/refuse"), &json!({"reason": "Not now"})).await;
    assert_eq!(other.problem(), (409, "already-decided".into()));
    let withdrawn = app.officer.post(&format!("/v1/authorisations/{id}/withdraw"), &Value::Null).await;
    assert_eq!((&withdrawn.json()["state"], &withdrawn.json()["withdrawn_by"]), (&json!("withdrawn"), &json!("falcon")));
    let again = app.officer.post(&format!("/v1/authorisations/{id}/withdraw"), &Value::Null).await;
    assert_eq!((again.status, again.json()), (200, withdrawn.json()));
    let late = app.approver.post(&format!("/v1/authorisations/{id}/approve"), &Value::Null).await;
    assert_eq!(late.problem(), (409, "already-decided".into()));
}

#[tokio::test]
async fn officers_see_their_own_and_approvers_all() {
    let app = TestApp::start().await;
    let other = app.person("kite", Role::Officer).await;
    app.asked(&other.officer, wide()).await;
    let count = async |person: &crate::actors::Person| person.get("/v1/authorisations").await.json().as_array().unwrap().len();
    assert_eq!(count(&app.officer).await, 1);
    assert_eq!(count(&other).await, 1);
    assert_eq!(count(&app.approver).await, 2);
    assert_eq!(count(&app.administrator).await, 2);
}

#[tokio::test]
async fn requests_without_a_bounded_frame() {
    let app = TestApp::start().await;
    let good = json!({"reference": "OP-7", "purpose": "Return a lost bag", "channels": ["online"], "from": NOW, "until": NOW + 3_600, "max_tokens": 3});
    for (member, value) in [
        ("reference", json!("")),
        ("reference", json!("x".repeat(65))),
        ("reference", json!("a\nb")),
        ("purpose", json!("")),
        ("purpose", json!("x".repeat(201))),
        ("purpose", json!("a\u{202e}b")),
        ("channels", json!([])),
        ("channels", json!(["fax"])),
        ("until", json!(NOW)),
        ("until", json!(NOW + 31 * DAY + 1)),
        ("until", json!(i64::MAX)),
        ("from", json!(NOW + 3_600)),
        ("from", json!(i64::MIN)),
        ("max_tokens", json!(0)),
        ("max_tokens", json!(1_001)),
        ("max_tokens", json!(-1)),
        ("approved", json!(true)),
    ] {
        let mut body = good.clone();
        body[member] = value;
        assert_eq!(app.officer.post("/v1/authorisations", &body).await.problem(), (422, "invalid".into()), "{body}");
    }
    assert_eq!(app.officer.post("/v1/authorisations", &good).await.status, 201);
    assert_eq!(app.count("authorisations"), 2);
}

#[tokio::test]
async fn withdrawing_an_authorisation_withdraws_its_tokens_and_no_others() {
    let app = TestApp::start().await;
    let other = app.approved(&app.officer.officer, wide()).await.to_string();
    let issue = async |id: String| app.officer.issue(json!({"channel": "in-person", "authorisation": id})).await;
    let kept = issue(app.authorisation.to_string()).await;
    let (unchecked, checked) = (issue(other.clone()).await, issue(other.clone()).await);
    let anyone = app.anyone();
    assert_eq!(anyone.token(&checked.token).await.verdict(), "genuine");
    app.approver.post(&format!("/v1/authorisations/{other}/withdraw"), &Value::Null).await;
    for gone in [&unchecked, &checked] {
        assert_eq!(anyone.token(&gone.token).await.verdict(), "withdrawn");
        assert_eq!(app.officer.status(&gone.id).await["state"], "withdrawn");
    }
    assert_eq!(anyone.token(&kept.token).await.verdict(), "genuine");
}

#[tokio::test]
async fn suspending_an_officer_stops_credential_and_tokens_at_once() {
    let app = TestApp::start().await;
    let (unchecked, checked) = (app.officer.issue_spoken().await, app.officer.issue_plain().await);
    let late = app.officer.issue(json!({"channel": "in-person", "lifetime": 1})).await;
    app.clock.set(NOW + 30);
    let anyone = app.anyone();
    assert_eq!(anyone.token(&checked.token).await.verdict(), "genuine");
    let administrator = Actor::Person(app.administrator.officer.clone());
    app.registry.suspend(&administrator, app.officer.officer.callsign.clone()).await.unwrap();
    assert_eq!(anyone.token(&unchecked.token).await.verdict(), "withdrawn");
    assert_eq!(anyone.code(&unchecked.words).await.verdict(), "withdrawn");
    assert_eq!(anyone.token(&checked.token).await.verdict(), "withdrawn");
    assert_eq!(anyone.token(&late.token).await.verdict(), "withdrawn", "ran out, but could still have been genuine");
    assert_eq!(app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await.problem().0, 401);
    assert_eq!(app.officer.get(&format!("/v1/tokens/{}", unchecked.id)).await.problem().0, 401);
    assert!(matches!(app.registry.person(&app.officer.officer.callsign).await, Err(Refused::Suspended)));
    let before = app.entries().await.len();
    app.registry.suspend(&administrator, app.officer.officer.callsign.clone()).await.unwrap();
    assert_eq!(app.entries().await.len(), before, "again is as good as once");
    let nobody = app.registry.suspend(&administrator, "nobody".parse().unwrap()).await;
    assert!(matches!(nobody, Err(Refused::Unknown { .. })));
    let credential = app.registry.make_credential(&administrator, app.officer.officer.callsign.clone(), Scope::ALL.into(), 60).await;
    assert!(matches!(credential, Err(Refused::Suspended)));
}

/// As somebody who was recognised a moment before the suspension: the store's own statement has the last word.
#[tokio::test]
async fn nobody_issues_after_officer_or_approver_was_suspended() {
    for callsign in ["falcon", "heron"] {
        let app = TestApp::start().await;
        app.registry.suspend(&Actor::Operator, callsign.parse().unwrap()).await.unwrap();
        let request = countersign::issuer::IssueRequest {
            authorisation: Some(app.authorisation),
            approach: crate::world::approach(Channel::Online),
            not_before: None,
            lifetime: None,
            spoken: None,
        };
        let refused = app.desk().issue(app.confirmed(&app.officer.officer).await, request).await.unwrap_err();
        assert!(refused.to_string().contains("suspended"), "{refused}");
        assert_eq!(app.count("tokens"), 0);
    }
}

#[tokio::test]
async fn credentials_run_out_and_are_kept_as_hashes() {
    let app = TestApp::start().await;
    let callsign = app.officer.officer.callsign.clone();
    let credential = app.registry.make_credential(&Actor::Operator, callsign.clone(), Scope::ALL.into(), 60).await.unwrap();
    let program = app.officer.with_credential(Some(credential.expose()));
    for (now, status) in [(NOW + 59, 200), (NOW + 60, 401), (NOW + 61, 401)] {
        app.clock.set(now);
        assert_eq!(program.get("/v1/authorisations").await.status, status);
    }
    assert_eq!(app.officer.get("/v1/authorisations").await.status, 200, "another of theirs still lives");
    let stored = format!("{:?}", app.dump());
    assert!(!stored.contains(credential.expose()));
    for lasts in [0, -1, 366 * DAY + 1] {
        let refused = app.registry.make_credential(&Actor::Operator, callsign.clone(), Scope::ALL.into(), lasts).await;
        assert!(matches!(refused, Err(Refused::CredentialLasts)), "{lasts}");
    }
    let nobody = app.registry.make_credential(&Actor::Operator, "nobody".parse().unwrap(), Scope::ALL.into(), 60).await;
    assert!(matches!(nobody, Err(Refused::Unknown { .. })));
}

#[tokio::test]
async fn malformed_and_unknown_credentials_look_the_same() {
    let app = TestApp::start().await;
    let unknown = format!("countersign_{}", "A".repeat(43));
    let mut bodies = vec![];
    for credential in ["", "x", unknown.as_str(), "countersign_"] {
        let reply = app.officer.with_credential(Some(credential)).post("/v1/tokens", &json!({"channel": "in-person"})).await;
        assert_eq!(reply.problem(), (401, "no-credential".into()), "{credential:?}");
        bodies.push(reply.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

#[tokio::test]
async fn a_callsign_is_taken_once() {
    let app = TestApp::start().await;
    let again = app.registry.enrol(&Actor::Operator, "falcon".parse().unwrap(), Role::Administrator).await;
    assert!(matches!(again, Err(Refused::Taken(_))));
    assert_eq!(app.registry.person(&"falcon".parse().unwrap()).await.unwrap().role, Role::Officer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_decision_wins() {
    let app = TestApp::start().await;
    let id = app.asked(&app.officer.officer, Ask { ..wide() }).await.id;
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (registry, approver) = (app.registry.clone(), app.approver.officer.clone());
        let decision = if n % 2 == 0 { Decision::Approve } else { Decision::Refuse };
        racing.spawn(async move { registry.decide(&approver, id, decision).await.ok().map(|_| decision == Decision::Approve) });
    }
    let won: Vec<bool> = racing.join_all().await.into_iter().flatten().collect();
    assert_eq!(won, vec![won[0]; 10], "one decision, and each who took it");
    let decided = ["authorisation_approved", "authorisation_refused"];
    let written = app.entries().await.into_iter().filter(|entry| decided.iter().any(|kind| entry.contains(kind))).count();
    assert_eq!(written, 2, "with that of the usual authorisation");
}
