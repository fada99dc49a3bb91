//! Asked, decided by a second person, reviewed, withdrawn.

use super::{
    ledger::recorded,
    rows::{AUTHORISATION, authorisation},
    session::{Params, Session},
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

pub(super) async fn ask(db: &Session, a: &Authorisation, entry: &Entry) -> Result<bool, StoreError> {
    let channels: Vec<Channel> = a.channels.iter().copied().collect();
    let (tokens, counts) = (i64::from(a.max_tokens), a.asked_at - KEEP_ASKED);
    let search = searchable([&a.reference, a.asked_by.as_str(), a.purpose.as_deref().unwrap_or_default()]);
    let (most, undecided) = (i64::from(MOST_ASKED), i64::from(MOST_UNDECIDED));
    // Nobody fills the lists of those who decide: the statement that adds a request counts what waits, and what nobody decided.
    let added = db
        .execute(
            "INSERT INTO authorisations
                 (id, reference, channels, starts_at, ends_at, max_tokens, asked_by, asked_at, state, purpose, search)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, 'asked', $12, $13
             WHERE (SELECT count(*) FROM authorisations
                    WHERE asked_by = $7 AND state = 'asked' AND (ends_at > $8 OR asked_at > $9)) < $10
               AND (SELECT count(*) FROM authorisations
                    WHERE asked_by = $7 AND state IN ('asked', 'withdrawn') AND decided_by IS NULL AND asked_at > $9) < $11",
            &[
                &a.id,
                &a.reference,
                &channels,
                &a.from,
                &a.until,
                &tokens,
                &a.asked_by,
                &a.asked_at,
                &counts,
                &most,
                &undecided,
                &a.purpose,
                &search,
            ],
        )
        .await?;
    if added > 0 {
        let add = "INSERT INTO authorisation_words (word, authorisation) SELECT unnest($1::text[]), $2";
        db.execute(add, &[&indexed(&search), &a.id]).await?;
    }
    recorded(db, added, entry).await
}

pub(super) async fn decide(db: &Session, id: AuthorisationId, answer: &Answered, entry: &Entry) -> Result<Decided, StoreError> {
    let Answered { decision, reason, by } = answer;
    // `asked_by <> $2` is the second person: the one who asked cannot be the one who decides. Who is suspended is allowed nothing.
    let changed = db
        .execute(
            "UPDATE authorisations SET state = $1, decided_by = $2, decided_at = $3, reason = $5
             WHERE id = $4 AND state = 'asked' AND asked_by <> $2
               AND EXISTS (SELECT 1 FROM officers WHERE callsign = $2 AND suspended_at IS NULL)
               AND ($1 <> 'approved' OR EXISTS (SELECT 1 FROM officers WHERE callsign = asked_by AND suspended_at IS NULL))",
            &[&decision.state(), by, &entry.at, &id, reason],
        )
        .await?;
    let done = recorded(db, changed, entry).await?;
    Ok(match find(db, id).await? {
        None => Decided::Unknown,
        Some(a) if done => Decided::Done(a),
        Some(a) if a.asked_by == *by => Decided::OwnRequest,
        Some(a) if a.state == decision.state() && a.decided_by.as_ref() == Some(by) => Decided::Done(a),
        Some(a) if a.state == State::Asked && a.asker_suspended && *decision == Decision::Approve => Decided::AskerSuspended(a.asked_by),
        Some(a) if a.state == State::Asked => Decided::Suspended,
        Some(a) => Decided::AlreadyIs(a.state),
    })
}

pub(super) async fn review(
    db: &Session,
    id: AuthorisationId,
    review: &Review,
    by: &Callsign,
    entry: &Entry,
) -> Result<Decided, StoreError> {
    let channels: Vec<Channel> = review.channels().iter().copied().collect();
    let (until, tokens) = (review.until(), i64::from(review.max_tokens()));
    // The second person once more, who takes over from the one before: never the one who asked, never below what was issued.
    let changed = db
        .execute(
            "UPDATE authorisations SET channels = $1, ends_at = $2, max_tokens = $3, decided_by = $4, decided_at = $5, reason = NULL
             WHERE id = $6 AND state = 'approved' AND asked_by <> $4 AND ends_at > $5 AND tokens_issued <= $3
               AND (channels, ends_at, max_tokens, decided_by) <> ($1, $2, $3, $4)
               AND EXISTS (SELECT 1 FROM officers WHERE callsign = $4 AND suspended_at IS NULL)",
            &[&channels, &until, &tokens, by, &entry.at, &id],
        )
        .await?;
    let done = recorded(db, changed, entry).await?;
    if done {
        let no_longer = "authorisation = $2 AND expires_at > $3 AND (expires_at > $4 OR channel <> ALL ($5))";
        withdraw_tokens(db, no_longer, &[&entry.at, &id, &live_after(db, entry.at).await?, &until, &channels]).await?;
    }
    Ok(match find(db, id).await? {
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

pub(super) async fn withdraw(db: &Session, id: AuthorisationId, by: &Callsign, entry: &Entry) -> Result<Decided, StoreError> {
    let withdraw = "UPDATE authorisations SET state = 'withdrawn', withdrawn_by = $2 WHERE id = $1 AND state IN ('asked', 'approved')";
    let changed = db.execute(withdraw, &[&id, by]).await?;
    withdraw_tokens(db, "authorisation = $2 AND expires_at > $3", &[&entry.at, &id, &live_after(db, entry.at).await?]).await?;
    let done = recorded(db, changed, entry).await?;
    Ok(match find(db, id).await? {
        None => Decided::Unknown,
        Some(a) if done || a.state == State::Withdrawn => Decided::Done(a),
        Some(a) => Decided::AlreadyIs(a.state),
    })
}

pub(super) async fn find(db: &Session, id: AuthorisationId) -> Result<Option<Authorisation>, StoreError> {
    let row = db.maybe(&format!("SELECT {AUTHORISATION} FROM authorisations WHERE id = $1"), &[&id]).await?;
    row.as_ref().map(authorisation).transpose()
}

/// Waits for a decision.
const WAITS: &str = "state = 'asked' AND ends_at > $2";

pub(super) async fn page(
    db: &Session,
    asked_by: Option<&Callsign>,
    page: &Page<AuthorisationPlace>,
    now: i64,
) -> Result<Vec<Authorisation>, StoreError> {
    let whose = if asked_by.is_some() { "asked_by = $1" } else { "$1::text IS NULL" };
    let part = |number: u8, of: &str, (at, id): (u8, u8)| {
        format!(
            "(SELECT {AUTHORISATION}, {number} AS part FROM {of}
              AND (asked_at, id) < (${at}, ${id}) ORDER BY asked_at DESC, id DESC LIMIT $3)"
        )
    };
    // By its end: those that ran out undecided would be met on the way through any other order, and are ever more.
    let waiting = format!("(SELECT * FROM authorisations WHERE {whose} AND {WAITS} OFFSET 0) AS waiting WHERE true");
    let others = format!("authorisations WHERE {whose} AND NOT ({WAITS})");
    let (waiting, others) = (part(0, &waiting, (4, 5)), part(1, &others, (6, 7)));
    let both = format!("{waiting} UNION ALL {others} ORDER BY part, asked_at DESC, id DESC LIMIT $3");
    let [(first_at, first_id), (second_at, second_id)] = page.before();
    let bounds: Params<'_> = &[&asked_by, &now, &i64::from(page.most), &first_at, &first_id, &second_at, &second_id];
    db.rows(&both, bounds).await?.iter().map(authorisation).collect()
}

pub(super) async fn live(db: &Session, asked_by: &Callsign, channel: Channel, at: i64) -> Result<Vec<Authorisation>, StoreError> {
    let live = format!(
        "SELECT {AUTHORISATION} FROM authorisations
         WHERE asked_by = $1 AND state = 'approved' AND $2 = ANY (channels)
           AND starts_at <= $3 AND $3 < ends_at AND tokens_issued < max_tokens
           AND NOT EXISTS (SELECT 1 FROM officers WHERE callsign = decided_by AND suspended_at IS NOT NULL)
         ORDER BY asked_at DESC, id DESC LIMIT $4"
    );
    db.rows(&live, &[&asked_by, &channel, &at, &i64::from(MOST_LISTED)]).await?.iter().map(authorisation).collect()
}
