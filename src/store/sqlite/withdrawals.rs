//! Withdrawals of many tokens at once.

use rusqlite::{Connection, named_params};

use super::{ledger::append, time::live_after};
use crate::{
    authority::{AccessId, ActorName, Callsign, TokenSelection},
    ledger::Event,
    store::StoreError,
    token::Channel,
};

/// Withdraws what was issued with a way in of `owner`; how many. Where that was not recorded, it may have been this one.
pub(super) fn by_access(db: &Connection, id: AccessId, owner: &Callsign, now: i64) -> Result<u64, StoreError> {
    let withdrawn = db
        .prepare_cached(
            "UPDATE tokens SET withdrawn_at = :now
             WHERE withdrawn_at IS NULL AND expires_at > :live
               AND (access = :access
                    OR access IS NULL AND authorisation IN (SELECT id FROM authorisations WHERE asked_by = :owner))",
        )?
        .execute(named_params! {":now": now, ":live": live_after(db, now)?, ":access": id.0, ":owner": owner})?;
    Ok(withdrawn as u64)
}

pub(super) fn selected(db: &Connection, tokens: TokenSelection, by: ActorName, now: i64) -> Result<u64, StoreError> {
    let (authorisation, person, channel) = tokens.criteria();
    let withdrawn = db
        .prepare_cached(
            "UPDATE tokens SET withdrawn_at = :now
             WHERE withdrawn_at IS NULL AND expires_at > :live
               AND (:authorisation IS NULL OR authorisation = :authorisation)
               AND (:channel IS NULL OR channel = :channel)
               AND (:person IS NULL
                    OR authorisation IN (SELECT id FROM authorisations WHERE :person IN (asked_by, decided_by)))",
        )?
        .execute(named_params! {
            ":now": now, ":live": live_after(db, now)?, ":authorisation": authorisation, ":person": person,
            ":channel": channel.map(Channel::as_str),
        })?;
    let withdrawn = withdrawn as u64;
    if withdrawn > 0 {
        append(db, &Event::TokensWithdrawn { tokens, withdrawn, by }.at(now))?;
    }
    Ok(withdrawn)
}
