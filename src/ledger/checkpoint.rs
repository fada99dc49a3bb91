//! Checkpoints (c2sp.org/tlog-checkpoint): the signed size and root of the ledger.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Hash, NoteError, VerifierKey};
use crate::keyring::{IssuerName, PublicKey, SigningKey};

/// What a checkpoint says: the first `size` entries have this root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

/// A checkpoint cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is not signed as it should be.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// What was signed is not a checkpoint.
    #[error("what was signed is not a checkpoint in the expected form")]
    Malformed,
    /// It is of another ledger.
    #[error("it is a checkpoint of {0:?}, another ledger")]
    OtherLedger(String),
    /// The key that signed it was not the ledger's at that size.
    #[error("it is signed by a key that was not in force at its size")]
    AnotherTime,
}

/// The key of a deployment's ledger, under the name of its origin: `verify.example.org/ledger`.
pub fn ledger_key(issuer: &IssuerName, key: PublicKey) -> Result<VerifierKey, NoteError> {
    VerifierKey::new(format!("{issuer}/ledger"), key)
}

impl Checkpoint {
    /// Signs it as a note whose origin is the key's name.
    pub fn sign(&self, by: &VerifierKey, key: &SigningKey) -> String {
        by.sign(&format!("{}\n{}\n{}\n", by.name(), self.size, STANDARD.encode(self.root)), key)
    }

    /// Adds the signature of a second key of the same ledger.
    pub fn cosign(note: &str, by: &VerifierKey, key: &SigningKey) -> Result<String, CheckpointError> {
        Ok(by.cosign(note, key)?)
    }

    /// Reads a note that `key` signed for its own ledger. Lines that extend a checkpoint are refused: nobody could audit
    /// them.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let lines: Vec<&str> = key.open(note)?.split('\n').collect();
        let [origin, size, root, ""] = lines[..] else { return Err(CheckpointError::Malformed) };
        if origin != key.name() {
            return Err(CheckpointError::OtherLedger(origin.to_owned()));
        }
        // Decimal without leading zeroes: what is read is what would be written.
        let size = size.parse().ok().filter(|read: &u64| read.to_string() == size);
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok());
        size.zip(root).map(|(size, root)| Self { size, root }).ok_or(CheckpointError::Malformed)
    }
}
