//! The two halves of the keyring: [`PublicKeys`] can check, [`Ring`] can sign.

use serde_json::{Value, json};

use super::{
    IssuerName, KeyId, KeySet, KeySetError, KidPrefix, PublicKey, PublishedKey, SigningKey,
    rotation::{KeyRecord, Stage},
};

/// A key set that the pinned root signed and that had begun when it was opened. It may have expired: who judges or signs by
/// it asks [`Self::is_current`] each time. Holds no private key.
#[derive(Clone, Debug)]
pub struct PublicKeys {
    set: KeySet,
    jwt: String,
    in_use: Vec<KeyId>,
}

impl PublicKeys {
    /// Opens a signed set: `root` is pinned, `least` is the highest version seen so far or baked in,
    /// `now` is in seconds since 1970.
    pub fn open(jwt: &str, root: &PublicKey, issuer: &IssuerName, now: i64, least: u64) -> Result<Self, KeySetError> {
        let keys = Self::open_even_expired(jwt, root, issuer, now, least)?;
        if keys.is_current(now) { Ok(keys) } else { Err(KeySetError::Expired) }
    }

    /// The same for those who go on without a current set, until the next one comes: all but its end is checked.
    pub fn open_even_expired(jwt: &str, root: &PublicKey, issuer: &IssuerName, now: i64, least: u64) -> Result<Self, KeySetError> {
        let set = KeySet::read(jwt, root, issuer)?;
        set.check_begun(now, least)?;
        Ok(Self { set, jwt: jwt.to_owned(), in_use: Vec::new() })
    }

    /// Adds what the store knows of the keys: a revocation there counts at once, before the root signs the next set.
    #[must_use]
    pub fn knowing(mut self, records: &[KeyRecord]) -> Self {
        for (id, revocation) in records.iter().filter_map(|record| Some((record.id, record.revoked.as_ref()?))) {
            self.set.revoke(id, revocation);
        }
        let in_use = |record: &&KeyRecord| matches!(record.stage, Stage::Active | Stage::Retired);
        self.in_use = records.iter().filter(in_use).map(|record| record.id).collect();
        self
    }

    /// Whether the set has not expired. An expired set never says `genuine`.
    pub fn is_current(&self, now: i64) -> bool {
        now < self.set.expires_at()
    }

    /// The key that a token names, if it is published.
    pub fn find(&self, kid: KidPrefix) -> Option<&PublishedKey> {
        self.set.keys().iter().find(|k| k.key.id().prefix() == kid)
    }

    /// The set itself, with every revocation that is known.
    pub fn set(&self) -> &KeySet {
        &self.set
    }

    /// The set as the root signed it, for publishing.
    pub fn jwt(&self) -> &str {
        &self.jwt
    }

    /// A plain JWK set (RFC 7517) of the active and the retired keys that are not revoked, for stock libraries.
    pub fn jwks(&self) -> Value {
        let listed = |k: &&PublishedKey| k.revoked.is_none() && self.in_use.contains(&k.key.id());
        let jwk = |k: &PublishedKey| {
            json!({"kty": "OKP", "crv": "Ed25519", "x": k.key.jwk_x(), "kid": k.key.id().to_string(),
                   "use": "sig", "nbf": k.not_before, "exp": k.expires_at})
        };
        json!({"keys": self.set.keys().iter().filter(listed).map(jwk).collect::<Vec<_>>()})
    }
}

/// No token can be signed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RingError {
    /// The private key does not belong to the set.
    #[error("the private key {0} is not in the published key set")]
    NotPublished(KeyId),
    /// The set is over.
    #[error("the key set expired; have the root key sign the next one with `countersign keys publish`")]
    SetExpired,
    /// No key of the set signs now.
    #[error("no published, unrevoked key with its private half is in use now; sign the next set with `countersign keys publish`")]
    NoActiveKey,
}

/// The published set with the one private key that signs for everybody, so that no key distinguishes the tokens of one
/// officer.
#[derive(Debug)]
pub struct Ring {
    public: PublicKeys,
    key: SigningKey,
}

impl Ring {
    /// Joins a published set and the active key, which must be in it: an unpublished key would sign what nobody can check.
    pub fn new(public: PublicKeys, key: SigningKey) -> Result<Self, RingError> {
        let ring = Self { public, key };
        if ring.published().is_some() { Ok(ring) } else { Err(RingError::NotPublished(ring.key.public().id())) }
    }

    fn published(&self) -> Option<&PublishedKey> {
        let id = self.key.public().id();
        self.public.find(id.prefix()).filter(|published| published.key.id() == id)
    }

    /// The key and what the set says of it, if it may sign at `now`.
    pub fn active(&self, now: i64) -> Result<(&SigningKey, &PublishedKey), RingError> {
        if !self.public.is_current(now) {
            return Err(RingError::SetExpired);
        }
        let in_use = |p: &&PublishedKey| p.revoked.is_none() && p.covers(now, now);
        self.published().filter(in_use).map(|published| (&self.key, published)).ok_or(RingError::NoActiveKey)
    }

    /// The half that can only check.
    pub fn public(&self) -> &PublicKeys {
        &self.public
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::{MAX_SET_LIFETIME, Revocation};

    const NOW: i64 = 1_795_000_000;

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&Zeroizing::new([n; 32]))
    }

    fn published(n: u8, not_before: i64, revoked: bool) -> PublishedKey {
        let revoked = revoked.then(|| Revocation { revoked_at: NOW, reason: "stolen".into() });
        PublishedKey { key: key(n).public(), not_before, expires_at: not_before + 8 * 86_400, revoked }
    }

    fn issuer() -> IssuerName {
        "verify.example.org".parse().unwrap()
    }

    fn set(keys: Vec<PublishedKey>) -> KeySet {
        KeySet::new(issuer(), 3, NOW, NOW + MAX_SET_LIFETIME, keys).unwrap()
    }

    #[test]
    fn a_signed_set_opens_only_under_its_root_issuer_time_and_version() {
        let jwt = set(vec![published(1, NOW, false)]).sign(&key(9));
        let root = key(9).public();
        let open = |root: &PublicKey, name: &IssuerName, now, least| PublicKeys::open(&jwt, root, name, now, least).map(|_| ());
        assert_eq!(open(&root, &issuer(), NOW, 3), Ok(()));
        assert_eq!(open(&key(8).public(), &issuer(), NOW, 3), Err(KeySetError::WrongRoot));
        let other: IssuerName = "verify.example.net".parse().unwrap();
        let wrong_issuer = || KeySetError::WrongIssuer { found: issuer(), given: other.clone() };
        assert_eq!(open(&root, &other, NOW, 3), Err(wrong_issuer()));
        assert_eq!(open(&root, &issuer(), NOW, 4), Err(KeySetError::OlderThanSeen { found: 3, least: 4 }));
        assert_eq!(open(&root, &issuer(), NOW - 61, 3), Err(KeySetError::NotYetValid));
        assert_eq!(open(&root, &issuer(), NOW - 60, 3), Ok(()));
        assert_eq!(open(&root, &issuer(), NOW + MAX_SET_LIFETIME - 1, 3), Ok(()));
        assert_eq!(open(&root, &issuer(), NOW + MAX_SET_LIFETIME, 3), Err(KeySetError::Expired));
        let expired = |root: &PublicKey, name: &IssuerName, now, least| {
            PublicKeys::open_even_expired(&jwt, root, name, now, least).map(|keys| keys.is_current(now))
        };
        assert_eq!(expired(&root, &issuer(), NOW + MAX_SET_LIFETIME - 1, 3), Ok(true));
        assert_eq!(expired(&root, &issuer(), NOW + MAX_SET_LIFETIME, 3), Ok(false), "its end alone is not checked");
        assert_eq!(expired(&key(8).public(), &issuer(), NOW + MAX_SET_LIFETIME, 3), Err(KeySetError::WrongRoot));
        assert_eq!(expired(&root, &other, NOW + MAX_SET_LIFETIME, 3), Err(wrong_issuer()));
        assert_eq!(expired(&root, &issuer(), NOW + MAX_SET_LIFETIME, 4), Err(KeySetError::OlderThanSeen { found: 3, least: 4 }));
        assert_eq!(expired(&root, &issuer(), NOW - 61, 3), Err(KeySetError::NotYetValid));
    }

    fn ring(keys: Vec<PublishedKey>, n: u8) -> Result<Ring, RingError> {
        Ring::new(PublicKeys::open(&set(keys).sign(&key(9)), &key(9).public(), &issuer(), NOW, 0).unwrap(), key(n))
    }

    #[test]
    fn the_key_signs_in_its_time_and_the_sets_unless_it_is_revoked() {
        let active = |keys, n, now| ring(keys, n).and_then(|ring| ring.active(now).map(|(key, _)| key.public().id()));
        let both = || vec![published(1, NOW, false), published(2, NOW, true)];
        assert_eq!(active(both(), 1, NOW), Ok(key(1).public().id()));
        assert_eq!(active(both(), 2, NOW), Err(RingError::NoActiveKey), "revoked");
        assert_eq!(active(both(), 3, NOW), Err(RingError::NotPublished(key(3).public().id())));
        assert_eq!(active(both(), 1, NOW - 1), Err(RingError::NoActiveKey), "too early");
        assert_eq!(active(both(), 1, NOW + 8 * 86_400 + 1), Err(RingError::NoActiveKey), "too late");
        let long = PublishedKey { expires_at: NOW + 2 * MAX_SET_LIFETIME, ..published(1, NOW, false) };
        assert_eq!(active(vec![long], 1, NOW + MAX_SET_LIFETIME), Err(RingError::SetExpired));
    }

    #[test]
    fn what_the_store_knows_counts_at_once() {
        let record = |n: u8, stage, revoked: bool| KeyRecord {
            id: key(n).public().id(),
            stage,
            since: NOW,
            revoked: revoked.then(|| Revocation { revoked_at: NOW, reason: "stolen".into() }),
        };
        let known = [
            record(1, Stage::Retired, true),
            record(2, Stage::Active, false),
            record(3, Stage::Pending, false),
            record(4, Stage::Removed, false),
            record(5, Stage::Retired, false),
        ];
        let jwt = set((1..=5).map(|n| published(n, NOW, false)).collect()).sign(&key(9));
        let keys = PublicKeys::open(&jwt, &key(9).public(), &issuer(), NOW, 0).unwrap().knowing(&known);
        assert!(keys.find(key(1).public().id().prefix()).unwrap().revoked.is_some());
        let listed: Vec<_> = keys.jwks()["keys"].as_array().unwrap().iter().map(|jwk| jwk["kid"].as_str().unwrap().to_owned()).collect();
        assert_eq!(listed, [2, 5].map(|n| key(n).public().id().to_string()), "active and retired, not revoked");
        assert_eq!(keys.jwt(), jwt, "what is published stays as it was signed");
    }

    #[test]
    fn a_set_lives_35_days_at_most_and_holds_no_prefix_twice() {
        let make = |life, keys| KeySet::new(issuer(), 1, NOW, NOW + life, keys).map(|_| ());
        assert_eq!(make(MAX_SET_LIFETIME, vec![]), Ok(()));
        assert_eq!(make(MAX_SET_LIFETIME + 1, vec![]), Err(KeySetError::Lifetime));
        assert_eq!(make(0, vec![]), Err(KeySetError::Lifetime));
        assert_eq!(make(1, vec![published(1, NOW, false), published(1, NOW, false)]), Err(KeySetError::PrefixClash));
    }
}
