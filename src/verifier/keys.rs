//! The published key set as a verifier knows it: read from the store, trusted only under the pinned root.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    keyring::{IssuerName, KeySetError, PublicKey, PublicKeys},
    store::{StoreError, VerifierStore},
};

/// Watches the key set of one deployment.
pub struct KeyWatch {
    root: PublicKey,
    issuer: IssuerName,
    known: RwLock<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    jwt: Arc<str>,
    keys: Arc<PublicKeys>,
}

/// A key set could not be taken from the store.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The set is not trusted; the one known before stays in use until it runs out.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
}

impl KeyWatch {
    /// Pins the root key.
    pub fn new(root: PublicKey, issuer: IssuerName) -> Self {
        Self { root, issuer, known: RwLock::default() }
    }

    /// Reads the newest set from the store. One older than the one already seen is refused.
    pub async fn refresh(&self, store: &dyn VerifierStore, now: i64) -> Result<(), WatchError> {
        let Some(jwt) = store.key_set().await? else { return Ok(()) };
        let known = self.known();
        if known.as_ref().is_some_and(|known| *known.jwt == *jwt) {
            return Ok(());
        }
        let least = known.map_or(0, |known| known.keys.set().version());
        let keys = Arc::new(PublicKeys::open(&jwt, &self.root, &self.issuer, now, least)?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Known { jwt: jwt.into(), keys });
        Ok(())
    }

    /// The keys, if a set is known that has not run out.
    pub fn current(&self, now: i64) -> Option<Arc<PublicKeys>> {
        self.known().map(|known| known.keys).filter(|keys| keys.is_current(now))
    }

    /// The signed set, for publishing.
    pub fn jwt(&self) -> Option<Arc<str>> {
        self.known().map(|known| known.jwt)
    }

    /// The pinned root.
    pub fn root(&self) -> &PublicKey {
        &self.root
    }

    fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
