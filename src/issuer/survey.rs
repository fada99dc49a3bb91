//! Whether the ledger in the store is the one that was signed before, by the store's own checkpoint and by the last one of
//! this machine, which somebody who edits or exchanges the store does not hold.

use super::{LedgerVault, NotaryError};
use crate::{
    ledger::{Checkpoint, CheckpointError, Entry, KeyChange, Succession, VerifierKey},
    store::{LedgerStore, StoreError},
};

/// A checkpoint with its note.
type Signed = (Checkpoint, String);

/// Where the ledger stands.
pub(super) struct Survey {
    pub size: u64,
    pub keys: Succession,
    /// The newest checkpoint in the store.
    pub stored: Option<Signed>,
    /// The last one of this machine, or why what is in its place is none of this ledger.
    pub last: Result<Option<Signed>, CheckpointError>,
}

impl Survey {
    /// Reads store and vault. `only` is the key where the ledger names none; `here` are the keys of this machine, which an
    /// older copy of the store does not know.
    pub async fn read(
        store: &dyn LedgerStore,
        vault: &dyn LedgerVault,
        only: &VerifierKey,
        here: &[&VerifierKey],
    ) -> Result<Self, NotaryError> {
        // The machine's own first: what the store has then is as new or newer.
        let last = vault.last()?;
        let head = store.head().await?;
        let keys = Succession::new(only.clone(), key_changes(store).await?);
        let open = |note: String| keys.open(&note).map(|checkpoint| (checkpoint, note));
        let stored = head.checkpoint.map(|row| open(row.note)).transpose().map_err(NotaryError::Foreign)?;
        let open_any = |note: String| {
            let here = || here.iter().find_map(|key| Checkpoint::open(&note, key).ok());
            keys.open_any(&note).or_else(|error| here().ok_or(error)).map(|checkpoint| (checkpoint, note))
        };
        let last = last.map(open_any).transpose();
        Ok(Self { size: head.size, keys, stored, last })
    }

    /// How many entries the newest checkpoint in the store covers.
    pub fn signed(&self) -> u64 {
        self.stored.as_ref().map_or(0, |(stored, _)| stored.size)
    }

    /// The newest change of the key, if no checkpoint covers it.
    pub fn uncovered(&self) -> Option<&KeyChange> {
        self.keys.change().filter(|change| self.signed() < change.number)
    }

    /// Whether the store still has what this machine signed.
    pub async fn extends_last(&self, store: &dyn LedgerStore) -> Result<(), NotaryError> {
        match &self.last {
            Ok(Some((last, _))) => extends(store, *last, self.size).await,
            Ok(None) => Ok(()),
            Err(error) => Err(NotaryError::ForeignLast(error.clone())),
        }
    }

    /// Whether it still has what its own newest checkpoint covers.
    pub async fn extends_stored(&self, store: &dyn LedgerStore) -> Result<(), NotaryError> {
        match &self.stored {
            Some((stored, _)) => extends(store, *stored, self.size).await,
            None => Ok(()),
        }
    }

    /// Whether a key signed the last one of this machine.
    pub fn last_is_by(&self, key: &VerifierKey) -> bool {
        self.last.as_ref().is_ok_and(|last| last.as_ref().is_some_and(|(_, note)| Checkpoint::open(note, key).is_ok()))
    }

    /// A process that ended between the machine's file and the store left the file ahead: the store gets that checkpoint now.
    /// The other way round, the machine learns what another one signed. Both were seen to fit the ledger.
    pub async fn settle(&mut self, store: &dyn LedgerStore, vault: &dyn LedgerVault) -> Result<(), NotaryError> {
        let last = self.last.as_mut().map_err(|error| NotaryError::ForeignLast(error.clone()))?;
        let size = |checkpoint: &Option<Signed>| checkpoint.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size);
        let (last_size, stored_size) = (size(last), size(&self.stored));
        if let Some((_, note)) = last.as_ref().filter(|(_, note)| last_size > stored_size && self.keys.open(note).is_ok()) {
            if store.keep_checkpoint(last_size, note.clone(), self.keys.newest()).await? {
                self.stored.clone_from(last);
            }
        } else if let Some((_, note)) = self.stored.as_ref().filter(|_| stored_size > last_size) {
            vault.remember(note)?;
            last.clone_from(&self.stored);
        }
        Ok(())
    }
}

/// Whether a ledger of `size` entries begins with those of a checkpoint.
pub(super) async fn extends(store: &dyn LedgerStore, signed: Checkpoint, size: u64) -> Result<(), NotaryError> {
    if size < signed.size {
        return Err(NotaryError::Changed("entries are missing at its end"));
    }
    if store.root(signed.size).await? != signed.root {
        return Err(NotaryError::Changed("entries that were signed are not the same any more"));
    }
    Ok(())
}

/// The changes of the key that the store's ledger names, in their order.
pub async fn key_changes(store: &dyn LedgerStore) -> Result<Vec<KeyChange>, StoreError> {
    let damaged = || StoreError::Failed("an entry about the ledger's key is damaged".into());
    let rows = store.ledger_key_changes().await?;
    let change = |row: &crate::store::EntryRow| {
        Entry::parse(&row.leaf).ok().and_then(|entry| KeyChange::of(row.number.cast_unsigned(), &entry)).ok_or_else(damaged)
    };
    rows.iter().map(change).collect()
}
