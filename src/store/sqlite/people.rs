//! People: enrolled, suspended, reinstated.

use rusqlite::{Connection, named_params};

use super::{access, ledger::recorded, requests, time::live_after, withdrawals};
use crate::{
    authority::{ActorName, AuthorisationId, Callsign, Officer},
    ledger::Entry,
    store::{Ended, Follows, Once, Reinstated, StoreError},
};

/// Under authorisations that `:who` asked for, and under those that only their approval allowed.
const OF_THEIRS: &str =
    "expires_at > :live AND authorisation IN (SELECT id FROM authorisations WHERE asked_by = :who OR decided_by = :who)";

pub(super) fn enrol(db: &Connection, officer: &Officer, entry: &Entry) -> Result<bool, StoreError> {
    let changed = db
        .prepare_cached("INSERT INTO officers (callsign, role, enrolled_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute((&officer.callsign, officer.role.as_str(), officer.enrolled_at))?;
    recorded(db, changed, entry)
}

pub(super) fn suspend(db: &Connection, callsign: &Callsign, once: Option<&Once>, entry: &Entry) -> Result<Option<Ended>, StoreError> {
    requests::is_new(db, once)?;
    let changed = db
        .prepare_cached("UPDATE officers SET suspended_at = ?2 WHERE callsign = ?1 AND suspended_at IS NULL")?
        .execute((callsign, entry.at))?;
    let live = live_after(db, entry.at)?;
    let withdrawn = withdrawals::withdraw(db, OF_THEIRS, named_params! {":now": entry.at, ":who": callsign, ":live": live})?;
    let sessions = access::end_sessions(db, callsign)?;
    let ended = Ended { sessions: count(sessions), withdrawn: count(withdrawn) };
    if !recorded(db, changed, entry)? {
        return Ok(None);
    }
    requests::end(db, once, ended.as_subject(), None, entry.at)?;
    Ok(Some(ended))
}

pub(super) fn reinstate(
    db: &Connection,
    callsign: &Callsign,
    by: &ActorName,
    once: Option<&Once>,
    entry: &Entry,
) -> Result<Reinstated, StoreError> {
    requests::is_new(db, once)?;
    // Another person, who administrates and is not suspended; the operator is nobody's callsign.
    let changed = db
        .prepare_cached(
            "UPDATE officers SET suspended_at = NULL WHERE callsign = :who AND suspended_at IS NOT NULL
               AND (:by IS NULL OR :by <> :who AND EXISTS
                   (SELECT 1 FROM officers WHERE callsign = :by AND role = 'administrator' AND suspended_at IS NULL))",
        )?
        .execute(named_params! {":who": callsign, ":by": by.person()})?;
    if recorded(db, changed, entry)? {
        requests::end(db, once, [0; 8], None, entry.at)?;
        return Ok(Reinstated::Done);
    }
    let suspended = "SELECT suspended_at IS NOT NULL FROM officers WHERE callsign = ?1";
    let mut rows = db.prepare_cached(suspended)?;
    let suspended: Option<bool> = rows.query_map([callsign], |row| row.get(0))?.next().transpose()?;
    Ok(match suspended {
        None => Reinstated::Unknown,
        Some(true) => Reinstated::NotAllowed,
        Some(false) => Reinstated::Already,
    })
}

pub(super) fn follows(db: &Connection, callsign: &Callsign, now: i64) -> Result<Follows, StoreError> {
    let tokens = format!("SELECT count(*) FROM tokens WHERE withdrawn_at IS NULL AND {OF_THEIRS}");
    let in_force = "SELECT count(*) FROM authorisations
         WHERE state = 'approved' AND ends_at > :now AND (asked_by = :who OR decided_by = :who)";
    Ok(Follows {
        sessions: access::sessions(db, callsign, now)?,
        live_tokens: db
            .prepare_cached(&tokens)?
            .query_row(named_params! {":who": callsign, ":live": live_after(db, now)?}, |row| row.get(0))?,
        authorisations: db.prepare_cached(in_force)?.query_row(named_params! {":who": callsign, ":now": now}, |row| row.get(0))?,
    })
}

pub(super) fn live_tokens_under(db: &Connection, id: AuthorisationId, now: i64) -> Result<u32, StoreError> {
    let under = "SELECT count(*) FROM tokens WHERE withdrawn_at IS NULL AND authorisation = ?1 AND expires_at > ?2";
    Ok(db.prepare_cached(under)?.query_row((id, live_after(db, now)?), |row| row.get(0))?)
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
