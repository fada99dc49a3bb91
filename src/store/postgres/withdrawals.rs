//! Withdrawals of many tokens at once.

use super::{ledger::append, session::Session};
use crate::{
    authority::{AccessId, ActorName, AuthorisationId, Callsign, TokenSelection},
    ledger::Event,
    store::StoreError,
    token::{Channel, LEEWAY},
};

/// Withdraws what was issued with a way in of `owner`; how many. Where that was not recorded, it may have been this one.
pub(super) async fn by_access(db: &Session, id: AccessId, owner: &Callsign, now: i64) -> Result<u64, StoreError> {
    db.execute(
        "UPDATE tokens SET withdrawn_at = $1
         WHERE withdrawn_at IS NULL AND expires_at > $2
           AND (access = $3 OR access IS NULL AND authorisation IN (SELECT id FROM authorisations WHERE asked_by = $4))",
        &[&now, &(now - LEEWAY), &id, owner],
    )
    .await
}

pub(super) async fn selected(db: &Session, tokens: TokenSelection, by: ActorName, now: i64) -> Result<u64, StoreError> {
    let (authorisation, person, channel): (Option<AuthorisationId>, Option<&Callsign>, Option<Channel>) = match &tokens {
        TokenSelection::All => (None, None, None),
        TokenSelection::Authorisation(id) => (Some(*id), None, None),
        TokenSelection::Person(callsign) => (None, Some(callsign), None),
        TokenSelection::Channel(channel) => (None, None, Some(*channel)),
    };
    let withdrawn = db
        .execute(
            "UPDATE tokens SET withdrawn_at = $1
             WHERE withdrawn_at IS NULL AND expires_at > $2
               AND ($3::bytea IS NULL OR authorisation = $3)
               AND ($4::text IS NULL OR channel = $4)
               AND ($5::text IS NULL OR authorisation IN (SELECT id FROM authorisations WHERE $5 IN (asked_by, decided_by)))",
            &[&now, &(now - LEEWAY), &authorisation, &channel, &person],
        )
        .await?;
    if withdrawn > 0 {
        append(db, &Event::TokensWithdrawn { tokens, withdrawn, by }.at(now)).await?;
    }
    Ok(withdrawn)
}
