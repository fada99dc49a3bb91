//! A session counts for the console's own page alone; what else a browser sends its cookie with changes nothing.

use std::fs;

use countersign::authority::AccessHash;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    actors::Reply,
    app::{CONSOLE_URL, TestApp},
    authenticator::Passkey,
    browser::Browser,
};

/// Every address that changes something, as the sources name it.
pub const CHANGING: [(&str, &str); 21] = [
    ("POST", "/v1/tokens"),
    ("POST", "/v1/tokens/withdraw"),
    ("DELETE", "/v1/tokens/{id}"),
    ("POST", "/v1/tokens/{id}/spoken"),
    ("POST", "/v1/authorisations"),
    ("POST", "/v1/authorisations/{id}/approve"),
    ("POST", "/v1/authorisations/{id}/refuse"),
    ("POST", "/v1/authorisations/{id}/review"),
    ("POST", "/v1/authorisations/{id}/withdraw"),
    ("POST", "/v1/people"),
    ("POST", "/v1/people/{callsign}/link"),
    ("POST", "/v1/people/{callsign}/suspend"),
    ("POST", "/v1/people/{callsign}/reinstate"),
    ("DELETE", "/v1/keys/{id}"),
    ("POST", "/v1/passkeys/options"),
    ("POST", "/v1/passkeys"),
    ("POST", "/v1/passkeys/{id}/name"),
    ("POST", "/v1/session/options"),
    ("POST", "/v1/session"),
    ("DELETE", "/v1/session"),
    ("POST", "/v1/confirmations"),
];

/// Every address that only tells something, and is not for everybody.
pub const TELLING: [(&str, &str); 17] = [
    ("GET", "/v1/tokens"),
    ("GET", "/v1/tokens/{id}"),
    ("GET", "/v1/tokens/{id}/events"),
    ("GET", "/v1/references/{reference}"),
    ("GET", "/v1/authorisations"),
    ("GET", "/v1/authorisations/{id}"),
    ("GET", "/v1/people"),
    ("GET", "/v1/people/{callsign}"),
    ("GET", "/v1/passkeys"),
    ("GET", "/v1/session"),
    ("GET", "/v1/changes"),
    ("GET", "/v1/ledger/checkpoint"),
    ("GET", "/v1/ledger/consistency/{first}/{second}"),
    ("GET", "/v1/ledger/keys"),
    ("GET", "/openapi.json"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
];

/// The routes of every source with private ones, so that none that is added later is forgotten here.
fn in_the_sources() -> Vec<(String, String)> {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http")).unwrap().map(|file| file.unwrap().path());
    let private = files.filter(|path| path.is_file() && !path.ends_with("public.rs"));
    let sources: Vec<String> =
        private.map(|path| fs::read_to_string(path).unwrap()).filter(|text| text.contains(".route(\"/v1/")).collect();
    let routes = sources.iter().flat_map(|source| source.split(".route(\"").skip(1));
    let lines = routes.map(|route| route.split('\n').next().unwrap().split_once('"').unwrap());
    let with = |(path, handlers): (&str, &str)| {
        let is_taken = |method: &&str| handlers.contains(&format!("{}(", method.to_lowercase()));
        let methods = ["GET", "POST", "DELETE", "PUT", "PATCH", "ANY"].into_iter().filter(is_taken);
        methods.map(|method| (method.to_owned(), path.to_owned())).collect::<Vec<_>>()
    };
    lines.flat_map(with).collect()
}

#[test]
fn no_address_is_forgotten() {
    let mut named: Vec<(String, String)> =
        CHANGING.into_iter().chain(TELLING).map(|(method, path)| (method.to_owned(), path.to_owned())).collect();
    let mut found = in_the_sources();
    named.sort();
    found.sort();
    assert_eq!(found, named);
}

/// Somebody for whom each address has something real behind it.
pub struct Scene {
    pub app: TestApp,
    pub browser: Browser,
    token: String,
    asked: String,
    key: String,
    link: String,
}

impl Scene {
    pub async fn set() -> Self {
        let app = TestApp::start().await;
        let (browser, passkey) = app.signs_in(&app.officer.officer, 1).await;
        let token = app.officer.issue_plain().await.id;
        let asked = app.asked(&app.officer.officer, crate::app::wide()).await.id.to_string();
        let link = app.link(&app.officer.officer.callsign).await;
        Self { token, asked, key: AccessHash::of(&passkey.id).id().to_string(), link, app, browser }
    }

    /// The address with a real id in it.
    pub fn address(&self, path: &str) -> String {
        let id = if path.contains("tokens") {
            &self.token
        } else if path.contains("keys") {
            &self.key
        } else {
            &self.asked
        };
        path.replace("{id}", id)
            .replace("{callsign}", "falcon")
            .replace("{first}", "1")
            .replace("{second}", "2")
            .replace("{reference}", "00000000")
    }

    /// A body that would do.
    pub fn body(&self, path: &str) -> Value {
        let until = crate::world::NOW + 60;
        match path {
            "/v1/tokens" => json!({"channel": "in-person"}),
            "/v1/tokens/withdraw" => json!({"tokens": "all"}),
            "/v1/authorisations" => {
                json!({"reference": "OP-4", "purpose": "Return a lost bag", "channels": ["online"], "until": until, "max_tokens": 1})
            }
            _ if path.ends_with("review") => json!({"channels": ["online"], "until": until, "max_tokens": 1}),
            _ if path.ends_with("name") => json!({"name": "Blue phone"}),
            _ if path.ends_with("refuse") => json!({"reason": "Not now"}),
            _ if path.ends_with("reinstate") => json!({"reason": "a slip"}),
            _ if path.ends_with("spoken") => json!({"token": "0oRJogEyBEQ"}),
            "/v1/people" => json!({"callsign": "kite", "role": "officer"}),
            "/v1/passkeys/options" => json!({"link": self.link}),
            "/v1/passkeys" => json!({"link": self.link, "ceremony": "x", "credential": {}}),
            "/v1/session" => json!({"ceremony": "x", "credential": {}}),
            _ => Value::Null,
        }
    }

    /// By the session, with these headers and no others.
    async fn sends(&self, (method, path): (&str, &str), headers: &[(&'static str, &str)]) -> Reply {
        let request = self.browser.bare(method.parse().unwrap(), &self.address(path));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let body = self.body(path);
        Reply::of(if body.is_null() || method != "POST" { request } else { request.json(&body) }).await
    }
}

#[tokio::test]
async fn nothing_is_changed_from_another_page() {
    let scene = Scene::set().await;
    let site = "sec-fetch-site";
    let others: [&[(&str, &str)]; 12] = [
        &[],
        &[(site, "cross-site")],
        &[(site, "same-site")],
        &[(site, "none")],
        &[(site, "cross-site"), ("origin", CONSOLE_URL)],
        &[(site, "same-site"), ("origin", CONSOLE_URL)],
        &[(site, "same-origin, cross-site")],
        &[("origin", "https://verify.example.org")],
        &[("origin", "null")],
        &[("origin", "http://console.example.org")],
        &[("origin", "https://console.example.org.evil.example")],
        &[("referer", "https://console.example.org/")],
    ];
    let before = scene.app.dump();
    for route in CHANGING {
        for headers in others {
            let reply = scene.sends(route, headers).await;
            assert_eq!(reply.problem(), (403, "cross-site".into()), "{route:?} {headers:?}");
            assert_eq!(reply.json()["detail"], "this may be asked for by the console's own page alone");
        }
    }
    assert_eq!(scene.app.dump(), before);
}

#[tokio::test]
async fn the_consoles_own_page_is_let_in_by_either_header() {
    for headers in [[("sec-fetch-site", "same-origin")], [("origin", CONSOLE_URL)]] {
        let scene = Scene::set().await;
        // Signing out last, or it would be the only thing that happens.
        let (last, routes): (Vec<_>, Vec<_>) = CHANGING.into_iter().partition(|route| *route == ("DELETE", "/v1/session"));
        for route in routes.into_iter().chain(last) {
            let reply = scene.sends(route, &headers).await;
            let kind = if reply.status < 400 { String::new() } else { reply.problem().1 };
            assert!(kind != "cross-site" && kind != "no-session", "{route:?} {headers:?} {reply:?}");
        }
    }
}

/// An address in the address bar, or a link from anywhere: what comes back is for the person alone to see.
#[tokio::test]
async fn looking_is_no_change() {
    let scene = Scene::set().await;
    for path in ["/v1/session", "/v1/tokens", "/v1/authorisations", "/v1/tokens/{id}"] {
        for headers in [[("sec-fetch-site", "none")], [("sec-fetch-site", "cross-site")], [("origin", "https://verify.example.org")]] {
            let reply = scene.sends(("GET", path), &headers).await;
            assert_eq!(reply.status, 200, "{path} {headers:?}");
            for name in ["access-control-allow-origin", "access-control-allow-credentials"] {
                assert!(!reply.headers.contains_key(name), "no other page may read it");
            }
        }
        let head = Reply::of(scene.browser.bare(Method::HEAD, &scene.address(path))).await;
        assert_eq!(head.status, 200);
    }
}

/// Browsers never send a credential by themselves, so it says enough.
#[tokio::test]
async fn a_program_needs_no_page() {
    let app = TestApp::start().await;
    for headers in [vec![], vec![("sec-fetch-site", "cross-site")], vec![("origin", "https://evil.example")]] {
        let request = app.officer.request(Method::POST, "/v1/tokens").json(&json!({"channel": "in-person"}));
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        assert_eq!(Reply::of(request).await.status, 201);
    }
}

#[tokio::test]
async fn a_secret_of_one_kind_is_no_secret_of_another() {
    let app = TestApp::start().await;
    let mut passkey = Passkey::new(1);
    app.registers(&app.officer.officer, &mut passkey).await;
    let session = app.browser().signed_in(&mut passkey).await.session.unwrap();
    let link = app.link(&app.officer.officer.callsign).await;
    let sent = app.officer.request(Method::GET, "/").build().unwrap();
    let credential = sent.headers()["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    let body = |secret: &str| secret.split_once('_').unwrap().1.to_owned();
    let no_credential = (401, "no-credential".to_owned());
    for other in [&session, &link, &body(&credential), &format!("countersign_{}", body(&session)), &format!("countersign_{}", body(&link))]
    {
        assert_eq!(app.officer.with_credential(Some(other)).get("/v1/tokens").await.problem(), no_credential);
    }
    for other in [&credential, &link, &body(&session), &format!("session_{}", body(&credential)), &format!("session_{}", body(&link))] {
        assert_eq!(app.browser().holding(other).get("/v1/tokens").await.problem(), (401, "no-session".into()));
    }
    for other in [&credential, &session, &format!("enrol_{}", body(&session)), &format!("enrol_{}", body(&credential))] {
        let reply = app.browser().post("/v1/passkeys/options", &json!({"link": other})).await;
        assert_eq!(reply.problem(), (410, "link-over".into()));
    }
    let nameless = app.browser().request(Method::GET, "/v1/tokens").header("cookie", format!("session={session}"));
    assert_eq!(Reply::of(nameless).await.problem(), (401, "no-session".into()));
    let basic = app.browser().holding(&session).request(Method::GET, "/v1/tokens").header("authorization", "Basic x");
    assert_eq!(Reply::of(basic).await.problem(), no_credential, "one header is asked, and it is the credential's");
}

/// A program has no session, so it can neither end one nor ask for a confirmation.
#[tokio::test]
async fn a_session_is_asked_for_by_its_cookie_alone() {
    let app = TestApp::start().await;
    for (method, path) in [(Method::GET, "/v1/session"), (Method::DELETE, "/v1/session"), (Method::POST, "/v1/confirmations")] {
        assert_eq!(Reply::of(app.officer.request(method.clone(), path)).await.problem(), (401, "no-session".into()), "{path}");
        // Nor does anybody who sends neither, from wherever: what is missing is said first.
        assert_eq!(Reply::of(app.browser().bare(method, path)).await.problem(), (401, "no-session".into()), "{path}");
    }
}
