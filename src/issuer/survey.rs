//! Whether the ledger in the store is the one that was signed before, by the store's own checkpoint and by the last one of
//! this machine, which somebody who edits or exchanges the store does not hold.

use super::{LedgerVault, NotaryError};
use crate::{
    ledger::{Checkpoint, Entry, KeyChange, Succession, VerifierKey},
    store::{LedgerStore, StoreError},
};

/// Where the ledger stands.
pub(super) struct Survey {
    pub size: u64,
    pub keys: Succession,
    /// The newest checkpoint in the store, with its note.
    pub stored: Option<(Checkpoint, String)>,
    /// The last one of this machine.
    pub last: Option<(Checkpoint, String)>,
}

impl Survey {
    /// Reads store and vault. `only` is the key where the ledger names none.
    pub async fn read(store: &dyn LedgerStore, vault: &dyn LedgerVault, only: &VerifierKey) -> Result<Self, NotaryError> {
        // The machine's own first: what the store has then is as new or newer.
        let last = vault.last()?;
        let head = store.head().await?;
        let keys = Succession::new(only.clone(), key_changes(store).await?);
        let open = |note: String| keys.open(&note).map(|checkpoint| (checkpoint, note));
        let stored = head.checkpoint.map(|row| open(row.note)).transpose().map_err(NotaryError::Foreign)?;
        // Of a ledger that was restored it may be of more entries than the change of the key that it does not know.
        let open_any = |note: String| keys.open_any(&note).map(|checkpoint| (checkpoint, note));
        let last = last.map(open_any).transpose().map_err(NotaryError::ForeignLast)?;
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
            Some((last, _)) => goes_on_from(store, *last, self.size).await,
            None => Ok(()),
        }
    }

    /// Whether it still has what its own newest checkpoint covers.
    pub async fn extends_stored(&self, store: &dyn LedgerStore) -> Result<(), NotaryError> {
        match &self.stored {
            Some((stored, _)) => goes_on_from(store, *stored, self.size).await,
            None => Ok(()),
        }
    }

    /// A process that ended between the machine's file and the store left the file ahead: the store gets that checkpoint now.
    /// The other way round, the machine learns what another one signed. Both were seen to fit the ledger.
    pub async fn settle(&mut self, store: &dyn LedgerStore, vault: &dyn LedgerVault) -> Result<(), NotaryError> {
        let size = |checkpoint: &Option<(Checkpoint, String)>| checkpoint.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size);
        let (last, stored) = (size(&self.last), size(&self.stored));
        if let Some((_, note)) = self.last.as_ref().filter(|(_, note)| last > stored && self.keys.open(note).is_ok()) {
            if store.keep_checkpoint(last, note.clone(), self.keys.newest()).await? {
                self.stored.clone_from(&self.last);
            }
        } else if let Some((_, note)) = self.stored.as_ref().filter(|_| stored > last) {
            vault.remember(note)?;
            self.last.clone_from(&self.stored);
        }
        Ok(())
    }
}

pub(super) async fn goes_on_from(store: &dyn LedgerStore, last: Checkpoint, size: u64) -> Result<(), NotaryError> {
    if size < last.size {
        return Err(NotaryError::Changed("entries are missing at its end"));
    }
    if store.root(last.size).await? != last.root {
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
