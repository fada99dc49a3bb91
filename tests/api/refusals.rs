//! Anybody who tries what they may not leaves a trace; a mistake is none; and a refusal needs no ledger.

use countersign::{
    authority::{Actor, AuthorisationId, Decision, Role, Scope},
    issuer::{Changed, Refused, inspect},
    token::Channel,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    actors::{Issued, Person, Reply},
    app::{TestApp, wide},
    world::{self, DAY, NOW},
};

/// What the entry says besides its time; `thing` is the last part, with its comma.
fn entry(by: &str, act: &str, why: &str, thing: &str, at: i64) -> String {
    let (authorisation, cti) = match thing.split_once(' ') {
        Some(("authorisation", id)) => (format!(r#""authorisation":"{id}","#), String::new()),
        Some(("token", id)) => (String::new(), format!(r#""cti":"{id}","#)),
        _ => (String::new(), String::new()),
    };
    format!(r#"{{"act":"{act}","at":{at},{authorisation}"by":"{by}",{cti}"event":"act_refused","why":"{why}"}}"#)
}

struct Scene {
    app: TestApp,
    kite: Person,
    overseer: Person,
    token: String,
    /// Of the token, as text.
    bytes: String,
    waiting: String,
    approved: String,
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::start().await;
        let kite = app.person("kite", Role::Officer).await;
        let overseer = app.person("swift", Role::Overseer).await;
        let Issued { id: token, token: bytes, .. } = app.officer.issue_plain().await;
        let waiting = app.asked(&app.approver.officer, wide()).await.id.to_string();
        let approved = app.authorisation.to_string();
        Self { app, kite, overseer, token, bytes, waiting, approved }
    }

    async fn tries(&self, person: &Person, method: &str, path: &str) -> Reply {
        let path = path.replace("{waiting}", &self.waiting).replace("{approved}", &self.approved).replace("{token}", &self.token);
        let request = person.request(method.parse().unwrap(), &path);
        let body = match path.as_str() {
            "/v1/tokens" => json!({"channel": "in-person", "authorisation": self.approved}),
            "/v1/authorisations" => {
                json!({"reference": "OP-4", "purpose": "Return a lost bag", "channels": ["online"], "until": NOW + DAY, "max_tokens": 1})
            }
            "/v1/tokens/withdraw" => json!({"tokens": "all"}),
            "/v1/people" => json!({"callsign": "robin", "role": "officer"}),
            _ if path.ends_with("refuse") => json!({"reason": "Not now"}),
            _ if path.ends_with("reinstate") => json!({"reason": "a slip"}),
            _ if path.ends_with("spoken") => json!({"token": self.bytes}),
            _ if path.ends_with("review") => json!({"channels": ["online"], "until": NOW + DAY, "max_tokens": 9}),
            _ => Value::Null,
        };
        Reply::of(if method == "GET" || body.is_null() { request } else { request.json(&body) }).await
    }
}

/// The last entries, and that nothing but them is new.
async fn leaves(app: &TestApp, before: usize, expected: &[String], what: &str) {
    assert_eq!(app.entries().await[before..], *expected, "{what}");
}

#[tokio::test]
async fn each_kind_of_refusal_leaves_one_entry() {
    let scene = Scene::set().await;
    let (app, falcon, heron) = (&scene.app, &scene.app.officer, &scene.app.approver);
    let (waiting, approved) = (format!("authorisation {}", scene.waiting), format!("authorisation {}", scene.approved));
    let (token, key) = (format!("token {}", scene.token), "/v1/keys/0000000000000000");
    let (review, withdraw) = ("/v1/authorisations/{approved}/review", "/v1/authorisations/{approved}/withdraw");
    let cases: [(&Person, &str, &str, &str, &str, &str); 31] = [
        (falcon, "POST", "/v1/people", "enrol", "not-allowed", ""),
        (falcon, "POST", "/v1/people/heron/link", "make-link", "not-allowed", ""),
        (falcon, "POST", "/v1/people/heron/suspend", "suspend", "not-allowed", ""),
        (falcon, "POST", "/v1/people/heron/reinstate", "reinstate", "not-allowed", ""),
        (&scene.kite, "GET", "/v1/people/heron", "list-people", "not-allowed", ""),
        (falcon, "DELETE", key, "revoke-access", "not-allowed", ""),
        (falcon, "POST", "/v1/tokens/withdraw", "withdraw-tokens", "not-allowed", ""),
        (falcon, "GET", "/v1/people", "list-people", "not-allowed", ""),
        (&app.administrator, "POST", "/v1/authorisations", "ask", "not-allowed", ""),
        (falcon, "POST", "/v1/authorisations/{waiting}/approve", "approve", "not-allowed", &waiting),
        (falcon, "POST", "/v1/authorisations/{waiting}/refuse", "refuse", "not-allowed", &waiting),
        (falcon, "POST", review, "review", "not-allowed", &approved),
        (&scene.overseer, "GET", "/v1/authorisations", "list-authorisations", "not-allowed", ""),
        (&scene.overseer, "GET", "/v1/tokens", "list-tokens", "not-allowed", ""),
        (&app.administrator, "POST", "/v1/tokens", "issue", "not-allowed", &approved),
        (falcon, "GET", "/v1/ledger/checkpoint", "read-ledger", "not-allowed", ""),
        (heron, "POST", "/v1/authorisations/{waiting}/approve", "approve", "own-request", &waiting),
        (heron, "POST", "/v1/authorisations/{waiting}/refuse", "refuse", "own-request", &waiting),
        (&scene.kite, "POST", withdraw, "withdraw-authorisation", "not-theirs", &approved),
        (&scene.kite, "GET", "/v1/authorisations/{approved}", "list-authorisations", "not-theirs", &approved),
        (&scene.kite, "POST", "/v1/tokens", "issue", "not-theirs", &approved),
        (&scene.kite, "GET", "/v1/tokens/{token}", "read-token", "not-theirs", &token),
        (&scene.kite, "POST", "/v1/tokens/{token}/spoken", "make-speakable", "not-theirs", &token),
        (heron, "POST", "/v1/tokens/{token}/spoken", "make-speakable", "not-allowed", &token),
        (&app.administrator, "POST", "/v1/tokens/{token}/spoken", "make-speakable", "not-allowed", &token),
        (&scene.kite, "DELETE", "/v1/tokens/{token}", "withdraw-token", "not-theirs", &token),
        (&scene.overseer, "GET", "/v1/tokens/{token}/events", "read-token", "not-theirs", &token),
        (&scene.overseer, "POST", withdraw, "withdraw-authorisation", "not-theirs", &approved),
        (&scene.overseer, "GET", "/v1/people", "list-people", "not-allowed", ""),
        (falcon, "GET", "/v1/references/01234567", "look-up-reference", "not-allowed", ""),
        (&scene.overseer, "GET", "/v1/references/01234567", "look-up-reference", "not-allowed", ""),
    ];
    for (person, method, path, act, why, thing) in cases {
        let before = app.entries().await.len();
        let (status, kind) = scene.tries(person, method, path).await.problem();
        let answered = if why == "not-theirs" { (404, "unknown") } else { (403, why) };
        assert_eq!((status, kind.as_str()), answered, "{method} {path}");
        let expected = entry(person.officer.callsign.as_str(), act, why, thing, NOW);
        leaves(app, before, &[expected], &format!("{method} {path}")).await;
    }
    let before = app.entries().await.len();
    let made = app.registry.make_credential(&Actor::Person(falcon.officer.clone()), "falcon".parse().unwrap(), Scope::ALL.into(), 60).await;
    assert!(matches!(made, Err(Refused::NotAllowed(_))));
    leaves(app, before, &[entry("falcon", "make-credential", "not-allowed", "", NOW)], "make a credential").await;
}

#[tokio::test]
async fn what_no_authorisation_covers_and_what_somebody_suspended_tries() {
    let scene = Scene::set().await;
    let app = &scene.app;
    let asked = app.asked(&scene.kite.officer, wide()).await.id;
    let before = app.entries().await.len();
    let reply = scene.kite.post("/v1/tokens", &json!({"channel": "in-person", "authorisation": asked.to_string()})).await;
    assert_eq!(reply.problem(), (403, "not-authorised".into()));
    leaves(app, before, &[entry("kite", "issue", "not-authorised", &format!("authorisation {asked}"), NOW)], "issue").await;

    app.registry.suspend(&Actor::Operator, "heron".parse().unwrap()).await.unwrap();
    let before = app.entries().await.len();
    assert_eq!(app.approver.get("/v1/authorisations").await.problem(), (401, "no-credential".into()));
    // As somebody who was recognised a moment before.
    let late = app.registry.decide(&app.approver.officer, asked, Decision::Approve).await;
    assert!(matches!(late, Err(Refused::Suspended)));
    let changed = Changed { channels: Channel::ALL.into(), until: NOW + 60, max_tokens: 9 };
    let late = app.registry.review(&app.approver.officer, app.authorisation, changed).await;
    assert!(matches!(late, Err(Refused::Suspended)));
    let expected = [
        entry("heron", "sign-in", "suspended", "", NOW),
        entry("heron", "approve", "suspended", &format!("authorisation {asked}"), NOW),
        entry("heron", "review", "suspended", &format!("authorisation {}", scene.approved), NOW),
    ];
    leaves(app, before, &expected, "suspended").await;
}

#[tokio::test]
async fn trying_again_leaves_an_entry_a_minute_and_no_more() {
    let scene = Scene::set().await;
    let app = &scene.app;
    let before = app.entries().await.len();
    let mut expected = vec![];
    for (passed, noted) in [(0, true), (0, false), (1, false), (59, false), (60, true), (61, false), (119, false), (120, true)] {
        app.clock.set(NOW + passed);
        assert_eq!(scene.tries(&app.officer, "GET", "/v1/people").await.status, 403);
        if noted {
            expected.push(entry("falcon", "list-people", "not-allowed", "", NOW + passed));
        }
        leaves(app, before, &expected, &format!("after {passed} seconds")).await;
    }
    // Another person, another act, another reason: each for itself.
    for (person, method, path, act, why, thing) in [
        (&scene.kite, "GET", "/v1/people", "list-people", "not-allowed", String::new()),
        (&app.officer, "POST", "/v1/people", "enrol", "not-allowed", String::new()),
        (
            &app.approver,
            "POST",
            "/v1/authorisations/{waiting}/approve",
            "approve",
            "own-request",
            format!("authorisation {}", scene.waiting),
        ),
    ] {
        scene.tries(person, method, path).await;
        expected.push(entry(person.officer.callsign.as_str(), act, why, &thing, NOW + 120));
    }
    leaves(app, before, &expected, "others").await;
    // A clock that was set back silences nobody.
    app.clock.set(NOW - 10);
    scene.tries(&app.officer, "GET", "/v1/people").await;
    expected.push(entry("falcon", "list-people", "not-allowed", "", NOW - 10));
    leaves(app, before, &expected, "set back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trying_many_times_at_once_leaves_one_entry() {
    let app = TestApp::start().await;
    let before = app.entries().await.len();
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let officer = app.officer.clone();
        racing.spawn(async move { officer.get("/v1/people").await.status });
    }
    assert!(racing.join_all().await.into_iter().all(|status| status == 403));
    leaves(&app, before, &[entry("falcon", "list-people", "not-allowed", "", NOW)], "twenty").await;
}

#[tokio::test]
async fn mistakes_leave_none() {
    let scene = Scene::set().await;
    let app = &scene.app;
    let zero = AuthorisationId([0; 8]);
    let withdrawn = app.asked(&app.officer.officer, wide()).await.id;
    app.registry.withdraw(&app.officer.officer, withdrawn).await.unwrap();
    let before = app.entries().await;
    for (person, method, path, body, status) in [
        (&app.officer, "POST", "/v1/tokens".to_owned(), json!({"channel": "fax"}), 422),
        (&app.officer, "POST", "/v1/tokens".to_owned(), json!({"channel": "in-person", "authorisation": zero}), 404),
        (&scene.kite, "POST", "/v1/tokens".to_owned(), json!({"channel": "in-person"}), 409),
        (&app.officer, "POST", "/v1/authorisations".to_owned(), json!({}), 422),
        (&app.officer, "POST", format!("/v1/authorisations/{zero}/withdraw"), Value::Null, 404),
        (&app.approver, "POST", format!("/v1/authorisations/{withdrawn}/approve"), Value::Null, 409),
        (&app.officer, "GET", format!("/v1/tokens/{zero}"), Value::Null, 404),
        (&app.officer, "GET", "/v1/tokens/x".to_owned(), Value::Null, 422),
        (&app.approver, "POST", format!("/v1/authorisations/{zero}/approve"), Value::Null, 404),
        (&app.approver, "POST", format!("/v1/authorisations/{}/refuse", scene.approved), json!({"reason": "Not now"}), 409),
        (
            &app.approver,
            "POST",
            format!("/v1/authorisations/{}/review", scene.approved),
            json!({"channels": [], "until": 1, "max_tokens": 0}),
            422,
        ),
        (&app.administrator, "POST", "/v1/people".to_owned(), json!({"callsign": "kite", "role": "officer"}), 409),
        (&app.administrator, "POST", "/v1/people/nobody/suspend".to_owned(), Value::Null, 404),
        (&app.administrator, "DELETE", format!("/v1/keys/{zero}"), Value::Null, 404),
        (&app.officer, "GET", "/nothing".to_owned(), Value::Null, 404),
    ] {
        let request = person.request(method.parse::<Method>().unwrap(), &path);
        let reply = Reply::of(if body.is_null() { request } else { request.json(&body) }).await;
        assert_eq!(reply.problem().0, status, "{method} {path}");
    }
    for path in ["/v1/passkeys/options", "/v1/session"] {
        app.browser().post(path, &json!({"link": "x", "ceremony": "x", "credential": {}})).await;
    }
    app.officer.with_credential(Some("countersign_x")).get("/v1/tokens").await;
    app.officer.with_credential(None).get("/v1/tokens").await;
    assert_eq!(app.entries().await, before);
}

/// It goes into the ledger if it can; the answer is no either way.
#[tokio::test]
async fn a_store_that_fails_at_that_moment_still_refuses() {
    let scene = Scene::set().await;
    let app = &scene.app;
    app.sql().execute_batch("CREATE TRIGGER blocked BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ABORT, 'blocked'); END").unwrap();
    let before = app.dump();
    for (person, method, path, answered) in [
        (&app.officer, "GET", "/v1/people", (403, "not-allowed")),
        (&app.approver, "POST", "/v1/authorisations/{waiting}/approve", (403, "own-request")),
        (&scene.kite, "DELETE", "/v1/tokens/{token}", (404, "unknown")),
        (&scene.kite, "POST", "/v1/tokens", (404, "unknown")),
    ] {
        let reply = scene.tries(person, method, path).await;
        assert_eq!((reply.problem().0, reply.problem().1.as_str()), answered, "{path}");
        assert!(!reply.body.contains("blocked"), "nothing from inside: {reply:?}");
    }
    assert_eq!(app.dump(), before);
    // It was not recorded, so the next attempt is, within the same minute.
    app.sql().execute_batch("DROP TRIGGER blocked").unwrap();
    let entries = app.entries().await.len();
    for _ in 0..2 {
        scene.tries(&app.officer, "GET", "/v1/people").await;
    }
    assert_eq!(app.entries().await.len(), entries + 1);
}

/// An overseer finds each of them, as something to look at and not as a fault of the service.
#[tokio::test]
async fn the_audit_tells_of_them() {
    let scene = Scene::set().await;
    let app = &scene.app;
    scene.tries(&scene.kite, "DELETE", "/v1/tokens/{token}").await;
    scene.tries(&app.officer, "GET", "/v1/people").await;
    assert_eq!(scene.overseer.get("/v1/ledger/checkpoint").await.status, 200);
    let report = inspect(&*app.store, world::ledger().0, vec![]).await.unwrap();
    assert_eq!(report.faults, []);
    let unusual: Vec<&str> = report.unusual.iter().map(|finding| finding.what.as_str()).collect();
    for said in [
        "kite tried to withdraw a token and was refused, because it was another person's",
        "falcon tried to list people and was refused, because their role does not do this",
    ] {
        assert!(unusual.contains(&said), "{said} in {unusual:?}");
    }
}
