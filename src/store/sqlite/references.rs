//! Tokens by the reference that somebody quotes.

use rusqlite::{Connection, named_params};

use super::tokens::{JOINED, LIVE, live_token};
use crate::{
    authority::Callsign,
    store::{KEEP_LOOK_UPS, LiveToken, MOST_FOUND, MOST_LOOK_UPS, StoreError},
    token::Reference,
};

pub(super) fn look_up(db: &Connection, reference: Reference, by: &Callsign, now: i64) -> Result<Option<Vec<LiveToken>>, StoreError> {
    // The statement that adds one counts the others, so that of any number at once no more than these are answered.
    let counted = db
        .prepare_cached(
            "INSERT INTO look_ups (callsign, at)
             SELECT :by, :now WHERE (SELECT count(*) FROM look_ups WHERE callsign = :by AND at > :now - :keep) < :most",
        )?
        .execute(named_params! {":by": by, ":now": now, ":keep": KEEP_LOOK_UPS, ":most": MOST_LOOK_UPS})?;
    if counted == 0 {
        return Ok(None);
    }
    let (first, last) = reference.hashes().into_inner();
    let mut found =
        db.prepare_cached(&format!("{LIVE} tokens {JOINED} WHERE sha256 BETWEEN ?1 AND ?2 ORDER BY expires_at, cti LIMIT ?3"))?;
    Ok(Some(found.query_map((first, last, MOST_FOUND), live_token)?.collect::<Result<_, _>>()?))
}

/// Forgets what counts no more.
pub(super) fn purge(db: &Connection, now: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM look_ups WHERE at <= ?1")?.execute([now - KEEP_LOOK_UPS])?;
    Ok(())
}
