//! Signs what each group of acts appended, in its own transaction, out of what this process remembers of the ledger.
//!
//! Who edits the store between two groups gets no signature under it: the entries and nodes have to be those that were there
//! when the group before was signed, and those that this process has appended since. What other processes of this machine signed is
//! on its disk.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use super::{LedgerKey, LedgerVault};
use crate::{
    ledger::{Checkpoint, Entry, Frontier, KeyChange, VerifierKey, leaf_hash},
    store::{CheckpointRow, CheckpointSigner, Growth, KeptCheckpoint, NewCheckpoint},
};

/// The signer of one process.
pub(super) struct Signer {
    vault: Arc<dyn LedgerVault>,
    memory: Mutex<Memory>,
    /// Whether the newest attempt to sign succeeded.
    able: AtomicBool,
}

/// What the process knows.
#[derive(Default)]
struct Memory {
    key: Option<Arc<LedgerKey>>,
    known: Option<Known>,
}

/// The newest checkpoint that it signed or saw, `None` of an empty ledger, and the tree under it.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub newest: Option<CheckpointRow>,
    pub tree: Frontier,
}

impl Signer {
    pub fn new(vault: Arc<dyn LedgerVault>) -> Self {
        Self { vault, memory: Mutex::default(), able: AtomicBool::new(false) }
    }

    /// Whether the newest attempt to sign succeeded.
    pub fn is_able(&self) -> bool {
        self.able.load(Ordering::Acquire)
    }

    pub fn set_able(&self, able: bool) {
        self.able.store(able, Ordering::Release);
    }

    /// The key with which it signs.
    pub fn key(&self) -> Option<Arc<LedgerKey>> {
        self.memory().key.clone()
    }

    pub fn set_key(&self, key: Option<Arc<LedgerKey>>) {
        self.memory().key = key;
    }

    /// The newest checkpoint that it knows, with its row; `None` of an empty ledger as well.
    pub fn newest(&self) -> Option<(Checkpoint, CheckpointRow)> {
        let memory = self.memory();
        let Known { newest, tree } = memory.known.as_ref()?;
        newest.clone().map(|row| (Checkpoint { size: tree.size(), root: tree.root() }, row))
    }

    /// Learns a checkpoint that was found in the store, unless it knows a newer one by now.
    pub fn learn(&self, found: Known) {
        let mut memory = self.memory();
        if memory.known.as_ref().is_none_or(|known| known.tree.size() <= found.tree.size()) {
            memory.known = Some(found);
        }
    }

    /// Whether a tree that was there before this group has what the machine's disk says was signed: another process of this machine,
    /// such as a command that has ended, may have signed what this one never saw. By a key that is not in force any more, the whole
    /// ledger is looked at for it in the next round.
    fn continues_last(&self, tree: &Frontier, key: &VerifierKey) -> bool {
        let Ok(last) = self.vault.last() else { return false };
        let last = last.and_then(|note| Checkpoint::open(&note, key).ok());
        last.is_none_or(|last| last.size < tree.size() || last == Checkpoint { size: tree.size(), root: tree.root() })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CheckpointSigner for Signer {
    fn known(&self) -> Option<u64> {
        let memory = self.memory();
        memory.known.as_ref().filter(|_| self.is_able() && memory.key.is_some()).map(|known| known.tree.size())
    }

    fn sign(&self, growth: &Growth) -> Option<NewCheckpoint> {
        let memory = self.memory();
        let (key, known) = memory.key.as_ref().zip(memory.known.as_ref())?;
        let mut tree = known.up_to(growth, key.name())?;
        for leaf in &growth.others {
            // The first checkpoint behind a change of the key is signed by those who make the change.
            Entry::parse(leaf).ok().filter(|entry| KeyChange::of(0, entry).is_none())?;
            tree.push(leaf_hash(leaf));
        }
        self.continues_last(&tree, key.name()).then_some(())?;
        for leaf in &growth.own {
            tree.push(*leaf);
        }
        let note = (tree == growth.whole).then(|| key.sign(&Checkpoint { size: tree.size(), root: tree.root() }))?;
        Some(NewCheckpoint { note, by: key.name().clone(), tree })
    }

    fn kept(&self, KeptCheckpoint { row, tree }: KeptCheckpoint) {
        self.learn(Known { newest: Some(row), tree });
    }

    fn remember(&self, newest: &CheckpointRow) {
        if self.vault.remember(&newest.note).is_err() {
            // Tried once more, and reported, before anything else is signed.
            self.give_up();
        }
    }

    fn give_up(&self) {
        self.set_able(false);
    }
}

impl Known {
    /// The tree under the newest checkpoint that is kept: the one that is known, or one that another process signed with the same key
    /// over a tree that extends it.
    fn up_to(&self, growth: &Growth, key: &VerifierKey) -> Option<Frontier> {
        if growth.newest == self.newest {
            return Some(self.tree.clone());
        }
        let (row, (then, now)) = growth.newest.as_ref().zip(growth.between.as_ref())?;
        let is_later = self.newest.as_ref().is_none_or(|known| known.number < row.number);
        let signed = Checkpoint { size: now.size(), root: now.root() };
        let is_ours = Checkpoint::open(&row.note, key).is_ok_and(|checkpoint| checkpoint == signed);
        (is_later && *then == self.tree && is_ours).then(|| now.clone())
    }
}
