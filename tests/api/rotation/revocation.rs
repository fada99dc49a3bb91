//! A key is in other hands.

use countersign::{
    authority::{Actor, Role},
    issuer::{CustodyError, KeyVault as _, Refused, Revoked, Spares},
    keyring::{
        KeyId, KeySet, RingError,
        rotation::{Stage, Warning},
    },
    token::{Channel, Unverified, Window},
};
use serde_json::json;

use crate::{
    app::TestApp,
    world::{self, DAY, NOW, issuer, key, root},
};

/// The key that signs at first, which the thief has too.
fn stolen() -> KeyId {
    key(3).public().id()
}

impl TestApp {
    async fn revoked(&self, id: KeyId) -> usize {
        self.custodian.revoke(&Actor::Operator, id, "stolen").await.unwrap().withdrawn
    }

    async fn listed(&self) -> Vec<String> {
        let jwks = self.anyone().get("/.well-known/jwks.json").await.json();
        jwks["keys"].as_array().unwrap().iter().map(|jwk| jwk["kid"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn the_operator_and_administrators_revoke_and_nobody_else() {
    let app = TestApp::with_keys().await;
    let overseer = app.person("owl", Role::Overseer).await;
    let before = app.dump();
    for person in [&app.officer, &app.approver, &overseer] {
        let refused = app.custodian.revoke(&Actor::Person(person.officer.clone()), stolen(), "stolen").await;
        assert!(matches!(refused, Err(Refused::NotAllowed(_))), "{refused:?}");
    }
    assert_eq!(app.dump(), before);
    let administrator = Actor::Person(app.administrator.officer.clone());
    assert_eq!(app.custodian.revoke(&administrator, stolen(), "left in anger").await.unwrap().withdrawn, 0);
    let other = app.records().await.into_iter().find(|record| record.stage == Stage::Pending).unwrap().id;
    assert_eq!(app.custodian.revoke(&Actor::Operator, other, "lost").await.unwrap().withdrawn, 0);
    let entries = app.entries().await;
    let expected = [(stolen(), "otter", "left in anger"), (other, "*operator", "lost")]
        .map(|(id, by, why)| format!(r#"{{"at":{NOW},"by":"{by}","event":"key_revoked","key":"{id}","reason":"{why}"}}"#));
    assert_eq!(entries[entries.len() - 2..], expected);
}

#[tokio::test]
async fn a_reason_is_short_and_plain_because_it_is_published() {
    let app = TestApp::with_keys().await;
    let before = app.dump();
    for reason in ["", &"x".repeat(65), "gestohlen – leider", "two\nlines", "\u{7f}"] {
        let refused = app.custodian.revoke(&Actor::Operator, stolen(), reason).await;
        assert!(matches!(refused, Err(Refused::Reason)), "{reason:?}: {refused:?}");
    }
    assert_eq!(app.dump(), before);
    let waiting: Vec<_> = app.records().await.into_iter().filter(|record| record.stage == Stage::Pending).collect();
    for (record, reason) in waiting.iter().zip(["x".repeat(64), " ".into()]) {
        assert_eq!(app.custodian.revoke(&Actor::Operator, record.id, &reason).await.unwrap().withdrawn, 0, "{reason:?}");
    }
}

#[tokio::test]
async fn once_and_for_good() {
    let app = TestApp::with_keys().await;
    app.revoked(stolen()).await;
    let before = app.dump();
    // What is left of it goes, as after a revocation that was interrupted.
    let again = app.custodian.revoke(&Actor::Operator, stolen(), "stolen").await.unwrap();
    assert_eq!(again, Revoked { withdrawn: 0, destroyed: true });
    assert!(!app.vault.ids().unwrap().contains(&stolen()));
    for id in [stolen(), key(99).public().id()] {
        let refused = app.custodian.revoke(&Actor::Operator, id, "stolen").await;
        assert!(matches!(refused, Err(Refused::UnknownKey(unknown)) if unknown == id), "{refused:?}");
    }
    assert_eq!(app.dump(), before);
    app.look(NOW + DAY).await;
    assert_ne!(app.active().await, stolen());
    app.look(NOW + 3 * DAY).await;
    assert_eq!(app.record(stolen()).await.stage, Stage::Removed);
}

#[tokio::test]
async fn live_tokens_are_withdrawn_before_any_verifier_looks_again() {
    let app = TestApp::with_keys().await;
    let (plain, spoken, used) = (app.officer.issue_plain().await, app.officer.issue_spoken().await, app.officer.issue_plain().await);
    let later = app.officer.issue(json!({"channel": "in-person", "not_before": NOW + 60})).await;
    let over = app.officer.issue(json!({"channel": "in-person", "lifetime": 1})).await;
    assert_eq!(app.anyone().token(&used.token).await.verdict(), "genuine");
    app.clock.set(NOW + 70);
    assert_eq!(app.command().revoke(&Actor::Operator, stolen(), "stolen").await.unwrap().withdrawn, 4, "all but the one that is over");
    let verifiers = [app.anyone(), app.second_verifier().await];
    for issued in [&plain, &spoken, &used, &later] {
        for anyone in &verifiers {
            assert_eq!(anyone.token(&issued.token).await.verdict(), "withdrawn");
        }
        assert_eq!(app.officer.status(&issued.id).await["state"], "withdrawn");
    }
    assert_eq!(app.anyone().code(&spoken.words).await.verdict(), "withdrawn");
    assert_eq!(app.anyone().token(&over.token).await.verdict(), "expired");
}

#[tokio::test]
async fn tokens_of_other_keys_stay_genuine() {
    let app = TestApp::with_keys().await;
    app.clock.set(NOW + 7 * DAY);
    let by_the_old = app.officer.issue_plain().await;
    app.look(NOW + 7 * DAY).await;
    let by_the_new = app.officer.issue_plain().await;
    assert_eq!(app.revoked(app.active().await).await, 1);
    assert_eq!(app.anyone().token(&by_the_new.token).await.verdict(), "withdrawn");
    assert_eq!(app.anyone().token(&by_the_old.token).await.verdict(), "genuine");
}

#[tokio::test]
async fn whatever_the_thief_signs_is_withdrawn_once_verifiers_looked() {
    let app = TestApp::with_keys().await;
    let set = app.anyone().get("/.well-known/countersign/keys.jwt").await.body;
    let forged = |iat: i64| world::signed([1; 8], Window::new(iat, None, iat + 600).unwrap(), world::approach(Channel::Online)).text();
    let forgeries = [NOW - DAY, NOW - 1, NOW, NOW + 1, NOW + 60].map(forged);
    assert_eq!(app.listed().await, [stolen().to_string()]);
    assert_eq!(app.anyone().token(&forgeries[2]).await.verdict(), "not_genuine", "it has no record");
    app.revoked(stolen()).await;
    app.look(NOW).await;
    for forgery in &forgeries {
        assert_eq!(app.anyone().token(forgery).await.verdict(), "withdrawn");
    }
    assert_eq!(app.listed().await, [app.active().await.to_string()], "other libraries do not see it any more");
    assert_eq!(app.anyone().get("/.well-known/countersign/keys.jwt").await.body, set, "which the root has not signed yet");
    app.spent_keys_are_destroyed().await;
}

#[tokio::test]
async fn the_next_key_signs_at_once_in_a_service_that_knows_of_nothing() {
    let app = TestApp::with_keys().await;
    let (service, command) = (app.desk(), app.command());
    command.revoke(&Actor::Operator, stolen(), "stolen").await.unwrap();
    let between = app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await;
    assert_eq!(between.problem(), (503, "no-key".into()), "no key signs until the command has changed them over");
    let next = command.rotate(app.time()).await.unwrap().activated.unwrap();
    let issued = service.issue(app.confirmed(&app.officer.officer).await, super::plain()).await.unwrap();
    assert_eq!(Unverified::decode(&issued.token).unwrap().kid(), next.prefix());
    assert_eq!(app.anyone().token(&issued.token.text()).await.verdict(), "genuine");
    assert_eq!(app.count("tokens"), 1, "nothing was recorded for the revoked key");
    // Nor does it matter which process changes keys over because their time has come.
    app.clock.set(NOW + 7 * DAY);
    command.rotate(app.time()).await.unwrap();
    app.officer.issue_plain().await;
}

#[tokio::test]
async fn the_next_set_carries_it_and_until_then_people_are_warned() {
    let app = TestApp::with_keys().await;
    let live = app.officer.issue_plain().await;
    let asked_before = app.custodian.next_set(0, Spares::Used).await.unwrap().set;
    app.revoked(stolen()).await;
    let untold = Warning::Unpublished(stolen());
    assert!(app.look(NOW).await.warnings.contains(&untold));
    // A set that was asked for before the revocation does not say so; the store knows better.
    app.custodian.publish(&asked_before.sign(&root())).await.unwrap();
    assert!(app.look(NOW).await.warnings.contains(&untold));
    assert_eq!(app.anyone().token(&live.token).await.verdict(), "withdrawn");
    app.ceremony(&app.custodian).await;
    assert!(!app.look(NOW).await.warnings.contains(&untold));
    let jwt = app.anyone().get("/.well-known/countersign/keys.jwt").await.body;
    let set = KeySet::read(&jwt, &root().public(), &issuer()).unwrap();
    let carried = set.keys().iter().find(|key| key.key.id() == stolen()).unwrap();
    assert_eq!(carried.revoked, app.record(stolen()).await.revoked);
    assert!(carried.revoked.is_some() && set.keys().iter().filter(|key| key.revoked.is_some()).count() == 1);
}

#[tokio::test]
async fn where_every_key_is_revoked_nothing_is_issued_until_the_root_signs_new_ones() {
    let app = TestApp::with_keys().await;
    for record in app.records().await {
        app.revoked(record.id).await;
    }
    let refused = app.custodian.rotate(app.time()).await;
    assert!(matches!(refused, Err(CustodyError::Ring(RingError::NoActiveKey))), "{refused:?}");
    app.spent_keys_are_destroyed().await;
    assert!(app.vault.ids().unwrap().is_empty());
    assert_eq!(app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await.problem(), (503, "no-key".into()));
    app.ceremony(&app.command()).await;
    let rotated = app.look(NOW).await;
    assert!(rotated.activated.is_some(), "though it was published a moment ago");
    let issued = app.officer.issue_plain().await;
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
}
