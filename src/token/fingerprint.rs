use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{group_digits, words_of};
use crate::keyring::{KeyId, PublicKey};

/// A fingerprint for people to compare, 120 bits: of a key's RFC 7638 thumbprint, or of a text's SHA-256.
#[derive(Clone, Debug, Serialize)]
pub struct Fingerprint {
    /// The whole hash, as base64url.
    pub kid: String,
    /// Twelve words.
    pub words: String,
    /// 39 digits, which hold any number below 2^120.
    pub digits: String,
}

impl Fingerprint {
    /// The fingerprint of a key.
    pub fn of(key: &PublicKey) -> Self {
        Self::of_hash(key.id())
    }

    /// The fingerprint of a text.
    pub fn of_text(text: &str) -> Self {
        Self::of_hash(KeyId::from_bytes(Sha256::digest(text).into()))
    }

    fn of_hash(hash: KeyId) -> Self {
        let bits = &hash.as_bytes()[..15];
        let value = bits.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        Self { kid: hash.to_string(), words: words_of(bits).join(" "), digits: format!("{value:039}") }
    }

    /// The digits in groups of three.
    pub fn grouped_digits(&self) -> String {
        group_digits(&self.digits)
    }
}
