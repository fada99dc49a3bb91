//! The two halves of the keyring: [`PublicKeys`] can check, [`Ring`] can sign.

use super::{IssuerName, KeyId, KeySet, KeySetError, KidPrefix, PublicKey, PublishedKey, SigningKey};

/// A key set that the pinned root signed and that was current when it was opened. Holds no private key.
#[derive(Clone, Debug)]
pub struct PublicKeys {
    set: KeySet,
}

impl PublicKeys {
    /// Opens a signed set: `root` is pinned, `least` is the highest version seen so far or baked in,
    /// `now` is in seconds since 1970.
    pub fn open(jwt: &str, root: &PublicKey, issuer: &IssuerName, now: i64, least: u64) -> Result<Self, KeySetError> {
        let set = KeySet::read(jwt, root, issuer)?;
        set.check_current(now, least)?;
        Ok(Self { set })
    }

    /// Whether the set has not run out since it was opened. An expired set never says `genuine`.
    pub fn is_current(&self, now: i64) -> bool {
        now < self.set.expires_at()
    }

    /// The key that a token names, if it is published.
    pub fn find(&self, kid: KidPrefix) -> Option<&PublishedKey> {
        self.set.keys().iter().find(|k| k.key.id().prefix() == kid)
    }

    /// The set itself, for publishing and showing.
    pub fn set(&self) -> &KeySet {
        &self.set
    }
}

/// No token can be signed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RingError {
    /// A private key is there whose public half nobody knows.
    #[error("the private key {0} is not in the published key set; publish it or move its file away")]
    NotPublished(KeyId),
    /// No key of the set is in use now and at hand.
    #[error("no published, unrevoked key with its private half is in use now; make or publish keys first")]
    NoActiveKey,
}

/// Public keys with the private halves that this machine holds.
#[derive(Debug)]
pub struct Ring {
    public: PublicKeys,
    private: Vec<SigningKey>,
}

impl Ring {
    /// Joins a published set with private keys. Each must be published: an unpublished key would sign what nobody can check.
    pub fn new(public: PublicKeys, private: Vec<SigningKey>) -> Result<Self, RingError> {
        for key in &private {
            let id = key.public().id();
            if public.find(id.prefix()).is_none_or(|p| p.key.id() != id) {
                return Err(RingError::NotPublished(id));
            }
        }
        Ok(Self { public, private })
    }

    /// The one key that signs for everybody at `now`: the newest in use, so that tokens of one officer cannot be told apart by key.
    pub fn active(&self, now: i64) -> Result<(&SigningKey, &PublishedKey), RingError> {
        let in_use = |p: &PublishedKey| p.revoked.is_none() && p.not_before <= now && now < p.expires_at;
        self.private
            .iter()
            .filter_map(|key| Some((key, self.public.find(key.public().id().prefix())?)))
            .filter(|(_, published)| in_use(published) && self.public.is_current(now))
            .max_by_key(|(_, published)| published.not_before)
            .ok_or(RingError::NoActiveKey)
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
        assert_eq!(open(&root, &other, NOW, 3), Err(KeySetError::WrongIssuer(other.clone())));
        assert_eq!(open(&root, &issuer(), NOW, 4), Err(KeySetError::OlderThanSeen { found: 3, least: 4 }));
        assert_eq!(open(&root, &issuer(), NOW - 61, 3), Err(KeySetError::NotYetValid));
        assert_eq!(open(&root, &issuer(), NOW - 60, 3), Ok(()));
        assert_eq!(open(&root, &issuer(), NOW + MAX_SET_LIFETIME - 1, 3), Ok(()));
        assert_eq!(open(&root, &issuer(), NOW + MAX_SET_LIFETIME, 3), Err(KeySetError::Expired));
    }

    #[test]
    fn the_newest_unrevoked_key_in_use_signs() {
        let keys = vec![published(1, NOW, false), published(2, NOW + 100, false), published(3, NOW + 200, true)];
        let public = PublicKeys::open(&set(keys).sign(&key(9)), &key(9).public(), &issuer(), NOW, 0).unwrap();
        let ring = Ring::new(public, vec![key(1), key(2), key(3)]).unwrap();
        let active = |now| ring.active(now).map(|(k, _)| k.public().id());
        assert_eq!(active(NOW), Ok(key(1).public().id()));
        assert_eq!(active(NOW + 100), Ok(key(2).public().id()));
        assert_eq!(active(NOW + 300), Ok(key(2).public().id()));
        assert_eq!(active(NOW - 1), Err(RingError::NoActiveKey));
        assert_eq!(active(NOW + 40 * 86_400), Err(RingError::NoActiveKey));
    }

    #[test]
    fn an_unpublished_private_key_is_refused() {
        let public = PublicKeys::open(&set(vec![published(1, NOW, false)]).sign(&key(9)), &key(9).public(), &issuer(), NOW, 0).unwrap();
        let refused = Ring::new(public, vec![key(1), key(2)]).map(|_| ());
        assert_eq!(refused, Err(RingError::NotPublished(key(2).public().id())));
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
