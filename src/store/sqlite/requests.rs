//! Acts that are done once under a key.

use rusqlite::{Connection, OptionalExtension as _};

use crate::{
    authority::Callsign,
    store::{Earlier, KEEP_REQUESTS, Once, StoreError},
};

/// The first statement of the act; `false` if it was done before.
pub(super) fn begin(db: &Connection, once: &Once, subject: [u8; 8], now: i64) -> Result<bool, StoreError> {
    let mut add = db.prepare_cached(
        "INSERT INTO requests (hash, act, body, subject, made_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (hash) DO NOTHING",
    )?;
    Ok(add.execute((once.hash, once.act, once.body, subject, now))? == 1)
}

/// Whether the act may go on; [`end`] keeps its key once it is done. What is refused uses none up.
pub(super) fn is_new(db: &Connection, once: Option<&Once>) -> Result<(), StoreError> {
    match once {
        Some(once) if find(db, once.hash)?.is_some() => Err(StoreError::Repeated),
        _ => Ok(()),
    }
}

/// Keeps the key of an act that was done, with what came of it and whose it was, where that has to be known again.
pub(super) fn end(db: &Connection, once: Option<&Once>, subject: [u8; 8], whose: Option<&Callsign>, now: i64) -> Result<(), StoreError> {
    let Some(once) = once else { return Ok(()) };
    let keep = "INSERT INTO requests (hash, act, body, subject, made_at, callsign) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    db.prepare_cached(keep)?.execute((once.hash, once.act, once.body, subject, now, whose))?;
    Ok(())
}

pub(super) fn find(db: &Connection, hash: [u8; 32]) -> Result<Option<Earlier>, StoreError> {
    let mut one = db.prepare_cached("SELECT act, body, subject, callsign FROM requests WHERE hash = ?1")?;
    Ok(one
        .query_row([hash], |row| Ok(Earlier { act: row.get(0)?, body: row.get(1)?, subject: row.get(2)?, callsign: row.get(3)? }))
        .optional()?)
}

/// Drops keys that are past their time.
pub(super) fn purge(db: &Connection, now: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM requests WHERE made_at <= ?1")?.execute([now - KEEP_REQUESTS])?;
    Ok(())
}
