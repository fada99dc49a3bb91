//! A token is issued in a session only after the person confirmed this very issue: a phone that was left open issues
//! nothing in a thief's hand.

use countersign::{
    authority::Actor,
    issuer::{Confirmed, IssueRequest, Refused, SessionToken},
    token::Channel,
};
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    authenticator::{Passkey, decoded},
    browser::{Browser, answer},
    enrolment::LIES,
    world::{self, NOW},
};

/// An app, falcon's session and falcon's passkey.
async fn inside() -> (TestApp, Browser, Passkey) {
    let app = TestApp::start().await;
    let (browser, passkey) = app.signs_in(&app.officer.officer, 1).await;
    (app, browser, passkey)
}

/// The issue is refused and nothing is changed by it.
async fn refused(app: &TestApp, browser: &Browser, confirmation: &Value, why: &str) {
    let before = app.dump();
    let reply = browser.try_issue(confirmation).await;
    assert_eq!(reply.problem(), (403, "not-confirmed".into()), "{why}");
    assert_eq!(reply.json()["detail"], "this was not confirmed with your passkey; press the button again and confirm");
    assert_eq!(app.dump(), before, "{why}");
}

/// The same answer, and the ledger alone knows more.
async fn copied(app: &TestApp, browser: &Browser, confirmation: &Value) {
    let (mut before, ledger) = (app.dump(), app.entries().await.len());
    let reply = browser.try_issue(confirmation).await;
    assert_eq!(reply.problem(), (403, "not-confirmed".into()));
    assert_eq!(reply.json()["detail"], "this was not confirmed with your passkey; press the button again and confirm");
    let mut after = app.dump();
    for all in [&mut before, &mut after] {
        all.retain(|table, _| !table.starts_with("ledger"));
    }
    assert_eq!(after, before);
    let entry_of_it: Value = serde_json::from_str(&app.entries().await[ledger..].join("")).unwrap();
    assert_eq!((&entry_of_it["event"], &entry_of_it["callsign"]), (&json!("passkey_counter_regressed"), &json!("falcon")));
}

#[tokio::test]
async fn one_confirmation_one_token() {
    let (app, browser, mut passkey) = inside().await;
    let confirmation = browser.confirmation(&mut passkey).await;
    assert_eq!(browser.try_issue(&confirmation).await.status, 201);
    refused(&app, &browser, &confirmation, "again").await;
    let unused = browser.begin_confirmation().await;
    let moved = json!({"ceremony": unused["ceremony"], "credential": confirmation["credential"]});
    refused(&app, &browser, &moved, "to another challenge").await;
    refused(&app, &browser, &answer(&unused, &mut passkey), "a bad answer ended that one").await;
    assert_eq!(app.count("tokens"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_confirmation_sent_many_times_at_once() {
    let (app, browser, _) = inside().await;
    let mut passkey = Passkey::synchronised(2);
    app.registers(&app.officer.officer, &mut passkey).await;
    let confirmation = browser.confirmation(&mut passkey).await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (browser, confirmation) = (browser.clone(), confirmation.clone());
        racing.spawn(async move { browser.try_issue(&confirmation).await.status });
    }
    assert_eq!(racing.join_all().await.into_iter().filter(|status| *status == 201).count(), 1);
    assert_eq!(app.count("tokens"), 1);
}

#[tokio::test]
async fn none_or_not_one() {
    let (app, browser, mut passkey) = inside().await;
    let before = app.dump();
    for body in [json!({"channel": "in-person"}), json!({"channel": "in-person", "confirmation": null})] {
        assert_eq!(browser.post("/v1/tokens", &body).await.problem(), (403, "not-confirmed".into()), "{body}");
    }
    for shape in [json!({}), json!("yes"), json!(true), json!({"ceremony": "x"}), json!({"ceremony": 1, "credential": {}})] {
        assert_eq!(browser.try_issue(&shape).await.problem(), (422, "invalid".into()), "{shape}");
    }
    assert_eq!(app.dump(), before);
    for credential in [json!({}), Value::Null, json!("x")] {
        let challenge = browser.begin_confirmation().await;
        refused(&app, &browser, &json!({"ceremony": challenge["ceremony"], "credential": credential}), "no answer").await;
    }
    let credential = passkey.get(&browser.begin_confirmation().await["options"]);
    refused(&app, &browser, &json!({"ceremony": "AAAAAAAAAAAAAAAAAAAAAA", "credential": credential}), "no ceremony of ours").await;
    let signing_in = browser.sign_in_answer(&mut passkey).await;
    refused(&app, &browser, &signing_in, "a sign-in").await;
}

#[tokio::test]
async fn what_is_asked_for_names_the_persons_own_passkeys() {
    let (app, browser, passkey) = inside().await;
    let mut second = Passkey::new(2);
    app.registers(&app.officer.officer, &mut second).await;
    app.signs_in(&app.approver.officer, 3).await;
    let options = browser.begin_confirmation().await["options"]["publicKey"].take();
    let mut named: Vec<Vec<u8>> = options["allowCredentials"].as_array().unwrap().iter().map(|key| decoded(&key["id"])).collect();
    named.sort();
    assert_eq!(named, [passkey.id, second.id]);
    assert_eq!((&options["userVerification"], &options["rpId"]), (&json!("required"), &json!("console.example.org")));
}

#[tokio::test]
async fn a_confirmation_that_is_not_quite_true() {
    let (app, browser, mut passkey) = inside().await;
    for (name, lie) in LIES {
        let confirmation = browser.confirmation(&mut passkey.saying(lie)).await;
        refused(&app, &browser, &confirmation, name).await;
    }
    for lying in [&mut passkey.saying(|says| says.kind = Some("webauthn.create")), &mut passkey.saying(|says| says.spoils = 1)] {
        let confirmation = browser.confirmation(lying).await;
        refused(&app, &browser, &confirmation, "kind or signature").await;
    }
    browser.issue(&mut passkey).await;
}

/// Their own device in the hand of somebody else's session, or the other way round.
#[tokio::test]
async fn nobody_confirms_for_anybody_else() {
    let (app, browser, mut passkey) = inside().await;
    let (herons, mut herons_key) = app.signs_in(&app.approver.officer, 2).await;
    let foreign = browser.confirmation(&mut herons_key).await;
    refused(&app, &browser, &foreign, "another person's passkey").await;
    let mut under_another_id = herons_key.clone();
    under_another_id.id.clone_from(&passkey.id);
    let foreign = browser.confirmation(&mut under_another_id).await;
    refused(&app, &browser, &foreign, "another person's key").await;
    let theirs = herons.confirmation(&mut herons_key).await;
    refused(&app, &browser, &theirs, "another person's confirmation").await;
    let elsewhere = herons.begin_confirmation().await;
    refused(&app, &browser, &answer(&elsewhere, &mut passkey), "in another person's ceremony").await;
    let mut unknown = Passkey::new(9);
    let confirmation = browser.confirmation(&mut unknown).await;
    refused(&app, &browser, &confirmation, "an unknown passkey").await;
    browser.issue(&mut passkey).await;
}

#[tokio::test]
async fn a_confirmation_is_for_the_session_that_began_it() {
    let (app, browser, mut passkey) = inside().await;
    let other = app.browser().signed_in(&mut passkey).await;
    let confirmation = other.confirmation(&mut passkey).await;
    refused(&app, &browser, &confirmation, "of the same person on another device").await;
    refused(&app, &other, &confirmation, "and over now").await;
}

#[tokio::test]
async fn a_confirmation_lasts_two_minutes() {
    let (app, browser, mut passkey) = inside().await;
    for (begun, passed, status) in [(200, 120, 403), (400, 121, 403), (600, 119, 201)] {
        app.clock.set(NOW + begun);
        let confirmation = browser.confirmation(&mut passkey).await;
        app.clock.set(NOW + begun + passed);
        assert_eq!(browser.try_issue(&confirmation).await.status, status, "after {passed} seconds");
    }
    assert_eq!(app.count("tokens"), 1);
}

#[tokio::test]
async fn a_copy_of_an_authenticator_confirms_nothing() {
    let (app, browser, mut passkey) = inside().await;
    let mut copy = passkey.clone();
    browser.issue(&mut passkey).await;
    let confirmation = browser.confirmation(&mut copy).await;
    copied(&app, &browser, &confirmation).await;
    browser.issue(&mut passkey).await;
}

/// Both were begun before either was answered, and what the second was begun with knows nothing of the first.
#[tokio::test]
async fn one_counter_confirms_once_also_where_two_were_begun_together() {
    let (app, browser, mut passkey) = inside().await;
    let (first, second) = (browser.begin_confirmation().await, browser.begin_confirmation().await);
    let mut copy = passkey.clone();
    assert_eq!(browser.try_issue(&answer(&first, &mut passkey)).await.status, 201);
    copied(&app, &browser, &answer(&second, &mut copy)).await;
}

/// As when a slow network turns two answers round: each has its own counter, so there is no copy.
#[tokio::test]
async fn two_answers_that_overtake_each_other_are_no_copy() {
    let (app, browser, mut passkey) = inside().await;
    let (first, second) = (browser.begin_confirmation().await, browser.begin_confirmation().await);
    let (first, second) = (answer(&first, &mut passkey), answer(&second, &mut passkey));
    assert_eq!(browser.try_issue(&second).await.status, 201);
    refused(&app, &browser, &first, "overtaken").await;
}

/// As an issue that overtakes a suspension: the session was recognised, and its person is suspended a moment later.
#[tokio::test]
async fn nobody_confirms_after_being_suspended() {
    let (app, browser, mut passkey) = inside().await;
    let confirmation = browser.confirmation(&mut passkey).await;
    let session = SessionToken::parse(browser.session.as_ref().unwrap()).unwrap();
    let answer = serde_json::from_value(confirmation.clone()).unwrap();
    let checked = app.issuer_side.passkeys.confirmation(&app.officer.officer, &session, &answer).await.unwrap();
    app.registry.suspend(&Actor::Operator, "falcon".parse().unwrap()).await.unwrap();
    let by = Confirmed { officer: &app.officer.officer, access: checked.used.hash, confirmation: Some(&checked) };
    let approach = world::approach(Channel::InPerson);
    let request = IssueRequest { authorisation: None, approach, not_before: None, lifetime: None, spoken: None };
    assert!(matches!(app.desk().issue(by, request).await, Err(Refused::NotConfirmed)));
    assert_eq!(browser.try_issue(&confirmation).await.problem(), (401, "no-session".into()));
    assert_eq!(app.count("tokens"), 0);
}

/// Nothing came of the first try, so nothing was used up.
#[tokio::test]
async fn an_issue_that_is_refused_costs_no_confirmation() {
    let (app, browser, mut passkey) = inside().await;
    let confirmation = browser.confirmation(&mut passkey).await;
    let foreign = json!({"channel": "in-person", "authorisation": "00".repeat(8), "confirmation": confirmation});
    assert_eq!(browser.post("/v1/tokens", &foreign).await.problem(), (404, "unknown".into()));
    let long = json!({"channel": "in-person", "not_before": NOW + 86_000, "lifetime": 601, "confirmation": confirmation});
    assert_eq!(browser.post("/v1/tokens", &long).await.problem(), (422, "invalid".into()));
    let blocked = "CREATE TRIGGER blocked BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ABORT, 'blocked'); END";
    app.sql().execute_batch(blocked).unwrap();
    assert_eq!(browser.try_issue(&confirmation).await.problem(), (503, "unavailable".into()));
    app.sql().execute_batch("DROP TRIGGER blocked").unwrap();
    assert_eq!(browser.try_issue(&confirmation).await.status, 201);
    refused(&app, &browser, &confirmation, "once").await;
    assert_eq!(app.count("tokens"), 1);
}

/// One person cannot end what another began, nor one device what is under way on another.
#[tokio::test]
async fn who_begins_too_many_ends_their_own() {
    let (app, browser, mut passkey) = inside().await;
    let other = app.browser().signed_in(&mut passkey).await;
    let (herons, mut herons_key) = app.signs_in(&app.approver.officer, 2).await;
    let (own, on_another, another) =
        (browser.begin_confirmation().await, other.begin_confirmation().await, herons.begin_confirmation().await);
    for _ in 0..200 {
        browser.begin_confirmation().await;
    }
    assert_eq!(app.waiting("confirm"), 16 + 2);
    refused(&app, &browser, &answer(&own, &mut passkey), "it made room").await;
    assert_eq!(other.try_issue(&answer(&on_another, &mut passkey)).await.status, 201);
    let theirs = herons.try_issue(&answer(&another, &mut herons_key)).await;
    assert_eq!(theirs.problem(), (409, "choose-authorisation".into()), "it got as far as asking for an authorisation");
}

#[tokio::test]
async fn a_mistake_in_the_form_costs_no_confirmation() {
    let (app, browser, mut passkey) = inside().await;
    let confirmation = browser.confirmation(&mut passkey).await;
    let body = json!({"channel": "in-person", "name": "x".repeat(25), "confirmation": confirmation});
    assert_eq!(browser.post("/v1/tokens", &body).await.problem(), (422, "invalid".into()));
    assert_eq!(browser.try_issue(&confirmation).await.status, 201);
    assert_eq!(app.count("tokens"), 1);
}

/// A program holds its credential for nothing else, and has no finger to confirm with.
#[tokio::test]
async fn a_program_confirms_nothing() {
    let (app, _, _) = inside().await;
    app.officer.issue_plain().await;
    let nonsense = json!({"channel": "in-person", "confirmation": {"ceremony": "x", "credential": {}}});
    assert_eq!(app.officer.post("/v1/tokens", &nonsense).await.status, 201);
    assert_eq!(app.officer.post("/v1/confirmations", &Value::Null).await.problem(), (401, "no-session".into()));
}
