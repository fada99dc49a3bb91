//! Asked, decided by a second person, reviewed, withdrawn.

use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{
    ledger::{append, recorded},
    rows::{AUTHORISATION, authorisation},
    time::live_after,
    withdrawals::withdraw as withdraw_tokens,
};
use crate::{
    authority::{Authorisation, AuthorisationId, Callsign, Decision, Review, State},
    ledger::Entry,
    store::{Decided, StoreError},
    token::Channel,
};

pub(super) fn ask(db: &Connection, a: &Authorisation, entry: &Entry) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO authorisations (id, reference, channels, starts_at, ends_at, max_tokens, asked_by, asked_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'asked')",
    )?
    .execute((a.id, &a.reference, listed(&a.channels), a.from, a.until, a.max_tokens, &a.asked_by, a.asked_at))?;
    append(db, entry)
}

pub(super) fn decide(
    db: &Connection,
    id: AuthorisationId,
    decision: Decision,
    by: &Callsign,
    entry: &Entry,
) -> Result<Decided, StoreError> {
    // `asked_by <> :by` is the second person: the one who asked cannot be the one who decides.
    let changed = db
        .prepare_cached(
            "UPDATE authorisations SET state = :state, decided_by = :by, decided_at = :at
             WHERE id = :id AND state = 'asked' AND asked_by <> :by
               AND EXISTS (SELECT 1 FROM officers WHERE callsign = :by AND suspended_at IS NULL)",
        )?
        .execute(named_params! {":state": decision.state().as_str(), ":by": by, ":at": entry.at, ":id": id})?;
    let done = recorded(db, changed, entry)?;
    Ok(match find(db, id)? {
        None => Decided::Unknown,
        Some(a) if done => Decided::Done(a),
        Some(a) if a.asked_by == *by => Decided::OwnRequest,
        Some(a) if a.state == State::Asked => Decided::Suspended,
        Some(a) => Decided::AlreadyIs(a.state),
    })
}

pub(super) fn review(db: &Connection, id: AuthorisationId, review: &Review, by: &Callsign, entry: &Entry) -> Result<Decided, StoreError> {
    let channels = listed(review.channels());
    // The second person once more, who takes over from the one before: never the one who asked, never below what was issued.
    let changed = db
        .prepare_cached(
            "UPDATE authorisations
             SET channels = :channels, ends_at = :until, max_tokens = :tokens, decided_by = :by, decided_at = :at
             WHERE id = :id AND state = 'approved' AND asked_by <> :by AND ends_at > :at AND tokens_issued <= :tokens
               AND (channels, ends_at, max_tokens, decided_by) <> (:channels, :until, :tokens, :by)
               AND EXISTS (SELECT 1 FROM officers WHERE callsign = :by AND suspended_at IS NULL)",
        )?
        .execute(named_params! {
            ":channels": channels, ":until": review.until(), ":tokens": review.max_tokens(), ":by": by, ":at": entry.at, ":id": id,
        })?;
    let done = recorded(db, changed, entry)?;
    if done {
        let no_longer = "authorisation = :id AND expires_at > :live
            AND (expires_at > :until OR instr(',' || :channels || ',', ',' || channel || ',') = 0)";
        let live = live_after(db, entry.at)?;
        let params = named_params! {":now": entry.at, ":id": id, ":live": live, ":until": review.until(), ":channels": channels};
        withdraw_tokens(db, no_longer, params)?;
    }
    Ok(match find(db, id)? {
        None => Decided::Unknown,
        Some(a) if done => Decided::Done(a),
        Some(a) if a.asked_by == *by => Decided::OwnRequest,
        Some(a) if a.state != State::Approved => Decided::AlreadyIs(a.state),
        Some(a) if a.until <= entry.at => Decided::Over,
        Some(a) if a.tokens_issued > review.max_tokens() => Decided::TooFew(a.tokens_issued),
        Some(a) if review.changes_nothing(&a, by) => Decided::Done(a),
        Some(_) => Decided::Suspended,
    })
}

pub(super) fn withdraw(db: &Connection, id: AuthorisationId, entry: &Entry) -> Result<Decided, StoreError> {
    let changed = db
        .prepare_cached("UPDATE authorisations SET state = 'withdrawn' WHERE id = ?1 AND state IN ('asked', 'approved')")?
        .execute([id])?;
    let live = live_after(db, entry.at)?;
    withdraw_tokens(db, "authorisation = :id AND expires_at > :live", named_params! {":now": entry.at, ":id": id, ":live": live})?;
    let done = recorded(db, changed, entry)?;
    Ok(match find(db, id)? {
        None => Decided::Unknown,
        Some(a) if done => Decided::Done(a),
        Some(a) => Decided::AlreadyIs(a.state),
    })
}

pub(super) fn find(db: &Connection, id: AuthorisationId) -> Result<Option<Authorisation>, StoreError> {
    let mut one = db.prepare_cached(&format!("SELECT {AUTHORISATION} FROM authorisations WHERE id = ?1"))?;
    Ok(one.query_row([id], authorisation).optional()?)
}

pub(super) fn all(db: &Connection, asked_by: Option<&Callsign>) -> Result<Vec<Authorisation>, StoreError> {
    let mut all = db.prepare_cached(&format!(
        "SELECT {AUTHORISATION} FROM authorisations WHERE ?1 IS NULL OR asked_by = ?1 ORDER BY asked_at DESC, id"
    ))?;
    Ok(all.query_map([asked_by], authorisation)?.collect::<Result<_, _>>()?)
}

fn listed<'a>(channels: impl IntoIterator<Item = &'a Channel>) -> String {
    channels.into_iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(",")
}
