//! People come in by passkey: with a one-time link once, then with nothing but their device.

use countersign::hex;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    actors::Reply,
    app::{CONSOLE_URL, TestApp},
    authenticator::{Passkey, decoded},
    browser::Browser,
    events::{Events, spoken_status},
    world::NOW,
};

/// The secret in a link that the console's server made.
fn secret(made: &Value) -> String {
    made["link"].as_str().unwrap().strip_prefix(&format!("{CONSOLE_URL}/#")).unwrap().to_owned()
}

fn done(status: u16, reply: &Reply) -> Value {
    assert_eq!(reply.status, status, "{reply:?}");
    if reply.body.is_empty() { Value::Null } else { reply.json() }
}

#[tokio::test]
async fn from_the_administrators_screen_to_a_token_of_the_new_officer() {
    let app = TestApp::start().await;
    let (administrator, _) = app.signs_in(&app.administrator.officer, 1).await;
    let (approver, _) = app.signs_in(&app.approver.officer, 2).await;
    let made = done(201, &administrator.post("/v1/people", &json!({"callsign": "kite", "role": "officer"})).await);
    let link = secret(&made);
    let expected = json!({"callsign": "kite", "role": "officer", "enrolled_at": NOW, "suspended_at": null,
                          "link": format!("{CONSOLE_URL}/#{link}"), "link_expires_at": NOW + 1_800});
    assert_eq!(made, expected);
    assert!(link.starts_with("enrol_") && link.len() == 49, "{link}");

    let mut passkey = Passkey::new(3);
    let registered = done(201, &app.browser().register(&link, &mut passkey).await);
    assert_eq!(registered, json!({"callsign": "kite", "role": "officer"}));
    let kite = app.browser().signed_in(&mut passkey).await;
    let ask =
        json!({"reference": "OP-9", "purpose": "Return a lost bag", "channels": ["in-person"], "until": NOW + 3_600, "max_tokens": 2});
    let asked = done(201, &kite.post("/v1/authorisations", &ask).await);
    let id = asked["id"].as_str().unwrap();
    done(200, &approver.post(&format!("/v1/authorisations/{id}/approve"), &Value::Null).await);
    let same = json!({"channels": ["in-person"], "until": NOW + 7_200, "max_tokens": 1});
    done(200, &approver.post(&format!("/v1/authorisations/{id}/review"), &same).await);
    let issued = kite.issue(&mut passkey).await;
    let token = format!("/v1/tokens/{}", issued.id);
    done(200, &kite.post(&format!("{token}/spoken"), &json!({"token": issued.token})).await);
    let mut events = Events::open(kite.request(Method::GET, &format!("{token}/events"))).await;
    assert_eq!(events.next().await, Some(spoken_status("live", None)));
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "genuine");
    assert_eq!(done(200, &kite.get(&token).await)["state"], "checked");
    for who in [&kite, &approver, &administrator] {
        assert_eq!(done(200, &who.get("/v1/tokens").await)[0]["id"], issued.id.as_str());
    }
    assert_eq!(done(200, &kite.get("/v1/authorisations").await).as_array().unwrap().len(), 1);
    done(204, &kite.delete(&token).await);
    assert_eq!(app.anyone().token(&issued.token).await.verdict(), "withdrawn");
    done(200, &administrator.post("/v1/people/kite/suspend", &Value::Null).await);
    assert_eq!(kite.get(&token).await.problem(), (401, "no-session".into()));
}

#[tokio::test]
async fn a_session_says_whose_it_is() {
    let app = TestApp::start().await;
    let mut passkey = Passkey::new(1);
    app.registers(&app.officer.officer, &mut passkey).await;
    app.clock.set(NOW + 7);
    let opened = app.browser().try_sign_in(&mut passkey).await;
    let who = json!({"callsign": "falcon", "role": "officer", "organisation": "Example Police", "address": "verify.example.org",
                     "server_time": NOW + 7, "session_ends_at": NOW + 7 + 12 * 3600});
    assert_eq!((opened.status, opened.header("cache-control"), opened.json()), (201, "no-store", who.clone()));
    let browser = app.browser().signed_in(&mut passkey).await;
    let reply = browser.get("/v1/session").await;
    assert_eq!((reply.status, reply.header("cache-control"), reply.json()), (200, "no-store", who));
    assert!(!reply.headers.contains_key("set-cookie"), "only signing in gives the cookie");
    assert_eq!(app.browser().get("/v1/session").await.problem(), (401, "no-session".into()));
}

#[tokio::test]
async fn the_cookie_is_for_this_host_over_tls_and_for_no_script() {
    let app = TestApp::start().await;
    let mut passkey = Passkey::new(1);
    app.registers(&app.officer.officer, &mut passkey).await;
    let (first, second) = (app.browser().try_sign_in(&mut passkey).await, app.browser().try_sign_in(&mut passkey).await);
    let value = |reply: &Reply| {
        let cookies: Vec<_> = reply.headers.get_all("set-cookie").into_iter().collect();
        assert_eq!(cookies.len(), 1);
        let cookie = cookies[0].to_str().unwrap();
        let value = cookie.strip_prefix("__Host-session=").unwrap().strip_suffix("; Path=/; Secure; HttpOnly; SameSite=Strict").unwrap();
        value.to_owned()
    };
    assert_ne!(value(&first), value(&second), "each sign-in has its own");
    assert!(value(&first).starts_with("session_") && value(&first).len() == 51);
    let browser = app.browser().holding(&value(&first));
    let out = browser.delete("/v1/session").await;
    assert_eq!((out.status, out.header("set-cookie")), (204, "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"));
    assert_eq!(browser.get("/v1/session").await.problem(), (401, "no-session".into()));
    assert_eq!(browser.holding(&value(&second)).get("/v1/session").await.status, 200, "the other device stays signed in");
}

#[tokio::test]
async fn one_person_may_have_two_passkeys_and_each_opens_the_same() {
    let app = TestApp::start().await;
    let (mut phone, mut stick) = (Passkey::new(1), Passkey::synchronised(2));
    app.registers(&app.officer.officer, &mut phone).await;
    app.registers(&app.officer.officer, &mut stick).await;
    assert_ne!(phone.handle, stick.handle, "a handle names no person");
    for passkey in [&mut phone, &mut stick] {
        let browser = app.browser().signed_in(passkey).await;
        assert_eq!(browser.get("/v1/session").await.json()["callsign"], "falcon");
        browser.issue(passkey).await;
    }
    let browser = app.browser().signed_in(&mut phone).await;
    browser.issue(&mut stick).await;
    let people = app.administrator.get("/v1/people").await.json();
    let falcon = people.as_array().unwrap().iter().find(|person| person["callsign"] == "falcon").unwrap();
    let kinds: Vec<&str> = falcon["keys"].as_array().unwrap().iter().map(|key| key["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "passkey").count(), 2, "{kinds:?}");
}

#[tokio::test]
async fn the_store_opens_nothing() {
    let app = TestApp::start().await;
    let unused = app.link(&app.officer.officer.callsign).await;
    let used = app.link(&app.officer.officer.callsign).await;
    let mut passkey = Passkey::new(1);
    assert_eq!(app.browser().register(&used, &mut passkey).await.status, 201);
    let session = app.browser().signed_in(&mut passkey).await.session.unwrap();
    let credential = app.officer.request(Method::GET, "/").build().unwrap().headers()["authorization"].to_str().unwrap().to_owned();
    let mut places = vec![("tables".to_owned(), app.dump().into_values().flatten().collect::<String>().into_bytes())];
    for file in std::fs::read_dir(app.path().parent().unwrap()).unwrap().map(Result::unwrap) {
        places.push((file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()));
    }
    assert!(places.len() > 2, "the store and its log were read");
    for secret in [unused.as_str(), &used, &session, credential.strip_prefix("Bearer ").unwrap()] {
        let body = secret.split_once('_').unwrap().1;
        let raw = decoded(&json!(body));
        assert_eq!(raw.len(), 32);
        for canary in [body.as_bytes(), &raw, hex::encode(&raw).as_bytes(), hex::encode(secret.as_bytes()).as_bytes()] {
            for (place, content) in &places {
                assert!(!content.windows(canary.len()).any(|window| window == canary), "{secret} in {place}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_browser_is_asked_to_make() {
    let app = TestApp::start().await;
    let mut known = Passkey::new(1);
    app.registers(&app.officer.officer, &mut known).await;
    let challenge = app.browser().begin_registration(&app.link(&app.officer.officer.callsign).await).await;
    let asked = &challenge["options"]["publicKey"];
    assert_eq!(asked["rp"], json!({"name": "Workspace", "id": "console.example.org"}), "nothing on it says what it is for");
    assert_eq!((&asked["user"]["name"], &asked["user"]["displayName"]), (&json!("falcon"), &json!("falcon")));
    assert_eq!((decoded(&asked["user"]["id"]).len(), decoded(&asked["challenge"]).len()), (16, 32));
    let wanted = &asked["authenticatorSelection"];
    assert_eq!((&wanted["residentKey"], &wanted["requireResidentKey"]), (&json!("required"), &json!(true)));
    assert_eq!((&wanted["userVerification"], &asked["attestation"]), (&json!("required"), &json!("none")));
    assert_eq!(asked["timeout"], 120_000);
    let excluded: Vec<Vec<u8>> = asked["excludeCredentials"].as_array().unwrap().iter().map(|known| decoded(&known["id"])).collect();
    assert_eq!(excluded, [known.id]);
}

/// Anybody who asks to sign in is asked the same, whether they are known or not.
#[tokio::test]
async fn a_sign_in_names_nobody() {
    let app = TestApp::start().await;
    let (browser, _) = app.signs_in(&app.officer.officer, 1).await;
    let shape = async |browser: &Browser| {
        let mut challenge = browser.begin_sign_in().await;
        assert_eq!(decoded(&challenge["options"]["publicKey"]["challenge"].take()).len(), 32);
        assert_eq!(decoded(&challenge["ceremony"].take()).len(), 16);
        challenge
    };
    let strange = shape(&app.browser()).await;
    let options = json!({"publicKey": {"allowCredentials": [], "challenge": null, "extensions": {"uvm": true}, "rpId": "console.example.org",
                                       "timeout": 120_000, "userVerification": "required"}});
    assert_eq!(strange, json!({"ceremony": null, "options": options}));
    assert_eq!(shape(&browser).await, strange);
    let made_up = app.browser().holding("session_AAAA");
    assert_eq!(shape(&made_up).await, strange);
    let named = app.browser().post("/v1/session/options", &json!({"callsign": "falcon"})).await.json();
    assert_eq!(named["options"]["publicKey"]["allowCredentials"], json!([]), "a callsign changes nothing");
}
