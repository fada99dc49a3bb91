//! Wrong input: the right status, RFC 9457, one clear sentence, nothing from inside.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::json;

use crate::{
    actors::{Asker, Reply},
    app::TestApp,
};

async fn raw(asker: &Asker, media: Option<&str>, body: impl Into<reqwest::Body>) -> Reply {
    let request = asker.request(Method::POST, "/v1/verify").body(body);
    Reply::of(match media {
        Some(media) => request.header(CONTENT_TYPE, media),
        None => request,
    })
    .await
}

/// A problem of `/v1/verify`: as long as every other answer, and without a word of the machinery.
fn refused(reply: &Reply, status: u16, kind: &str) {
    assert_eq!(reply.problem(), (status, kind.to_owned()), "{reply:?}");
    assert_eq!(reply.body.len(), 2_048, "{reply:?}");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    for inside in ["serde", "sqlite", "panick", "line ", "column", "expected", "src/", "Error"] {
        assert!(!detail.contains(inside), "{detail}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_object() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    for body in ["", "{", "null", "[]", "\"text\"", "1", "{\"token\":\"x\"} x", "\u{feff}{}", "{'token':'x'}", "token=x"] {
        refused(&raw(&asker, Some("application/json"), body).await, 400, "bad-request");
    }
    refused(&raw(&asker, Some("application/json"), vec![0xff, 0xfe, 0x00]).await, 400, "bad-request");
    refused(&raw(&asker, Some("application/json"), "[".repeat(8_000)).await, 400, "bad-request");
}

#[tokio::test]
async fn both_or_neither_of_token_and_code() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    for body in [
        json!({}),
        json!({"token": null, "code": null}),
        json!({"token": "x", "code": "x"}),
        json!({"attempt": "AAAAAAAAAAAAAAAAAAAAAA"}),
        json!({"challenge": "123456"}),
    ] {
        refused(&asker.verify(&body).await, 400, "bad-request");
    }
}

#[tokio::test]
async fn other_media_types() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    for media in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx"), Some("application/cwt")] {
        refused(&raw(&asker, media, r#"{"token":"x"}"#).await, 415, "not-json");
    }
    assert_eq!(raw(&asker, Some("application/json; charset=utf-8"), r#"{"token":"x"}"#).await.verdict(), "mistyped");
}

#[tokio::test]
async fn bodies_above_eight_kibibytes() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    let of_length = |length: usize| {
        let bare = r#"{"token":""}"#.len();
        format!(r#"{{"token":"{}"}}"#, "x".repeat(length - bare))
    };
    assert_eq!(raw(&asker, Some("application/json"), of_length(8_192)).await.verdict(), "mistyped");
    refused(&raw(&asker, Some("application/json"), of_length(8_193)).await, 413, "too-large");
    refused(&raw(&asker, Some("application/json"), of_length(100_000)).await, 413, "too-large");
}

#[tokio::test]
async fn members_with_wrong_values() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    let long = "z".repeat(7_000);
    for (member, value) in [
        ("token", json!(1)),
        ("token", json!(["x"])),
        ("challenge", json!("")),
        ("challenge", json!("12345")),
        ("challenge", json!("1234567")),
        ("challenge", json!("12345a")),
        ("challenge", json!(" 12345")),
        ("challenge", json!("+12345")),
        ("challenge", json!(123_456)),
        ("attempt", json!("")),
        ("attempt", json!("AAAAAAAAAAAAAAAAAAAAAA==")),
        ("attempt", json!("AAAAAAAAAAAAAAAAAAAAAB")),
        ("attempt", json!("AAAAAAAAAAAAAAAAAAAA")),
        ("attempt", json!("AAAAAAAAAAAAAAAAAAAAAAAA")),
        ("attempt", json!("not base64url at all!!")),
        ("attempt", json!(0)),
        ("pad", json!("x")),
        ("Challenge", json!("123456")),
        ("<script>alert(1)</script>", json!("")),
        (long.as_str(), json!("")),
        ("\u{1f600}\u{0}\u{7f}".repeat(20).as_str(), json!("")),
    ] {
        let mut body = json!({"token": "x"});
        body[member] = value;
        refused(&asker.verify(&body).await, 422, "invalid");
    }
    for (member, name) in [("challenge", "challenge"), ("attempt", "attempt"), ("pad", "pad")] {
        let detail = asker.verify(&json!({"token": "x", member: "bad"})).await.json()["detail"].to_string();
        assert!(detail.contains(name), "the sentence names the member: {detail}");
    }
}

#[tokio::test]
async fn other_methods_and_addresses() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let reply = Reply::of(asker.request(method.clone(), "/v1/verify")).await;
        refused(&reply, 405, "method");
        assert_eq!(reply.header("allow"), "POST", "{method}");
    }
    for (method, path, allow) in [
        (Method::POST, "/", "GET,HEAD"),
        (Method::PUT, "/check", "GET,HEAD,POST"),
        (Method::DELETE, "/.well-known/jwks.json", "GET,HEAD"),
        (Method::POST, "/health/live", "GET,HEAD"),
    ] {
        let reply = Reply::of(asker.request(method, path)).await;
        assert_eq!(reply.problem(), (405, "method".into()), "{path}");
        assert_eq!(reply.header("allow"), allow, "{path}");
    }
    for path in ["/v1/tokens", "/v1", "/index.html", "/../Cargo.toml", "/%2e%2e/%2e%2e/etc/passwd", "/v1/verify/"] {
        assert_eq!(asker.get(path).await.problem(), (404, "not-found".into()), "{path}");
    }
}

#[tokio::test]
async fn the_private_side_says_as_clearly_what_is_wrong() {
    let app = TestApp::start().await;
    let officer = &app.officer;
    let send = |media: &'static str, body: &'static str| {
        Reply::of(officer.request(Method::POST, "/v1/tokens").header(CONTENT_TYPE, media).body(body))
    };
    assert_eq!(send("application/json", "{").await.problem(), (400, "bad-request".into()));
    assert_eq!(send("text/plain", "{}").await.problem(), (415, "not-json".into()));
    let large = Reply::of(officer.request(Method::POST, "/v1/tokens").json(&json!({"channel": "x".repeat(9_000)}))).await;
    assert_eq!(large.problem(), (413, "too-large".into()));
    for body in [
        json!({}),
        json!({"channel": "fax"}),
        json!({"channel": "in-person", "unknown": 1}),
        json!({"channel": "in-person", "name": ""}),
        json!({"channel": "in-person", "name": "x".repeat(25)}),
        json!({"channel": "in-person", "name": "a\u{202e}b"}),
        json!({"channel": "in-person", "place": "x".repeat(33)}),
        json!({"channel": "in-person", "place": "e\u{3164}"}),
        json!({"channel": "in-person", "dialled": "12"}),
        json!({"channel": "in-person", "challenge": "12345"}),
        json!({"channel": "in-person", "lifetime": "5m"}),
        json!({"channel": "in-person", "lifetime": 1.5}),
        json!({"channel": "in-person", "authorisation": "x"}),
    ] {
        assert_eq!(officer.post("/v1/tokens", &body).await.problem(), (422, "invalid".into()), "{body}");
    }
    for path in ["/v1/tokens/x", "/v1/tokens/00FF00FF00FF00FF", "/v1/tokens/00ff00ff00ff00f", "/v1/tokens/x/events"] {
        assert_eq!(officer.get(path).await.problem(), (422, "invalid".into()), "{path}");
    }
    assert_eq!(officer.post("/v1/authorisations/x/approve", &json!(null)).await.problem().0, 422);
    assert_eq!(officer.get("/nothing").await.problem(), (404, "not-found".into()));
    assert_eq!(officer.delete("/v1/tokens").await.problem(), (405, "method".into()));
    assert_eq!(officer.get("/v1/tokens/%ff").await.problem(), (422, "invalid".into()));
}
