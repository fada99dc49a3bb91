//! Workers of others: whatever script of one a browser asks for, it gets the one that cleans, and nobody else does.

use countersign::page::{CLEANING_WORKER, CONSOLE, WORKER};
use reqwest::{Method, RequestBuilder};

use crate::{actors::Reply, app::TestApp};

/// Addresses of both sides, and such as are on neither.
const PATHS: [&str; 15] = [
    "/",
    "/check",
    "/scan.js",
    "/enter.js",
    "/console.js",
    "/icon.svg",
    "/v1/verify",
    "/v1/tokens",
    "/v1/session",
    "/openapi.json",
    "/health/live",
    "/metrics",
    "/.well-known/jwks.json",
    "/portal.js",
    "/deep/sw.js?v=3",
];

async fn asking_for_a_worker(request: RequestBuilder, asked: &'static str) -> Reply {
    Reply::of(request.header("service-worker", asked)).await
}

#[tokio::test]
async fn every_script_of_a_worker_but_our_own_is_the_one_that_cleans() {
    let app = TestApp::start().await;
    let (public, private) = (app.anyone(), app.browser());
    for path in PATHS {
        for request in [public.request(Method::GET, path), private.request(Method::GET, path)] {
            let reply = asking_for_a_worker(request, "script").await;
            assert_eq!((reply.status, reply.body.as_str()), (200, CLEANING_WORKER), "{path}");
            for (name, value) in [
                ("content-type", "text/javascript; charset=utf-8"),
                ("content-security-policy", "default-src 'none'; connect-src 'self'"),
                ("cache-control", "no-store"),
                ("vary", "service-worker"),
                ("service-worker-allowed", "/"),
                ("clear-site-data", "\"cache\""),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                let all: Vec<_> = reply.headers.get_all(name).into_iter().collect();
                // Both sides' files vary by what the client takes as well.
                let own: Vec<_> = all.into_iter().filter(|found| *found != "accept-encoding").collect();
                assert_eq!(own, [value], "{path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn our_own_workers_are_not_replaced_and_nobody_else_gets_the_one_that_cleans() {
    let app = TestApp::start().await;
    let (public, private) = (app.anyone(), app.browser());
    let console = CONSOLE.iter().find(|file| file.path == "/sw.js").unwrap().content;
    for path in ["/sw.js", "/sw.js?v=3"] {
        assert_eq!(asking_for_a_worker(public.request(Method::GET, path), "script").await.body, WORKER);
        assert_eq!(asking_for_a_worker(private.request(Method::GET, path), "script").await.body, console);
    }
    for path in PATHS.into_iter().chain(["/clean.js", "/sw.js"]) {
        for request in [public.request(Method::GET, path), private.request(Method::GET, path)] {
            for request in [Reply::of(request.try_clone().unwrap()).await, asking_for_a_worker(request, "module").await] {
                assert!(request.body != CLEANING_WORKER && !request.headers.contains_key("clear-site-data"), "{path}");
            }
        }
    }
}
