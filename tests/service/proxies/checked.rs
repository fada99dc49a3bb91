//! `config check` through real proxies.

use serde_json::Value;

use super::{
    cached::Varnish,
    front::{Behind, Front, Kind, address},
};
use crate::running::{Folder, SETTINGS, Service};

/// Names that every machine knows. A passkey cannot belong to an address, so the console has the other one.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// As far as these services know their console is at localhost without TLS, for which nothing of the kind is sent.
const OF_HTTPS: &str = "hsts";

/// What is wrong, and the exit code.
fn checked(folder: &Folder, front: Option<&Front>, args: &[&str]) -> (Vec<Value>, i32) {
    let mut command = folder.command(&[&["config", "check", "--format", "json"], args].concat());
    front.map(|front| command.env("SSL_CERT_FILE", front.authority()));
    let output = command.output().unwrap();
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (findings.into_iter().filter(|finding| finding["subject"] != OF_HTTPS).collect(), output.status.code().unwrap())
}

fn outcomes<'a>(findings: &'a [Value], outcome: &str) -> Vec<&'a str> {
    findings.iter().filter(|finding| finding["outcome"] == outcome).map(|finding| finding["subject"].as_str().unwrap()).collect()
}

fn sentence<'a>(findings: &'a [Value], subject: &str) -> &'a str {
    let of = |finding: &&Value| finding["subject"] == subject && finding["outcome"] == "wrong";
    findings.iter().find(of).unwrap_or_else(|| panic!("{subject}: {findings:#?}"))["sentence"].as_str().unwrap()
}

fn settings(kind: Kind) -> String {
    let proxy = if kind == Kind::Haproxy { "proxy_protocol_from = [\"127.0.0.1\"]" } else { "forwarded_from = [\"127.0.0.1\"]" };
    SETTINGS.replace("private =", &format!("{proxy}\nprivate ="))
}

#[test]
fn behind_the_files_of_deploy_all_is_good() {
    for kind in Kind::here("behind_the_files_of_deploy_all_is_good") {
        let folder = Folder::ready_with(&settings(kind));
        let issuer = Service::start(&folder, &["--role", "issuer"]);
        let verifier = Service::start(&folder, &["--role", "verifier"]);
        let behind = Behind { verifiers: [address(&verifier.public); 2], issuer: address(&issuer.private) };
        let front = Front::changed(kind, behind, NAMES, &[]);
        let urls = NAMES.map(|name| format!("https://{name}:{}", front.secure.port()));
        let (findings, _) = checked(&folder, Some(&front), &["--public-url", &urls[0], "--console-url", &urls[1]]);
        assert_eq!(outcomes(&findings, "wrong"), [] as [&str; 0], "{kind:?} {findings:#?}");
        let good = outcomes(&findings, "good");
        for subject in ["settings", "keys", "store", "public", "tls", "page", "lengths", "clock", "console"] {
            assert!(good.contains(&subject), "{kind:?} {subject}: {findings:#?}");
        }
        assert_eq!(outcomes(&findings, "unknown").contains(&"forwarding"), kind != Kind::Haproxy, "{kind:?}");
    }
}

/// One that takes away what clients accept and compresses what it likes, and leaves open what is for us alone.
#[test]
fn what_a_proxy_changes_is_named() {
    if !Kind::Nginx.is_here("what_a_proxy_changes_is_named") {
        return;
    }
    let folder = Folder::ready_with(&settings(Kind::Nginx));
    let issuer = Service::start(&folder, &["--role", "issuer"]);
    let verifier = Service::start(&folder, &["--role", "verifier"]);
    let behind = Behind { verifiers: [address(&verifier.public); 2], issuer: address(&issuer.private) };
    let compressing = "gzip on; gzip_types application/json application/problem+json; gzip_proxied any; gzip_min_length 1; \
                       proxy_set_header Accept-Encoding \"\"; proxy_hide_header Content-Security-Policy; proxy_hide_header Cache-Control;";
    let changes = [("gzip off;", compressing), ("location /health/", "location /closed/"), ("location = /metrics", "location = /closed")];
    let front = Front::changed(Kind::Nginx, behind, NAMES, &changes);
    let urls = NAMES.map(|name| format!("https://{name}:{}", front.secure.port()));
    let (findings, code) = checked(&folder, Some(&front), &["--public-url", &urls[0], "--console-url", &urls[1]]);
    assert_eq!(code, 1);
    assert_eq!(outcomes(&findings, "wrong"), ["public", "page", "lengths", "checks", "console"], "{findings:#?}");
    assert!(sentence(&findings, "public").contains("/health/live and /health/ready"), "{findings:#?}");
    assert!(sentence(&findings, "console").contains("/metrics"), "{findings:#?}");
    assert!(sentence(&findings, "lengths").contains("who accepts gzip,"), "{findings:#?}");
    assert!(sentence(&findings, "page").contains("content-security-policy"), "{findings:#?}");
    // Its authority is not one that this machine trusts; the other side is behind this name; and no proxy is named.
    let (findings, code) = checked(&folder, None, &["--public-url", &urls[0]]);
    assert_eq!((outcomes(&findings, "wrong"), code), (vec!["public"], 1), "{findings:#?}");
    let (findings, _) = checked(&folder, Some(&front), &["--public-url", &urls[1]]);
    assert_eq!(outcomes(&findings, "wrong"), ["public"], "{findings:#?}");
    folder.write("countersign.toml", SETTINGS);
    let (findings, _) = checked(&folder, Some(&front), &["--public-url", &urls[0]]);
    assert!(sentence(&findings, "forwarding").contains("no proxy is named"), "{findings:#?}");
}

/// One that compresses pages alone, as nginx does where no types are listed; one that takes away what fills up the heads; and one that adds
/// a header behind ours, of which browsers heed the last.
#[test]
fn each_thing_alone_that_a_proxy_changes_is_named() {
    if !Kind::Nginx.is_here("each_thing_alone_that_a_proxy_changes_is_named") {
        return;
    }
    let folder = Folder::ready_with(&settings(Kind::Nginx));
    drop(Service::start(&folder, &["--role", "issuer"]));
    let verifier = Service::start(&folder, &["--role", "verifier"]);
    let behind = Behind { verifiers: [address(&verifier.public); 2], issuer: Behind::NOBODY };
    for (change, wrong, said) in [
        ("gzip on; proxy_set_header Accept-Encoding \"\";", "lengths", "answers of /check have "),
        ("gzip off; proxy_hide_header X-Padding;", "lengths", "answers arrive without x-padding"),
        ("gzip off; add_header Referrer-Policy unsafe-url;", "page", "it arrives without, or with another, referrer-policy;"),
    ] {
        let front = Front::changed(Kind::Nginx, behind, NAMES, &[("gzip off;", change)]);
        let url = format!("https://{}:{}", NAMES[0], front.secure.port());
        let (findings, code) = checked(&folder, Some(&front), &["--role", "verifier", "--public-url", &url]);
        assert_eq!((outcomes(&findings, "wrong"), code), (vec![wrong], 1), "{findings:#?}");
        assert!(sentence(&findings, wrong).starts_with(said), "{findings:#?}");
    }
}

#[test]
fn another_deployment_is_not_taken_for_this_one() {
    let [folder, other] = [(); 2].map(|()| Folder::ready());
    drop(Service::start(&folder, &["--role", "issuer"]));
    drop(Service::start(&other, &["--role", "issuer"]));
    let service = Service::start(&other, &["--role", "verifier"]);
    let (findings, code) = checked(&folder, None, &["--public-url", &service.public]);
    assert_eq!((outcomes(&findings, "wrong"), code), (vec!["public"], 1), "{findings:#?}");
    // Asked directly, its own one keeps nothing back.
    let (findings, _) = checked(&other, None, &["--public-url", &service.public]);
    assert!(sentence(&findings, "public").contains("/health/live and /health/ready can be reached"), "{findings:#?}");
    // Nothing that was asked was a guess.
    let (_, figures) = crate::running::get(&format!("{}/metrics", service.private));
    assert!(figures.contains("countersign_guesses_taken{pool=\"five\"} 0\n"), "{figures}");
}

#[test]
fn varnish_that_compresses_is_named() {
    let folder = Folder::ready();
    drop(Service::start(&folder, &["--role", "issuer"]));
    let service = Service::start(&folder, &["--role", "verifier", "--forwarded-from", "127.0.0.1"]);
    let compressing = "sub vcl_backend_fetch { unset bereq.http.Accept-Encoding; } sub vcl_backend_response { set beresp.do_gzip = true; }";
    let Some(varnish) = Varnish::start("varnish_that_compresses_is_named", address(&service.public), compressing) else { return };
    let (findings, _) = checked(&folder, None, &["--public-url", &varnish.url]);
    assert!(sentence(&findings, "lengths").contains("who accepts gzip,"), "{findings:#?}");
}
