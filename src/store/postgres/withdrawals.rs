//! Withdrawals of many tokens at once.

use super::{ledger::append, session::Session, time::live_after};
use crate::{
    authority::{AccessId, ActorName, Callsign, TokenSelection},
    ledger::Event,
    store::StoreError,
};

/// Withdraws what was issued with a way in of `owner`; how many. Where that was not recorded, it may have been this one.
pub(super) async fn by_access(db: &Session, id: AccessId, owner: &Callsign, now: i64) -> Result<u64, StoreError> {
    db.execute(
        "UPDATE tokens SET withdrawn_at = $1
         WHERE withdrawn_at IS NULL AND expires_at > $2
           AND (access = $3 OR access IS NULL AND authorisation IN (SELECT id FROM authorisations WHERE asked_by = $4))",
        &[&now, &live_after(db, now).await?, &id, owner],
    )
    .await
}

pub(super) async fn selected(db: &Session, tokens: TokenSelection, by: ActorName, now: i64) -> Result<u64, StoreError> {
    let (authorisation, person, channel) = tokens.criteria();
    let withdrawn = db
        .execute(
            "UPDATE tokens SET withdrawn_at = $1
             WHERE withdrawn_at IS NULL AND expires_at > $2
               AND ($3::bytea IS NULL OR authorisation = $3)
               AND ($4::text IS NULL OR channel = $4)
               AND ($5::text IS NULL OR authorisation IN (SELECT id FROM authorisations WHERE $5 IN (asked_by, decided_by)))",
            &[&now, &live_after(db, now).await?, &authorisation, &channel, &person],
        )
        .await?;
    if withdrawn > 0 {
        append(db, &Event::TokensWithdrawn { tokens, withdrawn, by }.at(now)).await?;
    }
    Ok(withdrawn)
}
