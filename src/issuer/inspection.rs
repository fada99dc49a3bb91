//! The ledger read from end to end: written out for an overseer, or checked column by column where it stands.

use std::collections::{BTreeMap, VecDeque};

use super::key_changes;
use crate::{
    ledger::{Audit, Checkpoint, Hash, Line, NodeId, Report, Succession, VerifierKey},
    store::{CheckpointRow, EntryRow, Head, LedgerStore, StoreError},
};

/// Entries in their order, each followed by the checkpoints that cover it and nothing more. Ends where the ledger ended
/// when it began.
struct Walk<'a> {
    store: &'a dyn LedgerStore,
    head: Head,
    entries: VecDeque<EntryRow>,
    checkpoints: VecDeque<CheckpointRow>,
    entry: i64,
    checkpoint: i64,
}

enum Step {
    Entry(EntryRow),
    Checkpoint(CheckpointRow),
}

impl<'a> Walk<'a> {
    async fn begin(store: &'a dyn LedgerStore) -> Result<Self, StoreError> {
        let head = store.head().await?;
        Ok(Self { store, head, entries: VecDeque::new(), checkpoints: VecDeque::new(), entry: i64::MIN, checkpoint: i64::MIN })
    }

    async fn next(&mut self) -> Result<Option<Step>, StoreError> {
        let newest = self.head.checkpoint.as_ref().map_or(i64::MIN, |row| row.number);
        if self.checkpoints.is_empty() && self.checkpoint < newest {
            self.checkpoints = self.store.checkpoints(self.checkpoint).await?.into_iter().filter(|row| row.number <= newest).collect();
            self.checkpoint = self.checkpoints.back().map_or(newest, |row| row.number);
        }
        // Before the entry that it does not cover.
        if self.checkpoints.front().is_some_and(|row| row.size <= self.entry) {
            return Ok(self.checkpoints.pop_front().map(Step::Checkpoint));
        }
        if self.entries.is_empty() {
            let size = self.head.size.cast_signed();
            self.entries = self.store.entries(self.entry).await?.into_iter().filter(|row| row.number <= size).collect();
        }
        match self.entries.pop_front() {
            Some(row) => {
                self.entry = row.number;
                Ok(Some(Step::Entry(row)))
            }
            // Whatever is left is of more entries than there are.
            None => Ok(self.checkpoints.pop_front().map(Step::Checkpoint)),
        }
    }
}

/// Gives `write` every line of the ledger, for an overseer to take away. Ends with the first failure of either.
pub async fn export<E: From<StoreError>>(store: &dyn LedgerStore, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut walk = Walk::begin(store).await?;
    while let Some(step) = walk.next().await? {
        match step {
            Step::Entry(row) => write(&row.leaf)?,
            Step::Checkpoint(row) => write(Line::checkpoint(&row.note).as_bytes())?,
        }
    }
    Ok(())
}

/// Audits the ledger where it is kept: what an overseer checks, and every column of every table besides.
pub async fn inspect(store: &dyn LedgerStore, key: VerifierKey, kept: Vec<Checkpoint>) -> Result<Report, StoreError> {
    let mut walk = Walk::begin(store).await?;
    let changes = key_changes(store).await?;
    let listed = changes.iter().filter(|change| change.number <= walk.head.size).count() as u64;
    let mut audit = Audit::of(&Succession::new(key.clone(), changes), key, kept);
    let mut tree = Tree::default();
    let mut numbered = 0;
    while let Some(step) = walk.next().await? {
        match step {
            Step::Entry(row) => {
                let expected = audit.size() + 1;
                if row.number.cast_unsigned() != expected {
                    audit.fault(Some(expected), format!("missing: the next one in the store is numbered {}", row.number));
                    // What stands behind a gap cannot be distinguished.
                    return Ok(audit.finish());
                }
                tree.grown(audit.entry(&row.leaf));
                if expected.is_multiple_of(Tree::STRETCH) {
                    tree.compare(store, &mut audit).await?;
                }
            }
            Step::Checkpoint(row) => {
                numbered += 1;
                if row.number != numbered {
                    audit.fault(None, format!("checkpoint {numbered} is missing: the next one in the store is numbered {}", row.number));
                    numbered = row.number;
                }
                if row.size.cast_unsigned() != audit.size() {
                    audit.fault(None, format!("checkpoint {} is kept as one of {} entries, which it is not", row.number, row.size));
                }
                audit.checkpoint(&row.note);
            }
        }
    }
    tree.compare(store, &mut audit).await?;
    tree.count(store, &mut audit, walk.head.size).await?;
    let named = audit.count("ledger_key_changed");
    if listed != named {
        audit.fault(None, format!("the store lists {listed} changes of the ledger's key, but the entries name {named}"));
    }
    Ok(audit.finish())
}

/// The nodes that the entries call for, stretch by stretch.
#[derive(Default)]
struct Tree {
    expected: BTreeMap<u32, Vec<(NodeId, Hash)>>,
}

impl Tree {
    /// How many entries are compared at a time.
    const STRETCH: u64 = 1_024;

    fn grown(&mut self, completed: Vec<(NodeId, Hash)>) {
        for node in completed {
            self.expected.entry(node.0.level).or_default().push(node);
        }
    }

    async fn compare(&mut self, store: &dyn LedgerStore, audit: &mut Audit) -> Result<(), StoreError> {
        for (level, expected) in std::mem::take(&mut self.expected) {
            let range = expected.first().map_or(0, |(id, _)| id.index)..expected.last().map_or(0, |(id, _)| id.index + 1);
            let kept: BTreeMap<u64, Hash> =
                store.nodes(level, range.start, range.end).await?.into_iter().map(|(id, hash)| (id.index, hash)).collect();
            for (id, hash) in expected {
                if kept.get(&id.index) != Some(&hash) {
                    let (first, last) = ((id.index << level) + 1, (id.index + 1) << level);
                    audit.fault(
                        Some(last),
                        format!("the tree over entries {first} to {last} is not theirs: one of them or a node was changed"),
                    );
                }
            }
        }
        Ok(())
    }

    /// Nodes that belong to no entry.
    async fn count(&self, store: &dyn LedgerStore, audit: &mut Audit, size: u64) -> Result<(), StoreError> {
        // Each level has half as many as the one below, rounded down; together that is size less its ones.
        let (wanted, found) = (size - u64::from(size.count_ones()), store.node_count().await?);
        // Acts that go on meanwhile add nodes and entries together.
        if store.head().await?.size == size && found != wanted {
            audit.fault(None, format!("the tree has {found} nodes instead of {wanted}"));
        }
        Ok(())
    }
}
