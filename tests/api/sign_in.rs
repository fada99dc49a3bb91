//! A sign-in that may not be: the answer is the same whatever was wrong, and nothing is changed by it.

use countersign::{
    authority::{AccessHash, Actor},
    store::AccessStore as _,
};
use serde_json::{Value, json};

use crate::{
    actors::Reply,
    app::TestApp,
    authenticator::Passkey,
    browser::{Browser, answer},
    enrolment::LIES,
    world::NOW,
};

/// The whole answer to an answer that opens nothing.
const REFUSED: &str = r#"{"detail":"that passkey opens nothing here; try again, or ask an administrator for a new link","status":401,"title":"Unauthorized","type":"urn:countersign:problem:sign-in"}"#;

fn refused(reply: &Reply, why: &str) {
    assert_eq!((reply.status, reply.body.as_str()), (401, REFUSED), "{why}");
    assert_eq!(reply.header("content-type"), "application/problem+json");
    let mut names: Vec<&str> = reply.headers.keys().map(reqwest::header::HeaderName::as_str).collect();
    names.sort_unstable();
    let always = ["cache-control", "content-length", "content-type", "date", "strict-transport-security", "www-authenticate"];
    assert_eq!(names, always, "{why}");
    assert_eq!(reply.header("www-authenticate"), "Session realm=\"countersign\"", "{why}");
}

/// An app, and falcon's passkey.
async fn with_passkey() -> (TestApp, Browser, Passkey) {
    let app = TestApp::start().await;
    let mut passkey = Passkey::new(1);
    app.registers(&app.officer.officer, &mut passkey).await;
    let browser = app.browser();
    (app, browser, passkey)
}

/// Nothing but the ledger changes.
async fn is_refused_as_a_copy(app: &TestApp, passkey: &mut Passkey) {
    let (mut before, mut after) = (app.dump(), {
        refused(&app.browser().try_sign_in(passkey).await, "a copy");
        app.dump()
    });
    for all in [&mut before, &mut after] {
        all.retain(|table, _| !table.starts_with("ledger"));
    }
    assert_eq!(after, before);
}

/// Nothing changes while `passkey` tries and is refused.
async fn is_refused(app: &TestApp, passkey: &mut Passkey, why: &str) {
    let before = app.dump();
    refused(&app.browser().try_sign_in(passkey).await, why);
    assert_eq!(app.dump(), before, "{why}");
}

#[tokio::test]
async fn an_answer_that_is_not_quite_true() {
    let (app, browser, mut passkey) = with_passkey().await;
    for (name, lie) in LIES {
        is_refused(&app, &mut passkey.saying(lie), name).await;
    }
    is_refused(&app, &mut passkey.saying(|says| says.kind = Some("webauthn.create")), "a registration").await;
    is_refused(&app, &mut passkey.saying(|says| says.spoils = 1), "another signature").await;
    assert_eq!(browser.try_sign_in(&mut passkey).await.status, 201);
}

#[tokio::test]
async fn a_passkey_that_is_not_known_or_not_whose_it_says() {
    let (app, _, passkey) = with_passkey().await;
    let mut herons = Passkey::new(2);
    app.registers(&app.approver.officer, &mut herons).await;
    let mut unknown = Passkey::new(3);
    unknown.handle.clone_from(&passkey.handle);
    is_refused(&app, &mut unknown, "an unknown passkey").await;
    let with = |handle: Option<Vec<u8>>| {
        let mut lying = passkey.clone();
        lying.handle = handle;
        lying
    };
    is_refused(&app, &mut with(None), "no handle").await;
    is_refused(&app, &mut with(Some(vec![])), "an empty handle").await;
    is_refused(&app, &mut with(Some(vec![0; 16])), "an unknown handle").await;
    is_refused(&app, &mut with(herons.handle.clone()), "another person's handle").await;
    let mut under_another_id = herons.clone();
    (under_another_id.id, under_another_id.handle) = (passkey.id.clone(), passkey.handle.clone());
    is_refused(&app, &mut under_another_id, "another person's key").await;
}

#[tokio::test]
async fn the_same_answer_twice() {
    let (app, browser, _) = with_passkey().await;
    // One that counts nothing, so that nothing but the challenge tells the second time from the first.
    let mut passkey = Passkey::synchronised(2);
    app.registers(&app.officer.officer, &mut passkey).await;
    let (used, unused) = (browser.sign_in_answer(&mut passkey).await, browser.begin_sign_in().await);
    assert_eq!(browser.end_sign_in(&used).await.status, 201);
    refused(&browser.end_sign_in(&used).await, "again");
    let moved = json!({"ceremony": unused["ceremony"], "credential": used["credential"]});
    refused(&browser.end_sign_in(&moved).await, "to another challenge");
    refused(&browser.end_sign_in(&answer(&unused, &mut passkey)).await, "a bad answer ended that one");
    assert_eq!(app.count("sessions"), 1);
}

#[tokio::test]
async fn a_copy_of_an_authenticator_is_noticed_by_its_counter() {
    let (app, browser, mut passkey) = with_passkey().await;
    let mut copy = passkey.clone();
    for _ in 0..3 {
        assert_eq!(browser.try_sign_in(&mut passkey).await.status, 201);
    }
    for _ in 1..=3 {
        is_refused_as_a_copy(&app, &mut copy).await;
    }
    let mut set_back = passkey.clone();
    (set_back.counter, set_back.step) = (0, 0);
    is_refused_as_a_copy(&app, &mut set_back).await;
    assert_eq!(browser.try_sign_in(&mut passkey).await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_copies_at_once_one_comes_in() {
    let (app, browser, passkey) = with_passkey().await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let answer = browser.sign_in_answer(&mut passkey.clone()).await;
        let browser = browser.clone();
        racing.spawn(async move { browser.end_sign_in(&answer).await.status });
    }
    assert_eq!(racing.join_all().await.into_iter().filter(|status| *status == 201).count(), 1);
    assert_eq!(app.count("sessions"), 1);
}

#[tokio::test]
async fn a_sign_in_waits_for_two_minutes() {
    let (app, browser, mut passkey) = with_passkey().await;
    for (passed, status) in [(-61, 401), (120, 401), (121, 401), (119, 201)] {
        app.clock.set(NOW);
        let answer = browser.sign_in_answer(&mut passkey).await;
        app.clock.set(NOW + passed);
        let reply = browser.end_sign_in(&answer).await;
        assert_eq!(reply.status, status, "after {passed} seconds: {reply:?}");
    }
}

#[tokio::test]
async fn a_challenge_is_for_what_it_was_made_for() {
    let (app, browser, mut passkey) = with_passkey().await;
    let inside = browser.signed_in(&mut passkey).await;
    let confirming = inside.begin_confirmation().await;
    refused(&browser.end_sign_in(&answer(&confirming, &mut passkey)).await, "a confirmation");
    let registering = browser.begin_registration(&app.link(&app.officer.officer.callsign).await).await;
    refused(&browser.end_sign_in(&answer(&registering, &mut passkey)).await, "a registration");
    let mut fresh = Passkey::new(2);
    let creation = json!({"ceremony": registering["ceremony"], "credential": fresh.create(&registering["options"])});
    refused(&browser.end_sign_in(&creation).await, "a new passkey");
    for ceremony in ["", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let credential = passkey.get(&browser.begin_sign_in().await["options"]);
        refused(&browser.end_sign_in(&json!({"ceremony": ceremony, "credential": credential})).await, "no ceremony of ours");
    }
    for credential in [json!({}), Value::Null, json!([1]), json!("x")] {
        let challenge = browser.begin_sign_in().await;
        refused(&browser.end_sign_in(&json!({"ceremony": challenge["ceremony"], "credential": credential})).await, "no answer");
    }
    assert_eq!(app.count("sessions"), 1);
}

/// Neither a passkey that was revoked nor one of a suspended person can be distinguished from one that never was.
#[tokio::test]
async fn suspended_and_revoked_look_like_unknown() {
    let (app, browser, mut falcons) = with_passkey().await;
    let (mut herons, mut unknown) = (Passkey::new(2), Passkey::new(3));
    app.registers(&app.approver.officer, &mut herons).await;
    for passkey in [&mut falcons, &mut herons] {
        assert_eq!(browser.try_sign_in(passkey).await.status, 201);
    }
    app.registry.suspend(&Actor::Operator, "falcon".parse().unwrap()).await.unwrap();
    let revoked = AccessHash::of(&herons.id).id();
    assert_eq!(app.administrator.delete(&format!("/v1/keys/{revoked}")).await.status, 200);
    app.clock.set(NOW + 5);
    let (ledger, mut before) = (app.entries().await, app.dump());
    refused(&browser.try_sign_in(&mut falcons).await, "suspended");
    refused(&browser.try_sign_in(&mut herons).await, "revoked");
    unknown.handle = Some(vec![7; 16]);
    refused(&browser.try_sign_in(&mut unknown).await, "unknown");
    let entry = format!(r#"{{"act":"sign-in","at":{},"by":"falcon","event":"act_refused","why":"suspended"}}"#, NOW + 5);
    assert_eq!(app.entries().await[ledger.len()..], [entry], "a good passkey of somebody suspended is recorded");
    let mut after = app.dump();
    for all in [&mut before, &mut after] {
        all.retain(|table, _| !table.starts_with("ledger"));
    }
    assert_eq!(after, before, "the counter of the suspended one's passkey too");
    assert_eq!(app.count("sessions"), 0);
}

#[tokio::test]
async fn a_bad_answer_with_the_passkey_of_somebody_suspended_is_nothing_to_tell_of() {
    let (app, _, passkey) = with_passkey().await;
    app.registry.suspend(&Actor::Operator, "falcon".parse().unwrap()).await.unwrap();
    is_refused(&app, &mut passkey.saying(|says| says.spoils = 1), "anybody could send this").await;
}

/// As a sign-in that overtakes a suspension or a revocation: the store's own statement has the last word.
#[tokio::test]
async fn nothing_opens_after_the_passkey_was_read() {
    let (app, _, passkey) = with_passkey().await;
    let hash = AccessHash::of(&passkey.id);
    let used = |before: &str| countersign::store::PasskeyUse { hash, before: before.into(), after: before.into() };
    let (row, _) = app.store.passkey(hash).await.unwrap().unwrap();
    let session = AccessHash::of(b"a session");
    assert!(!app.store.open_session(session, used("what it was long before"), NOW).await.unwrap());
    app.registry.suspend(&Actor::Operator, "falcon".parse().unwrap()).await.unwrap();
    assert!(!app.store.open_session(session, used(&row.record), NOW).await.unwrap());
    app.registry.revoke_access(&Actor::Operator, hash.id()).await.unwrap();
    assert!(!app.store.open_session(session, used(&row.record), NOW).await.unwrap());
    assert_eq!(app.count("sessions"), 0);
}

/// Anybody who begins sign-ins without end ends their own, and nobody's from elsewhere.
#[tokio::test]
async fn a_flood_of_sign_ins_ends_none_that_began_elsewhere() {
    let (app, browser, mut passkey) = with_passkey().await;
    let honest = browser.sign_in_answer(&mut passkey).await;
    let attacker = browser.at_address(2);
    let own = attacker.sign_in_answer(&mut passkey).await;
    let mut flood = tokio::task::JoinSet::new();
    for n in 0..10_000_u64 {
        // Over the wire, from the attacker's own address; and many more from one other.
        if n % 25 == 0 {
            attacker.begin_sign_in().await;
        }
        let side = app.issuer_side.clone();
        flood.spawn(async move { side.passkeys.begin_sign_in(7, 7).await.map(drop) });
        if flood.len() >= 1_000 {
            flood.join_next().await.unwrap().unwrap().unwrap();
        }
    }
    assert!(flood.join_all().await.iter().all(Result::is_ok));
    assert_eq!(app.waiting("sign-in"), 1 + 256 + 256);
    refused(&browser.end_sign_in(&own).await, "it made room");
    assert_eq!(browser.end_sign_in(&honest).await.status, 201);
}

/// Nothing is kept in the process: what one issuer began another ends, also after a restart.
#[tokio::test]
async fn a_ceremony_ends_at_another_issuer() {
    let (app, browser, mut passkey) = with_passkey().await;
    let elsewhere = app.another_issuer().await;
    let answer = browser.sign_in_answer(&mut passkey).await;
    let there = Browser::at(elsewhere);
    assert_eq!(there.end_sign_in(&answer).await.status, 201);
    refused(&browser.end_sign_in(&answer).await, "it is over everywhere");
    let here = browser.signed_in(&mut passkey).await;
    let there = there.holding(here.session.as_ref().unwrap());
    let confirmation = here.confirmation(&mut passkey).await;
    assert_eq!(there.try_issue(&confirmation).await.status, 201);
    assert_eq!(here.try_issue(&confirmation).await.problem(), (403, "not-confirmed".into()));
    let link = app.link(&app.approver.officer.callsign).await;
    let (begun, mut device) = (here.begin_registration(&link).await, Passkey::new(9));
    let credential = device.create(&begun["options"]);
    assert_eq!(there.end_registration(&link, &begun, credential).await.status, 201);
}
