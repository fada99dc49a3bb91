//! The ledger as it is kept: entries, nodes of their tree, signed checkpoints. Entries are appended by the acts
//! themselves; nothing here changes or removes any.

use std::sync::Arc;

use async_trait::async_trait;

use super::{CheckpointSigner, StoreError};
use crate::{
    ledger::{Entry, Frontier, Hash, NodeId, VerifierKey},
    token::Cti,
};

/// The most rows that one call reads.
pub const PAGE: usize = 1_000;

/// Where the ledger stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub size: u64,
    /// The newest checkpoint. The entries that it covers were there before it was read.
    pub checkpoint: Option<CheckpointRow>,
}

/// A row of entries as it stands, whatever somebody did to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Counts from 1 without a gap.
    pub number: i64,
    /// Canonical bytes.
    pub leaf: Vec<u8>,
}

/// A row of checkpoints as it stands, whatever somebody did to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Counts from 1 without a gap.
    pub number: i64,
    /// How many entries it covers.
    pub size: i64,
    /// The signed note.
    pub note: String,
}

/// A checkpoint that is not kept for its key fails: as `false` it would pass for one that another process was faster with, again and
/// again.
pub(super) fn not_another_key(in_force: &str, by: &str) -> Result<(), StoreError> {
    if in_force == by { Ok(()) } else { Err(StoreError::Failed(format!("the ledger key in force is {in_force}, not {by}"))) }
}

/// What the notary and the auditors of the ledger do.
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// Where it stands.
    async fn head(&self) -> Result<Head, StoreError>;

    /// From now on each group of acts is signed in its own transaction where it appends entries, and answered once the signer wrote
    /// that down. What may not be without a checkpoint is refused as [`StoreError::Unsigned`] where it signs none; all else goes on.
    fn sign_with(&self, signer: Arc<dyn CheckpointSigner>) -> Result<(), StoreError>;

    /// The tree of the first `size` entries, of the nodes that are kept.
    async fn frontier(&self, size: u64) -> Result<Frontier, StoreError>;

    /// Its root.
    async fn root(&self, size: u64) -> Result<Hash, StoreError> {
        Ok(self.frontier(size).await?.root())
    }

    /// Shows that the entry at `index`, counted from 0, is among the first `size`; `index < size`.
    async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, StoreError>;

    /// Shows that the first `second` entries begin with the first `first`; `0 < first <= second`.
    async fn consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, StoreError>;

    /// The number of the entry that issued a token, counted from 1.
    async fn issued(&self, cti: Cti) -> Result<Option<u64>, StoreError>;

    /// Keeps a checkpoint of more entries than any kept before, and of no more than there are; `false` if it is not kept. Fails
    /// where the deployment's ledger key is not this one.
    async fn keep_checkpoint(&self, size: u64, note: String, by: &VerifierKey) -> Result<bool, StoreError>;

    /// The entries that changed the ledger's key, in their order: those of [`Self::change_ledger_key`], and whatever else says so
    /// and is under no checkpoint yet.
    async fn ledger_key_changes(&self) -> Result<Vec<EntryRow>, StoreError>;

    /// Records that the ledger's key is another from here on, if it is still `old` and the newest checkpoint still covers
    /// `signed` entries; `false` if not.
    async fn change_ledger_key(&self, old: &VerifierKey, new: &VerifierKey, signed: u64, entry: Entry) -> Result<bool, StoreError>;

    /// Up to [`PAGE`] entries with numbers above `after`, in their order.
    async fn entries(&self, after: i64) -> Result<Vec<EntryRow>, StoreError>;

    /// Up to [`PAGE`] checkpoints with numbers above `after`, in their order.
    async fn checkpoints(&self, after: i64) -> Result<Vec<CheckpointRow>, StoreError>;

    /// The checkpoint that covers this many entries and the fewest more.
    async fn first_checkpoint(&self, covers: i64) -> Result<Option<CheckpointRow>, StoreError>;

    /// The kept nodes of a level with an index in `from..until`, in their order.
    async fn nodes(&self, level: u32, from: u64, until: u64) -> Result<Vec<(NodeId, Hash)>, StoreError>;

    /// How many nodes are kept.
    async fn node_count(&self) -> Result<u64, StoreError>;
}
