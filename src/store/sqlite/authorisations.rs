//! Asked, decided by a second person, reviewed, withdrawn.

use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{
    ledger::recorded,
    lists::rows,
    rows::{AUTHORISATION, authorisation},
    time::live_after,
    withdrawals::withdraw as withdraw_tokens,
};
use crate::{
    authority::{Authorisation, AuthorisationId, Callsign, Decision, Review, State},
    ledger::Entry,
    store::{
        Answered, AuthorisationPlace, Decided, KEEP_ASKED, MOST_ASKED, MOST_LISTED, MOST_UNDECIDED, Page, StoreError,
        search::{indexed, searchable},
    },
    token::Channel,
};

pub(super) fn ask(db: &Connection, a: &Authorisation, entry: &Entry) -> Result<bool, StoreError> {
    let search = searchable([&a.reference, a.asked_by.as_str(), a.purpose.as_deref().unwrap_or_default()]);
    // Nobody fills the lists of those who decide: the statement that adds a request counts what waits, and what nobody decided.
    let added = db
        .prepare_cached(
            "INSERT INTO authorisations
                 (id, reference, purpose, channels, starts_at, ends_at, max_tokens, asked_by, asked_at, state, search)
             SELECT :id, :reference, :purpose, :channels, :from, :until, :tokens, :by, :at, 'asked', :search
             WHERE (SELECT count(*) FROM authorisations
                    WHERE asked_by = :by AND state = 'asked' AND (ends_at > :at OR asked_at > :at - :keep)) < :most
               AND (SELECT count(*) FROM authorisations
                    WHERE asked_by = :by AND state IN ('asked', 'withdrawn') AND decided_by IS NULL AND asked_at > :at - :keep) < :undecided",
        )?
        .execute(named_params! {
            ":id": a.id, ":reference": a.reference, ":purpose": a.purpose, ":search": search, ":channels": listed(&a.channels), ":from": a.from, ":until": a.until,
            ":tokens": a.max_tokens, ":by": a.asked_by, ":at": a.asked_at, ":keep": KEEP_ASKED, ":most": MOST_ASKED,
            ":undecided": MOST_UNDECIDED,
        })?;
    if added > 0 {
        index(db, a.id, &search)?;
    }
    recorded(db, added, entry)
}

fn index(db: &Connection, id: AuthorisationId, search: &str) -> Result<(), StoreError> {
    let mut add = db.prepare_cached("INSERT INTO authorisation_words (word, authorisation) VALUES (?1, ?2)")?;
    indexed(search).into_iter().try_for_each(|word| add.execute((word, id)).map(drop))?;
    Ok(())
}

/// Makes the authorisations of an earlier version ones that can be searched for.
pub(super) fn index_all(db: &Connection) -> Result<(), StoreError> {
    let kept: Vec<(AuthorisationId, String, Callsign)> = db
        .prepare("SELECT id, reference, asked_by FROM authorisations")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (id, reference, asked_by) in kept {
        let search = searchable([reference.as_str(), asked_by.as_str()]);
        db.execute("UPDATE authorisations SET search = ?1 WHERE id = ?2", (&search, id))?;
        index(db, id, &search)?;
    }
    Ok(())
}

pub(super) fn decide(db: &Connection, id: AuthorisationId, answer: &Answered, entry: &Entry) -> Result<Decided, StoreError> {
    let Answered { decision, reason, by } = answer;
    // `asked_by <> :by` is the second person: the one who asked cannot be the one who decides. Who is suspended is allowed nothing.
    let changed = db
        .prepare_cached(
            "UPDATE authorisations SET state = :state, decided_by = :by, decided_at = :at, reason = :reason
             WHERE id = :id AND state = 'asked' AND asked_by <> :by
               AND EXISTS (SELECT 1 FROM officers WHERE callsign = :by AND suspended_at IS NULL)
               AND (:state <> 'approved' OR EXISTS (SELECT 1 FROM officers WHERE callsign = asked_by AND suspended_at IS NULL))",
        )?
        .execute(named_params! {":state": decision.state().as_str(), ":by": by, ":at": entry.at, ":id": id, ":reason": reason})?;
    let done = recorded(db, changed, entry)?;
    Ok(match find(db, id)? {
        None => Decided::Unknown,
        Some(a) if done => Decided::Done(a),
        Some(a) if a.asked_by == *by => Decided::OwnRequest,
        Some(a) if a.state == decision.state() && a.decided_by.as_ref() == Some(by) => Decided::Done(a),
        Some(a) if a.state == State::Asked && a.asker_suspended && *decision == Decision::Approve => Decided::AskerSuspended(a.asked_by),
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
             SET channels = :channels, ends_at = :until, max_tokens = :tokens, decided_by = :by, decided_at = :at, reason = NULL
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

pub(super) fn withdraw(db: &Connection, id: AuthorisationId, by: &Callsign, entry: &Entry) -> Result<Decided, StoreError> {
    let changed = db
        .prepare_cached(
            "UPDATE authorisations SET state = 'withdrawn', withdrawn_by = ?2 WHERE id = ?1 AND state IN ('asked', 'approved')",
        )?
        .execute((id, by))?;
    let live = live_after(db, entry.at)?;
    withdraw_tokens(db, "authorisation = :id AND expires_at > :live", named_params! {":now": entry.at, ":id": id, ":live": live})?;
    let done = recorded(db, changed, entry)?;
    Ok(match find(db, id)? {
        None => Decided::Unknown,
        Some(a) if done || a.state == State::Withdrawn => Decided::Done(a),
        Some(a) => Decided::AlreadyIs(a.state),
    })
}

pub(super) fn find(db: &Connection, id: AuthorisationId) -> Result<Option<Authorisation>, StoreError> {
    let mut one = db.prepare_cached(&format!("SELECT {AUTHORISATION} FROM authorisations WHERE id = ?1"))?;
    Ok(one.query_row([id], authorisation).optional()?)
}

/// Waits for a decision.
const WAITS: &str = "state = 'asked' AND ends_at > :now";

/// By its end: those that ran out undecided would be met on the way through any other order, and are ever more.
const WAITING: &str = "INDEXED BY authorisations_waiting";
const WAITING_OF_ONE: &str = "INDEXED BY authorisations_by_asker_and_end";

pub(super) fn page(
    db: &Connection,
    asked_by: Option<&Callsign>,
    page: &Page<AuthorisationPlace>,
    now: i64,
) -> Result<Vec<Authorisation>, StoreError> {
    let (whose, waiting) = if asked_by.is_some() { ("asked_by = :by", WAITING_OF_ONE) } else { (":by IS NULL", WAITING) };
    let part = |number: u8, index: &str, which: &str| {
        format!(
            "SELECT * FROM (SELECT {AUTHORISATION}, {number} AS part FROM authorisations {index}
             WHERE {whose} AND {which} AND (asked_at, id) < (:at_{number}, :id_{number}) ORDER BY asked_at DESC, id DESC LIMIT :most)"
        )
    };
    let (waiting, others) = (part(0, waiting, WAITS), part(1, "", &format!("NOT ({WAITS})")));
    let both = format!("{waiting} UNION ALL {others} ORDER BY part, asked_at DESC, id DESC LIMIT :most");
    let [(first_at, first_id), (second_at, second_id)] = page.before();
    let bounds = named_params! {
        ":by": asked_by, ":now": now, ":most": page.most,
        ":at_0": first_at, ":id_0": first_id, ":at_1": second_at, ":id_1": second_id,
    };
    rows(db, &both, bounds, authorisation)
}

pub(super) fn live(db: &Connection, asked_by: &Callsign, channel: Channel, at: i64) -> Result<Vec<Authorisation>, StoreError> {
    let live = format!(
        "SELECT {AUTHORISATION} FROM authorisations
         WHERE asked_by = ?1 AND state = 'approved' AND instr(',' || channels || ',', ',' || ?2 || ',') > 0
           AND starts_at <= ?3 AND ?3 < ends_at AND tokens_issued < max_tokens
           AND NOT EXISTS (SELECT 1 FROM officers WHERE callsign = decided_by AND suspended_at IS NOT NULL)
         ORDER BY asked_at DESC, id DESC LIMIT ?4"
    );
    rows(db, &live, (asked_by, channel.as_str(), at, MOST_LISTED), authorisation)
}

fn listed<'a>(channels: impl IntoIterator<Item = &'a Channel>) -> String {
    channels.into_iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(",")
}
