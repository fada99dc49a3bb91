//! A program's credential opens what it was made for, until it runs out or is revoked.

use countersign::{
    authority::{AccessHash, Actor, Role, Scope},
    issuer::{Credential, Refused},
};
use serde_json::{Value, json};

use crate::{
    actors::{Person, Reply},
    app::TestApp,
    cross_site::{CHANGING, Scene, TELLING},
    world::{DAY, NOW},
};

/// The group that an address belongs to; `None` where no credential is asked for.
fn scope(path: &str) -> Option<Scope> {
    let groups = [
        ("/v1/tokens", Scope::Tokens),
        ("/v1/references", Scope::Tokens),
        ("/v1/authorisations", Scope::Authorisations),
        ("/v1/people", Scope::People),
        ("/v1/keys", Scope::People),
        ("/v1/ledger", Scope::Ledger),
    ];
    groups.into_iter().find(|(begins, _)| path.starts_with(begins)).map(|(_, scope)| scope)
}

/// The administrator, since what they do to the officer's own things is never hidden from them.
async fn program(app: &TestApp, scopes: &[Scope], lasts: i64) -> (Person, Credential) {
    let callsign = app.administrator.officer.callsign.clone();
    let credential = app.registry.make_credential(&Actor::Operator, callsign, scopes.iter().copied().collect(), lasts).await.unwrap();
    (app.administrator.with_credential(Some(credential.expose())), credential)
}

async fn sends(scene: &Scene, person: &Person, (method, path): (&str, &str)) -> Reply {
    let body = scene.body(path);
    let request = person.request(method.parse().unwrap(), &scene.address(path));
    // A stream that was let begin has said what is asked here.
    let request = if body.is_null() || method != "POST" { request } else { request.json(&body) };
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = if status < 400 { String::new() } else { response.text().await.unwrap() };
    Reply { status, headers, body }
}

#[tokio::test]
async fn each_scope_at_each_address() {
    let scene = Scene::set().await;
    let (mut refusals, mut asked) = (0, 0);
    for held in Scope::ALL {
        let (person, _) = program(&scene.app, &[held], 60).await;
        for route in TELLING.into_iter().chain(CHANGING) {
            let Some(needed) = scope(route.1) else { continue };
            asked += 1;
            let reply = sends(&scene, &person, route).await;
            let out = reply.status == 403 && reply.problem().1 == "out-of-scope";
            assert_eq!(out, held != needed, "{held:?} at {route:?}: {reply:?}");
            if out {
                let word = needed.as_str();
                assert_eq!(reply.json()["detail"], format!("this credential is not for {word}; make one with --scope {word}"));
                refusals += 1;
            }
        }
    }
    assert_eq!((asked, refusals), (4 * 25, 3 * 25));
}

/// What it may not is not even looked at: a program without the scope learns nothing from the answer and changes nothing.
#[tokio::test]
async fn out_of_scope_comes_before_everything_else() {
    let scene = Scene::set().await;
    let (person, _) = program(&scene.app, &[Scope::Ledger], 60).await;
    let before = scene.app.dump();
    for path in ["/v1/tokens/{id}", "/v1/tokens/0000000000000000"] {
        assert_eq!(sends(&scene, &person, ("GET", path)).await.problem(), (403, "out-of-scope".into()));
    }
    for route in CHANGING {
        sends(&scene, &person, route).await;
    }
    assert_eq!(scene.app.dump(), before);
}

#[tokio::test]
async fn several_scopes_open_each_of_them() {
    let app = TestApp::start().await;
    let (person, _) = program(&app, &[Scope::People, Scope::Authorisations], 60).await;
    assert_eq!(person.get("/v1/people").await.status, 200);
    assert_eq!(person.get("/v1/authorisations").await.status, 200);
    assert_eq!(person.get("/v1/tokens").await.problem(), (403, "out-of-scope".into()));
    let none = app.registry.make_credential(&Actor::Operator, "falcon".parse().unwrap(), [].into(), 60).await;
    assert!(matches!(none, Err(Refused::NoScope)));
}

/// A scope opens no more than the role does.
#[tokio::test]
async fn a_scope_is_no_right() {
    let app = TestApp::start().await;
    let credential = app.registry.make_credential(&Actor::Operator, "falcon".parse().unwrap(), Scope::ALL.into(), 60).await.unwrap();
    let officer = app.officer.with_credential(Some(credential.expose()));
    assert_eq!(officer.get("/v1/people").await.problem(), (403, "not-allowed".into()));
    assert_eq!(officer.get("/v1/ledger/checkpoint").await.problem(), (403, "not-allowed".into()));
}

#[tokio::test]
async fn run_out_or_revoked_it_opens_nothing() {
    let app = TestApp::start().await;
    let (short, _) = program(&app, &[Scope::People], 60).await;
    let (long, credential) = program(&app, &[Scope::People], 600).await;
    for (passed, status) in [(59, 200), (60, 401), (61, 401)] {
        app.clock.set(NOW + passed);
        assert_eq!(short.get("/v1/people").await.status, status, "after {passed} seconds");
    }
    let id = credential.hash().id();
    assert_eq!(app.administrator.delete(&format!("/v1/keys/{id}")).await.status, 200);
    let mut bodies = vec![short.get("/v1/people").await, long.get("/v1/people").await];
    bodies.push(app.officer.with_credential(Some("countersign_x")).get("/v1/people").await);
    for reply in &bodies {
        assert_eq!((reply.problem(), &reply.body), ((401, "no-credential".into()), &bodies[0].body));
    }
    assert_eq!(app.administrator.get("/v1/people").await.status, 200, "the others still open");
    for none in [id.to_string(), "00".repeat(8)] {
        assert_eq!(app.administrator.delete(&format!("/v1/keys/{none}")).await.problem(), (404, "unknown".into()));
    }
    for bad in ["x", &"0".repeat(15), &"0F".repeat(8), "%ff"] {
        assert_eq!(app.administrator.delete(&format!("/v1/keys/{bad}")).await.problem(), (422, "invalid".into()));
    }
}

#[tokio::test]
async fn an_administrator_sees_every_way_in() {
    let app = TestApp::start().await;
    let kite = app.registry.enrol(&Actor::Operator, "kite".parse().unwrap(), Role::Officer).await.unwrap();
    app.clock.set(NOW + 1);
    let scopes = [Scope::Tokens, Scope::Ledger].into();
    let credential = app.registry.make_credential(&Actor::Operator, kite.callsign.clone(), scopes, DAY).await.unwrap();
    app.clock.set(NOW + 2);
    let (_, passkey) = app.signs_in(&kite, 1).await;
    app.sql().execute("UPDATE credentials SET added_at = NULL WHERE callsign = 'otter'", []).unwrap();
    app.registry.suspend(&Actor::Operator, "heron".parse().unwrap()).await.unwrap();
    let reply = app.administrator.get("/v1/people").await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
    let people = reply.json();
    let named: Vec<&Value> = people.as_array().unwrap().iter().map(|person| &person["callsign"]).collect();
    assert_eq!(named, ["falcon", "heron", "kite", "otter"]);
    let keys = json!([
        {"id": credential.hash().id().to_string(), "kind": "credential", "name": null, "added_at": NOW + 1, "expires_at": NOW + 1 + DAY,
         "scopes": ["tokens", "ledger"]},
        {"id": AccessHash::of(&passkey.id).id().to_string(), "kind": "passkey", "name": null, "added_at": NOW + 2, "expires_at": null, "scopes": null},
    ]);
    assert_eq!(people[2], json!({"callsign": "kite", "role": "officer", "enrolled_at": NOW, "suspended_at": null, "keys": keys}));
    assert_eq!(people[1]["suspended_at"], NOW + 2);
    assert_eq!(people[3]["keys"][0]["added_at"], Value::Null, "made before this was kept");
}

#[tokio::test]
async fn enrolling_over_http() {
    let app = TestApp::start().await;
    let enrol = async |callsign: &str, role: &str| app.administrator.post("/v1/people", &json!({"callsign": callsign, "role": role})).await;
    assert_eq!(enrol("kite", "approver").await.status, 201);
    let before = app.dump();
    assert_eq!(enrol("kite", "officer").await.problem(), (409, "taken".into()));
    for (callsign, role) in [("", "officer"), ("a b", "officer"), ("*operator", "officer"), ("swift", "king"), (&"x".repeat(33), "officer")]
    {
        assert_eq!(enrol(callsign, role).await.problem(), (422, "invalid".into()), "{callsign} {role}");
    }
    for (path, status) in [("nobody/link", 404), ("nobody/suspend", 404), ("%ff/link", 422), ("a%20b/suspend", 422)] {
        let reply = app.administrator.post(&format!("/v1/people/{path}"), &Value::Null).await;
        assert_eq!(reply.problem().0, status, "{path}");
    }
    assert_eq!(app.dump(), before);
    assert_eq!(app.administrator.post("/v1/people/kite/suspend", &Value::Null).await.status, 200);
    let link = app.administrator.post("/v1/people/kite/link", &Value::Null).await;
    assert_eq!(link.problem(), (403, "suspended".into()));
    assert_eq!(app.administrator.post("/v1/people/kite/suspend", &Value::Null).await.status, 200, "again is as good as once");
}
