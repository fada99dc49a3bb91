//! An authorisation in force is extended or narrowed by a second person, who answers for it from then on.

use std::collections::BTreeMap;

use countersign::{
    authority::{AccessHash, Actor, Role},
    issuer::{Ask, inspect},
};
use serde_json::{Value, json};

use crate::{
    actors::{Issued, Person, Reply},
    app::{TestApp, wide},
    browser::Browser,
    world::{self, DAY, NOW},
};

fn path(app: &TestApp) -> String {
    format!("/v1/authorisations/{}/review", app.authorisation)
}

async fn reviews(app: &TestApp, person: &Person, channels: &[&str], until: i64, max_tokens: u32) -> Reply {
    person.post(&path(app), &json!({"channels": channels, "until": until, "max_tokens": max_tokens})).await
}

/// The one authorisation that falcon has.
async fn stands(app: &TestApp) -> Value {
    app.officer.get("/v1/authorisations").await.json()[0].take()
}

async fn state(app: &TestApp, issued: &Issued) -> Value {
    app.officer.status(&issued.id).await["state"].take()
}

#[tokio::test]
async fn it_is_extended_and_the_reviewer_answers_for_it() {
    let app = TestApp::start().await;
    let second = app.person("stork", Role::Approver).await;
    let issued = app.officer.issue_plain().await;
    app.clock.set(NOW + 30);
    let before = stands(&app).await;
    let reply = reviews(&app, &second, &["in-person", "telephone", "online"], NOW + 30 * DAY, 1_000).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
    let mut expected = before;
    (expected["until"], expected["decided_by"], expected["decided_at"]) = (json!(NOW + 30 * DAY), json!("stork"), json!(NOW + 30));
    assert_eq!(reply.json(), expected, "from, reference and what was issued stay");
    assert_eq!(stands(&app).await, expected);
    assert_eq!(state(&app, &issued).await, "live");
    // The one before has nothing to do with it any more.
    assert_eq!(app.approver.get(&format!("/v1/tokens/{}", issued.id)).await.problem(), (404, "unknown".into()));
    assert_eq!(second.status(&issued.id).await["state"], "live");
    app.registry.suspend(&Actor::Operator, "heron".parse().unwrap()).await.unwrap();
    assert_eq!(state(&app, &issued).await, "live");
    app.officer.issue_plain().await;
    app.registry.suspend(&Actor::Operator, "stork".parse().unwrap()).await.unwrap();
    assert_eq!(state(&app, &issued).await, "withdrawn");
    let stopped = app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await;
    assert_eq!(stopped.problem(), (409, "choose-authorisation".into()), "there is none that is live");
    let named = json!({"channel": "in-person", "authorisation": app.authorisation.to_string()});
    let stopped = app.officer.post("/v1/tokens", &named).await;
    assert_eq!(stopped.problem(), (403, "not-authorised".into()));
    assert!(stopped.body.contains("suspended"), "{stopped:?}");
}

/// Where the approver was suspended, another one takes over by looking at it again.
#[tokio::test]
async fn another_approver_takes_over_from_one_who_was_suspended() {
    let app = TestApp::start().await;
    let second = app.person("stork", Role::Approver).await;
    let issued = app.officer.issue_plain().await;
    app.registry.suspend(&Actor::Operator, "heron".parse().unwrap()).await.unwrap();
    assert_eq!(app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await.problem().0, 409);
    assert_eq!(reviews(&app, &second, &["in-person"], NOW + DAY, 10).await.status, 200);
    app.officer.issue_plain().await;
    assert_eq!(state(&app, &issued).await, "withdrawn", "what was withdrawn stays so");
}

#[tokio::test]
async fn tokens_of_a_channel_that_is_left_out_are_withdrawn_and_others_stay() {
    let app = TestApp::start().await;
    let other = app.approved(&app.officer.officer, wide()).await.to_string();
    let issue = async |channel: &str, id: &str| app.officer.issue(json!({"channel": channel, "authorisation": id})).await;
    let id = app.authorisation.to_string();
    let (face, phone, line) = (issue("in-person", &id).await, issue("telephone", &id).await, issue("online", &id).await);
    let elsewhere = issue("telephone", &other).await;
    assert_eq!(reviews(&app, &app.approver, &["online", "in-person"], NOW + 20 * DAY, 1_000).await.status, 200);
    assert_eq!(app.anyone().code(&phone.words).await.verdict(), "withdrawn");
    for kept in [&face, &line, &elsewhere] {
        assert_eq!(app.anyone().token(&kept.token).await.verdict(), "genuine");
    }
    let refused = app.officer.post("/v1/tokens", &json!({"channel": "telephone", "authorisation": id})).await;
    assert_eq!(refused.problem(), (403, "not-authorised".into()));
    // Replaced, not added to.
    assert_eq!(reviews(&app, &app.approver, &["telephone"], NOW + 20 * DAY, 1_000).await.json()["channels"], json!(["telephone"]));
    assert_eq!((state(&app, &face).await, state(&app, &elsewhere).await), (json!("withdrawn"), json!("checked")));
    issue("telephone", &id).await;
}

#[tokio::test]
async fn tokens_that_would_outlast_it_are_withdrawn_and_others_stay() {
    let app = TestApp::start().await;
    let issue = async |lifetime: i64| app.officer.issue(json!({"channel": "in-person", "lifetime": lifetime})).await;
    let (just, too_long, over, gone) = (issue(300).await, issue(301).await, issue(10).await, issue(310).await);
    app.officer.withdraw(&gone.id).await;
    let mark = |id: &str| {
        let column: Option<i64> =
            app.sql().query_row("SELECT withdrawn_at FROM tokens WHERE hex(cti) = upper(?1)", [id], |row| row.get(0)).unwrap();
        column
    };
    app.clock.set(NOW + 75);
    assert_eq!(reviews(&app, &app.approver, &["in-person"], NOW + 300, 10).await.status, 200);
    assert_eq!(state(&app, &just).await, "live", "it ends with the authorisation");
    assert_eq!(app.anyone().token(&too_long.token).await.verdict(), "withdrawn");
    assert_eq!((mark(&too_long.id), mark(&over.id), mark(&gone.id)), (Some(NOW + 75), None, Some(NOW)));
    for (not_before, lifetime, status) in [(None, 226, 403), (None, 225, 201), (Some(NOW + 299), 2, 403), (Some(NOW + 299), 1, 201)] {
        let body = json!({"channel": "in-person", "not_before": not_before, "lifetime": lifetime});
        assert_eq!(app.officer.post("/v1/tokens", &body).await.status, status, "{body}");
    }
}

/// A button that was pressed twice is one review; the same frame by another approver is another, since who answers changes.
#[tokio::test]
async fn the_same_again_is_nothing_new() {
    let app = TestApp::start().await;
    let second = app.person("stork", Role::Approver).await;
    let before = app.count("ledger_entries");
    for (at, person, entries) in [(1, &app.approver, 1), (2, &app.approver, 1), (3, &second, 2), (4, &second, 2)] {
        app.clock.set(NOW + at);
        let reply = reviews(&app, person, &["online"], NOW + DAY, 10).await;
        assert_eq!((reply.status, reply.json()["decided_at"].as_i64()), (200, Some(NOW + [0, 1, 1, 3, 3][usize::try_from(at).unwrap()])));
        assert_eq!(app.count("ledger_entries") - before, entries);
    }
}

#[tokio::test]
async fn never_below_what_was_issued() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.officer.issue_plain().await;
    }
    let before = app.dump();
    let few = reviews(&app, &app.approver, &["in-person"], NOW + DAY, 2).await;
    assert_eq!(few.problem(), (409, "too-few".into()));
    assert_eq!(few.json()["detail"], "3 tokens were issued under this authorisation already; allow at least as many");
    assert_eq!(app.dump(), before);
    assert_eq!(reviews(&app, &app.approver, &["in-person"], NOW + DAY, 3).await.json()["tokens_issued"], 3);
    assert_eq!(
        app.officer.post("/v1/tokens", &json!({"channel": "in-person", "authorisation": app.authorisation.to_string()})).await.status,
        403
    );
    assert_eq!(reviews(&app, &app.approver, &["in-person"], NOW + DAY, 4).await.status, 200);
    app.officer.issue_plain().await;
}

#[tokio::test]
async fn what_has_run_out_is_not_brought_back() {
    let app = TestApp::start().await;
    for (passed, status) in [(-1, 200), (0, 409), (1, 409)] {
        let id = app.approved(&app.officer.officer, Ask { from: Some(NOW), until: NOW + 100, ..wide() }).await;
        app.clock.set(NOW + 100 + passed);
        let body = json!({"channels": ["online"], "until": NOW + DAY, "max_tokens": 5});
        let reply = app.approver.post(&format!("/v1/authorisations/{id}/review"), &body).await;
        assert_eq!(reply.status, status, "{passed}");
        if status == 409 {
            assert_eq!(reply.problem().1, "over");
            assert_eq!(reply.json()["detail"], "this authorisation has run out; ask for a new one");
        }
        app.clock.set(NOW);
    }
}

#[tokio::test]
async fn who_asked_does_not_review_and_frames_stay_bounded() {
    let app = TestApp::start().await;
    let second = app.person("stork", Role::Approver).await;
    let own = app.asked(&app.approver.officer, wide()).await.id;
    second.post(&format!("/v1/authorisations/{own}/approve"), &Value::Null).await;
    let before = app.dump()["authorisations"].clone();
    let body = json!({"channels": ["online"], "until": NOW + DAY, "max_tokens": 5});
    let reply = app.approver.post(&format!("/v1/authorisations/{own}/review"), &body).await;
    assert_eq!(reply.problem(), (403, "own-request".into()));
    for (member, value) in [
        ("channels", json!([])),
        ("channels", json!(["fax"])),
        ("until", json!(NOW)),
        ("until", json!(NOW - 1)),
        ("until", json!(NOW + 31 * DAY + 1)),
        ("until", json!(i64::MAX)),
        ("until", json!(i64::MIN)),
        ("max_tokens", json!(0)),
        ("max_tokens", json!(1_001)),
        ("max_tokens", json!(-1)),
        ("from", json!(NOW)),
        ("reference", json!("OP-8")),
    ] {
        let mut body = body.clone();
        body[member] = value;
        assert_eq!(app.approver.post(&path(&app), &body).await.problem(), (422, "invalid".into()), "{body}");
    }
    let none = format!("/v1/authorisations/{}/review", "00".repeat(8));
    assert_eq!(app.approver.post(&none, &body).await.problem(), (404, "unknown".into()));
    assert_eq!(app.dump()["authorisations"], before);
    assert_eq!(reviews(&app, &app.approver, &["online"], NOW + 31 * DAY, 1_000).await.status, 200, "counted from its beginning");
}

/// Whichever comes first, no token stands outside of what the other allows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issuing_and_narrowing_at_once() {
    let app = TestApp::start().await;
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (officer, approver, path) = (app.officer.clone(), app.approver.clone(), path(&app));
        racing.spawn(async move {
            if n == 10 {
                approver.post(&path, &json!({"channels": ["online"], "until": NOW + DAY, "max_tokens": 1_000})).await.status
            } else {
                officer.post("/v1/tokens", &json!({"channel": "telephone"})).await.status
            }
        });
    }
    racing.join_all().await;
    assert_eq!(stands(&app).await["channels"], json!(["online"]));
    let live = app.officer.get("/v1/tokens").await.json();
    assert!(live.as_array().unwrap().iter().all(|token| token["state"] == "withdrawn"), "{live}");
}

/// Every new event once, byte for byte, and a whole ledger in which the audit finds no fault.
#[tokio::test]
async fn the_ledger_tells_of_links_passkeys_and_reviews() {
    let app = TestApp::start().await;
    let administrator = app.signs_in(&app.administrator.officer, 1).await.0;
    let (_, kept) = app.signs_in(&app.officer.officer, 2).await;
    let before = app.entries().await.len();
    let ids = ways_in(&app, &administrator).await;
    app.approver.post(&path(&app), &json!({"channels": ["online", "in-person"], "until": NOW + DAY, "max_tokens": 7})).await;
    let (end, until, authorisation) = (NOW + 1_800, NOW + DAY, app.authorisation);
    let (link, passkey) = (&ids["link"], &ids["passkey"]);
    let expected = [
        format!(r#"{{"at":{NOW},"by":"otter","callsign":"robin","event":"officer_enrolled","role":"officer"}}"#),
        format!(r#"{{"at":{NOW},"by":"otter","callsign":"robin","event":"link_made","expires_at":{end},"link":"{link}"}}"#),
        format!(r#"{{"at":{NOW},"callsign":"robin","event":"passkey_registered","link":"{link}","passkey":"{passkey}"}}"#),
        format!(r#"{{"access":"{passkey}","at":{NOW},"by":"otter","callsign":"robin","event":"access_revoked","withdrawn":0}}"#),
        format!(
            r#"{{"at":{NOW},"authorisation":"{authorisation}","by":"heron","channels":["in-person","online"],"event":"authorisation_reviewed","max_tokens":7,"until":{until}}}"#
        ),
    ];
    assert_eq!(app.entries().await[before..], expected);
    for secret in [&ids["secret"], &crate::authenticator::encoded(&kept.id)] {
        assert!(!app.entries().await.join("\n").contains(secret.as_str()), "{secret}");
    }
    app.officer.issue(json!({"channel": "online"})).await;
    app.registry.suspend(&Actor::Operator, "falcon".parse().unwrap()).await.unwrap();
    let overseer = app.person("swift", Role::Overseer).await;
    assert_eq!(overseer.get("/v1/ledger/checkpoint").await.status, 200);
    let report = inspect(&*app.store, world::ledger().0, vec![]).await.unwrap();
    assert_eq!((report.faults, report.signed), (vec![], report.entries));
    assert_eq!(report.counts["authorisation_reviewed"], 1);
    assert_eq!((report.counts["link_made"], report.counts["passkey_registered"], report.counts["access_revoked"]), (3, 3, 1));
}

/// Enrols robin on the screen, registers a passkey and revokes it. What each is called.
async fn ways_in(app: &TestApp, administrator: &Browser) -> BTreeMap<&'static str, String> {
    let made = administrator.post("/v1/people", &json!({"callsign": "robin", "role": "officer"})).await.json();
    let secret = made["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let mut passkey = crate::authenticator::Passkey::new(3);
    assert_eq!(app.browser().register(&secret, &mut passkey).await.status, 201);
    let id = AccessHash::of(&passkey.id).id().to_string();
    assert_eq!(administrator.delete(&format!("/v1/keys/{id}")).await.status, 200);
    BTreeMap::from([("link", AccessHash::of(secret.as_bytes()).id().to_string()), ("passkey", id), ("secret", secret)])
}

/// No record, no act.
#[tokio::test]
async fn without_a_ledger_nobody_comes_in_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let (administrator, passkey) = app.signs_in(&app.administrator.officer, 1).await;
    app.officer.issue_spoken().await;
    let link = app.link(&app.officer.officer.callsign).await;
    let challenge = app.browser().begin_registration(&link).await;
    app.sql().execute_batch("CREATE TRIGGER blocked BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ABORT, 'blocked'); END").unwrap();
    let before = app.dump();
    let id = AccessHash::of(&passkey.id).id();
    for reply in [
        administrator.post("/v1/people", &json!({"callsign": "robin", "role": "officer"})).await,
        administrator.post("/v1/people/falcon/link", &Value::Null).await,
        administrator.post("/v1/people/falcon/suspend", &Value::Null).await,
        administrator.delete(&format!("/v1/keys/{id}")).await,
        app.browser().end_registration(&link, &challenge, crate::authenticator::Passkey::new(2).create(&challenge["options"])).await,
        reviews(&app, &app.approver, &["online"], NOW + DAY, 10).await,
    ] {
        assert_eq!(reply.problem(), (503, "unavailable".into()));
    }
    assert_eq!(app.dump(), before);
    assert_eq!(administrator.get("/v1/session").await.status, 200);
}
