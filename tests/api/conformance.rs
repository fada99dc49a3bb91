//! HTTP as RFC 9110 and RFC 9112 have it, on the wire.

use std::net::SocketAddr;

use flate2::read::GzDecoder;
use reqwest::{Method, header::HeaderMap};
use serde_json::json;

use crate::{
    actors::{Asker, Person, Reply},
    app::TestApp,
    cross_site::{CHANGING, TELLING},
    wire::said,
    world::NOW,
};

const KEYS: [&str; 2] = ["/.well-known/countersign/keys.jwt", "/.well-known/jwks.json"];

const MEDIA: &str = "content-type";
const FORM: &str = "application/x-www-form-urlencoded";

fn credential(person: &Person) -> String {
    let sent = person.request(Method::GET, "/").build().unwrap();
    sent.headers()["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

async fn with(asker: &Asker, path: &str, lines: &[(&'static str, &str)]) -> Reply {
    let request = lines.iter().fold(asker.request(Method::GET, path), |request, (name, value)| request.header(*name, *value));
    Reply::of(request).await
}

/// RFC 9110, 11.1 and 11.4.
#[tokio::test]
async fn the_scheme_of_a_credential_is_in_any_case() {
    let app = TestApp::start().await;
    let (credential, nobody) = (credential(&app.officer), app.officer.with_credential(None));
    let ask = |lines: Vec<String>| {
        let request =
            lines.into_iter().fold(nobody.request(Method::GET, "/v1/tokens"), |request, line| request.header("authorization", line));
        Reply::of(request)
    };
    for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR   "] {
        assert_eq!(ask(vec![format!("{scheme}{credential}")]).await.status, 200, "{scheme:?}");
    }
    let right = format!("Bearer {credential}");
    for lines in [
        vec![credential.clone()],
        vec![format!("Bearer{credential}")],
        vec![format!("Bearer\t{credential}")],
        vec![format!("Basic {credential}")],
        vec![format!("Bearer {credential} x")],
        vec![format!("Bearer {credential}, Basic x")],
        vec!["Bearer".into()],
        vec!["Bearer ".into()],
        vec![String::new()],
        vec![right.clone(), right.clone()],
        vec![right.clone(), "Basic x".into()],
    ] {
        let reply = ask(lines.clone()).await;
        assert_eq!(reply.problem(), (401, "no-credential".into()), "{lines:?}");
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"countersign\", error=\"invalid_token\"", "{lines:?}");
    }
}

/// RFC 9110, 11.6.1: every 401 says how one may be let in, and by what this address takes.
#[tokio::test]
async fn every_401_has_a_challenge() {
    let app = TestApp::start().await;
    let nobody = app.officer.with_credential(None);
    let mut seen = 0;
    for (method, path) in CHANGING.into_iter().chain(TELLING) {
        let path = path.replace("{first}", "1").replace("{second}", "2");
        let request = nobody.request(method.parse().unwrap(), &path).header("sec-fetch-site", "same-origin");
        let reply = Reply::of(request.json(&json!({"link": "x", "ceremony": "x", "credential": {}}))).await;
        if reply.status != 401 {
            continue;
        }
        seen += 1;
        let both = "Bearer realm=\"countersign\", Session realm=\"countersign\"";
        let by_session = path == "/v1/session" || path == "/v1/confirmations" || path.starts_with("/v1/passkeys");
        let challenge = if by_session { "Session realm=\"countersign\"" } else { both };
        assert_eq!(reply.header("www-authenticate"), challenge, "{method} {path} {reply:?}");
    }
    assert!(seen > 20, "{seen}");
}

/// RFC 9110, 15.5.6.
#[tokio::test]
async fn every_405_says_what_is_allowed() {
    let app = TestApp::start().await;
    for (method, path) in CHANGING.into_iter().chain(TELLING).chain([("GET", "/metrics"), ("GET", "/"), ("GET", "/console.js")]) {
        let reply = Reply::of(app.officer.request(Method::PATCH, path)).await;
        assert_eq!(reply.problem(), (405, "method".into()), "{path}");
        assert!(reply.header("allow").split(',').any(|allowed| allowed == method), "{path} {}", reply.header("allow"));
        let options = Reply::of(app.officer.request(Method::OPTIONS, path)).await;
        assert_eq!(options.header("allow"), reply.header("allow"), "{path}");
    }
}

/// RFC 9110, 15.5.16, 8.3 and 8.4: one reader for both sides.
#[tokio::test]
async fn media_types_and_codings_of_bodies() {
    let app = TestApp::start().await;
    let send = async |lines: &[(&'static str, &str)]| {
        let requests = [app.anyone().request(Method::POST, "/v1/verify").body(r#"{"token":"x"}"#), {
            app.officer.request(Method::POST, "/v1/tokens").body(r#"{"channel":"in-person"}"#)
        }];
        let mut replies = vec![];
        for request in requests {
            replies.push(Reply::of(lines.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await);
        }
        replies
    };
    for lines in [
        [(MEDIA, "application/json"), ("x", "")],
        [(MEDIA, "Application/Json"), ("x", "")],
        [(MEDIA, "APPLICATION/JSON ; CharSet=\"UTF-8\""), ("x", "")],
        [(MEDIA, "application/json;"), ("x", "")],
        [(MEDIA, "application/json"), ("content-encoding", "identity")],
        [(MEDIA, "application/json"), ("accept", "text/html;q=0")],
    ] {
        let [public, private] = &send(&lines).await[..] else { unreachable!() };
        assert_eq!((public.status, private.status), (200, 201), "{lines:?}");
    }
    for (lines, header, takes) in [
        ([("x", ""), ("y", "")], "accept", "application/json"),
        ([(MEDIA, "text/plain"), ("y", "")], "accept", "application/json"),
        ([(MEDIA, "application/json; charset=latin1"), ("y", "")], "accept", "application/json"),
        ([(MEDIA, "application/json, text/plain"), ("y", "")], "accept", "application/json"),
        ([(MEDIA, "application/json"), (MEDIA, "application/json")], "accept", "application/json"),
        ([(MEDIA, "application/merge-patch+json"), ("y", "")], "accept", "application/json"),
        ([(MEDIA, "application/json"), ("content-encoding", "gzip")], "accept-encoding", "identity"),
        ([(MEDIA, "application/json"), ("content-encoding", "identity, br")], "accept-encoding", "identity"),
    ] {
        for reply in send(&lines).await {
            assert_eq!((reply.status, reply.header(header)), (415, takes), "{lines:?} {reply:?}");
        }
    }
}

#[tokio::test]
async fn the_form_is_read_as_strictly() {
    let app = TestApp::start().await;
    let post = |media: &'static str, body: &str, coding: &'static str| {
        let request = app.anyone().request(Method::POST, "/check").header("sec-fetch-site", "same-origin").header("content-type", media);
        let request = if coding.is_empty() { request } else { request.header("content-encoding", coding) };
        Reply::of(request.body(body.to_owned()))
    };
    for media in [FORM, "Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"] {
        assert_eq!(post(media, "code=hello", "").await.status, 200, "{media}");
    }
    let long = format!("code={}", "x".repeat(9_000));
    for (media, body, coding, status) in [
        ("text/plain", "code=hello", "", 415),
        ("application/x-www-form-urlencodedx", "code=hello", "", 415),
        (FORM, "code=hello", "gzip", 415),
        (FORM, &long, "", 413),
        (FORM, "code=hello&code=goodbye", "", 422),
        (FORM, "code=", "", 422),
    ] {
        let reply = post(media, body, coding).await;
        assert_eq!(reply.status, status, "{media} {body:.40} {coding}");
        assert!(reply.header("content-type").starts_with("text/html") && reply.body.contains("<form"), "{reply:?}");
    }
}

/// RFC 7493, 2.3, on both sides and at any depth, with the member's name.
#[tokio::test]
async fn a_member_that_is_there_twice_is_refused() {
    let app = TestApp::start().await;
    let send = async |request: reqwest::RequestBuilder, body: &str| {
        Reply::of(request.header("content-type", "application/json").body(body.to_owned())).await
    };
    let verify = || app.anyone().request(Method::POST, "/v1/verify");
    let tokens = || app.officer.request(Method::POST, "/v1/tokens");
    let session = || app.browser().request(Method::POST, "/v1/session");
    let long = format!(r#"{{"token":"x","{0}":1,"{0}":1}}"#, "z".repeat(3_000));
    for (request, body, name) in [
        (verify(), r#"{"token":"x","token":"x"}"#, "token"),
        (verify(), r#"{"token":"x","\u0074oken":"y"}"#, "token"),
        (verify(), r#"{"code":null,"token":"x","code":null}"#, "code"),
        (verify(), r#"{"token":{"a":[{"b":1,"b":2}]}}"#, "b"),
        (verify(), &long, "zzzz"),
        (tokens(), r#"{"channel":"telephone","channel":"in-person"}"#, "channel"),
        (tokens(), r#"{"channel":"in-person","confirmation":{"ceremony":"x","credential":{"id":"a","id":"b"}}}"#, "id"),
        (session(), r#"{"ceremony":"x","credential":{"response":{"signature":"a","signature":"a"}}}"#, "signature"),
    ] {
        let reply = send(request, body).await;
        assert_eq!(reply.problem(), (400, "bad-request".into()), "{body:.60}");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(&format!("{name:?}")) || (name == "zzzz" && detail.len() < 120), "{detail}");
    }
    for body in ["{} {}", "\u{feff}{}", "{\"channel\":\"in-person\"}x", "", "[", "{\"channel\":\"\u{d7ff}\\ud800\"}"] {
        assert_eq!(send(tokens(), body).await.problem(), (400, "bad-request".into()), "{body:?}");
    }
    let not_utf8 = tokens().header("content-type", "application/json").body(b"{\"channel\":\"\xff\"}".to_vec());
    assert_eq!(Reply::of(not_utf8).await.problem(), (400, "bad-request".into()));
    assert_eq!(send(tokens(), "[]").await.problem(), (422, "invalid".into()));
}

/// Members are known by their names: an array in their order, and a word as an object, would be read by serde alone.
#[tokio::test]
async fn a_body_of_another_shape_is_refused() {
    let app = TestApp::start().await;
    let issue = json!([null, "in-person", null, null, null, null, null, null, null, null]);
    let asked = json!(["OP-8", ["online"], null, NOW + 60, 1]);
    for (person, path, body) in [
        (&app.officer, "/v1/tokens", issue),
        (&app.officer, "/v1/tokens", json!({"channel": {"in-person": null}})),
        (&app.officer, "/v1/authorisations", asked),
        (
            &app.officer,
            "/v1/authorisations",
            json!({"reference": "OP-8", "purpose": "Return a lost bag", "channels": [{"online": null}], "until": NOW + 60, "max_tokens": 1}),
        ),
        (&app.administrator, "/v1/people", json!(["kite", "officer"])),
        (&app.administrator, "/v1/people", json!({"callsign": "kite", "role": {"officer": null}})),
        (&app.administrator, "/v1/tokens/withdraw", json!(["all"])),
    ] {
        assert_eq!(person.post(path, &body).await.problem(), (422, "invalid".into()), "{path} {body}");
    }
}

/// RFC 9110, 13.1.2: weakly, in lists, in several lines, and `*`.
#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    for path in KEYS {
        let whole = asker.get(path).await;
        let tag = whole.header("etag").to_owned();
        for known in ["*".into(), tag.clone(), format!("W/{tag}"), format!("\"a,b\" , {tag}"), format!("\"x\",W/\"y\",{tag},\"z\"")] {
            let reply = with(&asker, path, &[("if-none-match", &known)]).await;
            assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{known}");
            assert!(!reply.headers.contains_key("content-length"), "{reply:?}");
            for name in ["etag", "cache-control", "access-control-allow-origin", "vary"] {
                assert_eq!(reply.header(name), whole.header(name), "{known} {name}");
            }
        }
        assert_eq!(with(&asker, path, &[("if-none-match", "\"x\""), ("if-none-match", &tag)]).await.status, 304);
        let head = Reply::of(asker.request(Method::HEAD, path).header("if-none-match", "*")).await;
        assert!(head.status == 304 && !head.headers.contains_key("content-length"), "{head:?}");
        for other in ["\"x\"".into(), tag.trim_matches('"').to_owned(), format!("\"{tag}\""), "\"*\"".into(), String::new()] {
            assert_eq!(with(&asker, path, &[("if-none-match", &other)]).await.status, 200, "{other}");
        }
        assert_eq!(with(&asker, path, &[("if-match", &tag)]).await.status, 200);
        assert_eq!(with(&asker, path, &[("if-match", "*")]).await.status, 200);
        for other in ["\"x\"".into(), format!("W/{tag}")] {
            assert_eq!(with(&asker, path, &[("if-match", &other)]).await.problem(), (412, "not-current".into()), "{other}");
        }
    }
}

/// RFC 9110, 9.3.2 and 6.6.1: HEAD says what GET would, and every answer its time.
#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = TestApp::start().await;
    let fixed = |headers: &HeaderMap| {
        let mut headers = headers.clone();
        assert!(headers.remove("date").is_some());
        headers
    };
    for path in [
        "/",
        "/scan.js",
        "/enter.js",
        "/language-en.json",
        "/language-ur.json",
        "/openapi.json",
        "/health/live",
        "/nothing",
        KEYS[0],
        KEYS[1],
    ] {
        let get = app.anyone().get(path).await;
        let head = Reply::of(app.anyone().request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        assert_eq!(fixed(&head.headers), fixed(&get.headers), "{path}");
    }
}

/// RFC 9110, 12.5.3: a weight of nothing is a refusal.
#[tokio::test]
async fn compressed_where_that_is_accepted_and_not_where_it_is_refused() {
    let app = TestApp::start().await;
    for path in ["/", "/scan.js"] {
        let plain = app.anyone().get(path).await;
        for accepted in ["gzip", "GZip", "x-gzip", "*", "br, gzip;q=0.1", "identity;q=0, *"] {
            let response = app.anyone().request(Method::GET, path).header("accept-encoding", accepted).send().await.unwrap();
            assert_eq!(response.headers()["content-encoding"], "gzip", "{accepted}");
            let mut text = String::new();
            std::io::Read::read_to_string(&mut GzDecoder::new(&response.bytes().await.unwrap()[..]), &mut text).unwrap();
            assert!(text == plain.body, "{path}");
        }
        for refused in ["", "br", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "gzipped", "gzip;q=2"] {
            let reply = with(&app.anyone(), path, &[("accept-encoding", refused)]).await;
            assert!(!reply.headers.contains_key("content-encoding") && reply.body == plain.body, "{refused}");
        }
    }
}

/// RFC 9110, 12.5.5.
#[tokio::test]
async fn what_was_chosen_by_is_said() {
    let app = TestApp::start().await;
    let vary = async |path| {
        let reply = app.anyone().get(path).await;
        reply.headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(vary("/").await, "accept-encoding, accept-language");
    assert_eq!(vary("/scan.js").await, "accept-encoding");
    assert_eq!(vary("/language-cy.json").await, "accept-encoding");
    assert_eq!(vary("/check").await, "accept-language");
}

async fn verify(address: SocketAddr, version: &str, lines: &str, body: &str) -> String {
    let head = format!("POST /v1/verify HTTP/{version}\r\nhost: x\r\ncontent-type: application/json\r\n{lines}\r\n");
    said(address, format!("{head}{body}")).await
}

/// RFC 9110, 10.1.1: a body that will be refused is not asked for.
#[tokio::test]
async fn a_client_that_asks_before_it_sends() {
    let app = TestApp::start().await;
    let lines = "expect: 100-continue\r\nconnection: close\r\ncontent-length";
    let good = verify(app.public, "1.1", &format!("{lines}: 13\r\n"), r#"{"token":"x"}"#).await;
    assert!(good.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), "{good}");
    let huge = verify(app.public, "1.1", &format!("{lines}: 9999999\r\n"), "").await;
    assert!(huge.starts_with("HTTP/1.1 413"), "{huge}");
    let refused = said(app.public, format!("POST /v1/verify HTTP/1.1\r\nhost: x\r\n{lines}: 13\r\n\r\n")).await;
    assert!(refused.starts_with("HTTP/1.1 415"), "{refused}");
    let old = verify(app.public, "1.0", &format!("{lines}: 13\r\n"), r#"{"token":"x"}"#).await;
    assert!(old.starts_with("HTTP/1.0 200"), "{old}");
}

/// RFC 9112, 6: what others in front of us might read differently is refused, or is the last of its connection.
#[tokio::test]
async fn the_framing_of_a_body() {
    let app = TestApp::start().await;
    let chunked = "d\r\n{\"token\":\"x\"}\r\n0\r\n\r\n";
    let next = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    let plain = verify(app.public, "1.1", "connection: close\r\ntransfer-encoding: Chunked\r\n", chunked).await;
    assert!(plain.starts_with("HTTP/1.1 200"), "{plain}");
    for coding in ["gzip, chunked", "identity, chunked", "chunked, chunked", "x\r\ntransfer-encoding: chunked"] {
        let said = verify(app.public, "1.1", &format!("connection: close\r\ntransfer-encoding: {coding}\r\n"), chunked).await;
        assert!(said.starts_with("HTTP/1.1 501"), "{coding} {said}");
    }
    for lines in
        ["transfer-encoding: gzip", "transfer-encoding: chunked, gzip", "content-length: 1\r\ncontent-length: 2", "content-length: x"]
    {
        let said = verify(app.public, "1.1", &format!("{lines}\r\n"), chunked).await;
        assert!(said.starts_with("HTTP/1.1 400"), "{lines} {said}");
    }
    let said = verify(app.public, "1.0", "transfer-encoding: chunked\r\n", chunked).await;
    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    for both in ["content-length: 3\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 3"] {
        let said = verify(app.public, "1.1", &format!("{both}\r\n"), &format!("{chunked}{next}")).await;
        assert!(said.starts_with("HTTP/1.1 200") && said.matches("HTTP/1.1").count() == 1, "{both} {said}");
    }
}

/// RFC 9110, 9.3.6 and 9.3.7.
#[tokio::test]
async fn targets_that_are_no_path() {
    let app = TestApp::start().await;
    for address in [app.public, app.private] {
        let ask = |line: &str| said(address, format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"));
        assert!(ask("OPTIONS *").await.starts_with("HTTP/1.1 204"));
        assert!(ask("GET *").await.starts_with("HTTP/1.1 400"));
        let connect = ask("CONNECT localhost:443").await;
        assert!(connect.starts_with("HTTP/1.1 4"), "{connect}");
        let junk = ask("GET nothing").await;
        assert!(junk.starts_with("HTTP/1.1 4"), "{junk}");
    }
}
