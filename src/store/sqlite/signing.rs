//! The checkpoint over what a group of writes appended, in their transaction.

use std::cell::RefCell;

use rusqlite::Connection;

use super::ledger::{self, frontier, head, unsigned};
use crate::{
    ledger::Hash,
    store::{CheckpointRow, CheckpointSigner, Growth, KeptCheckpoint, NewCheckpoint, PAGE, StoreError},
};

thread_local! {
    /// What the open transaction appended, as it was handed in and not as it is read again. A store has one thread that writes.
    static APPENDED: RefCell<Vec<Hash>> = const { RefCell::new(Vec::new()) };
}

/// One more leaf.
pub(super) fn appended(leaf: Hash) {
    APPENDED.with_borrow_mut(|leaves| leaves.push(leaf));
}

/// How many leaves there are.
pub(super) fn count() -> usize {
    APPENDED.with_borrow(Vec::len)
}

/// All but the first so many were taken back.
pub(super) fn keep_first(count: usize) {
    APPENDED.with_borrow_mut(|leaves| leaves.truncate(count));
}

/// Has what the transaction appended signed, and keeps the checkpoint.
pub(super) fn sign(db: &Connection, signer: &dyn CheckpointSigner) -> Result<KeptCheckpoint, StoreError> {
    let known = signer.known().ok_or(StoreError::Unsigned)?;
    let NewCheckpoint { note, by, tree } = signer.sign(&growth(db, known)?).ok_or(StoreError::Unsigned)?;
    let size = ledger::signed(tree.size())?;
    let number = ledger::keep(db, size, &note, &by.to_string())?.ok_or(StoreError::Unsigned)?;
    Ok(KeptCheckpoint { row: CheckpointRow { number, size, note }, tree })
}

fn growth(db: &Connection, known: u64) -> Result<Growth, StoreError> {
    let (head, own) = (head(db)?, APPENDED.with_borrow(Clone::clone));
    let covered = head.checkpoint.as_ref().map_or(Ok(0), |row| unsigned(row.size))?;
    let others = head.size.checked_sub(own.len() as u64).and_then(|before| before.checked_sub(covered));
    // Entries are missing; or there are so many that a transaction is no place to read them.
    let others = others.filter(|others| *others <= PAGE as u64).ok_or(StoreError::Unsigned)?;
    let between = if covered > known { Some((frontier(db, known)?, frontier(db, covered)?)) } else { None };
    Ok(Growth {
        between,
        others: if others == 0 { Vec::new() } else { ledger::leaves(db, covered, others)? },
        own,
        whole: frontier(db, head.size)?,
        newest: head.checkpoint,
    })
}
