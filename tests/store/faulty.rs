//! A process that ends at a step of its writing, before it or right behind it: the store and the machine's own files.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use countersign::{
    issuer::{LedgerKey, LedgerVault, VaultError},
    keyring::SigningKey,
    ledger::{Entry, Frontier, Hash, NodeId, VerifierKey},
    store::{CheckpointRow, CheckpointSigner, EntryRow, Head, LedgerStore, StoreError},
    token::Cti,
};

/// Counts the steps; the one at which the process ends is done or not.
pub struct Ends {
    steps: AtomicUsize,
    at: usize,
    done: bool,
}

impl Ends {
    pub fn at(at: usize, done: bool) -> Arc<Self> {
        Arc::new(Self { steps: AtomicUsize::new(0), at, done })
    }

    /// Whether the process got that far.
    pub fn ended(&self) -> bool {
        self.steps.load(Ordering::SeqCst) > self.at
    }

    /// Whether the step is done, and whether its end is lived to see.
    fn step(&self) -> (bool, bool) {
        let step = self.steps.fetch_add(1, Ordering::SeqCst);
        (step < self.at || step == self.at && self.done, step < self.at)
    }
}

/// A store or a vault in a process that ends.
pub struct Mortal<T: ?Sized> {
    pub inner: Arc<T>,
    pub ends: Arc<Ends>,
}

fn killed() -> VaultError {
    VaultError("killed".into())
}

impl<T: LedgerVault + ?Sized> Mortal<T> {
    fn write(&self, write: impl FnOnce() -> Result<(), VaultError>) -> Result<(), VaultError> {
        let (done, seen) = self.ends.step();
        let outcome = if done { write() } else { Ok(()) };
        if seen { outcome } else { Err(killed()) }
    }
}

impl<T: LedgerVault + ?Sized> LedgerVault for Mortal<T> {
    fn published(&self) -> Result<Option<VerifierKey>, VaultError> {
        self.inner.published()
    }

    fn current(&self) -> Result<Option<LedgerKey>, VaultError> {
        self.inner.current()
    }

    fn next(&self) -> Result<Option<LedgerKey>, VaultError> {
        self.inner.next()
    }

    fn prepare(&self, key: &SigningKey) -> Result<(), VaultError> {
        self.write(|| self.inner.prepare(key))
    }

    fn discard_next(&self) -> Result<(), VaultError> {
        self.write(|| self.inner.discard_next())
    }

    fn take_over(&self) -> Result<(), VaultError> {
        self.write(|| self.inner.take_over())
    }

    fn last(&self) -> Result<Option<String>, VaultError> {
        self.inner.last()
    }

    fn remember(&self, note: &str) -> Result<(), VaultError> {
        self.write(|| self.inner.remember(note))
    }

    fn set_last_aside(&self) -> Result<(), VaultError> {
        self.write(|| self.inner.set_last_aside())
    }
}

impl<T: LedgerStore + ?Sized> Mortal<T> {
    async fn commit(&self, write: impl Future<Output = Result<bool, StoreError>>) -> Result<bool, StoreError> {
        let (done, seen) = self.ends.step();
        let outcome = if done { write.await } else { Ok(false) };
        if seen { outcome } else { Err(StoreError::Failed("killed".into())) }
    }
}

#[async_trait]
impl<T: LedgerStore + ?Sized> LedgerStore for Mortal<T> {
    async fn head(&self) -> Result<Head, StoreError> {
        self.inner.head().await
    }

    fn sign_with(&self, signer: Arc<dyn CheckpointSigner>) -> Result<(), StoreError> {
        self.inner.sign_with(signer)
    }

    async fn frontier(&self, size: u64) -> Result<Frontier, StoreError> {
        self.inner.frontier(size).await
    }

    async fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        self.inner.inclusion(index, size).await
    }

    async fn consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, StoreError> {
        self.inner.consistency(first, second).await
    }

    async fn issued(&self, cti: Cti) -> Result<Option<u64>, StoreError> {
        self.inner.issued(cti).await
    }

    async fn keep_checkpoint(&self, size: u64, note: String, by: &VerifierKey) -> Result<bool, StoreError> {
        self.commit(self.inner.keep_checkpoint(size, note, by)).await
    }

    async fn ledger_key_changes(&self) -> Result<Vec<EntryRow>, StoreError> {
        self.inner.ledger_key_changes().await
    }

    async fn change_ledger_key(&self, old: &VerifierKey, new: &VerifierKey, signed: u64, entry: Entry) -> Result<bool, StoreError> {
        self.commit(self.inner.change_ledger_key(old, new, signed, entry)).await
    }

    async fn entries(&self, after: i64) -> Result<Vec<EntryRow>, StoreError> {
        self.inner.entries(after).await
    }

    async fn checkpoints(&self, after: i64) -> Result<Vec<CheckpointRow>, StoreError> {
        self.inner.checkpoints(after).await
    }

    async fn first_checkpoint(&self, covers: i64) -> Result<Option<CheckpointRow>, StoreError> {
        self.inner.first_checkpoint(covers).await
    }

    async fn nodes(&self, level: u32, from: u64, until: u64) -> Result<Vec<(NodeId, Hash)>, StoreError> {
        self.inner.nodes(level, from, until).await
    }

    async fn node_count(&self) -> Result<u64, StoreError> {
        self.inner.node_count().await
    }
}
