//! Signs the ledger's size and root, so that anybody who keeps a checkpoint outside can tell later whether anything was changed.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Mutex;

use super::{
    LedgerKey, LedgerVault, Overseer, Refused, VaultError,
    survey::{Survey, extends, key_changes},
};
use crate::{
    ledger::{Checkpoint, CheckpointError, Hash, Proof, Succession, VerifierKey},
    store::{LedgerStore, StoreError},
    token::Cti,
};

/// No checkpoint was signed.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// What is in the store does not extend what was signed.
    #[error(
        "the ledger is not the one that was signed before: {0}; stop the service and run `countersign ledger verify`, or, after an older \
         copy of the store was put back, `countersign keys ledger renew --restored`"
    )]
    Changed(&'static str),
    /// The newest checkpoint in the store is not ours.
    #[error("the newest checkpoint in the store cannot be believed: {0}; stop the service and run `countersign ledger verify`")]
    Foreign(CheckpointError),
    /// The last checkpoint of this machine is not of this ledger.
    #[error(
        "private/last.checkpoint of the key folder is no checkpoint of this store's ledger: {0}; see that store and key folder belong \
         together, and, if they do, run `countersign keys ledger renew --restored`, which sets it aside"
    )]
    ForeignLast(CheckpointError),
    /// The key that is in force is not here.
    #[error(
        "private/ledger.pem is not the ledger's key {0}; put that one back, or, if it is gone, run `countersign keys ledger renew --lost`"
    )]
    OtherKey(String),
    /// There is no key.
    #[error("there is no private/ledger.pem in the key folder; put it back, or, if it is gone, run `countersign keys ledger renew --lost`")]
    NoKey,
    /// A change of the key was begun and did not end.
    #[error("a change of the ledger's key was begun and is not finished; run `countersign keys ledger renew` again, with the same option")]
    Unfinished,
    /// Key folder.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signs with the ledger's own key.
pub struct Notary {
    store: Arc<dyn LedgerStore>,
    vault: Arc<dyn LedgerVault>,
    /// Held while a checkpoint is signed: of two at once, the slower would take the faster one's entries for missing.
    memory: Mutex<Memory>,
    /// Whether the newest attempt to sign succeeded.
    able: AtomicBool,
}

/// What this process knows.
#[derive(Default)]
struct Memory {
    key: Option<LedgerKey>,
    /// The newest checkpoint that it saw in the store, against somebody who puts an older one back.
    newest: Option<Checkpoint>,
}

impl Notary {
    /// Signs the ledger of a store with the key of a vault.
    pub fn new(store: Arc<dyn LedgerStore>, vault: Arc<dyn LedgerVault>) -> Self {
        Self { store, vault, memory: Mutex::default(), able: AtomicBool::new(false) }
    }

    /// Signs what was appended since the last checkpoint, if there is anything. A log must never sign a checkpoint that is
    /// inconsistent with one before (c2sp.org/tlog-checkpoint): who edits the store must not get our signature under it.
    pub async fn sign(&self) -> Result<Option<Checkpoint>, NotaryError> {
        let mut memory = self.memory.lock().await;
        let signed = self.sign_with(&mut memory).await;
        self.able.store(signed.is_ok(), Ordering::Release);
        signed
    }

    /// Says why nothing may be issued: what cannot be put under a checkpoint would be kept from every overseer. Signs at once
    /// where the attempt before failed, so that nobody waits for the next round once it is mended.
    pub async fn can_sign(&self) -> Result<(), NotaryError> {
        if self.able.load(Ordering::Acquire) { Ok(()) } else { self.sign().await.map(drop) }
    }

    async fn sign_with(&self, memory: &mut Memory) -> Result<Option<Checkpoint>, NotaryError> {
        let (store, vault) = (&*self.store, &*self.vault);
        if memory.key.is_none() {
            memory.key = vault.current()?;
        }
        let held = memory.key.as_ref().ok_or(NotaryError::NoKey)?.name().clone();
        let mut survey = self.survey(&held).await?;
        if let Some(newest) = memory.newest {
            extends(store, newest, survey.size).await?;
        }
        survey.extends_last(store).await?;
        survey.extends_stored(store).await?;
        if memory.newest.is_some_and(|newest| survey.signed() < newest.size) {
            return Err(NotaryError::Changed("the newest checkpoint is gone"));
        }
        // The first checkpoint behind a change is signed by those who make the change, with both keys.
        if survey.uncovered().is_some() {
            return Err(NotaryError::Unfinished);
        }
        survey.settle(store, vault).await?;
        if held != *survey.keys.newest() {
            memory.key = vault.current()?.filter(|key| key.name() == survey.keys.newest());
        }
        let key = memory.key.as_ref().ok_or_else(|| NotaryError::OtherKey(survey.keys.newest().to_string()))?;
        memory.newest = survey.stored.as_ref().map(|(stored, _)| *stored);
        if survey.size == survey.signed() {
            return Ok(None);
        }
        let checkpoint = Checkpoint { size: survey.size, root: store.root(survey.size).await? };
        let note = key.sign(&checkpoint);
        // Before anybody can see it: what this machine signed once, it never forgets.
        vault.remember(&note)?;
        let kept = store.keep_checkpoint(checkpoint.size, note, key.name()).await?;
        // Not kept: another process signed at the same time, and will be found the next time.
        let signed = kept.then_some(checkpoint);
        memory.newest = signed.or(memory.newest);
        Ok(signed)
    }

    /// Where the ledger stands. As long as it has not named its key, the public half that was given out does: a private half
    /// that was made by hand signs nothing, and what the true one signed is not foreign.
    async fn survey(&self, held: &VerifierKey) -> Result<Survey, NotaryError> {
        let survey = Survey::read(&*self.store, &*self.vault, held, &[held]).await;
        let unnamed = match &survey {
            Ok(survey) => survey.stored.is_none() && survey.keys.change().is_none(),
            Err(NotaryError::Foreign(_)) => key_changes(&*self.store).await?.is_empty(),
            Err(_) => false,
        };
        match if unnamed { self.vault.published()? } else { None } {
            Some(published) if published != *held => Err(NotaryError::OtherKey(published.to_string())),
            _ => survey,
        }
    }

    /// The newest checkpoint, for an overseer to keep outside. It covers everything that happened before they asked.
    pub async fn newest(&self, _: &Overseer) -> Result<String, Refused> {
        self.sign().await?;
        let newest = self.store.head().await?.checkpoint;
        newest.map(|row| row.note).ok_or_else(|| Refused::Unknown { what: "checkpoint", id: "yet".into() })
    }

    /// Shows that the first `second` entries begin with the first `first`.
    pub async fn consistency(&self, _: &Overseer, first: u64, second: u64) -> Result<Vec<Hash>, Refused> {
        if first == 0 || first > second || second > self.store.head().await?.size {
            return Err(Refused::Unknown { what: "ledger with the sizes", id: format!("{first} and {second}") });
        }
        Ok(self.store.consistency(first, second).await?)
    }

    /// Proves each change of the ledger's key, oldest first, under the first checkpoint that covers it.
    pub async fn key_changes(&self, _: &Overseer) -> Result<Vec<Proof>, Refused> {
        Ok(handovers(&*self.store).await?)
    }
}

async fn handovers(store: &dyn LedgerStore) -> Result<Vec<Proof>, StoreError> {
    let mut proofs = Vec::new();
    for row in store.ledger_key_changes().await? {
        // What no checkpoint covers yet cannot be shown; the notary signs nothing until it is.
        let Some(checkpoint) = store.first_checkpoint(row.number).await? else { continue };
        let (index, size) = (row.number.cast_unsigned() - 1, checkpoint.size.cast_unsigned());
        proofs.push(Proof { leaf: row.leaf, index, path: store.inclusion(index, size).await?, checkpoint: checkpoint.note });
    }
    Ok(proofs)
}

/// Proves that the entry that issued a token stands under the newest checkpoint; `None` if there is no such entry under it.
/// `only` is the ledger's key where the ledger names none.
pub async fn prove(store: &dyn LedgerStore, only: &VerifierKey, cti: Cti) -> Result<Option<Proof>, NotaryError> {
    let (Some(number), Some(row)) = (store.issued(cti).await?, store.head().await?.checkpoint) else { return Ok(None) };
    let keys = Succession::new(only.clone(), key_changes(store).await?);
    let (index, size) = (number - 1, keys.open(&row.note).map_err(NotaryError::Foreign)?.size);
    if index >= size {
        return Ok(None);
    }
    let leaf = store.entries(index.cast_signed()).await?.into_iter().next().map(|row| row.leaf).unwrap_or_default();
    Ok(Some(Proof { leaf, index, path: store.inclusion(index, size).await?, checkpoint: row.note }))
}
