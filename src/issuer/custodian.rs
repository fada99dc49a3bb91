//! Keeps the signing keys: publishes sets, rotates by the policy, destroys what is spent, revokes.
//!
//! The plan is pure ([`plan`]); here it is read, carried out in the store, and only then in the vault. Whatever ends half-way is
//! taken up where it stood the next time.

mod next_set;
mod revoking;

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use zeroize::Zeroizing;

pub use self::{
    next_set::{Asked, Spares},
    revoking::Revoked,
};
use super::Checked;
use crate::{
    clock::Clock,
    entropy::{Entropy, NoEntropy},
    keyring::{
        IssuerName, KeyId, KeySet, KeySetError, PublicKey, PublicKeys, Ring, RingError, SigningKey,
        rotation::{KeyRecord, Plan, Policy, Stage, Step, Warning, plan},
    },
    ledger::Event,
    store::{IssuerStore, StoreError, StoredKeySet},
    token::{LEEWAY, MAX_LIFETIME, MAX_PREPARATION},
};

const DAY: i64 = 86_400;

/// The policy where the settings say nothing else.
pub const POLICY: Policy = Policy {
    active: 7 * DAY,
    published: DAY,
    // A token that was prepared in the key's last second is shown a day later, for as long as a token lives.
    retired: MAX_PREPARATION + MAX_LIFETIME + LEEWAY,
    grace: DAY,
    warning: 7 * DAY,
    slack: DAY,
};

/// The private halves cannot be reached. The sentence is for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct VaultError(pub String);

/// Where the private halves of signing keys are.
pub trait KeyVault: Send + Sync {
    /// The keys that are here.
    fn ids(&self) -> Result<BTreeSet<KeyId>, VaultError>;

    /// Takes one out to sign with it.
    fn load(&self, id: KeyId) -> Result<SigningKey, VaultError>;

    /// Puts a new one in, durably.
    fn add(&self, key: &SigningKey) -> Result<(), VaultError>;

    /// Destroys one. Again is as good as once.
    fn destroy(&self, id: KeyId) -> Result<(), VaultError>;
}

/// The signing keys cannot be kept as the policy asks.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// Nothing was published yet.
    #[error("no key set was published yet; publish one with `countersign keys publish`")]
    NoSet,
    /// The private half of a key that signs or waits is not here.
    #[error(
        "the private half of {0} is not on this machine; use the machine that has it, bring it from there, or revoke the key if it is lost"
    )]
    Elsewhere(KeyId),
    /// What is in the store is not ours.
    #[error("the key set in the store cannot be trusted: {0}")]
    Stored(KeySetError),
    /// A set cannot be used.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
    /// No key can sign.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A private half cannot be reached.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a rotation did and what people have to do.
#[derive(Debug, Default)]
pub struct Rotated {
    /// The key that signs from now on.
    pub activated: Option<KeyId>,
    /// Keys of which no token can be shown any more.
    pub removed: Vec<KeyId>,
    /// Keys whose private half is gone.
    pub destroyed: Vec<KeyId>,
    /// Why a private half that is spent is still here, as while a command holds the folder; the next rotation tries again.
    pub left: Option<VaultError>,
    /// What people have to do.
    pub warnings: Vec<Warning>,
}

/// Whose keys, under which root, by which policy.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The pinned root key.
    pub root: PublicKey,
    /// The deployment.
    pub issuer: IssuerName,
    /// When keys begin and cease to sign.
    pub policy: Policy,
}

/// The keeper of the signing keys.
pub struct Custodian {
    store: Arc<dyn IssuerStore>,
    vault: Arc<dyn KeyVault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    trust: Trust,
    ring: RwLock<Option<Arc<Ring>>>,
}

impl Custodian {
    /// Begins without a key to sign with; [`Self::rotate`] takes one out.
    pub fn new(
        store: Arc<dyn IssuerStore>,
        vault: Arc<dyn KeyVault>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        trust: Trust,
    ) -> Self {
        Self { store, vault, clock, entropy, trust, ring: RwLock::default() }
    }

    /// The key that signs now, as far as this process knows.
    pub fn ring(&self) -> Result<Arc<Ring>, RingError> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(RingError::NoActiveKey)
    }

    /// Whether the key that is out may sign now.
    pub fn can_sign(&self) -> Result<(), RingError> {
        self.ring()?.active(self.clock.now()).map(drop)
    }

    /// Puts a set into the store if it is newer than what is there, as when the service starts. It may have expired.
    pub async fn install(&self, jwt: &str) -> Result<(), CustodyError> {
        let keys = self.open_even_expired(jwt)?;
        self.put(keys).await?;
        Ok(())
    }

    /// Publishes a set that the root signed. One that is not newer, or that forgets a revocation, is refused.
    pub async fn publish(&self, jwt: &str) -> Result<(), CustodyError> {
        let keys = self.open(jwt)?;
        let last = self.published().await?.map(|(_, last)| last);
        if let Some(last) = &last {
            keys.set().check_follows(last)?;
        }
        check_begins(keys.set(), last.as_ref(), &self.store.key_records().await?)?;
        if self.put(keys).await? { Ok(()) } else { Err(KeySetError::Superseded.into()) }
    }

    fn open(&self, jwt: &str) -> Result<PublicKeys, KeySetError> {
        PublicKeys::open(jwt, &self.trust.root, &self.trust.issuer, self.clock.now(), 0)
    }

    fn open_even_expired(&self, jwt: &str) -> Result<PublicKeys, KeySetError> {
        PublicKeys::open_even_expired(jwt, &self.trust.root, &self.trust.issuer, self.clock.now(), 0)
    }

    async fn put(&self, keys: PublicKeys) -> Result<bool, StoreError> {
        let entry = Event::key_set_published(&keys).at(self.clock.now());
        self.store.put_key_set(keys, entry).await
    }

    /// The newest set in the store with its keys as they stand; it may have run out.
    pub async fn published(&self) -> Result<Option<(StoredKeySet, KeySet)>, CustodyError> {
        let Some(stored) = self.store.signing_keys().await? else { return Ok(None) };
        let set = KeySet::read(&stored.jwt, &self.trust.root, &self.trust.issuer).map_err(CustodyError::Stored)?;
        Ok(Some((stored, set)))
    }

    /// Does what the policy asks for at this time, and takes the active key out of the vault. While the time is not settled only
    /// what cannot wait: a key takes over where none can sign, and the private half of a revoked key is destroyed. What fails
    /// keeps nothing else from being done.
    pub async fn rotate(&self, time: Checked) -> Result<Rotated, CustodyError> {
        let (stored, set) = self.published().await?.ok_or(CustodyError::NoSet)?;
        let Plan { steps, destroy, is_idle, warnings } = plan(&set, &stored.keys, &self.vault.ids()?, &self.trust.policy, time.now());
        let is_settled = matches!(time, Checked::Settled(_));
        let is_revoked = |id: &KeyId| stored.keys.iter().any(|record| record.id == *id && record.revoked.is_some());
        let mut done = Rotated { warnings, ..Rotated::default() };
        let due = |step: &Step| is_settled || is_idle && matches!(step, Step::Activate(_));
        let mut outcome = Ok(());
        for step in steps.into_iter().filter(due) {
            outcome = outcome.and(self.take(step, time.now(), &mut done).await);
        }
        for id in destroy.into_iter().filter(|id| is_settled || is_revoked(id)) {
            match self.vault.destroy(id) {
                Ok(()) => done.destroyed.push(id),
                Err(error) => done.left = done.left.take().or(Some(error)),
            }
        }
        outcome.and(self.refresh().await).map(|()| done)
    }

    async fn take(&self, step: Step, now: i64, done: &mut Rotated) -> Result<(), CustodyError> {
        match step {
            Step::Activate(id) => {
                // Before the one that works is given up, so that a file that cannot be read leaves everything as it is.
                self.vault.load(id)?;
                done.activated = self.store.activate_key(id, now).await?.then_some(id);
            }
            Step::Remove(id) => done.removed.extend(self.store.remove_key(id, now).await?.then_some(id)),
        }
        Ok(())
    }

    /// Takes out the key that is active in the store, as another process may have changed it. Where there is none or it cannot
    /// be reached, the one that is out stays: the store lets it sign nothing that it may not, and anybody who tries with it finds
    /// the next one as soon as there is one.
    pub async fn refresh(&self) -> Result<(), CustodyError> {
        let ring = self.reload().await?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Some(ring);
        Ok(())
    }

    async fn reload(&self) -> Result<Arc<Ring>, CustodyError> {
        let mut tried = None;
        loop {
            let stored = self.store.signing_keys().await?.ok_or(CustodyError::NoSet)?;
            let public = self.open_even_expired(&stored.jwt).map_err(CustodyError::Stored)?.knowing(&stored.keys);
            let active = stored.keys.iter().find(|record| record.stage == Stage::Active).map(|record| record.id);
            let Some(active) = active else { return Err(self.no_active(&stored.keys, &public)?) };
            match self.vault.load(active) {
                Ok(key) => return Ok(Arc::new(Ring::new(public, key)?)),
                Err(_) if tried == Some(active) && !self.vault.ids()?.contains(&active) => return Err(CustodyError::Elsewhere(active)),
                Err(error) if tried == Some(active) => return Err(error.into()),
                // It may have been retired and destroyed since the store was read: then another is active.
                Err(_) => tried = Some(active),
            }
        }
    }

    /// Why no key signs. Where none is left the next set brings one; keys that wait and are elsewhere have to be brought.
    fn no_active(&self, records: &[KeyRecord], public: &PublicKeys) -> Result<CustodyError, VaultError> {
        if !public.is_current(self.clock.now()) {
            return Ok(RingError::SetExpired.into());
        }
        let here = self.vault.ids()?;
        let mut waiting = records.iter().filter(|record| record.stage == Stage::Pending && record.revoked.is_none()).peekable();
        Ok(match waiting.peek().map(|record| record.id) {
            Some(first) if waiting.all(|record| !here.contains(&record.id)) => CustodyError::Elsewhere(first),
            _ => RingError::NoActiveKey.into(),
        })
    }
}

/// A key that was revoked before any set named it was stolen from a request. A set that names it as good was signed before that
/// was known: it never becomes public. (One that was published already is known to be revoked by the store.)
fn check_begins(set: &KeySet, last: Option<&KeySet>, records: &[KeyRecord]) -> Result<(), KeySetError> {
    let known = |id| last.is_some_and(|last| last.keys().iter().any(|key| key.key.id() == id));
    let revoked = |id| records.iter().any(|record| record.id == id && record.revoked.is_some());
    let begins = |id: &KeyId| !known(*id) && revoked(*id);
    match set.keys().iter().filter(|key| key.revoked.is_none()).map(|key| key.key.id()).find(begins) {
        Some(id) => Err(KeySetError::Unrevoked(id)),
        None => Ok(()),
    }
}

/// Makes a new key.
pub fn draw_key(entropy: &dyn Entropy) -> Result<SigningKey, NoEntropy> {
    let mut seed = Zeroizing::new([0; 32]);
    entropy.fill(&mut *seed)?;
    Ok(SigningKey::from_seed(&seed))
}
