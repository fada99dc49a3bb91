//! Whom the service counts wrong codes for, whatever visitors claim.

use countersign::token::{SpokenCode, SpokenSize, Token};
use reqwest::Client;
use serde_json::{Value, json};

use super::front::{Behind, CONSOLE, Front, Kind, PUBLIC, address};
use crate::running::{Folder, Service, get};

/// A code with a right checksum that names nothing.
pub fn guess(n: usize) -> Value {
    let token = Token::from_bytes([Token::BEGINNING.as_slice(), &n.to_le_bytes()].concat()).unwrap();
    json!({"code": SpokenCode::of(&token, SpokenSize::Five).words()})
}

async fn guessed(client: &Client, url: &str, n: usize, claims: &[(&str, &str)]) -> u16 {
    let request = claims.iter().fold(client.post(url), |request, (name, value)| request.header(*name, *value));
    request.json(&guess(n)).send().await.unwrap().status().as_u16()
}

fn faults(service: &Service) -> Vec<String> {
    let (_, figures) = get(&format!("{}/metrics", service.private));
    let faults = figures.lines().filter(|line| line.starts_with("countersign_forwarding_faults_total{") && !line.ends_with(" 0"));
    faults.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_limit_follows_the_visitor_and_not_what_it_claims() {
    for kind in Kind::here("the_limit_follows_the_visitor_and_not_what_it_claims") {
        let folder = Folder::ready();
        drop(Service::start(&folder, &["--role", "issuer"]));
        // One process under both names, because each counts for itself.
        let service = Service::start(&folder, &[&["--role", "verifier"], &kind.named()[..]].concat());
        let front = Front::start(kind, Behind { verifiers: [address(&service.public); 2], issuer: Behind::NOBODY });
        let url = front.public("/v1/verify");
        let [first, second] = [front.visitor(5).http1_only(), front.visitor(5)].map(|builder| builder.build().unwrap());
        let mut tries = 0;
        loop {
            let made_up = format!("192.0.2.{tries}");
            let claims = [("x-forwarded-for", &*made_up), ("forwarded", "for=192.0.2.1"), ("x-real-ip", "192.0.2.2")];
            let client = if tries % 2 == 0 { &first } else { &second };
            if guessed(client, &url, tries, &claims[..tries % 4]).await == 429 {
                break;
            }
            tries += 1;
        }
        assert!((20..=40).contains(&tries), "{kind:?} {tries}");
        for claims in [
            &[][..],
            &[("x-forwarded-for", "192.0.2.99")],
            &[("x-forwarded-for", "192.0.2.99, 127.0.0.1")],
            &[("x-forwarded-for", "127.0.0.1")],
            &[("x-forwarded-for", "192.0.2.99"), ("x-forwarded-for", "192.0.2.98")],
            &[("x-forwarded-for", "junk"), ("forwarded", "for=192.0.2.99")],
            &[("connection", "x-forwarded-for"), ("x-forwarded-for", "192.0.2.97")],
        ] {
            assert_eq!(guessed(&first, &url, 61, claims).await, 429, "{kind:?} {claims:?}");
            let second: &[(&str, &str)] = if claims.iter().any(|(name, _)| *name == "connection") { &claims[1..] } else { claims };
            assert_eq!(guessed(&front.visitor(5).build().unwrap(), &url, 62, second).await, 429, "{kind:?} {claims:?} by HTTP/2");
        }
        assert_eq!(guessed(&front.visitor(6).build().unwrap(), &url, 63, &[("x-forwarded-for", "127.0.0.5")]).await, 200, "{kind:?}");
        assert_eq!(faults(&service), [] as [&str; 0], "{kind:?}");
    }
}

/// nginx and HAProxy pass on what a visitor wrote; the first who wrote nothing shows that they add nothing.
#[tokio::test]
async fn a_proxy_without_its_line_is_noticed() {
    let lines = [
        (Kind::Nginx, &[("    proxy_set_header X-Forwarded-For $remote_addr;\n", "")][..]),
        (Kind::Haproxy, &[(" send-proxy-v2", ""), ("    http-request del-header X-Forwarded-For\n", "")]),
    ];
    for (kind, without) in lines.into_iter().filter(|(kind, _)| kind.is_here("a_proxy_without_its_line_is_noticed")) {
        let folder = Folder::ready();
        drop(Service::start(&folder, &["--role", "issuer"]));
        let mut service = Service::start(&folder, &["--role", "verifier", "--forwarded-from", "127.0.0.1"]);
        let behind = Behind { verifiers: [address(&service.public); 2], issuer: Behind::NOBODY };
        let front = Front::changed(kind, behind, [PUBLIC, CONSOLE], without);
        let (url, visitor) = (front.public("/v1/verify"), front.visitor(5).build().unwrap());
        for n in 0..41 {
            assert_eq!(
                guessed(&visitor, &url, n, &[("x-forwarded-for", &format!("192.0.2.{n}"))]).await,
                200,
                "{kind:?}: the limit is lifted"
            );
        }
        assert_eq!(faults(&service), [] as [&str; 0], "{kind:?}: nobody can tell yet");
        assert_eq!(guessed(&visitor, &url, 42, &[]).await, 200);
        assert_eq!(guessed(&visitor, &url, 43, &[]).await, 200);
        assert_eq!(faults(&service), ["countersign_forwarding_faults_total{listener=\"public\",fault=\"client_not_named\"} 2"], "{kind:?}");
        let line = service.logs("kind=\"forwarding\"");
        assert!(line.contains("did not name its client") && !line.contains("127.0.0"), "{line}");
        let (_, log) = service.terminate();
        assert_eq!(log.matches("kind=\"forwarding\"").count(), 1, "said once: {log}");
    }
}
