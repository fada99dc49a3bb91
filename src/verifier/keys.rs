//! The published key set as a verifier knows it: read from the store, trusted only under the pinned root.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;

use crate::{
    keyring::{IssuerName, KeySetError, KidPrefix, PublicKey, PublicKeys},
    store::{StoreError, StoredKeySet, VerifierStore},
};

/// Watches the key set of one deployment.
pub struct KeyWatch {
    root: PublicKey,
    issuer: IssuerName,
    known: RwLock<Option<Seen>>,
    /// The last second in which a token's unknown key made us look again. Held while we look: who asks meanwhile waits for
    /// what is found.
    looked_at: Mutex<i64>,
}

/// A key set as it was last seen in the store.
#[derive(Clone)]
pub struct Seen {
    /// What the store said.
    pub stored: Arc<StoredKeySet>,
    /// What is believed of it; it may have run out since.
    pub keys: Arc<PublicKeys>,
    /// When, in seconds since 1970.
    pub at: i64,
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
        Self { root, issuer, known: RwLock::default(), looked_at: Mutex::new(i64::MIN) }
    }

    /// Reads the newest set from the store, and what became of its keys. One older than the one already seen is refused.
    pub async fn refresh(&self, store: &dyn VerifierStore, now: i64) -> Result<(), WatchError> {
        let Some(stored) = store.key_set().await? else { return Ok(()) };
        let seen = match self.seen() {
            Some(known) if *known.stored == stored => Seen { at: now, ..known },
            known => {
                let least = known.map_or(0, |known| known.keys.set().version());
                let keys = PublicKeys::open(&stored.jwt, &self.root, &self.issuer, now, least)?.knowing(&stored.keys);
                Seen { stored: Arc::new(stored), keys: Arc::new(keys), at: now }
            }
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(())
    }

    /// Looks into the store because nobody here knows the key of a token, which may be the first of a key that was published
    /// a moment ago; once a second at most, so that made-up keys cost nothing. What is found is trusted as ever: under
    /// the pinned root, and never because a token names it.
    pub async fn look_again(&self, store: &dyn VerifierStore, now: i64) -> Result<(), WatchError> {
        let mut looked_at = self.looked_at.lock().await;
        if *looked_at == now {
            return Ok(());
        }
        *looked_at = now;
        self.refresh(store, now).await
    }

    /// The keys, if a set is known that has not run out.
    pub fn current(&self, now: i64) -> Option<Arc<PublicKeys>> {
        self.seen().map(|known| known.keys).filter(|keys| keys.is_current(now))
    }

    /// Whether a current set names this key.
    pub fn knows(&self, kid: KidPrefix, now: i64) -> bool {
        self.current(now).is_some_and(|keys| keys.find(kid).is_some())
    }

    /// The signed set, for publishing.
    pub fn jwt(&self) -> Option<String> {
        self.seen().map(|known| known.stored.jwt.clone())
    }

    /// The pinned root.
    pub fn root(&self) -> &PublicKey {
        &self.root
    }

    /// The set that is known and when it was last found in the store, for those who watch.
    pub fn seen(&self) -> Option<Seen> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
