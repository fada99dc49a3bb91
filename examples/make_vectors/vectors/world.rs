//! The deployment in which the vectors live: issuer, time, keys, key set.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub const ISSUER: &str = "verify.example.org";
pub const NOW: i64 = 1_795_000_000;
pub const DAY: i64 = 86_400;

/// Signs most tokens.
pub const ACTIVE: &str = "active";
/// Came into use half a minute ago.
pub const NEW: &str = "new";
/// Runs out in 200 seconds.
pub const ENDING: &str = "ending";
/// Was revoked an hour ago.
pub const REVOKED: &str = "revoked";
/// Was never published.
pub const UNPUBLISHED: &str = "unpublished";
/// Signs the key set.
pub const ROOT: &str = "root";

/// When [`NEW`] comes into use and [`ENDING`] goes out of it.
pub const NEW_FROM: i64 = NOW - 30;
pub const ENDING_UNTIL: i64 = NOW + 200;

/// The version of the set, and the least that is accepted.
pub const VERSION: u64 = 7;

pub fn seed(label: &str) -> [u8; 32] {
    Sha256::digest(format!("countersign vectors {label}")).into()
}

pub fn key(label: &str) -> SigningKey {
    SigningKey::from_bytes(&seed(label))
}

pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

pub fn x(key: &SigningKey) -> String {
    base64url(key.verifying_key().as_bytes())
}

/// RFC 7638.
pub fn thumbprint(key: &SigningKey) -> [u8; 32] {
    Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, x(key))).into()
}

/// The whole thumbprint, as JWKs name keys.
pub fn kid(key: &SigningKey) -> String {
    base64url(&thumbprint(key))
}

/// The first four bytes, as tokens name keys.
pub fn prefix(key: &SigningKey) -> [u8; 4] {
    let digest = thumbprint(key);
    [digest[0], digest[1], digest[2], digest[3]]
}

/// The pinned root as the page and the command line know it.
#[derive(Serialize)]
pub struct RootJwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    kid: String,
}

pub fn root_jwk() -> RootJwk {
    let root = key(ROOT);
    RootJwk { kty: "OKP", crv: "Ed25519", x: x(&root), kid: kid(&root) }
}

/// A JSON object whose values are JSON already; order and repetition are the caller's.
#[derive(Clone)]
pub struct Object(pub Vec<(&'static str, String)>);

impl Object {
    pub fn set(&mut self, name: &'static str, value: &impl ToString) {
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value.to_string(),
            None => self.0.push((name, value.to_string())),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| *n != name);
    }

    pub fn encode(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
        format!("{{{}}}", members.join(","))
    }
}

pub fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A JSON Web Signature in its compact form.
pub fn jws(header: &str, payload: &str, key: &SigningKey) -> String {
    let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()));
    let signature = base64url(&key.sign(signed.as_bytes()).to_bytes());
    format!("{signed}.{signature}")
}

pub fn set_header() -> Object {
    Object(vec![("alg", quoted("Ed25519")), ("typ", quoted("jwk-set+jwt")), ("kid", quoted(&kid(&key(ROOT))))])
}

pub fn set_payload(keys: &[Object]) -> Object {
    let url = quoted(&format!("https://{ISSUER}"));
    let keys: Vec<String> = keys.iter().map(Object::encode).collect();
    Object(vec![
        ("iss", url.clone()),
        ("sub", url),
        ("iat", (NOW - DAY).to_string()),
        ("exp", (NOW + 34 * DAY).to_string()),
        ("version", VERSION.to_string()),
        ("keys", format!("[{}]", keys.join(","))),
    ])
}

pub fn jwk(key: &SigningKey, nbf: i64, exp: i64) -> Object {
    Object(vec![
        ("kty", quoted("OKP")),
        ("crv", quoted("Ed25519")),
        ("x", quoted(&x(key))),
        ("kid", quoted(&kid(key))),
        ("nbf", nbf.to_string()),
        ("exp", exp.to_string()),
    ])
}

/// The keys of the set that the token vectors use.
pub fn published_keys() -> Vec<Object> {
    let mut revoked = jwk(&key(REVOKED), NOW - DAY, NOW + 10 * DAY);
    revoked.set("revoked", &format!(r#"{{"revoked_at":{},"reason":"stolen"}}"#, NOW - 3_600));
    vec![
        jwk(&key(ACTIVE), NOW - 2 * DAY, NOW + 10 * DAY),
        jwk(&key(NEW), NEW_FROM, NOW + 10 * DAY),
        jwk(&key(ENDING), NOW - DAY, ENDING_UNTIL),
        revoked,
    ]
}

pub fn key_set() -> String {
    jws(&set_header().encode(), &set_payload(&published_keys()).encode(), &key(ROOT))
}
