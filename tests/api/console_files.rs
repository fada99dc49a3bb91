//! The console's files: the same for everybody, kept nowhere, and nothing in them that was not ours from the beginning.

use countersign::page::CONSOLE;
use reqwest::Method;
use serde_json::json;

use crate::{actors::Reply, app::TestApp};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types console";

const FILES: [(&str, &str); 6] = [
    ("/", "text/html; charset=utf-8"),
    ("/console.js", "text/javascript; charset=utf-8"),
    ("/console.css", "text/css; charset=utf-8"),
    ("/sw.js", "text/javascript; charset=utf-8"),
    ("/manifest.webmanifest", "application/manifest+json"),
    ("/icon.svg", "image/svg+xml"),
];

#[tokio::test]
async fn each_file_and_what_holds_it_in_place() {
    let app = TestApp::start().await;
    assert_eq!(CONSOLE.len(), FILES.len());
    for (path, media) in FILES {
        let reply = app.browser().get(path).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, media), "{path}");
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "publickey-credentials-get=(self), publickey-credentials-create=(self), screen-wake-lock=(self)"),
            ("x-frame-options", "DENY"),
        ] {
            let all: Vec<_> = reply.headers.get_all(name).into_iter().collect();
            assert_eq!(all, [value], "{path} {name}");
        }
        for absent in ["set-cookie", "server", "access-control-allow-origin", "content-encoding"] {
            assert!(!reply.headers.contains_key(absent), "{path} {absent}");
        }
        let content = CONSOLE.iter().find(|file| file.path == path).unwrap().content;
        assert_eq!(reply.body, content, "{path}");
        assert!(!content.is_empty(), "{path}");
    }
}

/// Anybody who looks over a shoulder, or finds the address, learns nothing from the files.
#[tokio::test]
async fn they_are_the_same_for_everybody_and_name_nobody() {
    let app = TestApp::start().await;
    let (browser, _) = app.signs_in(&app.officer.officer, 1).await;
    for (path, _) in FILES {
        let (inside, outside) = (browser.get(path).await, app.browser().get(path).await);
        assert_eq!(inside.body, outside.body, "{path}");
        for canary in ["Example Police", "falcon", "verify.example.org"] {
            assert!(!inside.body.contains(canary), "{canary} in {path}");
        }
        let from_a_link = Reply::of(app.browser().bare(Method::GET, path).header("sec-fetch-site", "cross-site")).await;
        assert_eq!(from_a_link.status, 200, "{path}");
    }
}

#[tokio::test]
async fn they_are_read_and_never_written() {
    let app = TestApp::start().await;
    for (path, _) in FILES {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            assert_eq!(Reply::of(app.browser().request(method, path)).await.problem(), (405, "method".into()), "{path}");
        }
        assert_eq!(Reply::of(app.browser().request(Method::HEAD, path)).await.status, 200, "{path}");
    }
    for path in ["/index.html", "/console.js.map", "/dist/console.js", "//", "/check", "/v1/verify"] {
        assert_eq!(app.browser().get(path).await.problem(), (404, "not-found".into()), "{path}");
    }
}

#[tokio::test]
async fn they_come_compressed_where_that_is_taken() {
    let app = TestApp::start().await;
    for (path, _) in FILES {
        let request = app.browser().request(Method::GET, path).header("accept-encoding", "gzip, br");
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
        assert_eq!(response.headers()["content-security-policy"], POLICY, "{path}");
        let mut plain = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*response.bytes().await.unwrap()), &mut plain).unwrap();
        assert_eq!(plain, CONSOLE.iter().find(|file| file.path == path).unwrap().content, "{path}");
    }
}

/// What the page can ask before anybody signed in: nothing that tells of anybody.
#[tokio::test]
async fn without_a_session_there_is_nothing_to_see() {
    let app = TestApp::start().await;
    for path in ["/v1/session", "/v1/tokens", "/v1/authorisations", "/v1/people", "/v1/ledger/checkpoint"] {
        let reply = app.browser().get(path).await;
        assert_eq!(reply.problem(), (401, "no-session".into()), "{path}");
        assert!(reply.header("cache-control").contains("no-store"));
        let members = json!({"detail": "you are signed out; sign in with your passkey", "status": 401, "title": "Unauthorized",
                             "type": "urn:countersign:problem:no-session"});
        assert_eq!(reply.json(), members, "{path}");
    }
}
