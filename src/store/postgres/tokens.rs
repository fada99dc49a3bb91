//! The life of a token's row: recorded, made speakable, reported, purged.

use tokio_postgres::Row;

use super::{access, keys, ledger::append, rows::number, session::Session, spoken, time::not_after_own};
use crate::{
    authority::Callsign,
    ledger::{Entry, Event},
    store::{IssueRefusal, IssuedToken, KEEP_CODES, KEEP_ROWS, LiveToken, NewToken, Speakable, StoreError, TokenRecord, spoken::Span},
    token::{Cti, SpokenSize},
};

/// Rows that one transaction reports or drops, so that acts come in between.
const PORTION: i64 = 1_000;

/// The inner result is the domain's answer. A refusal has written nothing: the guard statement changes a row only if
/// it allows the token, and whatever fails after it fails the operation as a whole.
pub(super) type Outcome<T> = Result<Result<T, IssueRefusal>, StoreError>;

pub(super) async fn issue(db: &Session, token: &NewToken, entry: &Entry) -> Outcome<Option<SpokenSize>> {
    let span = Span::of(token.starts_at, token.expires_at);
    let shortest = match &token.speakable {
        None => None,
        Some(speakable) => match admit(db, speakable, span, &token.officer, entry.at).await? {
            Ok(shortest) => Some(shortest),
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    let code = token.speakable.as_ref().map(Speakable::code);
    let five = token.speakable.as_ref().zip(shortest).and_then(|(speakable, shortest)| speakable.five(shortest));
    if taken(db, Some(token.cti), code, five).await? {
        return Ok(Err(IssueRefusal::CodeTaken));
    }
    // No approval, no token: this one statement requires an authorisation that a second person approved, that is this
    // officer's, covers channel and window and has tokens left, with neither person suspended, the officer's passkey or
    // credential not revoked, the one active key, and an end that does not count as purged; and it counts the token.
    let allowed = db
        .execute(
            "UPDATE authorisations SET tokens_issued = tokens_issued + 1
             WHERE id = $1 AND state = 'approved' AND asked_by = $2 AND decided_by <> $2
               AND tokens_issued < max_tokens
               AND starts_at <= $3 AND $4 <= ends_at
               AND $5 = ANY (channels)
               AND NOT EXISTS (SELECT 1 FROM officers
                               WHERE callsign IN (asked_by, decided_by) AND suspended_at IS NOT NULL)
               AND (EXISTS (SELECT 1 FROM passkeys WHERE hash = $7 AND callsign = $2)
                    OR EXISTS (SELECT 1 FROM credentials WHERE hash = $7 AND callsign = $2))
               AND EXISTS (SELECT 1 FROM signing_keys WHERE stage = 'active' AND substr(kid, 1, 4) = $6)
               AND $4 > (SELECT through FROM purged)",
            &[
                &token.authorisation,
                &token.officer,
                &token.starts_at,
                &token.expires_at,
                &token.channel,
                &token.kid.as_slice(),
                &token.access,
            ],
        )
        .await?;
    if allowed != 1 {
        let born_expired = db.one("SELECT $1 <= through FROM purged", &[&token.expires_at]).await?.try_get(0)?;
        return Ok(Err(match () {
            () if born_expired => IssueRefusal::BornExpired,
            () if !keys::is_active(db, token.kid).await? => IssueRefusal::KeyNotActive,
            () if !access::is_open(db, token.access).await? => IssueRefusal::AccessRevoked,
            () => IssueRefusal::NotAuthorised,
        }));
    }
    insert(db, token, code, five).await?;
    if let Some(shortest) = shortest {
        spoken::count(db, span, shortest).await?;
    }
    append(db, entry).await?;
    Ok(Ok(shortest))
}

async fn insert(db: &Session, token: &NewToken, code: Option<i64>, five: Option<i64>) -> Result<(), StoreError> {
    let bytes = token.speakable.as_ref().map(|s| s.token.as_bytes());
    db.execute(
        "INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, code, bytes, access, five, spoken_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &token.cti,
            &token.hash,
            &token.kid.as_slice(),
            &token.authorisation,
            &token.channel,
            &token.issued_at,
            &token.starts_at,
            &token.expires_at,
            &code,
            &bytes,
            &token.access.id(),
            &five,
            &token.speakable.as_ref().map(|_| &token.officer),
        ],
    )
    .await
    .map(drop)
}

/// Nobody else issues at the same time, so what is free now is free for this transaction.
async fn taken(db: &Session, cti: Option<Cti>, code: Option<i64>, five: Option<i64>) -> Result<bool, StoreError> {
    let same = "SELECT EXISTS (SELECT 1 FROM tokens WHERE cti = $1) OR EXISTS (SELECT 1 FROM tokens WHERE code = $2)
         OR EXISTS (SELECT 1 FROM tokens WHERE five = $3)";
    Ok(db.one(same, &[&cti, &code, &five]).await?.try_get(0)?)
}

/// How long a code is that finds a token of this window and officer, if there is room. The chance of guessing grows with the number of
/// live codes, so this is decided in the transaction that adds one.
async fn admit(
    db: &Session,
    speakable: &Speakable,
    span: Span,
    officer: &Callsign,
    now: i64,
) -> Result<Result<SpokenSize, IssueRefusal>, StoreError> {
    let (live, guessed) = spoken::live_within(db, span, officer, now).await?;
    spoken::note(db, &speakable.rules, guessed, now).await?;
    Ok(speakable.rules.admit(span, &live, guessed, now))
}

pub(super) async fn make_speakable(db: &Session, cti: Cti, speakable: &Speakable, entry: &Entry) -> Outcome<SpokenSize> {
    let window =
        "SELECT tokens.starts_at, expires_at, asked_by FROM tokens JOIN authorisations ON authorisations.id = authorisation WHERE cti = $1";
    let Some(row) = db.maybe(window, &[&cti]).await? else { return Ok(Err(IssueRefusal::NotAuthorised)) };
    let (span, officer): (_, Callsign) = (Span::of(row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
    let shortest = match admit(db, speakable, span, &officer, entry.at).await? {
        Ok(shortest) => shortest,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (code, five) = (speakable.code(), speakable.five(shortest));
    if taken(db, None, Some(code), five).await? {
        return Ok(Err(IssueRefusal::CodeTaken));
    }
    let added = db
        .execute(
            "UPDATE tokens SET code = $1, bytes = $2, five = $6, spoken_by = $7
             WHERE cti = $3 AND sha256 = $4 AND code IS NULL AND withdrawn_at IS NULL AND expires_at > $5
               AND expires_at > (SELECT through FROM purged)",
            &[&code, &speakable.token.as_bytes(), &cti, &speakable.token.hash(), &entry.at, &five, &officer],
        )
        .await?;
    if added != 1 {
        let counts = "SELECT EXISTS (SELECT 1 FROM tokens WHERE cti = $1 AND expires_at <= (SELECT through FROM purged))";
        let counts_as_purged = db.one(counts, &[&cti]).await?.try_get(0)?;
        return Ok(Err(if counts_as_purged { IssueRefusal::BornExpired } else { IssueRefusal::NotAuthorised }));
    }
    spoken::count(db, span, shortest).await?;
    append(db, entry).await?;
    Ok(Ok(shortest))
}

pub(super) async fn find(db: &Session, cti: Cti) -> Result<Option<TokenRecord>, StoreError> {
    let one = "SELECT asked_by, decided_by, expires_at, withdrawn_at, first_checked_at, code IS NOT NULL, five IS NOT NULL,
                 (SELECT coalesce(sum(sign(n)), 0)::bigint FROM number_tries AS tried
                  WHERE tried.expires_at = tokens.expires_at AND tried.cti = tokens.cti)
         FROM tokens JOIN authorisations ON authorisations.id = authorisation LEFT JOIN marks USING (expires_at, cti)
         WHERE cti = $1";
    db.maybe(one, &[&cti]).await?.as_ref().map(record).transpose()
}

pub(super) async fn issued(db: &Session, cti: Cti) -> Result<Option<IssuedToken>, StoreError> {
    let Some(row) = db.maybe("SELECT sha256, kid, issued_at, expires_at FROM tokens WHERE cti = $1", &[&cti]).await? else {
        return Ok(None);
    };
    let kid: &[u8] = row.try_get(1)?;
    let kid = kid.try_into().map_err(|_| StoreError::Failed("a token is damaged".into()))?;
    Ok(Some(IssuedToken { hash: row.try_get(0)?, kid, issued_at: row.try_get(2)?, expires_at: row.try_get(3)? }))
}

/// The first eight columns.
fn record(row: &Row) -> Result<TokenRecord, StoreError> {
    let (by_six, by_five): (bool, bool) = (row.try_get(5)?, row.try_get(6)?);
    Ok(TokenRecord {
        officer: row.try_get(0)?,
        approver: row.try_get(1)?,
        expires_at: row.try_get(2)?,
        withdrawn_at: row.try_get(3)?,
        first_checked_at: row.try_get(4)?,
        shortest: if by_five { Some(SpokenSize::Five) } else { by_six.then_some(SpokenSize::Six) },
        wrong_numbers: number(row, 7)?,
    })
}

/// What [`live_token`] reads, of what is named behind it and [`JOINED`] to the rest. Row by row: the database would rather read a whole
/// table where it thinks that the tokens are more.
pub(super) const LIVE: &str = "SELECT asked_by, decided_by, expires_at, withdrawn_at,
                 (SELECT first_checked_at FROM marks WHERE marks.expires_at = tokens.expires_at AND marks.cti = tokens.cti),
                 code IS NOT NULL, five IS NOT NULL,
                 (SELECT coalesce(sum(sign(n)), 0)::bigint FROM number_tries AS tried
                  WHERE tried.expires_at = tokens.expires_at AND tried.cti = tokens.cti),
                 cti, authorisation, channel, issued_at, tokens.starts_at, reference FROM";

pub(super) const JOINED: &str = "CROSS JOIN LATERAL
             (SELECT asked_by, decided_by, reference, search FROM authorisations WHERE id = authorisation OFFSET 0) AS its";

pub(super) fn live_token(row: &Row) -> Result<LiveToken, StoreError> {
    Ok(LiveToken {
        record: record(row)?,
        cti: row.try_get(8)?,
        authorisation: row.try_get(9)?,
        channel: row.try_get(10)?,
        issued_at: row.try_get(11)?,
        starts_at: row.try_get(12)?,
        reference: row.try_get(13)?,
    })
}

/// Reports one portion of marks, and not in the order in which people checked; 0 when there are none.
pub(super) async fn report_first_checks(db: &Session, now: i64) -> Result<usize, StoreError> {
    let portion = "UPDATE marks SET reported = true
         WHERE (expires_at, cti) IN (SELECT expires_at, cti FROM marks WHERE NOT reported ORDER BY expires_at, cti LIMIT $1)
         RETURNING cti, first_checked_at";
    let mut marks = Vec::new();
    for row in db.rows(portion, &[&PORTION]).await? {
        marks.push((row.try_get::<_, Cti>(0)?, row.try_get(1)?));
    }
    marks.sort_unstable_by_key(|(cti, _)| cti.0);
    for (cti, first_checked_at) in &marks {
        append(db, &Event::FirstCheckReported { cti: *cti, first_checked_at: *first_checked_at }.at(now)).await?;
    }
    Ok(marks.len())
}

/// Drops one portion of codes and token bytes that are past their time, and says whether there may be more.
pub(super) async fn forget_codes(db: &Session, now: i64) -> Result<bool, StoreError> {
    let forget = "UPDATE tokens SET code = NULL, five = NULL, bytes = NULL, spoken_by = NULL WHERE (expires_at, cti) IN
         (SELECT expires_at, cti FROM tokens WHERE code IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    let until = not_after_own(db, now).await? - KEEP_CODES;
    let forgotten = db.execute(forget, &[&until, &PORTION]).await?;
    let more = forgotten == PORTION.cast_unsigned();
    if !more {
        spoken::forget(db, until).await?;
    }
    Ok(more)
}

/// Drops one portion of rows that are past their time, and says whether there may be more.
pub(super) async fn purge(db: &Session, now: i64) -> Result<bool, StoreError> {
    let until = not_after_own(db, now).await? - KEEP_ROWS;
    // Rows and marks go together, and `through` rises first: a token whose mark is gone can never be used again, not
    // even after the clock is set back (threat 31). A mark that the ledger does not know yet keeps its row.
    db.execute("UPDATE purged SET through = greatest(through, (SELECT max(expires_at) FROM tokens WHERE expires_at <= $1))", &[&until])
        .await?;
    let over = "SELECT expires_at, cti FROM tokens LEFT JOIN marks USING (expires_at, cti)
         WHERE expires_at <= $1 AND reported IS NOT false ORDER BY expires_at, cti LIMIT $2";
    let rows = db.rows(over, &[&until, &PORTION]).await?;
    let (mut ends, mut ctis): (Vec<i64>, Vec<Cti>) = (vec![], vec![]);
    for row in &rows {
        ends.push(row.try_get(0)?);
        ctis.push(row.try_get(1)?);
    }
    for table in ["number_tries", "marks", "tokens"] {
        let drop_all = format!("DELETE FROM {table} WHERE (expires_at, cti) IN (SELECT * FROM unnest($1::bigint[], $2::bytea[]))");
        db.execute(&drop_all, &[&ends, &ctis]).await?;
    }
    // A mark that came while its token went has none any more.
    let stray = "DELETE FROM marks WHERE (expires_at, cti) IN
         (SELECT expires_at, cti FROM marks LEFT JOIN tokens USING (expires_at, cti)
          WHERE expires_at <= $1 AND sha256 IS NULL ORDER BY expires_at, cti LIMIT $2)";
    let strays = db.execute(stray, &[&until, &PORTION]).await?;
    Ok(rows.len() as u64 == PORTION.cast_unsigned() || strays == PORTION.cast_unsigned())
}
