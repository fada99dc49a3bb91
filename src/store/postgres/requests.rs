//! Acts that are done once under a key.

use super::session::Session;
use crate::store::{Earlier, KEEP_REQUESTS, Once, StoreError};

/// The first statement of the act; `false` if it was done before.
pub(super) async fn begin(db: &Session, once: &Once, subject: [u8; 8], now: i64) -> Result<bool, StoreError> {
    let add = "INSERT INTO requests (hash, act, body, subject, made_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (hash) DO NOTHING";
    let added = db.execute(add, &[&once.hash.as_slice(), &once.act, &once.body.as_slice(), &subject.as_slice(), &now]).await?;
    Ok(added == 1)
}

pub(super) async fn find(db: &Session, hash: [u8; 32]) -> Result<Option<Earlier>, StoreError> {
    let one = "SELECT act, body, subject FROM requests WHERE hash = $1";
    let Some(row) = db.maybe(one, &[&hash.as_slice()]).await? else { return Ok(None) };
    let damaged = |_| StoreError::Failed("a request is damaged".into());
    let (body, subject): (&[u8], &[u8]) = (row.try_get(1)?, row.try_get(2)?);
    Ok(Some(Earlier { act: row.try_get(0)?, body: body.try_into().map_err(damaged)?, subject: subject.try_into().map_err(damaged)? }))
}

/// Drops keys that are past their time.
pub(super) async fn purge(db: &Session, now: i64) -> Result<(), StoreError> {
    db.execute("DELETE FROM requests WHERE made_at <= $1", &[&(now - KEEP_REQUESTS)]).await.map(drop)
}
