//! Acts that are done once under a key.

use super::session::Session;
use crate::{
    authority::Callsign,
    store::{Earlier, KEEP_REQUESTS, Once, StoreError},
};

/// The first statement of the act; `false` if it was done before.
pub(super) async fn begin(db: &Session, once: &Once, subject: [u8; 8], now: i64) -> Result<bool, StoreError> {
    let add = "INSERT INTO requests (hash, act, body, subject, made_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (hash) DO NOTHING";
    let added = db.execute(add, &[&once.hash.as_slice(), &once.act, &once.body.as_slice(), &subject.as_slice(), &now]).await?;
    Ok(added == 1)
}

/// Whether the act may go on; [`end`] keeps its key once it is done. What is refused uses none up.
pub(super) async fn is_new(db: &Session, once: Option<&Once>) -> Result<(), StoreError> {
    match once {
        Some(once) if find(db, once.hash).await?.is_some() => Err(StoreError::Repeated),
        _ => Ok(()),
    }
}

/// Keeps the key of an act that was done, with what came of it and whose it was, where that has to be known again.
pub(super) async fn end(db: &Session, once: Option<&Once>, subject: [u8; 8], whose: Option<&Callsign>, now: i64) -> Result<(), StoreError> {
    let Some(once) = once else { return Ok(()) };
    let keep = "INSERT INTO requests (hash, act, body, subject, made_at, callsign) VALUES ($1, $2, $3, $4, $5, $6)";
    db.execute(keep, &[&once.hash.as_slice(), &once.act, &once.body.as_slice(), &subject.as_slice(), &now, &whose]).await.map(drop)
}

pub(super) async fn find(db: &Session, hash: [u8; 32]) -> Result<Option<Earlier>, StoreError> {
    let one = "SELECT act, body, subject, callsign FROM requests WHERE hash = $1";
    let Some(row) = db.maybe(one, &[&hash.as_slice()]).await? else { return Ok(None) };
    let damaged = |_| StoreError::Failed("a request is damaged".into());
    let (body, subject): (&[u8], &[u8]) = (row.try_get(1)?, row.try_get(2)?);
    Ok(Some(Earlier {
        act: row.try_get(0)?,
        body: body.try_into().map_err(damaged)?,
        subject: subject.try_into().map_err(damaged)?,
        callsign: row.try_get(3)?,
    }))
}

/// Drops keys that are past their time.
pub(super) async fn purge(db: &Session, now: i64) -> Result<(), StoreError> {
    db.execute("DELETE FROM requests WHERE made_at <= $1", &[&(now - KEEP_REQUESTS)]).await.map(drop)
}
