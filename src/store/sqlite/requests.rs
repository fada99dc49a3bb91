//! Acts that are done once under a key.

use rusqlite::{Connection, OptionalExtension as _};

use crate::store::{Earlier, KEEP_REQUESTS, Once, StoreError};

/// The first statement of the act; `false` if it was done before.
pub(super) fn begin(db: &Connection, once: &Once, subject: [u8; 8], now: i64) -> Result<bool, StoreError> {
    let mut add = db.prepare_cached(
        "INSERT INTO requests (hash, act, body, subject, made_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (hash) DO NOTHING",
    )?;
    Ok(add.execute((once.hash, once.act, once.body, subject, now))? == 1)
}

pub(super) fn find(db: &Connection, hash: [u8; 32]) -> Result<Option<Earlier>, StoreError> {
    let mut one = db.prepare_cached("SELECT act, body, subject FROM requests WHERE hash = ?1")?;
    Ok(one.query_row([hash], |row| Ok(Earlier { act: row.get(0)?, body: row.get(1)?, subject: row.get(2)? })).optional()?)
}

/// Drops keys that are past their time.
pub(super) fn purge(db: &Connection, now: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM requests WHERE made_at <= ?1")?.execute([now - KEEP_REQUESTS])?;
    Ok(())
}
