//! What every public answer carries, and what none does.

use reqwest::Method;
use serde_json::json;

use crate::{
    actors::Reply,
    app::{LISTED_ORIGIN, TestApp},
    world::unknown_code,
};

fn guarded(reply: &Reply) {
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{reply:?}");
    assert_eq!(reply.header("referrer-policy"), "same-origin", "{reply:?}");
    assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{reply:?}");
    assert_eq!(reply.header("permissions-policy"), "camera=(self)", "{reply:?}");
    assert_eq!(reply.header("x-frame-options"), "DENY", "{reply:?}");
    assert_eq!(reply.header("strict-transport-security"), "max-age=63072000", "{reply:?}");
    for absent in ["set-cookie", "server", "content-encoding", "access-control-allow-credentials"] {
        assert!(!reply.headers.contains_key(absent), "{absent}: {reply:?}");
    }
}

#[tokio::test]
async fn every_answer_of_verify_has_one_length_and_is_never_kept() {
    let app = TestApp::start().await;
    let long = app
        .officer
        .issue(json!({"channel": "telephone", "name": format!("a{}", "\"".repeat(23)), "place": format!("b{}", "\"".repeat(31)), "dialled": "123", "challenge": "123456"}))
        .await;
    let asker = app.anyone();
    let replies = vec![
        asker.with_number("123456").code(&long.words).await,
        asker.another().with_number("123456").code(&long.words).await,
        asker.token(&long.token).await,
        asker.token("hello").await,
        asker.code(&unknown_code(1).words()).await,
        asker.verify(&json!({})).await,
        asker.verify(&json!({"token": 1})).await,
        asker.get("/v1/verify").await,
    ];
    let said: Vec<String> = replies[..5].iter().map(Reply::verdict).collect();
    assert_eq!(said, ["genuine", "already_checked", "challenge_needed", "mistyped", "unknown_code"]);
    for reply in &replies {
        assert_eq!(reply.body.len(), 2_048, "{reply:?}");
        assert_eq!(reply.header("content-length"), "2048", "{reply:?}");
        assert_eq!(reply.header("cache-control"), "no-store, no-transform", "{reply:?}");
        guarded(reply);
    }
}

#[tokio::test]
async fn every_public_address_is_guarded_and_documents_have_a_policy() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/check",
        "/scan.js",
        "/enter.js",
        "/language-cy.json",
        "/sw.js",
        "/icon.svg",
        "/openapi.json",
        "/health/live",
        "/health/ready",
        "/.well-known/jwks.json",
        "/nothing",
        "/v1/verify",
    ] {
        guarded(&app.anyone().get(path).await);
    }
    for (path, script) in [("/", "script-src 'sha256-"), ("/check", "script-src 'none'")] {
        let reply = app.anyone().get(path).await;
        let policy = reply.header("content-security-policy");
        for part in [
            script,
            "default-src 'none'",
            "style-src 'sha256-",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{path}: {part} in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert!(reply.header("cache-control").contains("no-store"), "{reply:?}");
    }
}

#[tokio::test]
async fn listed_origins_may_ask_and_others_may_not() {
    let app = TestApp::start().await;
    let ask = |method: Method, origin: &'static str| {
        let request = app.anyone().request(method, "/v1/verify").header("origin", origin);
        Reply::of(request.header("access-control-request-method", "POST").header("access-control-request-headers", "content-type"))
    };
    let listed = ask(Method::OPTIONS, LISTED_ORIGIN).await;
    assert_eq!(listed.status, 200);
    assert_eq!(listed.header("access-control-allow-origin"), LISTED_ORIGIN);
    assert_eq!(listed.header("access-control-allow-methods"), "POST");
    assert_eq!(listed.header("access-control-allow-headers"), "content-type");
    guarded(&listed);
    for other in ["https://evil.example", "https://www.example.org.evil.example", "http://www.example.org", "null"] {
        for method in [Method::OPTIONS, Method::POST] {
            let reply = ask(method, other).await;
            assert_eq!(reply.header("access-control-allow-origin"), "", "{other} {reply:?}");
            guarded(&reply);
        }
    }
    let asked =
        Reply::of(app.anyone().request(Method::POST, "/v1/verify").header("origin", LISTED_ORIGIN).json(&json!({"token": "x"}))).await;
    assert_eq!(asked.verdict(), "mistyped");
    assert_eq!(asked.header("access-control-allow-origin"), LISTED_ORIGIN);
}

/// A cache in front would go on saying that a process is ready.
#[tokio::test]
async fn health_is_never_kept() {
    let app = TestApp::start().await;
    let asks = || async {
        let mut replies = vec![];
        for path in ["/health/live", "/health/ready"] {
            for method in [Method::GET, Method::HEAD] {
                replies.push(Reply::of(app.anyone().request(method.clone(), path)).await);
                replies.push(Reply::of(app.officer.request(method, path)).await);
            }
        }
        replies
    };
    for reply in asks().await {
        assert_eq!((reply.status, reply.header("cache-control")), (204, "no-store"), "{reply:?}");
    }
    app.phase.send_replace(countersign::http::app::Phase::Leaving);
    let leaving = asks().await;
    assert_eq!(leaving.iter().filter(|reply| reply.status == 503).count(), 4);
    assert!(leaving.iter().all(|reply| reply.header("cache-control").starts_with("no-store")), "{leaving:?}");
}

#[tokio::test]
async fn private_answers_are_never_kept() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let reply = app.officer.get(&format!("/v1/tokens/{}", issued.id)).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let refused = app.officer.with_credential(None).get("/v1/authorisations").await;
    assert_eq!(refused.problem(), (401, "no-session".into()));
    assert!(refused.header("cache-control").contains("no-store"));
    for path in ["/", "/v1/tokens", "/health/live", "/metrics", "/nothing"] {
        let reply = app.officer.get(path).await;
        assert_eq!(reply.header("strict-transport-security"), "max-age=63072000", "{path}");
    }
    for reply in [&reply, &refused] {
        assert!(!reply.headers.contains_key("set-cookie") && !reply.headers.contains_key("access-control-allow-origin"), "{reply:?}");
    }
}

/// A cache that kept a good answer would send checks to a process that is gone.
#[tokio::test]
async fn health_is_kept_nowhere() {
    let app = TestApp::start().await;
    for asker in [app.anyone(), app.officer.anybody()] {
        for path in ["/health/live", "/health/ready"] {
            let reply = asker.get(path).await;
            assert_eq!((reply.status, reply.header("cache-control")), (204, "no-store"), "{path}");
        }
    }
}
