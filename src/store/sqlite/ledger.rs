//! The ledger's table: one row an entry, in order.

use rusqlite::Connection;

use crate::{ledger::Entry, store::StoreError};

/// The ledger's next line, in the transaction of the act that it records.
pub(super) fn append(db: &Connection, entry: &Entry) -> Result<(), StoreError> {
    db.prepare_cached("INSERT INTO ledger_entries (leaf) VALUES (?1)")?.execute([entry.canonical_bytes()])?;
    Ok(())
}

/// Appends only if the act changed something.
pub(super) fn recorded(db: &Connection, changed: usize, entry: &Entry) -> Result<bool, StoreError> {
    if changed > 0 {
        append(db, entry)?;
    }
    Ok(changed > 0)
}
