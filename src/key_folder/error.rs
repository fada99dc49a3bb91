//! Why keys on disk cannot be used.

use std::path::PathBuf;

use crate::{
    entropy::NoEntropy,
    files::FileError,
    keyring::{KeyError, KeySetError},
    ledger::NoteError,
};

/// The key folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFolderError {
    /// A file cannot be read, or others could touch it.
    #[error(transparent)]
    File(#[from] FileError),
    /// There are keys already.
    #[error("{} holds keys already; move them away first, they cannot be made again", .0.display())]
    Exists(PathBuf),
    /// Files cannot be written.
    #[error("the keys cannot be written to {} ({reason}); check the path and who may write there", path.display())]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another command writes in it.
    #[error("another command works on the keys in {}; try again when it has ended", .0.display())]
    Busy(PathBuf),
    /// A file does not hold a key.
    #[error("{} cannot be used: {error}", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        error: KeyError,
    },
    /// A file holds another key than its name says.
    #[error("{} holds another key than its name says; put the right file back", .0.display())]
    Misnamed(PathBuf),
    /// It is not a public root key.
    #[error("{} is not a public root key as `keys init` writes it; copy root.jwk again from where the keys were made", .0.display())]
    Root(PathBuf),
    /// The private root key belongs to another public one.
    #[error("{} is not the private half of root.jwk beside it; put the right file back", .0.display())]
    OtherRoot(PathBuf),
    /// It is not the ledger's public key.
    #[error("{} cannot be used: {error}", path.display())]
    Ledger {
        /// Which.
        path: PathBuf,
        /// Why.
        error: NoteError,
    },
    /// The ledger's private key is gone.
    #[error("there is no {}; put it back, or, if it is gone, run `countersign keys ledger renew --lost`", .0.display())]
    NoLedgerKey(PathBuf),
    /// There is no key set or root key in the folder.
    #[error("there are no keys in {}; make them with `countersign keys init`, or name their folder with --keys", .0.display())]
    NoKeys(PathBuf),
    /// There is a root key, and no set that it signed.
    #[error("{} is not there; publish the first key set with `countersign keys publish`", .0.display())]
    NoSet(PathBuf),
    /// The set is not trusted.
    #[error("{} cannot be trusted: {error}", path.display())]
    KeySet {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: KeySetError,
    },
    /// A set cannot be put together.
    #[error(transparent)]
    NewSet(#[from] KeySetError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}
