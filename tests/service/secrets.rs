//! What is never logged, however much is said: tokens, words, digits, numbers, names, credentials, addresses.

use std::fs;

use countersign::{
    clock::{Clock as _, SystemClock},
    issuer::KeyVault as _,
    key_folder::KeyFolder,
    token::{Approach, Channel, Claims, Cti, Token, Window},
};
use serde_json::{Value, json};

use crate::running::{Folder, ISSUER, Service, post};

const ATTEMPT: &str = "QUFBQUFBQUFBQUFBQUFBQQ";

/// A token by the real key that the issuer knows nothing of, which has to raise an alarm.
pub fn without_record(folder: &Folder) -> Token {
    let (now, issuer) = (SystemClock.now(), ISSUER.parse().unwrap());
    let keys = KeyFolder::at(folder.path().join("keys"));
    let public = keys.public_keys(&issuer, now).unwrap();
    let published = &public.set().keys()[0];
    let key = keys.vault(None).load(published.key.id()).unwrap();
    let approach = Approach { channel: Channel::Online, name: None, place: None, challenge: None, dialled: None };
    let claims = Claims::new(Cti([9; 8]), Window::new(now, None, now + 300).unwrap(), approach).unwrap();
    Token::sign(&claims, &key, published, &issuer).unwrap()
}

/// Genuine, refused, mistyped, unknown, and not even a request.
fn check_in_every_way(service: &Service, issued: &Value, unknown: &Token) {
    let url = format!("{}/v1/verify", service.public);
    let [token, words, digits] = [&issued["token"], &issued["spoken"]["words"], &issued["spoken"]["digits"]];
    for body in [
        json!({"code": words, "challenge": "417093"}),
        json!({"token": token, "challenge": "417092", "attempt": ATTEMPT}),
        json!({"token": issued["link"], "challenge": "417092"}),
        json!({"code": digits}),
        json!({"code": "abacus abacus abacus abacus abacus"}),
        json!({"code": "wrong words altogether"}),
        json!({"token": unknown.text()}),
        json!({"token": "0oRJ-broken", "frobnicate": "canary"}),
    ] {
        assert!(post(&url, &body).is_some());
    }
}

/// With a link, with a session that is none, and with an answer that is none; gives back what must not be logged of it.
fn come_in_in_every_way(folder: &Folder, service: &Service) -> Vec<String> {
    let link = folder.json(&["officers", "link", "heron"])["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let session = format!("session_{}", "C".repeat(43));
    let ask = |path: &str, body: &Value| {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let request = ureq::Agent::from(config).post(format!("{}{path}", service.private));
        // The console of a service that listens on a port of the machine's choice.
        let request = request.header("origin", "http://localhost:0").header("cookie", format!("__Host-session={session}"));
        request.send_json(body).unwrap().body_mut().read_json::<Value>().unwrap()
    };
    let begun = ask("/v1/passkeys/options", &json!({"link": link}));
    let made = json!({"id": "cGVsaWNhbg", "rawId": "cGVsaWNhbg", "type": "public-key",
        "response": {"attestationObject": "AAAA", "clientDataJSON": "AAAA"}});
    let refused = ask("/v1/passkeys", &json!({"link": link, "ceremony": begun["ceremony"], "credential": made}));
    assert!(refused["type"].as_str().unwrap().ends_with("not-confirmed"), "{refused}");
    let signing_in = ask("/v1/session/options", &Value::Null);
    let answer = json!({"id": "cGVsaWNhbg", "rawId": "cGVsaWNhbg", "type": "public-key",
        "response": {"authenticatorData": "AAAA", "clientDataJSON": "AAAA", "signature": "cGVsaWNhbg", "userHandle": "cGVsaWNhbg"}});
    let refused = ask("/v1/session", &json!({"ceremony": signing_in["ceremony"], "credential": answer}));
    assert!(refused["type"].as_str().unwrap().ends_with("sign-in"), "{refused}");
    assert!(ask("/v1/confirmations", &Value::Null)["type"].as_str().unwrap().ends_with("no-session"));
    let said = [&begun["ceremony"], &begun["options"]["publicKey"]["challenge"], &begun["options"]["publicKey"]["user"]["id"]];
    let asked = [&signing_in["ceremony"], &signing_in["options"]["publicKey"]["challenge"]];
    let said = said.into_iter().chain(asked).map(|value| value.as_str().unwrap().to_owned());
    said.chain([link, session, "cGVsaWNhbg".to_owned(), "pelican".to_owned()]).collect()
}

#[test]
fn nothing_secret_is_logged() {
    for format in ["text", "json"] {
        nothing_secret_is_logged_in(format);
    }
}

fn nothing_secret_is_logged_in(format: &str) {
    let folder = Folder::ready();
    let mut command = folder.command(&["serve", "--role", "all", "--log-format", format]);
    command.env("COUNTERSIGN_LOG", "trace");
    let service = Service::spawn(command);
    let args = ["--channel", "telephone", "--name", "Ottilie", "--place", "Zwickau Bridge", "--dialled", "143", "--challenge", "417092"];
    let issued = folder.json(&[&["issue", "--private-url", &service.private], &args[..]].concat());
    let unknown = without_record(&folder);
    let [token, words, digits] = [&issued["token"], &issued["spoken"]["words"], &issued["spoken"]["digits"]];
    check_in_every_way(&service, &issued, &unknown);
    let of_people = come_in_in_every_way(&folder, &service);
    let credential = fs::read_to_string(folder.path().join("officer.credential")).unwrap();
    let wrong = folder.run(&["withdraw", "0123456789abcdef", "--private-url", &service.public]);
    assert_eq!(wrong.code, 2);
    let (_, log) = service.terminate();

    assert!(log.contains("ALARM"), "the log is on: {log}");
    assert!(!log.contains("RegistrationState"), "the library for passkeys tells nothing of its challenges: {log}");
    // Where it listens stands in these, as it does in the settings.
    let started = |line: &&str| [" side on http://", "countersign started", "a side listens"].iter().any(|part| line.contains(part));
    let (started, said): (Vec<_>, Vec<_>) = log.lines().partition(started);
    assert_eq!(started.len(), 3);
    let said = said.join("\n");
    let (unknown, unknown_digits) = (unknown.text(), unknown.digits());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let link_digits = text(&issued["link"]).split_once('#').unwrap().1.to_owned();
    let [six_words, six_digits] = [&issued["spoken"]["six_words"], &issued["spoken"]["six_digits"]];
    let mut secrets = vec![text(token), text(digits), text(six_digits), link_digits, unknown, unknown_digits, credential.trim().to_owned()];
    secrets.extend(
        ["417092", "417093", "Ottilie", "Zwickau", ATTEMPT, "abacus", "altogether", "broken", "canary", "127.0.0.1"].map(str::to_owned),
    );
    for secret in secrets.into_iter().chain(of_people) {
        assert!(!said.contains(&secret), "{secret} in: {said}");
    }
    // As words: "exam" is a part of the issuer's name.
    for word in text(words).split(' ').chain(text(six_words).split(' ')) {
        assert!(said.split(|c: char| !c.is_ascii_alphabetic()).all(|said| said != word), "{word} in: {said}");
    }
}
