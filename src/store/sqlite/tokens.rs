//! The life of a token's row: recorded, made speakable, reported, purged.

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, named_params};

use super::{access, keys, ledger::append, spoken};
use crate::{
    authority::Callsign,
    ledger::{Entry, Event},
    store::{IssueRefusal, IssuedToken, KEEP_CODES, KEEP_ROWS, LiveToken, NewToken, Speakable, StoreError, TokenRecord, spoken::Span},
    token::{Cti, SpokenSize},
};

/// Rows that housekeeping changes in one transaction: checks are answered between two of them.
const PORTION: usize = 250;

/// The inner result is the domain's answer. A refusal has written nothing: the guard statement changes a row only if
/// it allows the token, and whatever fails after it fails the operation as a whole.
pub(super) type Outcome<T> = Result<Result<T, IssueRefusal>, StoreError>;

pub(super) fn issue(db: &Connection, token: &NewToken, entry: &Entry) -> Outcome<Option<SpokenSize>> {
    let span = Span::of(token.starts_at, token.expires_at);
    let admitted = token.speakable.as_ref().map(|speakable| admit(db, speakable, span, &token.officer, entry.at)).transpose()?;
    let shortest = match admitted.transpose() {
        Ok(shortest) => shortest,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let five = token.speakable.as_ref().zip(shortest).and_then(|(speakable, shortest)| speakable.five(shortest));
    if taken(db, token, five)? {
        return Ok(Err(IssueRefusal::CodeTaken));
    }
    // No approval, no token: this one statement requires an authorisation that a second person approved, that is this
    // officer's, covers channel and window and has tokens left, with neither person suspended, the officer's passkey or
    // credential not revoked, the one active key, and an end that does not count as purged; and it counts the token.
    let allowed = db
        .prepare_cached(
            "UPDATE authorisations SET tokens_issued = tokens_issued + 1
             WHERE id = :id AND state = 'approved' AND asked_by = :officer AND decided_by <> :officer
               AND tokens_issued < max_tokens
               AND starts_at <= :starts_at AND :expires_at <= ends_at
               AND instr(',' || channels || ',', ',' || :channel || ',') > 0
               AND NOT EXISTS (SELECT 1 FROM officers
                               WHERE callsign IN (asked_by, decided_by) AND suspended_at IS NOT NULL)
               AND (EXISTS (SELECT 1 FROM passkeys WHERE hash = :access AND callsign = :officer)
                    OR EXISTS (SELECT 1 FROM credentials WHERE hash = :access AND callsign = :officer))
               AND EXISTS (SELECT 1 FROM signing_keys WHERE stage = 'active' AND substr(kid, 1, 4) = :kid)
               AND :expires_at > (SELECT through FROM purged)",
        )?
        .execute(named_params! {
            ":id": token.authorisation, ":officer": token.officer, ":channel": token.channel.as_str(),
            ":starts_at": token.starts_at, ":expires_at": token.expires_at, ":kid": token.kid, ":access": token.access,
        })?;
    if allowed != 1 {
        return Ok(Err(match () {
            () if is_born_expired(db, token.expires_at)? => IssueRefusal::BornExpired,
            () if !keys::is_active(db, token.kid)? => IssueRefusal::KeyNotActive,
            () if !access::is_open(db, token.access)? => IssueRefusal::AccessRevoked,
            () => IssueRefusal::NotAuthorised,
        }));
    }
    insert(db, token, five)?;
    if let Some(shortest) = shortest {
        spoken::count(db, span, shortest)?;
    }
    append(db, entry)?;
    Ok(Ok(shortest))
}

fn is_born_expired(db: &Connection, expires_at: i64) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT ?1 <= through FROM purged")?.query_row([expires_at], |row| row.get(0))?)
}

fn insert(db: &Connection, token: &NewToken, five: Option<i64>) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, code, five, bytes, access, spoken_by)
         VALUES (:cti, :hash, :kid, :authorisation, :channel, :issued_at, :starts_at, :expires_at, :code, :five, :bytes, :access,
                 CASE WHEN :code IS NOT NULL THEN :officer END)",
    )?
    .execute(named_params! {
        ":cti": token.cti, ":hash": token.hash, ":kid": token.kid, ":authorisation": token.authorisation,
        ":channel": token.channel.as_str(), ":issued_at": token.issued_at, ":starts_at": token.starts_at,
        ":expires_at": token.expires_at, ":access": token.access.id().0, ":officer": token.officer,
        ":code": token.speakable.as_ref().map(Speakable::code), ":five": five,
        ":bytes": token.speakable.as_ref().map(|s| s.token.as_bytes()),
    })?;
    Ok(())
}

fn taken(db: &Connection, token: &NewToken, five: Option<i64>) -> Result<bool, StoreError> {
    let code = token.speakable.as_ref().map(Speakable::code);
    let mut same = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM tokens WHERE cti = ?1 OR code = ?2 OR five = ?3)")?;
    Ok(same.query_row((token.cti, code, five), |row| row.get(0))?)
}

/// How long a code is that finds a token of this window and officer, if there is room. The chance of guessing grows with the number of
/// live codes, so this is decided in the transaction that adds one.
fn admit(
    db: &Connection,
    speakable: &Speakable,
    span: Span,
    officer: &Callsign,
    now: i64,
) -> Result<Result<SpokenSize, IssueRefusal>, StoreError> {
    let (rules, guessed) = (&speakable.rules, spoken::guessed(db, now)?);
    spoken::note(db, rules, guessed, now)?;
    Ok(rules.admit(span, &spoken::live_within(db, span, officer)?, guessed, now))
}

pub(super) fn make_speakable(db: &Connection, cti: Cti, speakable: &Speakable, entry: &Entry) -> Outcome<SpokenSize> {
    let window =
        "SELECT tokens.starts_at, expires_at, asked_by FROM tokens JOIN authorisations ON authorisations.id = authorisation WHERE cti = ?1";
    let window = db.prepare_cached(window)?.query_row([cti], |row| Ok((Span::of(row.get(0)?, row.get(1)?), row.get(2)?))).optional()?;
    let Some((span, officer)) = window else { return Ok(Err(IssueRefusal::NotAuthorised)) };
    let shortest = match admit(db, speakable, span, &officer, entry.at)? {
        Ok(shortest) => shortest,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let added = db
        .prepare_cached(
            "UPDATE tokens SET code = :code, five = :five, bytes = :bytes, spoken_by = :officer
             WHERE cti = :cti AND sha256 = :hash AND code IS NULL AND withdrawn_at IS NULL AND expires_at > :now
               AND expires_at > (SELECT through FROM purged)",
        )?
        .execute(named_params! {
            ":code": speakable.code(), ":five": speakable.five(shortest), ":bytes": speakable.token.as_bytes(), ":officer": officer,
            ":cti": cti, ":hash": speakable.token.hash(), ":now": entry.at,
        });
    match added {
        Ok(1) => {
            spoken::count(db, span, shortest)?;
            append(db, entry)?;
            Ok(Ok(shortest))
        }
        Ok(_) => Ok(Err(if counts_as_purged(db, cti)? { IssueRefusal::BornExpired } else { IssueRefusal::NotAuthorised })),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(Err(IssueRefusal::CodeTaken)),
        Err(error) => Err(error.into()),
    }
}

fn counts_as_purged(db: &Connection, cti: Cti) -> Result<bool, StoreError> {
    let counts = "SELECT EXISTS (SELECT 1 FROM tokens WHERE cti = ?1 AND expires_at <= (SELECT through FROM purged))";
    Ok(db.prepare_cached(counts)?.query_row([cti], |row| row.get(0))?)
}

pub(super) fn find(db: &Connection, cti: Cti) -> Result<Option<TokenRecord>, StoreError> {
    let mut one = db.prepare_cached(
        "SELECT asked_by, decided_by, expires_at, withdrawn_at, first_checked_at, code IS NOT NULL, five IS NOT NULL, coalesce(wrong, 0)
         FROM tokens JOIN authorisations ON authorisations.id = authorisation LEFT JOIN marks USING (expires_at, cti)
              LEFT JOIN number_tries USING (expires_at, cti)
         WHERE cti = ?1",
    )?;
    Ok(one.query_row([cti], record).optional()?)
}

pub(super) fn issued(db: &Connection, cti: Cti) -> Result<Option<IssuedToken>, StoreError> {
    let mut one = db.prepare_cached("SELECT sha256, kid, issued_at, expires_at FROM tokens WHERE cti = ?1")?;
    let issued = |row: &Row<'_>| Ok(IssuedToken { hash: row.get(0)?, kid: row.get(1)?, issued_at: row.get(2)?, expires_at: row.get(3)? });
    Ok(one.query_row([cti], issued).optional()?)
}

/// The first eight columns.
fn record(row: &Row<'_>) -> rusqlite::Result<TokenRecord> {
    let (by_six, by_five): (bool, bool) = (row.get(5)?, row.get(6)?);
    Ok(TokenRecord {
        officer: row.get(0)?,
        approver: row.get(1)?,
        expires_at: row.get(2)?,
        withdrawn_at: row.get(3)?,
        first_checked_at: row.get(4)?,
        shortest: if by_five { Some(SpokenSize::Five) } else { by_six.then_some(SpokenSize::Six) },
        wrong_numbers: row.get(7)?,
    })
}

/// What [`live_token`] reads, of what is named behind it and [`JOINED`] to the rest.
pub(super) const LIVE: &str = "SELECT asked_by, decided_by, expires_at, withdrawn_at, first_checked_at, code IS NOT NULL, five IS NOT NULL,
                coalesce(wrong, 0), cti, authorisation, channel, issued_at, tokens.starts_at, reference FROM";

/// From the tokens to the rest, never the other way round.
pub(super) const JOINED: &str = "CROSS JOIN authorisations ON authorisations.id = authorisation
         LEFT JOIN marks USING (expires_at, cti) LEFT JOIN number_tries USING (expires_at, cti)";

pub(super) fn live_token(row: &Row<'_>) -> rusqlite::Result<LiveToken> {
    Ok(LiveToken {
        record: record(row)?,
        cti: row.get(8)?,
        authorisation: row.get(9)?,
        channel: row.get::<_, String>(10)?.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
        issued_at: row.get(11)?,
        starts_at: row.get(12)?,
        reference: row.get(13)?,
    })
}

/// Reports one group of marks, the oldest first; 0 when there are none.
pub(super) fn report_first_checks(db: &Connection, now: i64) -> Result<usize, StoreError> {
    let mut marks: Vec<(i64, Cti, i64)> = db
        .prepare_cached("SELECT seq, cti, first_checked_at FROM unreported JOIN marks USING (expires_at, cti) ORDER BY seq LIMIT 1000")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    // Not in the order in which people checked.
    marks.sort_unstable_by_key(|(_, cti, _)| cti.0);
    for (seq, cti, first_checked_at) in &marks {
        db.prepare_cached("DELETE FROM unreported WHERE seq = ?1")?.execute([seq])?;
        append(db, &Event::FirstCheckReported { cti: *cti, first_checked_at: *first_checked_at }.at(now))?;
    }
    Ok(marks.len())
}

/// Drops counts of wrong codes that are past their time.
pub(super) fn forget_misses(db: &Connection, now: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM misses WHERE minute < ?1")?.execute([(now - KEEP_ROWS).div_euclid(60)])?;
    Ok(())
}

/// Drops one portion of codes and token bytes that are past their time, and says whether there may be more.
pub(super) fn forget_codes(db: &Connection, now: i64) -> Result<bool, StoreError> {
    let forgotten = db
        .prepare_cached(
            "UPDATE tokens SET code = NULL, five = NULL, bytes = NULL, spoken_by = NULL WHERE (expires_at, cti) IN
             (SELECT expires_at, cti FROM tokens WHERE code IS NOT NULL AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute((now - KEEP_CODES, PORTION.cast_signed()))?;
    if forgotten < PORTION {
        spoken::forget(db, now - KEEP_CODES)?;
    }
    Ok(forgotten == PORTION)
}

/// Drops one portion of rows and marks that are past their time, and says whether there may be more.
pub(super) fn purge(db: &Connection, now: i64) -> Result<bool, StoreError> {
    // Rows and marks go together, and `through` rises first: a token whose mark is gone can never be used again, not
    // even after the clock is set back (threat 31). A mark that the ledger does not know yet keeps its row.
    db.prepare_cached(
        "UPDATE purged SET through = max(through, coalesce(
             (SELECT max(expires_at) FROM tokens WHERE expires_at <= ?1), 0))",
    )?
    .execute([now - KEEP_ROWS])?;
    let gone: Vec<(i64, Cti)> = db
        .prepare_cached(
            "SELECT expires_at, cti FROM tokens WHERE expires_at <= ?1 AND cti NOT IN (SELECT cti FROM unreported)
             ORDER BY expires_at LIMIT ?2",
        )?
        .query_map((now - KEEP_ROWS, PORTION.cast_signed()), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for token in &gone {
        db.prepare_cached("DELETE FROM number_tries WHERE expires_at = ?1 AND cti = ?2")?.execute(*token)?;
        db.prepare_cached("DELETE FROM marks WHERE expires_at = ?1 AND cti = ?2")?.execute(*token)?;
        db.prepare_cached("DELETE FROM tokens WHERE expires_at = ?1 AND cti = ?2")?.execute(*token)?;
    }
    Ok(gone.len() == PORTION)
}
