//! Which hosts the listeners answer for: a name that was pointed at our address is not ours.

use std::net::SocketAddr;

use countersign::{
    http::{head::Heads, hosts::Hosts, listen::Limits, metrics, proxy::Proxies},
    telemetry::Scrape,
};

use crate::{
    app::{TestApp, listen},
    wire::said,
};

/// The status that a request by this target, version and header lines gets.
async fn status(address: SocketAddr, target: &str, version: &str, lines: &str) -> u16 {
    let said = said(address, format!("GET {target} HTTP/{version}\r\n{lines}connection: close\r\n\r\n")).await;
    said.split(' ').nth(1).unwrap_or_else(|| panic!("{said:?}")).parse().unwrap()
}

async fn metrics_listener(app: &TestApp) -> SocketAddr {
    let scrape = Scrape { ..app.scrape_of() };
    let heads = Heads::of(Hosts::of(["https://console.example.org"]));
    listen(metrics::router(scrape.into(), app.phase.subscribe(), heads), Limits::METRICS, Proxies::default()).await
}

#[tokio::test]
async fn the_private_side_and_the_figures_answer_for_their_own_hosts_alone() {
    let app = TestApp::start().await;
    for (address, path) in [
        (app.private, "/"),
        (app.private, "/v1/tokens"),
        (app.private, "/metrics"),
        (app.private, "/health/ready"),
        (app.private, "/nothing"),
        (metrics_listener(&app).await, "/metrics"),
    ] {
        let usual = status(address, path, "1.1", "host: localhost\r\n").await;
        assert_ne!(usual, 421, "{path}");
        for host in ["console.example.org", "CONSOLE.Example.Org.:443", "127.0.0.1", "[::1]:9", "Localhost:8081"] {
            assert_eq!(status(address, path, "1.1", &format!("host: {host}\r\n")).await, usual, "{path} {host}");
        }
        assert_eq!(status(address, path, "1.1", &format!("host: {address}\r\n")).await, usual, "{path}");
        for host in ["evil.example", "verify.example.org", "console.example.org.evil.example", "192.0.2.1", "127.0.0.1.evil.example", "x"] {
            assert_eq!(status(address, path, "1.1", &format!("host: {host}\r\n")).await, 421, "{path} {host}");
            // A proxy's word for what it was asked does not count.
            let lines = format!("host: {host}\r\nx-forwarded-host: localhost\r\nforwarded: host=localhost\r\n");
            assert_eq!(status(address, path, "1.1", &lines).await, 421, "{path} {host}");
        }
    }
}

#[tokio::test]
async fn a_target_in_absolute_form_says_the_host() {
    let app = TestApp::start().await;
    for (target, host, expected) in [
        ("http://console.example.org/health/live", "evil.example", 204),
        ("HTTP://Localhost:1/health/live", "localhost", 204),
        ("https://console.example.org/health/live", "console.example.org", 204),
        ("http://evil.example/health/live", "localhost", 421),
        ("http://localhost@evil.example/health/live", "localhost", 400),
        ("//evil.example/health/live", "localhost", 404),
    ] {
        assert_eq!(status(app.private, target, "1.1", &format!("host: {host}\r\n")).await, expected, "{target}");
    }
    assert_eq!(status(app.public, "http://anything.example/health/live", "1.1", "host: x\r\n").await, 204);
}

/// RFC 9112, 3.2; checks of proxies often come without a host, in HTTP/1.0.
#[tokio::test]
async fn requests_that_name_no_host_or_several() {
    let app = TestApp::start().await;
    for address in [app.public, app.private, metrics_listener(&app).await] {
        assert_eq!(status(address, "/health/ready", "1.0", "").await, 204);
        assert_eq!(status(address, "/health/ready", "1.1", "host:\r\n").await, 204);
        for lines in ["", "host: localhost\r\nhost: localhost\r\n", "host: localhost\r\nHOST: evil.example\r\n", "host: a b\r\n"] {
            assert_eq!(status(address, "/health/ready", "1.1", lines).await, 400, "{lines}");
        }
        for host in ["localhost:http", "localhost:65536", "u@localhost", "localhost/x", "[::1"] {
            assert_eq!(status(address, "/health/ready", "1.1", &format!("host: {host}\r\n")).await, 400, "{host}");
        }
    }
    assert_eq!(status(app.private, "/health/ready", "1.0", "host: evil.example\r\n").await, 421);
    assert_eq!(status(app.public, "/health/ready", "1.1", "host: whatever.example\r\n").await, 204, "the public side has many names");
}

/// A client that was sent to the wrong place learns that, and nothing else.
#[tokio::test]
async fn what_is_said_to_the_wrong_host() {
    let app = TestApp::start().await;
    let said = said(app.private, "GET /v1/tokens HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 421 Misdirected Request"), "{said}");
    assert!(said.contains("content-type: application/problem+json") && said.contains("urn:countersign:problem:misdirected"), "{said}");
    assert!(!said.contains("example.org"), "{said}");
}
