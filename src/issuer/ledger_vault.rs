//! Where this machine keeps the ledger's key, and the last that it signed with it.

use super::VaultError;
use crate::{
    keyring::SigningKey,
    ledger::{Checkpoint, CheckpointError, VerifierKey},
};

/// A key of the ledger with its private half.
pub struct LedgerKey {
    name: VerifierKey,
    key: SigningKey,
}

impl LedgerKey {
    /// Joins both; `name` is of the public half of `key`.
    pub fn new(name: VerifierKey, key: SigningKey) -> Self {
        Self { name, key }
    }

    /// The name and public half.
    pub fn name(&self) -> &VerifierKey {
        &self.name
    }

    /// Signs a checkpoint.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        checkpoint.sign(&self.name, &self.key)
    }

    /// Adds a signature to a checkpoint that another key signed.
    pub fn cosign(&self, note: &str) -> Result<String, CheckpointError> {
        Checkpoint::cosign(note, &self.name, &self.key)
    }
}

/// The private halves of the ledger's key, and the last checkpoint of this machine. Whatever it writes is durable when it
/// returns, and is whole or not there.
pub trait LedgerVault: Send + Sync {
    /// The public half as it was given out.
    fn published(&self) -> Result<Option<VerifierKey>, VaultError>;

    /// The key that signs.
    fn current(&self) -> Result<Option<LedgerKey>, VaultError>;

    /// The key that was made to replace it.
    fn next(&self) -> Result<Option<LedgerKey>, VaultError>;

    /// Keeps a new key beside the one that signs.
    fn prepare(&self, key: &SigningKey) -> Result<(), VaultError>;

    /// Destroys the new key.
    fn discard_next(&self) -> Result<(), VaultError>;

    /// Puts the new key, if there is one, in the place of the one that signs, destroys that, and publishes the public half,
    /// which is the last step. Again is as good as once.
    fn take_over(&self) -> Result<(), VaultError>;

    /// The last checkpoint that this machine signed or saw, as a note.
    fn last(&self) -> Result<Option<String>, VaultError>;

    /// Keeps it, unless a later one of the same key is there: those that are signed at the same time arrive in any order.
    fn remember(&self, note: &str) -> Result<(), VaultError>;

    /// Keeps what is in its place under another name: it is of no use here, but may show something to somebody.
    fn set_last_aside(&self) -> Result<(), VaultError>;
}
