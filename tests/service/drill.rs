//! The compromise drill against a thief who has a copy of the signing key, with issuer and verifier as processes of their own.
//! Timed for people to read; that each verifier follows within a minute is what the test waits for at most.
#![allow(clippy::disallowed_methods, reason = "the drill is timed")]

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use countersign::{
    clock::{Clock as _, SystemClock},
    issuer::KeyVault as _,
    key_folder::KeyFolder,
    keyring::{PublishedKey, SigningKey},
    token::{Approach, Channel, Claims, Cti, Token, Window},
};
use serde_json::{Value, json};

use crate::running::{Folder, ISSUER, PATIENCE, Service, post};

/// What the thief took away.
struct Loot {
    key: SigningKey,
    published: PublishedKey,
}

impl Loot {
    fn take(folder: &Folder) -> Self {
        let keys = KeyFolder::at(folder.path().join("keys"));
        let shown = folder.json(&["keys", "show"]);
        let active = shown["keys"].as_array().unwrap().iter().find(|key| key["stage"] == "active").unwrap();
        let id = active["kid"].as_str().unwrap().parse().unwrap();
        let public = keys.public_keys(&ISSUER.parse().unwrap(), SystemClock.now()).unwrap();
        let published = public.set().keys().iter().find(|key| key.key.id() == id).unwrap().clone();
        Self { key: keys.vault(None).load(id).unwrap(), published }
    }

    /// A right signature that no ledger knows of.
    fn forge(&self, cti: u8) -> String {
        let now = SystemClock.now();
        let approach = Approach { channel: Channel::Online, name: None, place: None, challenge: None, dialled: None };
        let claims = Claims::new(Cti([cti; 8]), Window::new(now, None, now + 300).unwrap(), approach).unwrap();
        Token::sign(&claims, &self.key, &self.published, &ISSUER.parse().unwrap()).unwrap().text()
    }
}

fn verdict(service: &Service, token: &str) -> Value {
    post(&format!("{}/v1/verify", service.public), &json!({"token": token})).unwrap().1["verdict"].clone()
}

/// Waits until it is so, for a minute at most; gives back how long it took.
fn until(what: &str, so: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within a minute");
        thread::sleep(Duration::from_millis(100));
    }
    begun.elapsed()
}

#[test]
fn a_stolen_key_is_worth_nothing_within_a_minute() {
    let folder = Folder::ready();
    folder.publish_root();
    let issuer = Service::start(&folder, &["--role", "issuer"]);
    let verifier = Service::start(&folder, &["--role", "verifier", "--keys", "public"]);
    let issue = || folder.json(&["issue", "--channel", "online", "--private-url", &issuer.private])["token"].as_str().unwrap().to_owned();
    let (loot, honest) = (Loot::take(&folder), issue());
    assert_eq!(verdict(&verifier, &loot.forge(1)), "not_genuine", "even before, a token without a record is not genuine");

    let begun = Instant::now();
    let kid = loot.key.public().id().to_string();
    let revoked = folder.json(&["keys", "revoke", &kid, "--reason", "laptop stolen"]);
    let acted = begun.elapsed();
    assert_eq!((&revoked["withdrawn"], &revoked["rotated"]["destroyed"]), (&json!(1), &json!([kid])));
    assert_eq!(verdict(&verifier, &honest), "withdrawn", "at once, on a verifier of its own");
    let followed = until("the verifier knows that the key is revoked", || verdict(&verifier, &loot.forge(2)) == "withdrawn");
    assert_eq!(verdict(&verifier, &issue()), "genuine", "the issuer that was running goes on with the next key");

    folder.ok(&["keys", "publish"]);
    let published = until("the published set says so", || {
        let set = ureq::get(format!("{}/.well-known/countersign/keys.jwt", verifier.public)).call().unwrap().body_mut().read_to_string();
        set.unwrap() == fs::read_to_string(folder.path().join("keys/keyset.jwt")).unwrap()
    });
    let shown = folder.json(&["keys", "show"]);
    assert!(shown["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid.as_str() && key["revoked"] == true));
    println!("revoked in {acted:.1?}; the verifier followed after {followed:.1?}; the next set was published after {published:.1?}");
    issuer.terminate();
    assert!(verifier.terminate().1.contains("ALARM"), "who signs outside the ledger is reported");
}
