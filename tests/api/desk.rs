//! Tokens at the desk: issued, made speakable, withdrawn, and when not.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign::{
    issuer::Ask,
    token::{Channel, SpokenCode, SpokenSize, Token},
};
use serde_json::{Value, json};

use crate::{
    actors::{Issued, Reply},
    app::{PUBLIC_URL, Setup, TestApp, wide},
    world::{self, NOW, issuer},
};

fn only(channel: Channel) -> Ask {
    Ask { channels: [channel].into(), ..wide() }
}

#[tokio::test]
async fn what_comes_back_for_a_new_token() {
    let app = TestApp::start().await;
    let reply = app.officer.post("/v1/tokens", &json!({"channel": "telephone", "name": "Anna"})).await;
    assert_eq!((reply.status, reply.header("cache-control")), (201, "no-store"));
    let body = reply.json();
    let token = Token::parse(body["token"].as_str().unwrap()).unwrap();
    let code = SpokenCode::of(&token, SpokenSize::Five);
    let mut members: Vec<&String> = body.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["expires_at", "id", "issued_at", "link", "not_before", "qr_svg", "spoken", "token"]);
    assert_eq!(body["link"], token.link(PUBLIC_URL).as_str());
    assert_eq!(body["spoken"], both(code, SpokenCode::of(&token, SpokenSize::Six)));
    assert_eq!((&body["issued_at"], &body["not_before"], &body["expires_at"]), (&json!(NOW), &Value::Null, &json!(NOW + 600)));
    assert!(body["qr_svg"].as_str().unwrap().contains("<svg"));
    assert_eq!(body["id"].as_str().unwrap().len(), 16);
    assert_eq!(URL_SAFE_NO_PAD.encode(token.as_bytes()), body["token"].as_str().unwrap());
    let silent = app.officer.post("/v1/tokens", &json!({"channel": "in-person"})).await;
    assert_eq!(silent.json()["spoken"], Value::Null);
    let spoken = app.officer.post("/v1/tokens", &json!({"channel": "telephone", "spoken": false})).await;
    assert_eq!(spoken.json()["spoken"], Value::Null);
}

#[tokio::test]
async fn no_name_of_an_officer_is_in_a_token() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let bytes = Token::parse(&issued.token).unwrap().as_bytes().to_vec();
    for canary in ["falcon", "heron", "OP-1"] {
        assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary}");
    }
}

#[tokio::test]
async fn without_a_name_the_only_live_authorisation_is_taken() {
    let app = TestApp::start().await;
    let officer = app.person("kite", countersign::authority::Role::Officer).await;
    let issue = async |channel: &str| officer.post("/v1/tokens", &json!({"channel": channel})).await;
    let none = issue("online").await;
    assert_eq!(none.problem(), (409, "choose-authorisation".into()));
    assert_eq!(none.json()["authorisations"], json!([]));
    let phone = app.approved(&officer.officer, only(Channel::Telephone)).await;
    assert_eq!(issue("online").await.status, 409, "covers another channel");
    assert_eq!(issue("telephone").await.status, 201);
    let second = app.approved(&officer.officer, wide()).await;
    assert_eq!(issue("online").await.status, 201, "one covers it");
    let several = issue("telephone").await;
    assert_eq!(several.problem(), (409, "choose-authorisation".into()));
    let mut listed: Vec<String> =
        several.json()["authorisations"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap().into()).collect();
    listed.sort();
    let mut expected = [phone.to_string(), second.to_string()];
    expected.sort();
    assert_eq!(listed, expected);
    officer.issue(json!({"channel": "telephone", "authorisation": phone.to_string()})).await;
}

/// A token under a named authorisation is refused for this reason.
async fn refused(app: &TestApp, authorisation: &str, body: Value, why: &str) {
    let mut body = body;
    body["authorisation"] = authorisation.into();
    let reply = app.officer.post("/v1/tokens", &body).await;
    assert_eq!(reply.problem(), (403, "not-authorised".into()), "{body}");
    assert!(reply.json()["detail"].as_str().unwrap().contains(why), "{why}: {reply:?}");
}

#[tokio::test]
async fn tokens_stay_inside_their_authorisation() {
    let app = TestApp::start().await;
    let ask = Ask { from: Some(NOW + 100), until: NOW + 1_000, channels: [Channel::InPerson].into(), ..wide() };
    let id = app.approved(&app.officer.officer, ask).await.to_string();
    let with = |not_before, lifetime| json!({"channel": "in-person", "not_before": not_before, "lifetime": lifetime});
    for (not_before, lifetime) in [(NOW + 99, 300), (NOW + 701, 300), (NOW + 1_000, 1), (NOW + 50, 40)] {
        refused(&app, &id, with(not_before, lifetime), "inside the time").await;
    }
    refused(&app, &id, json!({"channel": "online", "not_before": NOW + 200}), "does not cover this channel").await;
    for (not_before, lifetime) in [(NOW + 100, 300), (NOW + 700, 300), (NOW + 999, 1)] {
        let mut body = with(not_before, lifetime);
        body["authorisation"] = id.as_str().into();
        app.officer.issue(body).await;
    }
    app.clock.set(NOW + 900);
    let cut = app.officer.issue(json!({"channel": "in-person", "authorisation": id})).await;
    assert_eq!(cut.expires_at, NOW + 1_000, "the usual lifetime ends with the authorisation");
    app.clock.set(NOW + 1_000);
    refused(&app, &id, json!({"channel": "in-person"}), "inside the time").await;
}

#[tokio::test]
async fn no_more_tokens_than_were_allowed() {
    let app = TestApp::start().await;
    let id = app.approved(&app.officer.officer, Ask { max_tokens: 2, ..wide() }).await.to_string();
    let body = json!({"channel": "in-person", "authorisation": id});
    for _ in 0..2 {
        app.officer.issue(body.clone()).await;
    }
    refused(&app, &id, body, "used up").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_tokens_than_were_allowed_when_all_ask_at_once() {
    let app = TestApp::start().await;
    let id = app.approved(&app.officer.officer, Ask { max_tokens: 5, ..wide() }).await.to_string();
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (officer, id) = (app.officer.clone(), id.clone());
        racing.spawn(async move { officer.post("/v1/tokens", &json!({"channel": "in-person", "authorisation": id})).await.status });
    }
    let statuses = racing.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 25);
    assert_eq!(app.count("tokens"), 5);
}

#[tokio::test]
async fn no_token_without_a_live_approval() {
    let app = TestApp::start().await;
    let officer = &app.officer.officer;
    let asked = app.asked(officer, wide()).await.id;
    let refused_one = app.asked(officer, wide()).await.id;
    app.approver.post(&format!("/v1/authorisations/{refused_one}/refuse"), &Value::Null).await;
    let withdrawn = app.approved(officer, wide()).await;
    app.officer.post(&format!("/v1/authorisations/{withdrawn}/withdraw"), &Value::Null).await;
    for id in [asked, refused_one, withdrawn] {
        refused(&app, &id.to_string(), json!({"channel": "in-person"}), "not approved").await;
    }
    let none = app.officer.post("/v1/tokens", &json!({"channel": "in-person", "authorisation": "00".repeat(8)})).await;
    assert_eq!(none.problem(), (404, "unknown".into()));
    assert_eq!(app.count("tokens"), 0);
}

#[tokio::test]
async fn a_prepared_token_never_carries_a_number() {
    let app = TestApp::start().await;
    let body = json!({"channel": "in-person", "not_before": NOW + 60, "challenge": "123456"});
    let reply = app.officer.post("/v1/tokens", &body).await;
    assert_eq!(reply.problem(), (422, "invalid".into()));
    assert!(reply.json()["detail"].as_str().unwrap().contains("cannot carry the person's number"));
    assert_eq!(
        (app.count("tokens"), app.count("ledger_entries")),
        (0, 10),
        "key set and its key, three people with credentials, ask, approval"
    );
}

/// A code as it is read out, and as it is once six words come into force.
fn both(code: SpokenCode, six: SpokenCode) -> Value {
    json!({"words": code.words(), "digits": code.digits(), "six_words": six.words(), "six_digits": six.digits()})
}

async fn speak(app: &TestApp, issued: &Issued) -> Reply {
    app.officer.speak(&issued.id, &issued.token).await
}

#[tokio::test]
async fn a_silent_token_is_made_speakable() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let code = SpokenCode::of(&Token::parse(&issued.token).unwrap(), SpokenSize::Five);
    assert_eq!(app.anyone().code(&code.words()).await.verdict(), "unknown_code");
    let reply = speak(&app, &issued).await;
    let six = SpokenCode::of(&Token::parse(&issued.token).unwrap(), SpokenSize::Six);
    assert_eq!((reply.status, reply.json()), (200, json!({"spoken": both(code, six)})));
    assert_eq!(app.anyone().code(&code.words()).await.verdict(), "genuine");
    assert_eq!(speak(&app, &issued).await.problem(), (409, "cannot-speak".into()), "it is already");
    let (gone, old) = (app.officer.issue_plain().await, app.officer.issue_plain().await);
    app.officer.withdraw(&gone.id).await;
    assert_eq!(speak(&app, &gone).await.problem(), (409, "cannot-speak".into()));
    app.clock.set(old.expires_at);
    assert_eq!(speak(&app, &old).await.problem(), (409, "cannot-speak".into()));
    assert_eq!(app.officer.speak(&"00".repeat(8), &old.token).await.problem(), (404, "unknown".into()));
}

/// Its officer has the bytes; the service needs none of its own memory, and takes no other bytes for them.
#[tokio::test]
async fn words_are_switched_on_by_the_bytes_that_the_officer_shows() {
    let app = TestApp::start().await;
    let (issued, other) = (app.officer.issue_plain().await, app.officer.issue_plain().await);
    let bytes = Token::parse(&issued.token).unwrap().as_bytes().to_vec();
    let shortened = Token::from_bytes(bytes[..bytes.len() - 3].to_vec()).unwrap();
    for (wrong, problem) in [
        (other.token.clone(), (409, "cannot-speak".into())),
        (shortened.text(), (409, "cannot-speak".into())),
        ("hello".into(), (422, "invalid".into())),
        (String::new(), (422, "invalid".into())),
    ] {
        assert_eq!(app.officer.speak(&issued.id, &wrong).await.problem(), problem, "{wrong}");
    }
    assert_eq!(app.officer.post(&format!("/v1/tokens/{}/spoken", issued.id), &json!({})).await.problem(), (422, "invalid".into()));
    let (_, elsewhere) = app.restarted();
    let token = Token::parse(&issued.link).unwrap();
    let code = elsewhere.make_speakable(&app.officer.officer, issued.id.parse().unwrap(), &token).await.unwrap();
    assert_eq!(app.anyone().code(&code.code.words()).await.verdict(), "genuine");
}

#[tokio::test]
async fn only_so_many_codes_are_live_at_once() {
    let app = Setup { max_live: 2, ..Setup::default() }.start().await;
    let (first, _second) = (app.officer.issue_spoken().await, app.officer.issue_spoken().await);
    let full = app.officer.post("/v1/tokens", &json!({"channel": "telephone"})).await;
    assert_eq!(full.problem(), (409, "too-many-live".into()));
    let silent = app.officer.issue_plain().await;
    assert_eq!(speak(&app, &silent).await.problem(), (409, "too-many-live".into()));
    app.clock.set(first.expires_at + 119);
    assert_eq!(app.officer.post("/v1/tokens", &json!({"channel": "telephone"})).await.status, 409, "clocks differ by two minutes");
    app.clock.set(first.expires_at + 180);
    let (one, _another) = (app.officer.issue_spoken().await, app.officer.issue_spoken().await);
    assert_eq!(app.officer.post("/v1/tokens", &json!({"channel": "telephone"})).await.problem(), (409, "too-many-live".into()));
    app.officer.withdraw(&one.id).await;
    app.officer.issue_spoken().await;
}

#[tokio::test]
async fn nobody_fills_the_room_of_all() {
    let app = Setup { person: 2, ..Setup::default() }.start().await;
    let later = json!({"channel": "telephone", "not_before": NOW + 3_600});
    let (first, _second) = (app.officer.issue(later.clone()).await, app.officer.issue(later.clone()).await);
    let full = app.officer.post("/v1/tokens", &later).await;
    assert_eq!(full.problem(), (409, "too-many-yours".into()));
    let said = "you have 2 spoken codes at that time already, as many as one person may; use the QR code, withdraw one, or wait until one has run out";
    assert_eq!(full.json()["detail"], said);
    let silent = app.officer.issue(json!({"channel": "telephone", "not_before": NOW + 3_600, "spoken": false})).await;
    assert_eq!(speak(&app, &silent).await.problem(), (409, "too-many-yours".into()));
    app.officer.issue_spoken().await;
    app.officer.withdraw(&first.id).await;
    assert_eq!(speak(&app, &silent).await.status, 200);
}

#[tokio::test]
async fn a_taken_code_or_id_is_drawn_again() {
    let app = TestApp::start().await;
    app.entropy.next_are(&[[1; 8]]);
    let first = app.officer.issue_spoken().await;
    // The same id again.
    app.entropy.next_are(&[[1; 8], [1; 8], [2; 8]]);
    assert_eq!(app.officer.issue_spoken().await.id, "02".repeat(8));
    // Another id whose code is taken: the code that the token with id 03.. will have is given to the first one.
    let window = countersign::token::Window::new(NOW, None, NOW + 600).unwrap();
    let third = world::signed([3; 8], window, world::approach(Channel::Telephone));
    let code = SpokenCode::of(&third, SpokenSize::Five);
    let value = i64::try_from(code.value()).unwrap();
    app.sql().execute("UPDATE tokens SET five = ?1 WHERE cti = x'0101010101010101'", [value]).unwrap();
    app.entropy.next_are(&[[3; 8], [4; 8]]);
    let fourth = app.officer.issue_spoken().await;
    assert_eq!(fourth.id, "04".repeat(8));
    assert_eq!(app.count("tokens"), 3);
    assert_ne!(fourth.words, code.words());
    // A silent token has no code to clash with.
    app.entropy.next_are(&[[3; 8]]);
    let silent = app.officer.issue(json!({"channel": "telephone", "spoken": false})).await;
    assert_eq!(silent.token, third.text());
    assert_eq!(speak(&app, &silent).await.problem(), (409, "cannot-speak".into()));
    assert!(issuer().as_str() == "verify.example.org" && first.id == "01".repeat(8));
}

#[tokio::test]
async fn states_of_a_token() {
    let app = TestApp::start().await;
    let (live, checked, expired, gone) = (
        app.officer.issue_spoken().await,
        app.officer.issue_plain().await,
        app.officer.issue_plain().await,
        app.officer.issue_plain().await,
    );
    app.anyone().token(&checked.token).await.verdict();
    assert_eq!(app.anyone().token(&gone.token).await.verdict(), "genuine");
    app.officer.withdraw(&gone.id).await;
    app.officer.withdraw(&gone.id).await;
    app.clock.set(expired.expires_at + 60);
    let minute = NOW - NOW % 60;
    assert_eq!(
        app.officer.status(&live.id).await,
        json!({"state": "live", "first_checked_at": null, "wrong_numbers": 0, "spoken_words": 5})
    );
    assert_eq!(
        app.officer.status(&checked.id).await,
        json!({"state": "checked", "first_checked_at": minute, "wrong_numbers": 0, "spoken_words": null})
    );
    assert_eq!(
        app.officer.status(&expired.id).await,
        json!({"state": "expired", "first_checked_at": null, "wrong_numbers": 0, "spoken_words": null})
    );
    assert_eq!(
        app.officer.status(&gone.id).await,
        json!({"state": "withdrawn", "first_checked_at": minute, "wrong_numbers": 0, "spoken_words": null})
    );
}

#[tokio::test]
async fn a_token_is_live_for_as_long_as_it_can_be_genuine() {
    let app = TestApp::start().await;
    for (after_end, state, verdict) in [(59, "live", "genuine"), (60, "expired", "expired")] {
        app.begins_again_at(NOW);
        let issued = app.officer.issue_plain().await;
        app.begins_again_at(issued.expires_at + after_end);
        assert_eq!(app.officer.status(&issued.id).await["state"], state);
        assert_eq!(app.anyone().token(&issued.token).await.verdict(), verdict);
    }
}
