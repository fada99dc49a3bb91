//! One-time links: good once, for half an hour, for one person; and what a registration must not be.

use countersign::authority::{Actor, Callsign, Role};
use serde_json::{Value, json};

use crate::{
    actors::Reply,
    app::TestApp,
    authenticator::{PRESENT, Passkey, Says, VERIFIED},
    browser::Browser,
    world::NOW,
};

fn over(reply: &Reply) {
    assert_eq!(reply.problem(), (410, "link-over".into()));
    assert_eq!(reply.json()["detail"], "this link was used or has run out; ask an administrator for a new one");
}

fn not_confirmed(reply: &Reply) {
    assert_eq!(reply.problem(), (403, "not-confirmed".into()));
    assert_eq!(reply.json()["detail"], "this was not confirmed with your passkey; press the button again and confirm");
}

async fn begins(browser: &Browser, link: &str) -> Reply {
    browser.post("/v1/passkeys/options", &json!({"link": link})).await
}

fn falcon() -> Callsign {
    "falcon".parse().unwrap()
}

#[tokio::test]
async fn a_link_is_used_once() {
    let app = TestApp::start().await;
    let (browser, link) = (app.browser(), app.link(&falcon()).await);
    let second = browser.begin_registration(&link).await;
    assert_eq!(browser.register(&link, &mut Passkey::new(1)).await.status, 201);
    let before = app.dump();
    over(&begins(&browser, &link).await);
    // Begun while the link was still good.
    let credential = Passkey::new(2).create(&second["options"]);
    over(&browser.end_registration(&link, &second, credential).await);
    assert_eq!(app.dump(), before);
}

#[tokio::test]
async fn a_link_lives_for_half_an_hour() {
    let app = TestApp::start().await;
    for (passed, good) in [(1_799, true), (1_800, false), (1_801, false)] {
        app.clock.set(NOW);
        let (browser, link) = (app.browser(), app.link(&falcon()).await);
        app.clock.set(NOW + 1_700);
        let challenge = browser.begin_registration(&link).await;
        let credential = Passkey::new(u8::try_from(passed - 1_700).unwrap()).create(&challenge["options"]);
        app.clock.set(NOW + passed);
        let begun = begins(&browser, &link).await;
        let ended = browser.end_registration(&link, &challenge, credential).await;
        if good {
            assert_eq!((begun.status, ended.status), (200, 201));
        } else {
            over(&begun);
            over(&ended);
        }
    }
    assert_eq!(app.count("passkeys"), 1);
}

#[tokio::test]
async fn whatever_is_no_open_link_looks_the_same() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let suspended = app.person("kite", Role::Officer).await.officer;
    let of_suspended = app.link(&suspended.callsign).await;
    let begun_before = browser.begin_registration(&of_suspended).await;
    app.registry.suspend(&Actor::Operator, suspended.callsign).await.unwrap();
    let used = app.link(&falcon()).await;
    let challenge = browser.begin_registration(&used).await;
    assert_eq!(browser.register(&used, &mut Passkey::new(1)).await.status, 201);
    let (session, _) = app.signs_in(&app.approver.officer, 2).await;
    let live = app.link(&falcon()).await;
    let body = "A".repeat(43);
    let others = [
        of_suspended.clone(),
        used,
        format!("enrol_{body}"),
        format!("countersign_{body}"),
        session.session.unwrap(),
        live.to_uppercase(),
        live[1..].to_owned(),
        format!("{live} "),
        String::new(),
        "enrol_".into(),
        "\0".into(),
    ];
    let before = app.dump();
    let mut bodies = vec![];
    for link in &others {
        let begun = begins(&browser, link).await;
        over(&begun);
        let credential = Passkey::new(3).create(&challenge["options"]);
        let ended = browser.end_registration(link, &challenge, credential).await;
        over(&ended);
        bodies.extend([begun.body, ended.body]);
    }
    let credential = Passkey::new(4).create(&begun_before["options"]);
    over(&browser.end_registration(&of_suspended, &begun_before, credential).await);
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert_eq!(app.dump(), before);
    assert!(matches!(
        app.registry.make_link(&Actor::Operator, &"kite".parse().unwrap()).await,
        Err(countersign::issuer::Refused::Suspended)
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_open_one_link_at_once_one_comes_in() {
    let app = TestApp::start().await;
    let link = app.link(&falcon()).await;
    let mut answers = vec![];
    for seed in 1..=8 {
        let challenge = app.browser().begin_registration(&link).await;
        let credential = Passkey::new(seed).create(&challenge["options"]);
        answers.push((challenge, credential));
    }
    let mut racing = tokio::task::JoinSet::new();
    for (challenge, credential) in answers {
        let (browser, link) = (app.browser(), link.clone());
        racing.spawn(async move { browser.end_registration(&link, &challenge, credential).await.status });
    }
    let mut statuses = racing.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 410, 410, 410, 410, 410, 410, 410]);
    assert_eq!((app.count("passkeys"), app.count("links")), (1, 0));
}

/// Anybody who got hold of an answer, or begins under their own link, cannot end it as somebody else.
#[tokio::test]
async fn a_ceremony_is_ended_under_the_link_that_began_it() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let (falcons, herons) = (app.link(&falcon()).await, app.link(&"heron".parse().unwrap()).await);
    let again = app.link(&falcon()).await;
    for (begun, ended) in [(&falcons, &herons), (&herons, &falcons), (&falcons, &again)] {
        let challenge = browser.begin_registration(begun).await;
        let credential = Passkey::new(1).create(&challenge["options"]);
        not_confirmed(&browser.end_registration(ended, &challenge, credential.clone()).await);
        // It is over now, under its own link too.
        not_confirmed(&browser.end_registration(begun, &challenge, credential).await);
    }
    assert_eq!((app.count("passkeys"), app.count("links")), (0, 3));
    assert_eq!(browser.register(&falcons, &mut Passkey::new(1)).await.json()["callsign"], "falcon");
}

type Lie = (&'static str, fn(&mut Says));

/// What no answer may say, whatever it is for.
pub const LIES: [Lie; 13] = [
    ("another host", |says| says.origin = "https://verify.example.org".into()),
    ("a host below", |says| says.origin = "https://a.console.example.org".into()),
    ("a host above", |says| says.origin = "https://example.org".into()),
    ("a host that looks alike", |says| says.origin = "https://console.example.org.evil.example".into()),
    ("another port", |says| says.origin = "https://console.example.org:444".into()),
    ("no TLS", |says| says.origin = "http://console.example.org".into()),
    ("a key for the host above", |says| says.rp_id = "example.org".into()),
    ("a key for another host", |says| says.rp_id = "verify.example.org".into()),
    ("nobody verified", |says| says.flags = PRESENT),
    ("nobody present", |says| says.flags = VERIFIED),
    ("another challenge", |says| says.challenge = Some("A".repeat(43))),
    ("no challenge", |says| says.challenge = Some(String::new())),
    ("another kind", |says| says.kind = Some("payment.get")),
];

#[tokio::test]
async fn a_registration_that_is_not_quite_true() {
    let app = TestApp::start().await;
    let (browser, link) = (app.browser(), app.link(&falcon()).await);
    let before = app.dump();
    let swapped: Lie = ("an assertion", |says| says.kind = Some("webauthn.get"));
    for (name, lie) in LIES.into_iter().chain([swapped]) {
        println!("{name}");
        not_confirmed(&browser.register(&link, &mut Passkey::new(1).saying(lie)).await);
    }
    assert_eq!(app.dump(), before);
    assert_eq!(browser.register(&link, &mut Passkey::new(1)).await.status, 201, "the link is still good");
}

#[tokio::test]
async fn answers_that_are_none() {
    let app = TestApp::start().await;
    let (browser, link) = (app.browser(), app.link(&falcon()).await);
    let mut passkey = Passkey::new(1);
    let signing_in = browser.begin_sign_in().await;
    for bad in [json!({}), json!(null), json!("x"), json!([]), json!({"id": "AA", "rawId": "AA", "type": "public-key", "response": {}})] {
        let challenge = browser.begin_registration(&link).await;
        not_confirmed(&browser.end_registration(&link, &challenge, bad).await);
    }
    let challenge = browser.begin_registration(&link).await;
    let credential = passkey.create(&challenge["options"]);
    for ceremony in [json!(""), json!("A".repeat(22)), signing_in["ceremony"].clone()] {
        let body = json!({"link": link, "ceremony": ceremony, "credential": credential});
        not_confirmed(&browser.post("/v1/passkeys", &body).await);
    }
    let mut assertion = Passkey::new(1);
    let challenge = browser.begin_registration(&link).await;
    let credential = assertion.get(&challenge["options"]);
    not_confirmed(&browser.end_registration(&link, &challenge, credential).await);
    for body in [json!({}), json!({"link": link}), json!({"link": 1, "ceremony": "x", "credential": {}}), Value::from("x")] {
        assert_eq!(browser.post("/v1/passkeys", &body).await.problem(), (422, "invalid".into()), "{body}");
    }
    assert_eq!((app.count("passkeys"), app.count("links")), (0, 1));
}

#[tokio::test]
async fn a_registration_waits_for_two_minutes() {
    let app = TestApp::start().await;
    let (browser, link) = (app.browser(), app.link(&falcon()).await);
    let at = NOW + 100;
    for (passed, status) in [(-61, 403), (120, 403), (121, 403), (119, 201)] {
        app.clock.set(at);
        let challenge = browser.begin_registration(&link).await;
        let credential = Passkey::new(1).create(&challenge["options"]);
        app.clock.set(at + passed);
        assert_eq!(browser.end_registration(&link, &challenge, credential).await.status, status, "after {passed} seconds");
    }
}

#[tokio::test]
async fn a_passkey_is_registered_once() {
    let app = TestApp::start().await;
    let (browser, mut passkey) = (app.browser(), Passkey::new(1));
    app.registers(&app.officer.officer, &mut passkey).await;
    let before = app.dump();
    let same = app.link(&falcon()).await;
    not_confirmed(&browser.register(&same, &mut passkey.clone()).await);
    let herons = app.link(&"heron".parse().unwrap()).await;
    over(&browser.register(&herons, &mut passkey.clone()).await);
    assert_eq!(app.dump()["passkeys"], before["passkeys"], "and it stays the first one's");
    assert_eq!(browser.register(&herons, &mut Passkey::new(2)).await.status, 201, "the link is still good");
    assert_eq!(app.browser().signed_in(&mut passkey).await.get("/v1/session").await.json()["callsign"], "falcon");
}
