//! People as their administrators see them: suspended, reinstated, and what follows.

use countersign::authority::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    actors::{Person, Reply},
    app::{TestApp, wide},
};

async fn under(person: &Person, key: &str, path: &str, body: &Value) -> Reply {
    let request = person.request(Method::POST, path).header("idempotency-key", key);
    Reply::of(if body.is_null() { request } else { request.json(body) }).await
}

#[tokio::test]
async fn a_suspension_names_what_follows_and_can_be_lifted_by_another() {
    let app = TestApp::start().await;
    let (browser, mut passkey) = app.signs_in(&app.officer.officer, 1).await;
    let issued = browser.issue(&mut passkey).await;
    app.officer.issue_plain().await;
    let otter = app.person("stoat", Role::Administrator).await;
    let person = otter.get("/v1/people/falcon").await;
    assert_eq!(person.json()["follows"], json!({"sessions": 1, "live_tokens": 2, "authorisations": 1}));
    assert_eq!(person.json()["keys"].as_array().unwrap().len(), 2);
    assert_eq!(otter.get("/v1/people/nobody").await.problem(), (404, "unknown".into()));
    let detail = app.officer.get(&format!("/v1/authorisations/{}", app.authorisation)).await;
    assert_eq!((&detail.json()["live_tokens"], &detail.json()["reference"]), (&json!(2), &json!("OP-1")));

    let ended = json!({"callsign": "falcon", "sessions": 1, "withdrawn": 2});
    let suspended = under(&otter, "first", "/v1/people/falcon/suspend", &Value::Null).await;
    assert_eq!((suspended.status, suspended.json()), (200, ended.clone()));
    for wrong in [json!({}), json!({"reason": ""}), json!({"reason": "x".repeat(201)}), json!({"reason": "a", "by": "b"})] {
        assert_eq!(otter.post("/v1/people/falcon/reinstate", &wrong).await.problem(), (422, "invalid".into()), "{wrong}");
    }
    let reason = json!({"reason": "Codwyd drwy gamgymeriad"});
    let lifted = under(&otter, "second", "/v1/people/falcon/reinstate", &reason).await;
    assert_eq!((lifted.status, &lifted.json()["suspended_at"]), (200, &Value::Null));
    let late = under(&otter, "first", "/v1/people/falcon/suspend", &Value::Null).await;
    assert_eq!((late.status, late.json()), (200, ended), "the same answer, and nobody is suspended again");
    let reused = under(&otter, "first", "/v1/people/heron/suspend", &Value::Null).await;
    assert_eq!(reused.problem(), (422, "key-reused".into()));

    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "withdrawn", "what it ended stays ended");
    assert_eq!(browser.get("/v1/session").await.problem(), (401, "no-session".into()));
    app.officer.issue_plain().await;
    let entries = app.entries().await;
    let written: Vec<&String> = entries.iter().filter(|entry| entry.contains("officer_reinstated")).collect();
    assert_eq!(written.len(), 1);
    assert!(written[0].contains(r#""by":"stoat""#) && written[0].contains("Codwyd drwy gamgymeriad"), "{written:?}");
}

#[tokio::test]
async fn a_refusal_says_why_and_a_purpose_is_in_no_token_and_no_ledger() {
    let app = TestApp::start().await;
    let purpose = "Заберём потерянную сумку";
    let ask = json!({"reference": "مرجع ۷", "purpose": format!(" {purpose} "), "channels": ["online"],
                     "until": crate::world::NOW + 600, "max_tokens": 5});
    let asked = app.officer.post("/v1/authorisations", &ask).await.json();
    assert_eq!((&asked["purpose"], &asked["reference"]), (&json!(purpose), &json!("مرجع ۷")));
    let path = format!("/v1/authorisations/{}", asked["id"].as_str().unwrap());
    assert_eq!(app.approver.get(&path).await.json()["purpose"], purpose);
    let wrong = app.approver.post(&format!("{path}/refuse"), &json!({"reason": "\n"})).await;
    assert_eq!(wrong.problem(), (422, "invalid".into()));
    let why = json!({"reason": "Ask for one visit"});
    for _ in 0..2 {
        let refused = under(&app.approver, "k", &format!("{path}/refuse"), &why).await;
        assert_eq!((refused.status, &refused.json()["reason"]), (200, &why["reason"]));
    }
    let other = under(&app.approver, "k", &format!("{path}/refuse"), &json!({"reason": "Another"})).await;
    assert_eq!(other.problem(), (422, "key-reused".into()));
    assert_eq!(app.officer.get(&path).await.json()["reason"], why["reason"], "its officer reads it");
    let entries = app.entries().await.join("\n");
    for kept_out in [purpose, "Ask for one visit", "مرجع"] {
        assert!(!entries.contains(kept_out), "{kept_out}");
    }
}

#[tokio::test]
async fn who_approved_it_is_suspended_and_another_takes_over() {
    let app = TestApp::start().await;
    let swan = app.person("swan", Role::Approver).await;
    let path = format!("/v1/authorisations/{}", app.authorisation);
    let issued = app.officer.issue_plain().await;
    app.administrator.post("/v1/people/heron/suspend", &Value::Null).await;
    assert_eq!(app.officer.get(&path).await.json()["approver_suspended"], true);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "withdrawn");
    let refused = app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await;
    assert_eq!(refused.problem(), (409, "choose-authorisation".into()));
    let review = json!({"channels": ["in-person"], "until": wide().until, "max_tokens": 9});
    assert_eq!(swan.post(&format!("{path}/review"), &review).await.json()["approver_suspended"], false);
    app.officer.issue_plain().await;
}

#[tokio::test]
async fn who_asked_is_suspended_and_is_allowed_nothing_until_that_is_lifted() {
    let app = TestApp::start().await;
    let id = app.asked(&app.officer.officer, wide()).await.id;
    let path = format!("/v1/authorisations/{id}");
    assert_eq!(app.approver.get(&path).await.json()["asker_suspended"], false);
    app.administrator.post("/v1/people/falcon/suspend", &Value::Null).await;
    let listed = app.approver.get("/v1/authorisations?only=waiting").await.json();
    assert_eq!((&listed[0]["id"], &listed[0]["asker_suspended"]), (&json!(id), &json!(true)));
    let reply = app.approver.post(&format!("{path}/approve"), &Value::Null).await;
    assert_eq!(reply.problem(), (409, "asker-suspended".into()));
    let said = "falcon, who asked for this, is suspended; refuse it, or have an administrator lift the suspension first";
    assert_eq!(reply.json()["detail"], said);
    app.administrator.post("/v1/people/falcon/reinstate", &json!({"reason": "Ar gam"})).await;
    assert_eq!(app.approver.post(&format!("{path}/approve"), &Value::Null).await.json()["asker_suspended"], false);
}

#[tokio::test]
async fn what_a_finger_sends_twice_is_done_once() {
    let app = TestApp::start().await;
    let otter = &app.administrator;
    let robin = json!({"callsign": "robin", "role": "officer"});
    let first = under(otter, "enrol", "/v1/people", &robin).await;
    let again = under(otter, "enrol", "/v1/people", &robin).await;
    assert_eq!((first.status, again.status), (201, 201));
    let link = |reply: &Reply| reply.json()["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    assert_ne!(link(&first), link(&again), "nobody has the secret of the first any more");
    let opens = async |secret: &str| app.browser().post("/v1/passkeys/options", &json!({"link": secret})).await.status;
    assert_eq!((opens(&link(&first)).await, opens(&link(&again)).await), (410, 200));
    let more = under(otter, "enrol", "/v1/people", &robin).await;
    assert_eq!((opens(&link(&again)).await, opens(&link(&more)).await), (410, 200));
    let another = under(otter, "link", "/v1/people/robin/link", &Value::Null).await;
    let another_again = under(otter, "link", "/v1/people/robin/link", &Value::Null).await;
    assert_eq!((opens(&link(&another)).await, opens(&link(&another_again)).await, opens(&link(&more)).await), (410, 200, 200));
    app.sql().execute("DELETE FROM links", []).unwrap();
    assert_eq!(under(otter, "enrol", "/v1/people", &robin).await.problem(), (410, "link-over".into()), "used meanwhile");
    assert_eq!(under(otter, "other", "/v1/people", &robin).await.problem(), (409, "taken".into()));

    let key = otter.get("/v1/people/falcon").await.json()["keys"][0]["id"].as_str().unwrap().to_owned();
    app.officer.issue_plain().await;
    let revoke =
        async |id: &str| Reply::of(otter.request(Method::DELETE, &format!("/v1/keys/{id}")).header("idempotency-key", "revoke")).await;
    let (first, again) = (revoke(&key).await, revoke(&key).await);
    assert_eq!((first.status, first.json()), (200, json!({"callsign": "falcon", "withdrawn": 1})));
    assert_eq!((again.status, again.json()), (200, first.json()));
    assert_eq!(revoke("0000000000000000").await.problem(), (422, "key-reused".into()));

    let path = format!("/v1/authorisations/{}/review", app.authorisation);
    let narrow = json!({"channels": ["online"], "until": wide().until, "max_tokens": 5});
    let wider = json!({"channels": ["online", "in-person"], "until": wide().until, "max_tokens": 9});
    under(&app.approver, "narrow", &path, &narrow).await;
    under(&app.approver, "wider", &path, &wider).await;
    let late = under(&app.approver, "narrow", &path, &narrow).await;
    assert_eq!((late.status, &late.json()["max_tokens"]), (200, &json!(9)), "as it stands now");

    let kite = app.person("kite", Role::Officer).await;
    app.approved(&kite.officer, wide()).await;
    kite.issue_plain().await;
    let all = json!({"tokens": "all"});
    assert_eq!(under(otter, "all", "/v1/tokens/withdraw", &all).await.json(), json!({"withdrawn": 1}));
    let later = kite.issue_plain().await;
    assert_eq!(under(otter, "all", "/v1/tokens/withdraw", &all).await.json(), json!({"withdrawn": 1}));
    assert_eq!(kite.status(&later.id).await["state"], "live", "what was issued since is not withdrawn by a request that comes late");
    let entries = app.entries().await;
    for (event, times) in [("access_revoked", 1), ("officer_enrolled", 5), ("authorisation_reviewed", 2), ("tokens_withdrawn", 1)] {
        assert_eq!(entries.iter().filter(|entry| entry.contains(event)).count(), times, "{event}");
    }
}

#[tokio::test]
async fn a_person_names_their_passkeys_and_an_administrator_knows_them_by_it() {
    let app = TestApp::start().await;
    let (browser, _) = app.signs_in(&app.officer.officer, 1).await;
    let own = browser.get("/v1/passkeys").await.json();
    assert_eq!((own.as_array().unwrap().len(), &own[0]["name"], &own[0]["kind"]), (1, &Value::Null, &json!("passkey")));
    let path = format!("/v1/passkeys/{}/name", own[0]["id"].as_str().unwrap());
    for wrong in [json!({"name": ""}), json!({"name": "x".repeat(41)}), json!({"name": "a\u{202e}b"}), json!({})] {
        assert_eq!(browser.post(&path, &wrong).await.problem(), (422, "invalid".into()), "{wrong}");
    }
    assert_eq!(browser.post(&path, &json!({"name": " Ffôn  las "})).await.status, 204);
    let (other, _) = app.signs_in(&app.approver.officer, 2).await;
    assert_eq!(other.post(&path, &json!({"name": "Mine"})).await.problem(), (404, "unknown".into()));
    let person = app.administrator.get("/v1/people/falcon").await.json();
    let named: Vec<&Value> = person["keys"].as_array().unwrap().iter().map(|key| &key["name"]).filter(|name| !name.is_null()).collect();
    assert_eq!(named, ["Ffôn las"]);
}
