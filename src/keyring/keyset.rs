//! What a key set says: which keys of a deployment may sign, from when, until when, and which were revoked.

use serde::{Deserialize, Serialize};

use super::{IssuerName, KeyError, KeyId, PublicKey};

/// A set lives at most 35 days, so that a stolen old one is of use for no longer. Seconds.
pub const MAX_SET_LIFETIME: i64 = 35 * 86_400;

/// How far the clocks of the machine that signed a set and of the one that reads it may differ. Seconds.
const CLOCK_LEEWAY: i64 = 60;

/// A key set cannot be made or trusted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeySetError {
    /// It is not the strict JWT form.
    #[error("the key set is not a jwk-set+jwt in the expected form")]
    Malformed,
    /// The pinned root did not sign it.
    #[error("the key set is not signed by the pinned root key")]
    WrongRoot,
    /// It belongs to another issuer.
    #[error("the key set is for {found}, and the issuer name given is {given}; give the name and the key set that belong together")]
    WrongIssuer {
        /// The issuer that the set names.
        found: IssuerName,
        /// The issuer that was expected.
        given: IssuerName,
    },
    /// It has run out.
    #[error("the key set ran out; publish a new one")]
    Expired,
    /// It begins in the future.
    #[error("the key set begins in the future; check this machine's clock")]
    NotYetValid,
    /// It is older than one that was seen, or than the version that was baked in.
    #[error("the key set has version {found}, but at least version {least} is known")]
    OlderThanSeen {
        /// The version of this set.
        found: u64,
        /// The version that is already known.
        least: u64,
    },
    /// It does not come after the one before.
    #[error("the key set has version {found}, but version {last} was signed or published before; make a new request")]
    NotNewer {
        /// The version of this set.
        found: u64,
        /// The version of the one before.
        last: u64,
    },
    /// It would live too long, or not at all.
    #[error("a key set lives between one second and 35 days")]
    Lifetime,
    /// Two keys could be taken for one another.
    #[error("two keys of the set share the first four bytes of their ids; make one of them again")]
    PrefixClash,
    /// It forgets that a key was revoked.
    #[error("the key set forgets that {0} was revoked; make a new request on the issuer's machine")]
    Unrevoked(KeyId),
    /// A newer one came into use meanwhile.
    #[error("a newer key set came into use meanwhile; make a new request")]
    Superseded,
    /// A key in it is not what its id says, or is no key.
    #[error("a key of the set cannot be used: {0}")]
    Key(#[from] KeyError),
}

/// Why and when a key was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Seconds since 1970.
    pub revoked_at: i64,
    /// One word or sentence for the public.
    pub reason: String,
}

/// A signing key as the set publishes it. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// The public half.
    pub key: PublicKey,
    /// Signs nothing before.
    pub not_before: i64,
    /// No token of it lives beyond.
    pub expires_at: i64,
    /// Set once the key can no longer be trusted.
    pub revoked: Option<Revocation>,
}

impl PublishedKey {
    /// Whether a token of this key may be signed at `issued_at` and live until `expires_at`.
    pub fn covers(&self, issued_at: i64, expires_at: i64) -> bool {
        self.not_before <= issued_at && expires_at <= self.expires_at
    }
}

/// The content of a key set, well-formed but not yet trusted; [`super::PublicKeys`] is the trusted form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    issuer: IssuerName,
    version: u64,
    issued_at: i64,
    expires_at: i64,
    keys: Vec<PublishedKey>,
}

impl KeySet {
    /// Puts a set together. Refuses a lifetime over 35 days and keys whose four-byte prefixes are equal.
    pub fn new(issuer: IssuerName, version: u64, issued_at: i64, expires_at: i64, keys: Vec<PublishedKey>) -> Result<Self, KeySetError> {
        let lifetime = expires_at.checked_sub(issued_at).ok_or(KeySetError::Lifetime)?;
        if !(1..=MAX_SET_LIFETIME).contains(&lifetime) {
            return Err(KeySetError::Lifetime);
        }
        let mut prefixes: Vec<_> = keys.iter().map(|k| k.key.id().prefix()).collect();
        prefixes.sort_unstable();
        if prefixes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(KeySetError::PrefixClash);
        }
        Ok(Self { issuer, version, issued_at, expires_at, keys })
    }

    /// Refuses a set that has not begun or is older than `least`.
    pub(super) fn check_begun(&self, now: i64, least: u64) -> Result<(), KeySetError> {
        if self.version < least {
            return Err(KeySetError::OlderThanSeen { found: self.version, least });
        }
        if self.issued_at > now.saturating_add(CLOCK_LEEWAY) {
            return Err(KeySetError::NotYetValid);
        }
        Ok(())
    }

    /// Refuses a set that may not come after `last`: not newer, or without a revocation that `last` names.
    pub fn check_follows(&self, last: &Self) -> Result<(), KeySetError> {
        if self.version <= last.version {
            return Err(KeySetError::NotNewer { found: self.version, last: last.version });
        }
        let revoked = |key: &PublishedKey| last.keys.iter().any(|old| old.key.id() == key.key.id() && old.revoked.is_some());
        match self.keys.iter().find(|key| key.revoked.is_none() && revoked(key)) {
            Some(key) => Err(KeySetError::Unrevoked(key.key.id())),
            None => Ok(()),
        }
    }

    /// The issuer it speaks for.
    pub fn issuer(&self) -> &IssuerName {
        &self.issuer
    }

    /// Grows with every set that the root signs.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When the root signed it, seconds since 1970.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// When it runs out, seconds since 1970.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// The keys in it.
    pub fn keys(&self) -> &[PublishedKey] {
        &self.keys
    }

    /// Adds a revocation that the root has not signed yet.
    pub(super) fn revoke(&mut self, id: KeyId, revocation: &Revocation) {
        for key in self.keys.iter_mut().filter(|key| key.key.id() == id && key.revoked.is_none()) {
            key.revoked = Some(revocation.clone());
        }
    }
}
