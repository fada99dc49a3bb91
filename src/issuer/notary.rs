//! Signs the ledger's size and root, so that whoever keeps a checkpoint outside can tell later whether anything was changed.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{Overseer, Refused};
use crate::{
    keyring::SigningKey,
    ledger::{Checkpoint, CheckpointError, Hash, Proof, VerifierKey},
    store::{LedgerStore, StoreError},
    token::Cti,
};

/// No checkpoint was signed.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// What is in the store does not go on from what was signed.
    #[error("the ledger is not the one that was signed before: {0}; stop the service and run `countersign ledger verify`")]
    Changed(&'static str),
    /// The newest checkpoint in the store is not ours.
    #[error("the newest checkpoint in the store cannot be believed: {0}; stop the service and run `countersign ledger verify`")]
    Foreign(#[from] CheckpointError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Holds the ledger's own key.
pub struct Notary {
    store: Arc<dyn LedgerStore>,
    name: VerifierKey,
    key: SigningKey,
    /// The newest that this process saw, against whoever puts an older one back into the store. Held while one is signed:
    /// of two at once, the slower would take the faster one's entries for missing.
    last: Mutex<Option<Checkpoint>>,
}

impl Notary {
    /// Signs under `name`, whose private half is `key`.
    pub fn new(store: Arc<dyn LedgerStore>, name: VerifierKey, key: SigningKey) -> Self {
        Self { store, name, key, last: Mutex::default() }
    }

    /// Signs what was appended since the last checkpoint, if there is anything. A log must never sign a checkpoint that is
    /// inconsistent with one before (c2sp.org/tlog-checkpoint): who edits the store must not get our signature under it.
    pub async fn sign(&self) -> Result<Option<Checkpoint>, NotaryError> {
        let mut newest = self.last.lock().await;
        let head = self.store.head().await?;
        let stored = head.checkpoint.as_ref().map(|row| Checkpoint::open(&row.note, &self.name)).transpose()?;
        for last in [*newest, stored].into_iter().flatten() {
            self.goes_on_from(last, head.size).await?;
        }
        if newest.is_some_and(|last| stored.is_none_or(|stored| stored.size < last.size)) {
            return Err(NotaryError::Changed("the newest checkpoint is gone"));
        }
        if head.size == stored.map_or(0, |stored| stored.size) {
            *newest = stored;
            return Ok(None);
        }
        let checkpoint = Checkpoint { size: head.size, root: self.store.root(head.size).await? };
        let kept = self.store.keep_checkpoint(head.size, checkpoint.sign(&self.name, &self.key)).await?;
        // Not kept: another process signed at the same time, and will be found the next time.
        let signed = kept.then_some(checkpoint);
        *newest = signed.or(stored);
        Ok(signed)
    }

    async fn goes_on_from(&self, last: Checkpoint, size: u64) -> Result<(), NotaryError> {
        if size < last.size {
            return Err(NotaryError::Changed("entries are missing at its end"));
        }
        if self.store.root(last.size).await? != last.root {
            return Err(NotaryError::Changed("entries that were signed are not the same any more"));
        }
        Ok(())
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
}

/// Proves that the entry that issued a token stands under the newest checkpoint; `None` if there is no such entry under it.
pub async fn prove(store: &dyn LedgerStore, name: &VerifierKey, cti: Cti) -> Result<Option<Proof>, NotaryError> {
    let (Some(number), Some(row)) = (store.issued(cti).await?, store.head().await?.checkpoint) else { return Ok(None) };
    let (index, size) = (number - 1, Checkpoint::open(&row.note, name)?.size);
    if index >= size {
        return Ok(None);
    }
    let leaf = store.entries(index.cast_signed()).await?.into_iter().next().map(|row| row.leaf).unwrap_or_default();
    Ok(Some(Proof { leaf, index, path: store.inclusion(index, size).await?, checkpoint: row.note }))
}
