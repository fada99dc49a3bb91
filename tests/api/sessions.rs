//! How long a session lasts, and what ends it at once.

use countersign::{
    authority::{AccessHash, Actor, Role},
    issuer::SessionToken,
};
use reqwest::Method;

use crate::{
    app::TestApp,
    browser::Browser,
    events::{Events, status},
    world::NOW,
};

const HOUR: i64 = 3_600;

async fn stands(browser: &Browser) -> bool {
    let reply = browser.get("/v1/session").await;
    if reply.status != 200 {
        assert_eq!(reply.problem(), (401, "no-session".into()));
        assert_eq!(reply.json()["detail"], "you are signed out; sign in with your passkey");
    }
    reply.status == 200
}

async fn watching(browser: &Browser, id: &str) -> Events {
    Events::open(browser.request(Method::GET, &format!("/v1/tokens/{id}/events"))).await
}

#[tokio::test]
async fn fifteen_minutes_without_a_request_end_it() {
    let app = TestApp::start().await;
    let (_, mut passkey) = app.signs_in(&app.officer.officer, 1).await;
    for (passed, lives) in [(899, true), (900, false), (901, false)] {
        app.clock.set(NOW);
        let browser = app.browser().signed_in(&mut passkey).await;
        app.clock.set(NOW + passed);
        assert_eq!(stands(&browser).await, lives, "after {passed} seconds");
    }
}

#[tokio::test]
async fn each_request_begins_the_fifteen_minutes_again() {
    let app = TestApp::start().await;
    let (browser, mut passkey) = app.signs_in(&app.officer.officer, 1).await;
    for n in 1..=4 {
        app.clock.set(NOW + n * 899);
        assert!(stands(&browser).await);
    }
    app.clock.set(NOW + 4 * 899 + 900);
    assert!(!stands(&browser).await);
    // What was seen is written down every half minute at most, so a session may end as much too early, and never too late.
    for (passed, lives) in [(30, false), (31, true)] {
        app.clock.set(NOW);
        let browser = app.browser().signed_in(&mut passkey).await;
        app.clock.set(NOW + passed);
        assert!(stands(&browser).await);
        app.clock.set(NOW + 900);
        assert_eq!(stands(&browser).await, lives, "seen after {passed} seconds");
    }
}

#[tokio::test]
async fn a_screen_that_is_only_open_is_nobody_doing_anything() {
    let app = TestApp::start().await;
    let (browser, mut passkey) = app.signs_in(&app.officer.officer, 1).await;
    let lasting = app.officer.issue(serde_json::json!({"channel": "in-person", "not_before": NOW + 800, "lifetime": 600})).await;
    let mut events = watching(&browser, &lasting.id).await;
    assert_eq!(events.next().await, Some(status("live", None)));
    app.clock.set(NOW + 899);
    app.anyone().token(&lasting.token).await.verdict();
    let minute = NOW + 899 - (NOW + 899) % 60;
    assert_eq!(events.next().await, Some(status("checked", Some(minute))), "it is watched for as long as the session lasts");
    app.clock.set(NOW + 900);
    assert_eq!(events.next().await, None);
    assert!(!stands(&browser).await);
    let again = app.browser().signed_in(&mut passkey).await;
    assert_eq!(watching(&again, &lasting.id).await.next().await, Some(status("checked", Some(minute))));
}

#[tokio::test]
async fn twelve_hours_end_it_whatever_happens() {
    let app = TestApp::start().await;
    let (browser, _) = app.signs_in(&app.officer.officer, 1).await;
    let mut now = NOW;
    while now < NOW + 12 * HOUR - 1 {
        now = (now + 800).min(NOW + 12 * HOUR - 1);
        app.clock.set(now);
        assert!(stands(&browser).await, "{}", now - NOW);
    }
    assert_eq!(browser.get("/v1/session").await.json()["session_ends_at"], NOW + 12 * HOUR, "said beforehand");
    app.clock.set(NOW + 12 * HOUR);
    assert!(!stands(&browser).await);
}

/// Otherwise who can set a clock back could keep a session alive.
#[tokio::test]
async fn a_clock_that_was_set_back_ends_it() {
    let app = TestApp::start().await;
    let (browser, _) = app.signs_in(&app.officer.officer, 1).await;
    for (back, lives) in [(1, true), (60, true), (61, false), (HOUR, false), (13 * HOUR, false)] {
        app.clock.set(NOW - back);
        assert_eq!(stands(&browser).await, lives, "{back} seconds back");
    }
}

#[tokio::test]
async fn signing_out_ends_this_one_alone() {
    let app = TestApp::start().await;
    let (browser, mut passkey) = app.signs_in(&app.officer.officer, 1).await;
    let other = app.browser().signed_in(&mut passkey).await;
    let issued = app.officer.issue_plain().await;
    let mut events = watching(&browser, &issued.id).await;
    assert_eq!(events.next().await, Some(status("live", None)));
    assert_eq!(browser.delete("/v1/session").await.status, 204);
    assert!(!stands(&browser).await);
    assert_eq!(events.next().await, None, "its stream as well");
    assert_eq!(browser.delete("/v1/session").await.problem(), (401, "no-session".into()));
    assert!(stands(&other).await);
    assert_eq!(app.officer.status(&issued.id).await["state"], "live", "signing out withdraws nothing");
}

#[tokio::test]
async fn a_suspension_ends_it_in_the_middle_of_everything() {
    let app = TestApp::start().await;
    let (browser, mut passkey) = app.signs_in(&app.officer.officer, 1).await;
    let (approver, _) = app.signs_in(&app.approver.officer, 2).await;
    let issued = browser.issue(&mut passkey).await;
    let confirmation = browser.confirmation(&mut passkey).await;
    let (mut own, mut theirs) = (watching(&browser, &issued.id).await, watching(&approver, &issued.id).await);
    assert_eq!((own.next().await, theirs.next().await), (Some(status("live", None)), Some(status("live", None))));
    assert_eq!(app.administrator.post("/v1/people/falcon/suspend", &serde_json::Value::Null).await.status, 200);
    assert_eq!(own.next().await, None, "not even that it was withdrawn");
    assert_eq!(theirs.next().await, Some(status("withdrawn", None)));
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "withdrawn");
    assert!(!stands(&browser).await && stands(&approver).await);
    assert_eq!(browser.try_issue(&confirmation).await.problem(), (401, "no-session".into()));
    for (method, path) in [(Method::GET, "/v1/tokens"), (Method::GET, "/v1/authorisations"), (Method::POST, "/v1/confirmations")] {
        let reply = crate::actors::Reply::of(browser.request(method, path)).await;
        assert_eq!(reply.problem(), (401, "no-session".into()), "{path}");
    }
    assert_eq!((app.count("tokens"), app.count("sessions")), (1, 1));
}

/// Somebody who looks on by a session loses sight even where the token is not theirs.
#[tokio::test]
async fn a_suspended_onlooker_sees_no_more() {
    let app = TestApp::start().await;
    let (looking, _) = app.comes_in("badger", Role::Administrator, 1).await;
    let issued = app.officer.issue_plain().await;
    let program = app.person("stoat", Role::Administrator).await;
    let mut watched = [watching(&looking, &issued.id).await, Events::of(&program, &issued.id).await];
    for events in &mut watched {
        assert_eq!(events.next().await, Some(status("live", None)));
    }
    for callsign in ["badger", "stoat"] {
        app.registry.suspend(&Actor::Operator, callsign.parse().unwrap()).await.unwrap();
    }
    for events in &mut watched {
        assert_eq!(events.next().await, None);
    }
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
}

#[tokio::test]
async fn a_suspension_happens_whole_or_not_at_all() {
    let app = TestApp::start().await;
    let (officer, _) = app.signs_in(&app.officer.officer, 1).await;
    let (approver, _) = app.signs_in(&app.approver.officer, 2).await;
    let issued = app.officer.issue_plain().await;
    for (callsign, browser) in [("falcon", &officer), ("heron", &approver)] {
        let path = format!("/v1/people/{callsign}/suspend");
        for (table, moment) in [("tokens", "UPDATE ON tokens"), ("sessions", "DELETE ON sessions"), ("ledger", "INSERT ON ledger_entries")]
        {
            let blocked = format!("CREATE TRIGGER blocked BEFORE {moment} BEGIN SELECT RAISE(ABORT, 'blocked'); END");
            app.sql().execute_batch(&blocked).unwrap();
            let before = app.dump();
            let reply = app.administrator.post(&path, &serde_json::Value::Null).await;
            assert_eq!(reply.problem(), (503, "unavailable".into()), "{callsign} {table}");
            assert_eq!(app.dump(), before, "{callsign} {table}");
            app.sql().execute_batch("DROP TRIGGER blocked").unwrap();
        }
        assert!(stands(browser).await);
    }
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    assert_eq!(app.administrator.post("/v1/people/heron/suspend", &serde_json::Value::Null).await.status, 200);
    assert!(stands(&officer).await && !stands(&approver).await);
    assert_eq!(app.officer.status(&issued.id).await["state"], "withdrawn", "only the approver's word allowed it");
}

#[tokio::test]
async fn revoking_a_passkey_ends_its_sessions_and_no_others() {
    let app = TestApp::start().await;
    let (lost, mut lost_key) = app.signs_in(&app.officer.officer, 1).await;
    let lost_too = app.browser().signed_in(&mut lost_key).await;
    let (kept, mut kept_key) = app.signs_in(&app.officer.officer, 2).await;
    let (other, _) = app.signs_in(&app.approver.officer, 3).await;
    let issued = lost.issue(&mut lost_key).await;
    let mut events = watching(&lost, &issued.id).await;
    assert_eq!(events.next().await, Some(status("live", None)));
    let id = AccessHash::of(&lost_key.id).id();
    assert_eq!(app.administrator.delete(&format!("/v1/keys/{id}")).await.status, 200);
    assert_eq!(events.next().await, None);
    assert!(!stands(&lost).await && !stands(&lost_too).await);
    assert!(stands(&kept).await && stands(&other).await);
    assert_eq!(kept.get(&format!("/v1/tokens/{}", issued.id)).await.json()["state"], "withdrawn");
    let confirmation = kept.confirmation(&mut lost_key).await;
    assert_eq!(kept.try_issue(&confirmation).await.problem(), (403, "not-confirmed".into()), "it confirms nothing either");
    kept.issue(&mut kept_key).await;
    assert_eq!(app.administrator.delete(&format!("/v1/keys/{id}")).await.problem(), (404, "unknown".into()));
}

/// Nothing that a session was is left once it is over.
#[tokio::test]
async fn the_housekeeper_drops_what_is_over() {
    use countersign::store::IssuerStore as _;
    let app = TestApp::start().await;
    let (browser, _) = app.signs_in(&app.officer.officer, 1).await;
    app.link(&app.officer.officer.callsign).await;
    app.store.purge(NOW + 899).await.unwrap();
    assert_eq!((app.count("sessions"), app.count("links")), (1, 1));
    app.store.purge(NOW + 900).await.unwrap();
    assert_eq!((app.count("sessions"), app.count("links")), (0, 1));
    app.store.purge(NOW + 1_800).await.unwrap();
    assert_eq!(app.count("links"), 0);
    assert!(!stands(&browser).await);
}

#[tokio::test]
async fn a_session_is_found_by_its_whole_secret() {
    let app = TestApp::start().await;
    let (browser, _) = app.signs_in(&app.officer.officer, 1).await;
    let session = browser.session.clone().unwrap();
    let hash = SessionToken::parse(&session).unwrap().hash();
    let stored: String = countersign::hex::encode(&hash.0);
    assert!(app.dump()["sessions"][0].starts_with(&stored));
    let mut changed = session.clone().into_bytes();
    changed[10] = if changed[10] == b'A' { b'B' } else { b'A' };
    for other in [String::from_utf8(changed).unwrap(), session[..50].to_owned(), stored, session.to_lowercase(), String::new()] {
        assert!(!stands(&browser.holding(&other)).await, "{other}");
    }
    assert!(stands(&browser).await);
}
