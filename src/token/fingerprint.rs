use serde::Serialize;

use super::{group_digits, words_of};
use crate::keyring::PublicKey;

/// A key's fingerprint, for paper: 120 bits of its RFC 7638 thumbprint.
#[derive(Clone, Debug, Serialize)]
pub struct Fingerprint {
    /// The whole thumbprint.
    pub kid: String,
    /// Twelve words.
    pub words: String,
    /// 39 digits, which hold any number below 2^120.
    pub digits: String,
}

impl Fingerprint {
    /// The fingerprint of a key.
    pub fn of(key: &PublicKey) -> Self {
        let id = key.id();
        let bits = &id.as_bytes()[..15];
        let value = bits.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        Self { kid: id.to_string(), words: words_of(bits).join(" "), digits: format!("{value:039}") }
    }

    /// The digits in groups of three.
    pub fn grouped_digits(&self) -> String {
        group_digits(&self.digits)
    }
}
