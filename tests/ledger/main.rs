//! The ledger on its own, without a store: its trees beside those of another implementation, signed notes by the shared
//! vectors, what an audit finds in a sound ledger, in one that breaks a rule and in one that somebody rewrote.

mod audit;
mod book;
mod conduct;
mod forged_proofs;
mod grove;
mod nodes;
mod oracle;
mod proofs;
mod rewritten;
mod succession;
mod vectors;
