//! What the service answers, against its own description at `/openapi.json`.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    actors::Reply,
    app::{Setup, TestApp},
    faults::Fault,
    world::unknown_code,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// The description of an address and method.
async fn described(app: &TestApp, path: &str, method: &str) -> Value {
    app.anyone().get("/openapi.json").await.json()["paths"][path][method].clone()
}

/// Checks that status, media type and headers are described; gives the status.
fn fits(operation: &Value, reply: &Reply) -> u16 {
    let response = &operation["responses"][reply.status.to_string()];
    let (media, _) = reply.header("content-type").split_once(';').unwrap_or((reply.header("content-type"), ""));
    assert!(response["content"][media].is_object(), "{} {media:?} {response}", reply.status);
    for name in ["retry-after", "allow", "accept", "accept-encoding"] {
        let said = reply.header(name);
        let of =
            |headers: &serde_json::Map<String, Value>| headers.iter().find(|(is, _)| is.eq_ignore_ascii_case(name)).map(|(_, h)| h.clone());
        let header = response["headers"].as_object().and_then(of);
        if said.is_empty() {
            assert!(header.is_none() || name.starts_with("accept"), "{} {name}", reply.status);
            continue;
        }
        let wanted = header.unwrap_or_else(|| panic!("{} {name}: {said} is not described", reply.status))["schema"]["const"].clone();
        let text = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
        assert!(wanted.is_null() || text == said, "{} {name}: {said}", reply.status);
    }
    reply.status
}

/// All statuses that a description has, but for a body that comes too slowly, which `listener` has.
fn all_of(operation: &Value) -> BTreeSet<u16> {
    let statuses = operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap());
    statuses.filter(|status| *status != 408).collect()
}

#[tokio::test]
async fn each_answer_of_verify_is_described_plain_and_masked() {
    for accept in ["*/*", "application/octet-stream"] {
        let app = Setup { guesses: 100, ..Setup::default() }.start().await;
        let operation = described(&app, "/v1/verify", "post").await;
        let request = |method| app.anyone().request(method, "/v1/verify").header("accept", accept);
        let with = |media: &str, body: String| request(Method::POST).header("content-type", media).body(body);
        let mut seen = BTreeSet::new();
        let mut send = async |request: RequestBuilder| seen.insert(fits(&operation, &Reply::of(request).await));
        send(request(Method::PUT)).await;
        send(request(Method::POST).json(&json!({"token": "hello"}))).await;
        send(request(Method::POST).json(&json!({"token": "hello", "attempt": 7}))).await;
        send(with("text/plain", "{}".into())).await;
        send(with("application/json", "[]".into())).await;
        send(with("application/json", "1".repeat(8_193))).await;
        send(with("application/json", "{}".into()).header("content-encoding", "br")).await;
        app.faults.set(Fault::Fails("use_once"));
        send(request(Method::POST).json(&json!({"token": app.officer.issue_plain().await.token}))).await;
        app.faults.set(Fault::None);
        for _ in 0..60 {
            send(request(Method::POST).json(&json!({"code": unknown_code(3).words()}))).await;
        }
        assert_eq!(seen, all_of(&operation), "{accept}");
    }
}

#[tokio::test]
async fn each_answer_of_the_plain_form_is_described() {
    let app = Setup { guesses: 100, ..Setup::default() }.start().await;
    let operation = described(&app, "/check", "post").await;
    let from = |site: &str, media: &str, body: String| {
        app.anyone().request(Method::POST, "/check").header("sec-fetch-site", site).header("content-type", media).body(body)
    };
    let own = |body: String| from("same-origin", FORM, body);
    let mut seen = BTreeSet::new();
    let mut send = async |request: RequestBuilder| seen.insert(fits(&operation, &Reply::of(request).await));
    send(own("code=hello&lang=cy&own=417092".into())).await;
    send(from("cross-site", FORM, "code=hello".into())).await;
    send(own("code=".into())).await;
    send(own("x".repeat(8_193))).await;
    send(from("same-origin", "text/plain", "code=hello".into())).await;
    app.faults.set(Fault::Fails("use_once"));
    send(own(format!("code={}", app.officer.issue_plain().await.token))).await;
    app.faults.set(Fault::None);
    for _ in 0..60 {
        send(own(format!("code={}", unknown_code(3).words().replace(' ', "+")))).await;
    }
    assert_eq!(seen, all_of(&operation));
    let fields = operation["requestBody"]["content"][FORM]["schema"]["properties"].as_object().unwrap();
    let page = app.anyone().get("/check").await.body;
    for field in page
        .split(" name=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| !page.contains(&format!("<meta name=\"{name}\"")))
    {
        assert!(fields.contains_key(field), "{field}");
    }
}

#[tokio::test]
async fn each_answer_with_keys_is_described() {
    let app = TestApp::start().await;
    for path in ["/.well-known/countersign/keys.jwt", "/.well-known/jwks.json"] {
        let operation = described(&app, path, "get").await;
        assert_eq!(fits(&operation, &app.anyone().get(path).await), 200);
        let other = app.anyone().request(Method::GET, path).header("if-match", "\"x\"");
        assert_eq!(fits(&operation, &Reply::of(other).await), 412);
    }
}
