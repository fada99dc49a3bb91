//! Keys, key sets, numbers that only look random, and tokens that the issuer never saw.

use std::sync::Mutex;

use countersign::{
    entropy::{Entropy, NoEntropy},
    keyring::{IssuerName, KeySet, MAX_SET_LIFETIME, PublishedKey, Revocation, SigningKey},
    ledger::{VerifierKey, ledger_key},
    store::DeploymentKeys,
    token::{Approach, Channel, Claims, Cti, SpokenCode, SpokenSize, Token, Window},
};
use zeroize::Zeroizing;

/// 40 seconds into a minute, so that a time that was not rounded to minutes is noticed.
pub const NOW: i64 = 1_795_000_000;
pub const MINUTE: i64 = NOW - NOW % 60;
pub const DAY: i64 = 86_400;

pub fn issuer() -> IssuerName {
    "verify.example.org".parse().unwrap()
}

pub fn root() -> SigningKey {
    key(4)
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([seed; 32]))
}

/// The key that signs, as the set publishes it.
pub fn published() -> PublishedKey {
    PublishedKey { key: key(3).public(), not_before: NOW - 2 * DAY, expires_at: NOW + 40 * DAY, revoked: None }
}

pub fn revoked() -> PublishedKey {
    PublishedKey { revoked: Some(Revocation { revoked_at: NOW, reason: "stolen".into() }), ..published() }
}

/// A set that runs out at `end`.
pub fn key_set(version: u64, end: i64, keys: Vec<PublishedKey>) -> String {
    KeySet::new(issuer(), version, (NOW - DAY).max(end - MAX_SET_LIFETIME), end, keys).unwrap().sign(&root())
}

pub fn first_key_set() -> String {
    key_set(1, NOW - DAY + MAX_SET_LIFETIME, vec![published()])
}

/// How the ledger's checkpoints are signed.
pub fn ledger() -> (VerifierKey, SigningKey) {
    (ledger_key(&issuer(), key(5).public()).unwrap(), key(5))
}

/// What the stores of these tests are bound to.
pub fn deployment_keys() -> DeploymentKeys {
    DeploymentKeys { folder: "keys".into(), issuer: issuer(), root: root().public(), ledger: vec![ledger().0], new_id: [1; 16] }
}

pub fn approach(channel: Channel) -> Approach {
    Approach { channel, name: None, place: None, challenge: None, dialled: None }
}

/// A token with a right signature that went around the issuer's record.
pub fn unrecorded(cti: [u8; 8], iat: i64, lifetime: i64) -> Token {
    signed(cti, Window::new(iat, None, iat + lifetime).unwrap(), approach(Channel::InPerson))
}

pub fn signed(cti: [u8; 8], window: Window, approach: Approach) -> Token {
    Token::sign(&Claims::new(Cti(cti), window, approach).unwrap(), &key(3), &published(), &issuer()).unwrap()
}

/// A code with a right checksum that names nothing.
pub fn unknown_code(n: usize) -> SpokenCode {
    SpokenCode::of(&Token::from_bytes([Token::BEGINNING, n.to_le_bytes()].concat()).unwrap(), SpokenSize::Five)
}

/// Bytes that look random and are the same in every run (`SplitMix64`); what is put in front comes first.
pub struct Seeded(Mutex<(u64, Vec<[u8; 8]>)>);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new((seed, vec![])))
    }

    /// The next draws of eight bytes are these.
    pub fn next_are(&self, draws: &[[u8; 8]]) {
        self.0.lock().unwrap().1 = draws.iter().rev().copied().collect();
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        let (state, front) = &mut *self.0.lock().unwrap();
        if bytes.len() == 8
            && let Some(draw) = front.pop()
        {
            bytes.copy_from_slice(&draw);
            return Ok(());
        }
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ mixed >> 31).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// From the first callsign to the last.
pub fn everybody() -> std::ops::RangeInclusive<countersign::authority::Callsign> {
    "0".parse().unwrap()..="z".repeat(32).parse().unwrap()
}
