//! Inclusion proofs that stand by themselves (c2sp.org/tlog-proof), with the entry in their `extra` line.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Checkpoint, CheckpointError, Entry, Hash, VerifierKey, includes, leaf_hash};

/// The first line.
const VERSION: &str = "c2sp.org/tlog-proof@v1";

/// Shows that an entry is in the ledger under a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The entry's bytes.
    pub leaf: Vec<u8>,
    /// Where it stands, counted from 0.
    pub index: u64,
    /// From its sibling upwards.
    pub path: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// A proof shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is not in the form of one.
    #[error("it is not a proof in the expected form")]
    Malformed,
    /// Its checkpoint cannot be believed.
    #[error("its checkpoint cannot be believed: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The path does not lead from the entry to the root.
    #[error("entry {0} is not in the ledger that the checkpoint was signed for")]
    NotIncluded(u64),
}

impl Proof {
    /// Whether a text begins like a proof.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(VERSION)
    }

    /// As a text file.
    pub fn write(&self) -> String {
        let path: String = self.path.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
        format!("{VERSION}\nextra {}\nindex {}\n{path}\n{}", STANDARD.encode(&self.leaf), self.index, self.checkpoint)
    }

    /// Reads a text file; nothing in it is believed yet.
    pub fn read(text: &str) -> Option<Self> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        (lines.next()? == VERSION).then_some(())?;
        let leaf = STANDARD.decode(lines.next()?.strip_prefix("extra ")?).ok()?;
        let index = lines.next()?.strip_prefix("index ")?;
        let index = index.parse().ok().filter(|read: &u64| read.to_string() == index)?;
        let path = lines.map(|line| STANDARD.decode(line).ok()?.try_into().ok()).collect::<Option<_>>()?;
        Some(Self { leaf, index, path, checkpoint: checkpoint.to_owned() })
    }

    /// What it shows: the entry, and the checkpoint under which it stands.
    pub fn verify(&self, key: &VerifierKey) -> Result<(Entry, Checkpoint), ProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, key)?;
        if !includes(&checkpoint.root, checkpoint.size, self.index, leaf_hash(&self.leaf), &self.path) {
            return Err(ProofError::NotIncluded(self.index.saturating_add(1)));
        }
        let entry = Entry::parse(&self.leaf).map_err(|_| ProofError::Malformed)?;
        Ok((entry, checkpoint))
    }
}
