//! Who signs notes, by the words of [signed-note] and [tlog-cosignature].
//!
//! [signed-note]: https://c2sp.org/signed-note
//! [tlog-cosignature]: https://c2sp.org/tlog-cosignature

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

use super::super::world::{self, ISSUER, NOW};

/// The signature type of Ed25519.
pub const ED25519: u8 = 1;
/// The signature type of a witness's cosignature with a time.
pub const COSIGNATURE: u8 = 4;

pub struct Signer {
    pub name: String,
    pub kind: u8,
    pub key: SigningKey,
}

impl Signer {
    pub fn new(name: &str, kind: u8, label: &str) -> Self {
        Self { name: name.to_owned(), kind, key: world::key(label) }
    }

    /// The key under which all vectors are opened.
    pub fn ledger() -> Self {
        Self::new(&format!("{ISSUER}/ledger"), ED25519, "ledger")
    }

    pub fn witness() -> Self {
        Self::new("witness.example.net/w1", COSIGNATURE, "witness")
    }

    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.kind, self.key.verifying_key().as_bytes())
    }

    pub fn verifier_key(&self) -> String {
        verifier_key(&self.name, self.kind, self.key.verifying_key().as_bytes())
    }

    /// What follows the key id in a signature line.
    pub fn signature(&self, text: &str) -> Vec<u8> {
        if self.kind == COSIGNATURE {
            let signed = format!("cosignature/v1\ntime {NOW}\n{text}");
            return [NOW.to_be_bytes().as_slice(), &self.key.sign(signed.as_bytes()).to_bytes()].concat();
        }
        self.key.sign(text.as_bytes()).to_vec()
    }

    pub fn line(&self, text: &str) -> String {
        line(&self.name, self.id(), &self.signature(text))
    }

    /// A note with this signature only.
    pub fn note(&self, text: &str) -> String {
        format!("{text}\n{}", self.line(text))
    }
}

pub fn key_id(name: &str, kind: u8, key: &[u8]) -> [u8; 4] {
    let digest = Sha256::digest([name.as_bytes(), &[b'\n', kind], key].concat());
    [digest[0], digest[1], digest[2], digest[3]]
}

pub fn verifier_key(name: &str, kind: u8, key: &[u8]) -> String {
    format!("{name}+{}+{}", world::hex(&key_id(name, kind, key)), base64(&[&[kind], key].concat()))
}

pub fn line(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", base64(&[id.as_slice(), signature].concat()))
}

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The same bytes with a bit set that no byte holds; `encoded` ends with padding.
pub fn with_tail_bit(encoded: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = encoded.trim_end_matches('=');
    let (head, last) = digits.split_at(digits.len() - 1);
    // The next digit differs in the lowest bit, because a canonical tail ends with zero bits.
    let next = alphabet.split_once(last).and_then(|(_, rest)| rest.chars().next()).expect("a canonical tail is even");
    format!("{head}{next}{}", &encoded[digits.len()..])
}
