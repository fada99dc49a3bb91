//! Who gets no answer asks once more with the same key, and it was done once.

use countersign::{issuer::Refused, token::Token};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    actors::{Person, Reply, issued},
    app::TestApp,
    authenticator::Passkey,
    browser::{Browser, answer},
    world::NOW,
};

const KEY: &str = r#""8e03978e-40d5-43dd-bc93-6894a57f9324""#;

async fn post(person: &Person, path: &str, key: &str, body: &Value) -> Reply {
    Reply::of(person.request(Method::POST, path).header("idempotency-key", key).json(body)).await
}

async fn issues(browser: &Browser, key: &str, confirmation: Option<&Value>) -> Reply {
    let mut body = json!({"channel": "telephone", "challenge": "739216"});
    body["confirmation"] = confirmation.cloned().unwrap_or_default();
    Reply::of(browser.request(Method::POST, "/v1/tokens").header("idempotency-key", key).json(&body)).await
}

#[tokio::test]
async fn the_same_issue_again_is_the_same_token_to_the_last_byte() {
    let app = TestApp::start().await;
    let bodies = [
        json!({"channel": "in-person"}),
        json!({"channel": "telephone", "challenge": "739216", "lifetime": 77}),
        json!({"channel": "online", "name": "Kim", "not_before": NOW + 600, "spoken": true}),
    ];
    for (n, body) in bodies.into_iter().enumerate() {
        let key = format!("key-{n}");
        let first = post(&app.officer, "/v1/tokens", &key, &body).await;
        let issued = issued(&first);
        app.clock.set(NOW + 30 * (1 + i64::try_from(n).unwrap()));
        for same in [key.clone(), format!("\"{key}\"")] {
            let again = post(&app.officer, "/v1/tokens", &same, &body).await;
            assert_eq!((again.status, again.json()), (201, first.json()), "{body}");
        }
        assert_eq!(app.count("tokens"), n + 1);
        assert_eq!(Token::parse(&issued.token).unwrap().text(), issued.token);
    }
    let ledger = app.entries().await;
    assert_eq!(ledger.iter().filter(|entry| entry.contains("token_issued")).count(), 3);
    post(&app.officer, "/v1/tokens", "another", &json!({"channel": "in-person"})).await;
    app.officer.issue_plain().await;
    app.officer.issue_plain().await;
    assert_eq!(app.count("tokens"), 6, "without a key, or with another, each is a token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tries_at_once_are_one_token() {
    let app = TestApp::start().await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let officer = app.officer.clone();
        racing.spawn(async move { issued(&post(&officer, "/v1/tokens", KEY, &json!({"channel": "telephone"})).await).token });
    }
    let mut tokens = racing.join_all().await;
    tokens.dedup();
    assert_eq!((tokens.len(), app.count("tokens")), (1, 1));
}

/// The first try used the confirmation up, and nobody got its answer.
#[tokio::test]
async fn a_retry_needs_no_second_confirmation() {
    let app = TestApp::start().await;
    let (browser, mut passkey): (Browser, Passkey) = app.signs_in(&app.officer.officer, 1).await;
    let confirmation = browser.confirmation(&mut passkey).await;
    assert_eq!(issues(&browser, KEY, None).await.problem(), (403, "not-confirmed".into()), "the first needs one");
    let first = issues(&browser, KEY, Some(&confirmation)).await;
    let first = issued(&first).token;
    let unused = answer(&browser.begin_confirmation().await, &mut passkey);
    for retry in [Some(&confirmation), None, Some(&unused)] {
        assert_eq!(issued(&issues(&browser, KEY, retry).await).token, first);
    }
    assert_eq!(browser.try_issue(&unused).await.status, 201, "a retry uses no confirmation up");
    assert_eq!(issues(&browser, "another", Some(&confirmation)).await.problem(), (403, "not-confirmed".into()));
    assert_eq!(app.count("tokens"), 2);
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_person() {
    let app = TestApp::start().await;
    let body = json!({"channel": "in-person"});
    assert_eq!(post(&app.officer, "/v1/tokens", KEY, &body).await.status, 201);
    for other in
        [json!({"channel": "telephone"}), json!({"channel": "in-person", "name": "Kim"}), json!({"channel": "in-person", "lifetime": 60})]
    {
        let reply = post(&app.officer, "/v1/tokens", KEY, &other).await;
        assert_eq!(reply.problem(), (422, "key-reused".into()), "{other}");
    }
    let ask = json!({"reference": "OP-7", "purpose": "Return a lost bag", "channels": ["online"], "until": NOW + 60, "max_tokens": 1});
    assert_eq!(post(&app.officer, "/v1/authorisations", KEY, &ask).await.problem(), (422, "key-reused".into()), "another act");
    let herons = post(&app.approver, "/v1/tokens", KEY, &body).await;
    assert_eq!(herons.problem(), (409, "choose-authorisation".into()), "another person meets nothing of it");
    for wrong in ["", "\"", "\"a", "a b", "\u{e4}", "\"\"", &"x".repeat(129)] {
        assert_eq!(post(&app.officer, "/v1/tokens", wrong, &body).await.problem(), (400, "bad-request".into()), "{wrong}");
    }
    let twice = app.officer.request(Method::POST, "/v1/tokens").header("idempotency-key", "a").header("idempotency-key", "b");
    assert_eq!(Reply::of(twice.json(&body)).await.problem(), (400, "bad-request".into()));
    assert_eq!(app.count("tokens"), 1);
}

#[tokio::test]
async fn what_was_signed_with_a_key_that_is_gone_cannot_be_shown_again() {
    let app = TestApp::start().await;
    let body = json!({"channel": "in-person"});
    let first = issued(&post(&app.officer, "/v1/tokens", KEY, &body).await);
    app.second_key_signs().await;
    app.custodian.refresh().await.unwrap();
    let again = post(&app.officer, "/v1/tokens", KEY, &body).await;
    assert_eq!(again.problem(), (409, "issued-before".into()));
    let detail = format!("this was issued before as {}, which cannot be shown again; withdraw it and issue another", first.id);
    assert_eq!((&again.json()["id"], &again.json()["detail"]), (&json!(first.id), &json!(detail)));
    assert_eq!(app.count("tokens"), 1);
}

#[tokio::test]
async fn the_same_request_for_an_authorisation_waits_once() {
    let app = TestApp::start().await;
    let ask = json!({"reference": "OP-7", "purpose": "Return a lost bag", "channels": ["online"], "until": NOW + 60, "max_tokens": 1});
    let first = post(&app.officer, "/v1/authorisations", KEY, &ask).await;
    assert_eq!(first.status, 201);
    let again = post(&app.officer, "/v1/authorisations", KEY, &ask).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(app.count("authorisations"), 2);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        assert_eq!(app.approver.post(&format!("/v1/authorisations/{id}/approve"), &Value::Null).await.status, 200);
    }
    assert_eq!(post(&app.officer, "/v1/authorisations", KEY, &ask).await.json()["state"], "approved", "as it stands now");
    for _ in 0..2 {
        assert_eq!(app.approver.post(&format!("/v1/authorisations/{id}/withdraw"), &Value::Null).await.status, 200);
        assert_eq!(app.administrator.post("/v1/people/falcon/suspend", &Value::Null).await.status, 200);
    }
    assert_eq!(app.administrator.post("/v1/people/nobody/suspend", &Value::Null).await.problem(), (404, "unknown".into()));
    let other = ["authorisation_approved", "authorisation_withdrawn", "officer_suspended"];
    let entries = app.entries().await;
    for event in other {
        let written = entries.iter().filter(|entry| entry.contains(event) && (event == "officer_suspended" || entry.contains(&id))).count();
        assert_eq!(written, 1, "{event}");
    }
}

/// A second process takes the same request after the first one was killed.
#[tokio::test]
async fn another_issuer_gives_the_same_token() {
    let app = TestApp::start().await;
    let body = json!({"channel": "telephone"});
    let first = issued(&post(&app.officer, "/v1/tokens", "k", &body).await);
    let (_, elsewhere) = app.restarted();
    let kept = app.sql().query_row("SELECT hash, body FROM requests", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let once = countersign::store::Once { hash: kept.0, act: "issue", body: kept.1 };
    let request = countersign::issuer::IssueRequest {
        authorisation: None,
        approach: countersign::token::Approach {
            channel: countersign::token::Channel::Telephone,
            name: None,
            place: None,
            challenge: None,
            dialled: None,
        },
        not_before: None,
        lifetime: None,
        spoken: None,
    };
    let again = elsewhere.issued_before(&request, &once).await.unwrap().unwrap();
    assert_eq!((again.token.text(), again.spoken.unwrap().code.words()), (first.token, first.words));
    let other = countersign::store::Once { body: [0; 32], ..once };
    assert!(matches!(elsewhere.issued_before(&request, &other).await, Err(Refused::KeyReused)));
}
