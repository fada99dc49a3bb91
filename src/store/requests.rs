//! What is asked for once, however often the request comes: draft-ietf-httpapi-idempotency-key-header-07.

use crate::{authority::Callsign, keyring::KidPrefix, token::TokenHash};

/// A key is remembered for this long. Seconds.
pub const KEEP_REQUESTS: i64 = 24 * 3_600;

/// An act that is done once under its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// SHA-256 of a label, the callsign and the key, so that nobody meets another's.
    pub hash: [u8; 32],
    /// What is done.
    pub act: &'static str,
    /// SHA-256 of what is asked for.
    pub body: [u8; 32],
}

/// An act that was done under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// What was done.
    pub act: String,
    /// SHA-256 of what was asked for.
    pub body: [u8; 32],
    /// The token, authorisation or link that came of it, or how much it ended.
    pub subject: [u8; 8],
    /// Whose way in it revoked.
    pub callsign: Option<Callsign>,
}

/// What is needed to sign a token that was issued once more. Times are seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedToken {
    /// SHA-256 of its bytes.
    pub hash: TokenHash,
    /// Its signing key.
    pub kid: KidPrefix,
    /// When it was signed.
    pub issued_at: i64,
    /// When it runs out.
    pub expires_at: i64,
}
