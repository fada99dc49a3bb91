//! The published key set as a verifier knows it: read from the store, trusted only under the pinned root.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::sync::Mutex;

use crate::{
    clock::Clock,
    health::Recurring,
    keyring::{IssuerName, KeySetError, PublicKey, PublicKeys},
    store::{StoreError, StoredKeySet, VerifierStore},
};

/// What was read from the store longer ago is not published any more: a revocation must reach everybody within a minute, also
/// where the store cannot be reached.
pub const FRESH: Duration = Duration::from_mins(1);

/// Watches the key set of one deployment.
pub struct KeyWatch {
    root: PublicKey,
    issuer: IssuerName,
    clock: Arc<dyn Clock>,
    known: RwLock<Option<Seen>>,
    /// The last look because of a token's unknown key. Held while we look: who asks meanwhile waits for what is found.
    looked: Mutex<Look>,
    look_failures: Recurring,
}

/// A look into the store because of an unknown key.
#[derive(Clone, Copy)]
struct Look {
    /// The second in which it was.
    at: i64,
    /// Whether the store answered with a set that is trusted.
    found: bool,
}

/// A key set as it was last seen in the store.
#[derive(Clone)]
pub struct Seen {
    /// What the store said.
    pub stored: Arc<StoredKeySet>,
    /// What is believed of it; it may have expired.
    pub keys: Arc<PublicKeys>,
    /// When, in seconds since 1970.
    pub at: i64,
    /// When, since the machine started.
    since_boot: Duration,
}

impl Seen {
    /// Of two that were read at once the one of the newer version is kept, then the one that was asked for later.
    fn order(&self) -> (u64, Duration) {
        (self.keys.set().version(), self.since_boot)
    }
}

/// A key set could not be taken from the store.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store has none.
    #[error("the store holds no key set; publish one with `countersign keys publish`")]
    NoSet,
    /// The set is not trusted; the one known before stays in use until it runs out.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
}

impl KeyWatch {
    /// Pins the root key.
    pub fn new(root: PublicKey, issuer: IssuerName, clock: Arc<dyn Clock>) -> Self {
        let looked = Mutex::new(Look { at: i64::MIN, found: false });
        Self { root, issuer, clock, known: RwLock::default(), looked, look_failures: Recurring::new("key_set_again") }
    }

    /// Reads the newest set from the store, and what became of its keys. One older than the one already seen is refused; one
    /// that expired is taken, and nothing is judged by it.
    pub async fn refresh(&self, store: &dyn VerifierStore, now: i64) -> Result<(), WatchError> {
        // Before the store is asked: what it says may be that old.
        let (since_boot, known) = (self.clock.since_boot(), self.seen());
        let stored = store.key_set().await?.ok_or(WatchError::NoSet)?;
        let seen = match known {
            Some(known) if *known.stored == stored => Seen { at: now, since_boot, ..known },
            known => {
                let least = known.map_or(0, |known| known.keys.set().version());
                let keys = PublicKeys::open_even_expired(&stored.jwt, &self.root, &self.issuer, now, least)?.knowing(&stored.keys);
                Seen { stored: Arc::new(stored), keys: Arc::new(keys), at: now, since_boot }
            }
        };
        self.keep(seen);
        Ok(())
    }

    /// Two may read at once, and the slower one must not bring back what was so before a revocation.
    fn keep(&self, seen: Seen) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|known| known.order() <= seen.order()) {
            *known = Some(seen);
        }
    }

    /// Looks into the store because nobody here knows the key of a token, which may be the first of a key that was published
    /// a moment ago; once a second at most, so that made-up keys cost nothing. What is found is trusted as ever: under
    /// the pinned root, and never because a token names it. Returns whether the store was read in this second: if not, a key
    /// that is unknown may still be a good one.
    pub async fn look_again(&self, store: &dyn VerifierStore, now: i64) -> bool {
        let mut looked = self.looked.lock().await;
        if looked.at != now {
            // Before we look, for the next who asks after somebody gave up.
            *looked = Look { at: now, found: false };
            match self.refresh(store, now).await {
                Ok(()) => {
                    self.look_failures.ok();
                    looked.found = true;
                }
                Err(error) => self.look_failures.failed(&format!("the key set could not be looked for again: {error}")),
            }
        }
        looked.found
    }

    /// The keys, if a set is known that has not expired.
    pub fn current(&self, now: i64) -> Option<Arc<PublicKeys>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|known| &known.keys).filter(|keys| keys.is_current(now)).cloned()
    }

    /// What may be published, and for how much longer: what was read from the store within [`FRESH`]. It may have expired.
    pub fn fresh(&self) -> Option<(Seen, Duration)> {
        let seen = self.seen()?;
        let left = FRESH.checked_sub(self.clock.since_boot().saturating_sub(seen.since_boot))?;
        Some((seen, left))
    }

    /// The pinned root.
    pub fn root(&self) -> &PublicKey {
        &self.root
    }

    /// The set that is known and when it was last found in the store.
    pub fn seen(&self) -> Option<Seen> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
