//! Figures on a listener of their own, and the hosts for which the listeners inside answer.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::running::{Folder, SETTINGS, Service, get};

const CHECKS: &str = "countersign_checks_total";
const LEDGER: &str = "countersign_ledger_entries";

/// Settings with a listener for figures.
fn folder() -> Folder {
    let hosts = "private_url = \"http://issuer.internal:8081\"\nconsole_url = \"https://console.example.org\"\n";
    Folder::ready_with(&format!("metrics = \"127.0.0.1:0\"\n{hosts}{SETTINGS}"))
}

fn status(url: &str, host: &str) -> String {
    let mut socket = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    socket.write_all(format!("GET /health/live HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut said = String::new();
    socket.read_to_string(&mut said).unwrap();
    said.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn figures_are_on_their_own_listener_and_on_no_other() {
    let folder = folder();
    let service = Service::start(&folder, &["--role", "all"]);
    let (code, figures) = get(&format!("{}/metrics", service.metrics));
    assert!(code == 200 && figures.contains(CHECKS) && figures.contains(LEDGER), "{figures}");
    for path in ["/health/live", "/health/ready"] {
        assert_eq!([&service.metrics, &service.private, &service.public].map(|url| get(&format!("{url}{path}")).0), [204; 3], "{path}");
    }
    assert_eq!([&service.private, &service.public].map(|url| get(&format!("{url}/metrics")).0), [404; 2]);
    for path in ["/", "/v1/tokens", "/check"] {
        assert_eq!(get(&format!("{}{path}", service.metrics)).0, 404, "{path}");
    }
    for url in [&service.metrics, &service.private] {
        for host in ["console.example.org", "issuer.internal", "localhost", "127.0.0.1:1"] {
            assert_eq!(status(url, host), "204", "{host}");
        }
        assert_eq!(status(url, "evil.example"), "421");
    }
    assert_eq!(status(&service.public, "evil.example"), "204");
}

#[test]
fn a_verifier_has_them_instead_of_its_private_listener() {
    let folder = folder();
    drop(Service::start(&folder, &["--role", "issuer"]));
    let verifier = Service::start(&folder, &["--role", "verifier"]);
    let (code, figures) = get(&format!("{}/metrics", verifier.metrics));
    assert!(code == 200 && figures.contains(CHECKS) && !figures.contains(LEDGER), "{figures}");
    assert_eq!(get(&format!("{}/health/ready", verifier.metrics)).0, 204);
    assert_eq!(verifier.private, "", "it would have nothing else to say there");
}

#[test]
fn an_issuer_has_its_own_figures_there() {
    let folder = folder();
    let service = Service::start(&folder, &["--role", "issuer"]);
    let figures = get(&format!("{}/metrics", service.metrics)).1;
    assert!(figures.contains(LEDGER) && !figures.contains("countersign_guesses_taken"), "{figures}");
    assert_eq!(get(&format!("{}/health/ready", service.metrics)).0, 204);
}
