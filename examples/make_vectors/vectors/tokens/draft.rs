//! A token whose every part can be changed before it is signed.

use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};

use crate::vectors::{
    cbor::{self, Entries, bytes, int, text},
    world::{self, ACTIVE, ISSUER, NOW},
};

// Header parameters.
pub const ALG: i64 = 1;
pub const KID: i64 = 4;
/// Ed25519 (RFC 9864).
pub const ED25519: i64 = -19;

// Claims.
pub const EXP: i64 = 4;
pub const NBF: i64 = 5;
pub const IAT: i64 = 6;
pub const CTI: i64 = 7;
pub const APPROACH: i64 = -65_537;

// Members of the approach.
pub const CHANNEL: i64 = 1;
pub const NAME: i64 = 2;
pub const PLACE: i64 = 3;
pub const CHALLENGE: i64 = 4;
pub const DIALLED: i64 = 5;

#[derive(Clone)]
pub struct Draft {
    /// Which key signs.
    pub key: &'static str,
    pub protected: Entries,
    /// The protected header as bytes, where they are not just the entries encoded.
    pub protected_bytes: Option<Vec<u8>>,
    /// Signs the strict header instead of the one that is sent: for a verifier that rebuilds what was signed.
    pub signs_strict_header: bool,
    pub unprotected: Vec<u8>,
    pub claims: Entries,
    pub approach: Entries,
    /// The payload as bytes, where they are not just the claims encoded.
    pub payload: Option<Vec<u8>>,
    pub aad: String,
}

impl Draft {
    /// In person, live for four more minutes; the name only gives the id.
    pub fn new(name: &str) -> Self {
        Self {
            key: ACTIVE,
            protected: header(ACTIVE),
            protected_bytes: None,
            signs_strict_header: false,
            unprotected: vec![0xa0],
            claims: Entries::new(&[(EXP, int(NOW + 240)), (IAT, int(NOW - 60)), (CTI, bytes(&Sha256::digest(name)[..8]))]),
            approach: Entries::new(&[(CHANNEL, int(1))]),
            payload: None,
            aad: format!("countersign/1 {ISSUER}"),
        }
    }

    /// Signs with another key and names it.
    pub fn by(&mut self, key: &'static str) {
        self.key = key;
        self.protected = header(key);
    }

    pub fn window(&mut self, iat: i64, exp: i64) {
        self.claims.set(IAT, int(iat));
        self.claims.set(EXP, int(exp));
    }

    pub fn prepared(&mut self, iat: i64, nbf: i64, exp: i64) {
        self.window(iat, exp);
        self.claims.set(NBF, int(nbf));
    }

    /// The claims with the approach last.
    pub fn all_claims(&self) -> Entries {
        let mut all = self.claims.clone();
        all.0.push((int(APPROACH), self.approach.encode()));
        all
    }

    pub fn payload(&self) -> Vec<u8> {
        self.payload.clone().unwrap_or_else(|| self.all_claims().encode())
    }

    pub fn protected(&self) -> Vec<u8> {
        self.protected_bytes.clone().unwrap_or_else(|| self.protected.encode())
    }

    /// RFC 9052 4.4.
    pub fn signature(&self) -> [u8; 64] {
        let protected = if self.signs_strict_header { header(self.key).encode() } else { self.protected() };
        let signed = cbor::array(&[text("Signature1"), bytes(&protected), bytes(self.aad.as_bytes()), bytes(&self.payload())]);
        world::key(self.key).sign(&signed).to_bytes()
    }

    /// Protected header, unprotected header, payload, signature: each an encoded item.
    pub fn parts(&self) -> [Vec<u8>; 4] {
        [bytes(&self.protected()), self.unprotected.clone(), bytes(&self.payload()), bytes(&self.signature())]
    }

    /// The token with one of its four parts replaced.
    pub fn with_part(&self, index: usize, item: Vec<u8>) -> Vec<u8> {
        let mut parts = self.parts();
        parts[index] = item;
        sealed(&parts)
    }

    pub fn bytes(&self) -> Vec<u8> {
        sealed(&self.parts())
    }
}

/// A tagged array.
pub fn sealed(parts: &[Vec<u8>]) -> Vec<u8> {
    cbor::tag(18, &cbor::array(parts))
}

fn header(key: &str) -> Entries {
    Entries::new(&[(ALG, int(ED25519)), (KID, bytes(&world::prefix(&world::key(key))))])
}
