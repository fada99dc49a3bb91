//! What an outside overseer can check. Pure: the store appends an event in the same transaction as the act.
//!
//! An [`Event`] at its time is an [`Entry`], whose canonical bytes are a leaf of a Merkle tree ([`tree`]). Now and then
//! the issuer signs the tree's size and root as a [`Checkpoint`]. Anybody who keeps one of those outside can tell, with an
//! [`Audit`] of the entries, that none was changed, removed or reordered since, and that every token had its approval.

mod audit;
mod checkpoint;
mod conduct;
mod event;
mod note;
mod proof;
mod succession;
pub mod tree;

pub use audit::{Audit, FINDINGS, Finding, Line, Report, Silence};
pub use checkpoint::{Checkpoint, CheckpointError, ledger_key};
pub use event::{Entry, Event, KeyCause, NoEntry};
pub use note::{NoteError, VerifierKey};
pub use proof::{Proof, ProofError};
pub use succession::{Handover, KeyChange, Lineage, Succession};
pub use tree::{Frontier, Hash, NodeId, includes, leaf_hash};
