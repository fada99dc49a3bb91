//! People: enrolled, suspended, reinstated.

use super::{access, ledger::recorded, requests, rows::number, session::Session, time::live_after, withdrawals};
use crate::{
    authority::{ActorName, AuthorisationId, Callsign, Officer},
    ledger::Entry,
    store::{Ended, Follows, Once, Reinstated, StoreError},
};

pub(super) async fn enrol(db: &Session, officer: &Officer, entry: &Entry) -> Result<bool, StoreError> {
    let add = "INSERT INTO officers (callsign, role, enrolled_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let changed = db.execute(add, &[&officer.callsign, &officer.role, &officer.enrolled_at]).await?;
    recorded(db, changed, entry).await
}

pub(super) async fn suspend(db: &Session, callsign: &Callsign, once: Option<&Once>, entry: &Entry) -> Result<Option<Ended>, StoreError> {
    requests::is_new(db, once).await?;
    let suspend = "UPDATE officers SET suspended_at = $2 WHERE callsign = $1 AND suspended_at IS NULL";
    let changed = db.execute(suspend, &[callsign, &entry.at]).await?;
    // Theirs, and those that only their approval allowed.
    let of_theirs = "expires_at > $2 AND authorisation IN (SELECT id FROM authorisations WHERE asked_by = $3 OR decided_by = $3)";
    let withdrawn = withdrawals::withdraw(db, of_theirs, &[&entry.at, &live_after(db, entry.at).await?, callsign]).await?;
    let ended = Ended { sessions: count(access::end_sessions(db, callsign).await?), withdrawn: count(withdrawn) };
    if !recorded(db, changed, entry).await? {
        return Ok(None);
    }
    requests::end(db, once, ended.as_subject(), None, entry.at).await?;
    Ok(Some(ended))
}

pub(super) async fn reinstate(
    db: &Session,
    callsign: &Callsign,
    by: &ActorName,
    once: Option<&Once>,
    entry: &Entry,
) -> Result<Reinstated, StoreError> {
    requests::is_new(db, once).await?;
    // Another person, who administrates and is not suspended; the operator is nobody's callsign.
    let reinstate = "UPDATE officers SET suspended_at = NULL WHERE callsign = $1 AND suspended_at IS NOT NULL
           AND ($2::text IS NULL OR $2 <> callsign AND EXISTS
               (SELECT 1 FROM officers WHERE callsign = $2 AND role = 'administrator' AND suspended_at IS NULL))";
    let changed = db.execute(reinstate, &[callsign, &by.person()]).await?;
    if recorded(db, changed, entry).await? {
        requests::end(db, once, [0; 8], None, entry.at).await?;
        return Ok(Reinstated::Done);
    }
    let suspended = db.maybe("SELECT suspended_at IS NOT NULL FROM officers WHERE callsign = $1", &[callsign]).await?;
    Ok(match suspended {
        None => Reinstated::Unknown,
        Some(row) if row.try_get(0)? => Reinstated::NotAllowed,
        Some(_) => Reinstated::Already,
    })
}

pub(super) async fn follows(db: &Session, callsign: &Callsign, now: i64) -> Result<Follows, StoreError> {
    let tokens = "SELECT count(*) FROM tokens WHERE withdrawn_at IS NULL AND expires_at > $1
           AND authorisation IN (SELECT id FROM authorisations WHERE asked_by = $2 OR decided_by = $2)";
    let in_force = "SELECT count(*) FROM authorisations
         WHERE state = 'approved' AND ends_at > $1 AND (asked_by = $2 OR decided_by = $2)";
    Ok(Follows {
        sessions: access::sessions(db, callsign, now).await?,
        live_tokens: number(&db.one(tokens, &[&live_after(db, now).await?, callsign]).await?, 0)?,
        authorisations: number(&db.one(in_force, &[&now, callsign]).await?, 0)?,
    })
}

pub(super) async fn live_tokens_under(db: &Session, id: AuthorisationId, now: i64) -> Result<u32, StoreError> {
    let under = "SELECT count(*) FROM tokens WHERE withdrawn_at IS NULL AND authorisation = $1 AND expires_at > $2";
    number(&db.one(under, &[&id, &live_after(db, now).await?]).await?, 0)
}

fn count(rows: u64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
