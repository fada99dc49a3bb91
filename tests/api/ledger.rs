//! Every act has one entry in the same transaction: no record, no act.

use countersign::{
    authority::{Actor, Decision, Role, Scope},
    hex,
    issuer::{KeyVault as _, Refused},
    keyring::PublishedKey,
    store::{AccessStore as _, IssuerStore as _},
    token::Token,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    actors::Issued,
    app::{TestApp, wide},
    world::{self, MINUTE, NOW},
};

/// The entries that `act` adds.
async fn added(app: &TestApp, act: impl Future<Output = ()>) -> Vec<String> {
    let before = app.entries().await.len();
    act.await;
    app.entries().await.split_off(before)
}

#[tokio::test]
async fn people_and_credentials() {
    let app = TestApp::start().await;
    let administrator = Actor::Person(app.administrator.officer.clone());
    app.clock.set(NOW + 5);
    let at = NOW + 5;
    let entries = added(&app, async {
        app.registry.enrol(&administrator, "kite".parse().unwrap(), Role::Approver).await.unwrap();
        app.registry.enrol(&Actor::Operator, "swift".parse().unwrap(), Role::Overseer).await.unwrap();
        app.registry.suspend(&administrator, "kite".parse().unwrap()).await.unwrap();
    })
    .await;
    let expected = [
        format!(r#"{{"at":{at},"by":"otter","callsign":"kite","event":"officer_enrolled","role":"approver"}}"#),
        format!(r#"{{"at":{at},"by":"*operator","callsign":"swift","event":"officer_enrolled","role":"overseer"}}"#),
        format!(r#"{{"at":{at},"by":"otter","callsign":"kite","event":"officer_suspended"}}"#),
    ];
    assert_eq!(entries, expected);
    let mut hash = String::new();
    let entries = added(&app, async {
        hash = app
            .registry
            .make_credential(&administrator, "swift".parse().unwrap(), Scope::ALL.into(), 60)
            .await
            .unwrap()
            .hash()
            .id()
            .to_string();
    })
    .await;
    let expires = at + 60;
    let expected = format!(
        r#"{{"at":{at},"by":"otter","callsign":"swift","credential":"{hash}","event":"credential_made","expires_at":{expires},"scopes":["tokens","authorisations","people","ledger"]}}"#
    );
    assert_eq!(entries, [expected]);
}

#[tokio::test]
async fn authorisations() {
    let app = TestApp::start().await;
    let body = json!({"reference": "OP-7", "purpose": "Return a lost bag", "channels": ["online", "in-person"], "until": NOW + 3_600, "max_tokens": 3});
    for (verb, event) in [("approve", "authorisation_approved"), ("refuse", "authorisation_refused")] {
        let mut id = String::new();
        let entries = added(&app, async {
            id = app.officer.post("/v1/authorisations", &body).await.json()["id"].as_str().unwrap().to_owned();
            for _ in 0..2 {
                app.approver.post(&format!("/v1/authorisations/{id}/{verb}"), &json!({"reason": "Seen"})).await;
            }
            app.administrator.post(&format!("/v1/authorisations/{id}/withdraw"), &Value::Null).await;
            app.administrator.post(&format!("/v1/authorisations/{id}/withdraw"), &Value::Null).await;
        })
        .await;
        let until = NOW + 3_600;
        let mut expected = vec![
            format!(
                r#"{{"at":{NOW},"authorisation":"{id}","by":"falcon","channels":["in-person","online"],"event":"authorisation_asked","from":{NOW},"max_tokens":3,"until":{until}}}"#
            ),
            format!(r#"{{"at":{NOW},"authorisation":"{id}","by":"heron","event":"{event}"}}"#),
        ];
        if verb == "approve" {
            expected.push(format!(r#"{{"at":{NOW},"authorisation":"{id}","by":"otter","event":"authorisation_withdrawn"}}"#));
        }
        assert_eq!(entries, expected);
    }
}

#[tokio::test]
async fn tokens() {
    let app = TestApp::start().await;
    let mut ids = vec![];
    let entries = added(&app, async {
        for body in [json!({"channel": "in-person"}), json!({"channel": "online", "not_before": NOW + 60, "lifetime": 90})] {
            let issued = app.officer.issue(body).await;
            ids.push((issued.id, hex::encode(&Token::parse(&issued.token).unwrap().hash().0), issued.token));
        }
        let (id, _, token) = &ids[0];
        app.officer.speak(id, token).await;
        app.officer.speak(id, token).await;
        assert_eq!(app.anyone().token(token).await.verdict(), "genuine");
        assert_eq!(app.store.report_first_checks(NOW + 30).await.unwrap(), 1);
        app.approver.withdraw(id).await;
        app.approver.withdraw(id).await;
    })
    .await;
    let (kid, authorisation) = (hex::encode(&world::key(3).public().id().prefix()), app.authorisation);
    let ways_in = app.store.accesses(world::everybody()).await.unwrap();
    let access = ways_in.iter().find(|(owner, _)| owner.as_str() == "falcon").unwrap().1.id;
    let ((first, first_hash, _), (second, second_hash, _)) = (&ids[0], &ids[1]);
    let (end, start, reported) = (NOW + 300, NOW + 60, NOW + 30);
    let second_end = NOW + 150;
    let expected = [
        format!(
            r#"{{"access":"{access}","at":{NOW},"authorisation":"{authorisation}","by":"falcon","channel":"in-person","cti":"{first}","event":"token_issued","exp":{end},"iat":{NOW},"kid":"{kid}","sha256":"{first_hash}"}}"#
        ),
        format!(
            r#"{{"access":"{access}","at":{NOW},"authorisation":"{authorisation}","by":"falcon","channel":"online","cti":"{second}","event":"token_issued","exp":{second_end},"iat":{NOW},"kid":"{kid}","nbf":{start},"sha256":"{second_hash}"}}"#
        ),
        format!(r#"{{"at":{NOW},"by":"falcon","cti":"{first}","event":"token_made_speakable"}}"#),
        format!(r#"{{"at":{reported},"cti":"{first}","event":"first_check_reported","first_checked_at":{MINUTE}}}"#),
        format!(r#"{{"at":{NOW},"by":"heron","cti":"{first}","event":"token_withdrawn"}}"#),
    ];
    assert_eq!(entries, expected);
}

#[tokio::test]
async fn a_key_set_once() {
    let app = TestApp::start().await;
    let set = world::key_set(2, NOW + 100, vec![world::published()]);
    let entries = added(&app, async {
        app.publish(&set).await;
        app.publish(&set).await;
        app.publish(&world::first_key_set()).await;
    })
    .await;
    let hash = hex::encode(&Sha256::digest(&set));
    assert_eq!(entries, [format!(r#"{{"at":{NOW},"event":"key_set_published","sha256":"{hash}","version":2}}"#)]);
}

#[tokio::test]
async fn names_places_numbers_and_references_are_never_in_it() {
    let app = TestApp::start().await;
    let says = json!({"channel": "telephone", "name": "Quillfeather", "place": "Zanzibar", "dialled": "739", "challenge": "837465"});
    let issued = app.officer.issue(says).await;
    assert_eq!(app.anyone().with_number("837465").code(&issued.words).await.verdict(), "genuine");
    app.store.report_first_checks(NOW).await.unwrap();
    let all = app.entries().await.join("\n");
    for canary in ["Quillfeather", "Zanzibar", "\"739\"", "837465", "OP-1", issued.words.as_str(), issued.token.as_str()] {
        assert!(!all.contains(canary), "{canary}");
    }
    // Other than callsigns and ids, an entry holds numbers and the closed list of words only.
    for line in app.entries().await {
        assert!(line.len() < 400 && line.is_ascii(), "{line}");
    }
}

/// Tries every act; gives those that were not refused for want of a ledger.
async fn acts(app: &TestApp, waiting: countersign::authority::AuthorisationId, token: &Issued, ask: &Value) -> Vec<&'static str> {
    let operator = Actor::Operator;
    let approver = &app.approver.officer;
    let is_refused = |result: Result<(), Refused>| matches!(result, Err(Refused::Store(_)));
    let direct = [
        ("enrol", is_refused(app.registry.enrol(&operator, "kite".parse().unwrap(), Role::Officer).await.map(drop))),
        ("suspend", is_refused(app.registry.suspend(&operator, "falcon".parse().unwrap()).await.map(drop))),
        (
            "credential",
            is_refused(app.registry.make_credential(&operator, "falcon".parse().unwrap(), Scope::ALL.into(), 60).await.map(drop)),
        ),
        ("approve", is_refused(app.registry.decide(approver, waiting, Decision::Approve).await.map(drop))),
        ("report", app.store.report_first_checks(NOW).await.is_err()),
        ("key set", app.custodian.install(&world::key_set(9, NOW + 100, vec![world::published()])).await.is_err()),
        ("activate", app.store.activate_key(world::key(10).public().id(), NOW).await.is_err()),
        ("remove", app.store.remove_key(world::key(3).public().id(), NOW).await.is_err()),
        ("revoke", is_refused(app.custodian.revoke(&operator, world::key(11).public().id(), "stolen").await.map(drop))),
    ];
    let mut done: Vec<&str> = direct.into_iter().filter(|(_, refused)| !refused).map(|(act, _)| act).collect();
    let null = Value::Null;
    for (act, reply) in [
        ("ask", app.officer.post("/v1/authorisations", ask).await),
        ("refuse", app.approver.post(&format!("/v1/authorisations/{waiting}/refuse"), &json!({"reason": "Not now"})).await),
        ("withdraw request", app.officer.post(&format!("/v1/authorisations/{waiting}/withdraw"), &null).await),
        ("withdraw authorisation", app.officer.post(&format!("/v1/authorisations/{}/withdraw", app.authorisation), &null).await),
        ("issue", app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await),
        ("issue spoken", app.officer.post("/v1/tokens", &json!({"channel": "telephone"})).await),
        ("speak", app.officer.speak(&token.id, &token.token).await),
        ("withdraw token", app.officer.delete(&format!("/v1/tokens/{}", token.id)).await),
    ] {
        assert!(!reply.body.contains("blocked"), "nothing from inside: {reply:?}");
        if reply.status != 503 || reply.problem().1 != "unavailable" {
            done.push(act);
        }
    }
    done
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written_stops_every_act() {
    let app = TestApp::start().await;
    // A key that waits, one that signs, one that is retired.
    let key = |seed| PublishedKey { key: world::key(seed).public(), ..world::published() };
    app.publish(&world::key_set(2, NOW + 100, vec![key(3), key(10), key(11)])).await;
    app.vault.add(&world::key(11)).unwrap();
    assert!(app.store.activate_key(world::key(11).public().id(), NOW).await.unwrap());
    let waiting = app.asked(&app.officer.officer, wide()).await.id;
    let ask = json!({"reference": "OP-7", "purpose": "Return a lost bag", "channels": ["online"], "until": NOW + 60, "max_tokens": 3});
    let (used, silent) = (app.officer.issue_plain().await, app.officer.issue_plain().await);
    assert_eq!(app.anyone().token(&used.token).await.verdict(), "genuine");
    let blocked = "CREATE TRIGGER blocked BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ABORT, 'blocked'); END";
    app.sql().execute_batch(blocked).unwrap();
    let before = app.dump();
    assert_eq!(acts(&app, waiting, &silent, &ask).await, Vec::<&str>::new());
    assert_eq!(app.dump(), before, "nothing changed");
    assert_eq!(app.anyone().token(&silent.token).await.verdict(), "genuine", "checks need no ledger line of their own");
    app.sql().execute_batch("DROP TRIGGER blocked").unwrap();
    app.officer.issue_plain().await;
    assert_eq!(app.store.report_first_checks(NOW).await.unwrap(), 2);
}
