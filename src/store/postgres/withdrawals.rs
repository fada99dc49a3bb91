//! Withdrawals of tokens, by whatever act. All go through one function, which gives the room of their codes back.

use super::{
    ledger::append,
    rows::number,
    session::{Params, Session},
    time::live_after,
};
use crate::{
    authority::{AccessId, ActorName, Callsign, TokenSelection},
    ledger::Event,
    store::StoreError,
    token::LEEWAY,
};

/// Withdraws at `$1` every token that was not withdrawn before and meets the condition; how many.
pub(super) async fn withdraw(db: &Session, condition: &str, params: Params<'_>) -> Result<u64, StoreError> {
    // Nobody finds their codes any more. A count that is missing keeps no code from being withdrawn.
    let withdraw = format!(
        "WITH gone AS (
             UPDATE tokens SET withdrawn_at = $1 WHERE withdrawn_at IS NULL AND ({condition}) RETURNING starts_at, expires_at, code, five
         ), freed AS (
             SELECT (starts_at - {LEEWAY}) / 60 AS first, (expires_at + {LEEWAY} - 1) / 60 AS last, count(five) AS five, count(code) AS spoken
             FROM gone WHERE code IS NOT NULL GROUP BY 1, 2
         ), given_back AS (
             UPDATE live_codes SET five = greatest(live_codes.five - freed.five, 0), spoken = greatest(live_codes.spoken - freed.spoken, 0)
             FROM freed WHERE live_codes.last = freed.last AND live_codes.first = freed.first
         )
         SELECT count(*) FROM gone"
    );
    number(&db.one(&withdraw, params).await?, 0)
}

/// Withdraws what was issued with a way in of `owner`; how many. Where that was not recorded, it may have been this one.
pub(super) async fn by_access(db: &Session, id: AccessId, owner: &Callsign, now: i64) -> Result<u64, StoreError> {
    let of_access = "expires_at > $2
        AND (access = $3 OR access IS NULL AND authorisation IN (SELECT id FROM authorisations WHERE asked_by = $4))";
    withdraw(db, of_access, &[&now, &live_after(db, now).await?, &id, owner]).await
}

pub(super) async fn selected(db: &Session, tokens: TokenSelection, by: ActorName, now: i64) -> Result<u64, StoreError> {
    let (authorisation, person, channel) = tokens.criteria();
    let selected = "expires_at > $2
        AND ($3::bytea IS NULL OR authorisation = $3)
        AND ($4::text IS NULL OR channel = $4)
        AND ($5::text IS NULL OR authorisation IN (SELECT id FROM authorisations WHERE $5 IN (asked_by, decided_by)))";
    let withdrawn = withdraw(db, selected, &[&now, &live_after(db, now).await?, &authorisation, &channel, &person]).await?;
    if withdrawn > 0 {
        append(db, &Event::TokensWithdrawn { tokens, withdrawn, by }.at(now)).await?;
    }
    Ok(withdrawn)
}
