//! What is never logged, however much is told: tokens, words, digits, numbers, names, credentials, addresses.

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
fn without_record(folder: &Folder) -> Token {
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

#[test]
fn nothing_secret_is_logged() {
    let folder = Folder::ready();
    let mut command = folder.command(&["serve", "--role", "all"]);
    command.env("COUNTERSIGN_LOG", "trace");
    let service = Service::spawn(command);
    let args = ["--channel", "telephone", "--name", "Ottilie", "--place", "Zwickau Bridge", "--dialled", "143", "--challenge", "417092"];
    let issued = folder.json(&[&["issue", "--private-url", &service.private], &args[..]].concat());
    let unknown = without_record(&folder);
    let [token, words, digits] = [&issued["token"], &issued["spoken"]["words"], &issued["spoken"]["digits"]];
    check_in_every_way(&service, &issued, &unknown);
    let credential = fs::read_to_string(folder.path().join("officer.credential")).unwrap();
    let wrong = folder.run(&["withdraw", "0123456789abcdef", "--private-url", &service.public]);
    assert_eq!(wrong.code, 2);
    let (_, log) = service.terminate();

    assert!(log.contains("ALARM"), "the log is on: {log}");
    let (started, told): (Vec<_>, Vec<_>) = log.lines().partition(|line| line.contains(" side on http://"));
    assert_eq!(started.len(), 2);
    let told = told.join("\n");
    let (unknown, unknown_digits) = (unknown.text(), unknown.digits());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let link_digits = text(&issued["link"]).split_once('#').unwrap().1.to_owned();
    let mut secrets = vec![text(token), text(digits), link_digits, unknown, unknown_digits, credential.trim().to_owned()];
    secrets.extend(
        ["417092", "417093", "Ottilie", "Zwickau", ATTEMPT, "abacus", "altogether", "broken", "canary", "127.0.0.1"].map(str::to_owned),
    );
    for secret in secrets {
        assert!(!told.contains(&secret), "{secret} in: {told}");
    }
    // As words: "exam" is a part of the issuer's name.
    for word in text(words).split(' ') {
        assert!(told.split(|c: char| !c.is_ascii_alphabetic()).all(|said| said != word), "{word} in: {told}");
    }
}
