//! Public files that are wrong in one way each, and tokens. Made again for every run, because key sets and tokens run
//! out. The keys behind them are for tests alone and never leave the process.

use countersign::{
    clock::{Clock as _, SystemClock},
    keyring::{IssuerName, KeySet, PublishedKey, Revocation, SigningKey},
    token::{Approach, Channel, Claims, Cti, Token, Window},
};
use zeroize::Zeroizing;

use crate::running::{Folder, ISSUER};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn issuer(name: &str) -> IssuerName {
    name.parse().unwrap()
}

fn published(key: &SigningKey, now: i64) -> PublishedKey {
    PublishedKey { key: key.public(), not_before: now - 2 * DAY, expires_at: now + 10 * DAY, revoked: None }
}

/// A set of `keys` for thirty days from `now`.
fn set(name: &str, root: &SigningKey, now: i64, keys: Vec<PublishedKey>) -> String {
    KeySet::new(issuer(name), 1, now, now + 30 * DAY, keys).unwrap().sign(root)
}

fn root_file(root: &SigningKey) -> String {
    let (x, kid) = (root.public().jwk_x(), root.public().id());
    format!(r#"{{"kty": "OKP", "crv": "Ed25519", "x": "{x}", "kid": "{kid}", "alg": "Ed25519", "use": "sig"}}"#)
}

fn token(name: &str, key: &SigningKey, now: i64, window: Window) -> Token {
    let approach = Approach {
        channel: Channel::InPerson,
        name: "Anna".parse().ok(),
        place: "Bridge Street".parse().ok(),
        challenge: None,
        dialled: None,
    };
    Token::sign(&Claims::new(Cti([7; 8]), window, approach).unwrap(), key, &published(key, now), &issuer(name)).unwrap()
}

/// The same, and keys of a deployment of its own.
pub fn with_keys() -> Folder {
    let folder = folder();
    folder.write("countersign.toml", &format!("issuer = \"{ISSUER}\""));
    folder.ok(&["keys", "init"]);
    folder
}

/// A folder with all of them.
pub fn folder() -> Folder {
    let folder = Folder::empty();
    let now = SystemClock.now();
    let (root, other_root, signing, revoked, unknown) = (key(1), key(2), key(3), key(4), key(5));
    let taken_back =
        PublishedKey { revoked: Some(Revocation { revoked_at: now - HOUR, reason: "stolen".into() }), ..published(&revoked, now) };
    let keys = vec![published(&signing, now), taken_back];
    folder.write("root.jwk", &root_file(&root));
    folder.write("other-root.jwk", &root_file(&other_root));
    folder.write("keyset.jwt", &set(ISSUER, &root, now - DAY, keys.clone()));
    folder.write("other-issuer.jwt", &set("other.example.org", &root, now - DAY, keys.clone()));
    folder.write("expired.jwt", &set(ISSUER, &root, now - 31 * DAY, keys.clone()));
    folder.write("early.jwt", &set(ISSUER, &root, now + DAY, keys));

    let now_on = Window::new(now, None, now + 600).unwrap();
    let good = token(ISSUER, &signing, now, now_on);
    let mut tampered = good.as_bytes().to_vec();
    tampered[60] ^= 1;
    let tokens = [
        ("good", good.clone()),
        ("tampered", Token::from_bytes(tampered).unwrap()),
        ("expired", token(ISSUER, &signing, now, Window::new(now - HOUR, None, now - HOUR + 300).unwrap())),
        ("early", token(ISSUER, &signing, now, Window::new(now, Some(now + HOUR), now + HOUR + 300).unwrap())),
        ("other-issuer", token("other.example.org", &signing, now, now_on)),
        ("unknown-key", token(ISSUER, &unknown, now, now_on)),
        ("revoked-key", token(ISSUER, &revoked, now, now_on)),
    ];
    for (name, token) in &tokens {
        folder.write(&format!("{name}.token"), &token.text());
    }
    folder.write("good.link", &good.link("http://localhost:8080"));
    folder
}
