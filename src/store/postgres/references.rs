//! Tokens by the reference that somebody quotes.

use super::{
    session::Session,
    time::not_after_own,
    tokens::{JOINED, LIVE, live_token},
};
use crate::{
    authority::Callsign,
    store::{KEEP_LOOK_UPS, LiveToken, MOST_FOUND, MOST_LOOK_UPS, StoreError},
    token::Reference,
};

/// Acts take their turns, so of any number at once no more than these are answered.
pub(super) async fn look_up(db: &Session, reference: Reference, by: &Callsign, now: i64) -> Result<Option<Vec<LiveToken>>, StoreError> {
    let count = "INSERT INTO look_ups (callsign, at)
         SELECT $1, $2 WHERE (SELECT count(*) FROM look_ups WHERE callsign = $1 AND at > $3) < $4";
    if db.execute(count, &[&by, &now, &(now - KEEP_LOOK_UPS), &i64::from(MOST_LOOK_UPS)]).await? == 0 {
        return Ok(None);
    }
    let (first, last) = reference.hashes().into_inner();
    let found = format!("{LIVE} tokens {JOINED} WHERE sha256 BETWEEN $1 AND $2 ORDER BY expires_at, cti LIMIT $3");
    db.rows(&found, &[&first, &last, &i64::from(MOST_FOUND)]).await?.iter().map(live_token).collect::<Result<_, _>>().map(Some)
}

/// Forgets what counts no more.
pub(super) async fn purge(db: &Session, now: i64) -> Result<(), StoreError> {
    let until = not_after_own(db, now).await? - KEEP_LOOK_UPS;
    db.execute("DELETE FROM look_ups WHERE at <= $1", &[&until]).await.map(drop)
}
