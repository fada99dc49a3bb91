//! What of the service can be reached through a proxy, and what of a request and its answer arrives.

use reqwest::header::HeaderName;
use serde_json::Value;

use super::front::{Behind, CONSOLE, Front, Kind, address};
use crate::running::{Folder, Service};

#[tokio::test]
async fn what_is_for_us_alone_is_closed_under_both_names() {
    for kind in Kind::here("what_is_for_us_alone_is_closed_under_both_names") {
        let folder = Folder::ready();
        let issuer = Service::start(&folder, &["--role", "issuer", "--console-url", &format!("https://{CONSOLE}")]);
        let verifier = Service::start(&folder, &[&["--role", "verifier"], &kind.named()[..]].concat());
        let front = Front::start(kind, Behind { verifiers: [address(&verifier.public); 2], issuer: address(&issuer.private) });
        for builder in [front.visitor(5), front.visitor(5).http1_only()] {
            let visitor = builder.build().unwrap();
            let status = async |url: String| visitor.get(url).send().await.unwrap().status().as_u16();
            assert_eq!(status(front.public("/")).await, 200, "{kind:?}");
            assert_eq!(status(front.console("/")).await, 200, "{kind:?}");
            assert_eq!(status(front.console("/v1/session")).await, 401, "{kind:?}");
            for path in [
                "/metrics",
                "/metrics?x",
                "//metrics",
                "/%6detrics",
                "/health/live",
                "/health/ready",
                "/health/ready?x",
                "//health/ready",
                "/health//ready",
                "/health%2fready",
                "/healt%68/ready",
            ] {
                assert_eq!(status(front.public(path)).await, 404, "{kind:?} {path}");
                assert_eq!(status(front.console(path)).await, 404, "{kind:?} {path} of the console");
            }
            assert_eq!(status(front.public("/v1/tokens")).await, 404, "{kind:?}: the other side");
            assert_eq!(status(front.public("/v1/session")).await, 404, "{kind:?}: the other side");
        }
    }
}

/// The values of a header, which a proxy may put into one line (RFC 9110 section 5.3).
fn listed(response: &reqwest::Response, name: &HeaderName) -> Vec<String> {
    let lines = response.headers().get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|value| value.trim().to_owned()).collect()
}

/// Of what the service answers no byte and no header that matters is changed, in either version of HTTP.
#[tokio::test]
async fn answers_arrive_as_they_were_given() {
    for kind in Kind::here("answers_arrive_as_they_were_given") {
        let folder = Folder::ready();
        drop(Service::start(&folder, &["--role", "issuer"]));
        let verifier = Service::start(&folder, &[&["--role", "verifier"], &kind.named()[..]].concat());
        // Beside the proxy of the PROXY protocol nobody can ask the listener directly.
        let direct = Service::start(&folder, &["--role", "verifier"]);
        let front = Front::start(kind, Behind { verifiers: [address(&verifier.public); 2], issuer: Behind::NOBODY });
        for (builder, version) in [(front.visitor(5), reqwest::Version::HTTP_2), (front.visitor(5).http1_only(), reqwest::Version::HTTP_11)]
        {
            let visitor = builder.build().unwrap();
            for path in
                ["/", "/scan.js", "/enter.js", "/language-cy.json", "/openapi.json", "/.well-known/countersign/keys.jwt", "/nothing"]
            {
                let asked = async |url: String| visitor.get(url).header("accept-encoding", "gzip").send().await.unwrap();
                let (through, at_first) = (asked(front.public(path)).await, asked(format!("{}{path}", direct.public)).await);
                assert_eq!((through.version(), through.status()), (version, at_first.status()), "{kind:?} {path}");
                for name in at_first.headers().keys().filter(|name| !["date", "connection", "server"].contains(&name.as_str())) {
                    assert_eq!(listed(&through, name), listed(&at_first, name), "{kind:?} {path} {name}");
                }
                assert!(through.bytes().await.unwrap() == at_first.bytes().await.unwrap(), "{kind:?} {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_of_any_size_is_answered() {
    for kind in Kind::here("a_body_of_any_size_is_answered") {
        let folder = Folder::ready();
        drop(Service::start(&folder, &["--role", "issuer"]));
        let verifier = Service::start(&folder, &[&["--role", "verifier"], &kind.named()[..]].concat());
        let front = Front::start(kind, Behind { verifiers: [address(&verifier.public); 2], issuer: Behind::NOBODY });
        for builder in [front.visitor(5), front.visitor(5).http1_only()] {
            let visitor = builder.build().unwrap();
            // A proxy that still sends when the service has answered and closed may say so itself.
            for (size, statuses) in [(8_192, [200; 2]), (8_193, [413; 2]), (16_000, [413; 2]), (1_000_000, [413, 502])] {
                let head = r#"{"code": "mistyped"}"#;
                let body = format!("{head}{}", " ".repeat(size - head.len()));
                let request = visitor.post(front.public("/v1/verify")).header("content-type", "application/json").body(body);
                // Or break off, where the service closed before all was sent.
                let reply = match request.send().await {
                    Err(_) if size > 100_000 => continue,
                    reply => reply.unwrap(),
                };
                assert!(statuses.contains(&reply.status().as_u16()), "{kind:?} {size}: {reply:?}");
                if size < 16_384 {
                    let answer: Value = reply.json().await.unwrap();
                    assert!(answer["pad"].is_string(), "{kind:?} {size}: it is the service's own");
                }
            }
        }
    }
}

#[tokio::test]
async fn without_tls_a_visitor_is_led_to_the_address_alone() {
    for kind in Kind::here("without_tls_a_visitor_is_led_to_the_address_alone") {
        let front = Front::start(kind, Behind { verifiers: [Behind::NOBODY; 2], issuer: Behind::NOBODY });
        for name in [super::front::PUBLIC, super::front::CONSOLE] {
            for path in ["/", "/check?code=canary", "/canary/health/"] {
                let request = front.visitor(5).build().unwrap().get(format!("http://{}{path}", front.plain)).header("host", name);
                let reply = request.send().await.unwrap();
                assert_eq!(reply.status().as_u16(), 308, "{kind:?} {path}");
                let to = reply.headers()["location"].to_str().unwrap().trim_end_matches('?').to_owned();
                assert_eq!(to, format!("https://{name}/"), "{kind:?} {path}");
                assert!(!reply.headers().contains_key("set-cookie") && !reply.text().await.unwrap().contains("canary"), "{kind:?} {path}");
            }
        }
    }
}
