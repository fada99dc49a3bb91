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

/// Every private address is described, and of its parameters the keys: a description that forgot one would let somebody send an act twice.
#[tokio::test]
async fn the_private_side_is_described_with_its_keys() {
    let scene = crate::cross_site::Scene::set().await;
    let described = scene.app.officer.get("/openapi.json").await.json();
    let operations = described["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| ((method.to_uppercase(), path.clone()), operation.clone()))
    });
    let operations: std::collections::BTreeMap<_, _> = operations.collect();
    let named = crate::cross_site::CHANGING.into_iter().chain(crate::cross_site::TELLING);
    let named: BTreeSet<_> = named.map(|(method, path)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(operations.keys().cloned().collect::<BTreeSet<_>>(), named);
    let keyed = json!({"$ref": "#/components/parameters/key"});
    let mut with_keys = 0;
    for ((method, path), operation) in operations.iter().filter(|((method, _), _)| method != "GET") {
        let takes = operation["parameters"].as_array().is_some_and(|parameters| parameters.contains(&keyed));
        let request = scene.app.administrator.request(method.parse().unwrap(), &scene.address(path)).header("idempotency-key", "\"");
        let body = scene.body(path);
        let reply = Reply::of(if body.is_null() { request } else { request.json(&body) }).await;
        let refused = reply.status == 400 && reply.json()["detail"].as_str().unwrap().starts_with("Idempotency-Key");
        assert_eq!(refused, takes, "{method} {path}: {reply:?}");
        with_keys += usize::from(takes);
    }
    assert_eq!(with_keys, 11);
    let schema = |name: &str| described["components"]["schemas"][name].clone();
    for (name, path) in [("Authorisation", "/v1/authorisations"), ("LiveToken", "/v1/tokens"), ("Person", "/v1/people")] {
        let item = scene.app.administrator.get(path).await.json()[0].clone();
        let members: BTreeSet<&String> = item.as_object().unwrap().keys().collect();
        let schema = schema(name);
        assert_eq!(schema["properties"].as_object().unwrap().keys().collect::<BTreeSet<_>>(), members, "{name}");
        assert_eq!(schema["required"].as_array().unwrap().len(), members.len(), "{name}");
    }
}
