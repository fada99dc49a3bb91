//! Withdrawals of tokens, by whatever act. All go through one function, which gives the room of their codes back.

use rusqlite::{Connection, Params, named_params};

use super::{ledger::append, spoken::Freed, time::live_after};
use crate::{
    authority::{AccessId, ActorName, Callsign, TokenSelection},
    ledger::Event,
    store::{StoreError, spoken::Span},
    token::{Channel, SpokenSize},
};

/// Withdraws at `:now` every token that was not withdrawn before and meets the condition; how many.
pub(super) fn withdraw(db: &Connection, condition: &str, params: impl Params) -> Result<usize, StoreError> {
    let mut withdraw = db.prepare_cached(&format!(
        "UPDATE tokens SET withdrawn_at = :now WHERE withdrawn_at IS NULL AND ({condition})
         RETURNING starts_at, expires_at, code IS NOT NULL, five IS NOT NULL"
    ))?;
    let mut rows = withdraw.query(params)?;
    let (mut withdrawn, mut freed) = (0, Freed::default());
    while let Some(row) = rows.next()? {
        withdrawn += 1;
        if row.get(2)? {
            let shortest = if row.get(3)? { SpokenSize::Five } else { SpokenSize::Six };
            freed.add(Span::of(row.get(0)?, row.get(1)?), shortest);
        }
    }
    freed.give_back(db)?;
    Ok(withdrawn)
}

/// Withdraws what was issued with a way in of `owner`; how many. Where that was not recorded, it may have been this one.
pub(super) fn by_access(db: &Connection, id: AccessId, owner: &Callsign, now: i64) -> Result<u64, StoreError> {
    let of_access = "expires_at > :live
        AND (access = :access
             OR access IS NULL AND authorisation IN (SELECT id FROM authorisations WHERE asked_by = :owner))";
    let withdrawn = withdraw(db, of_access, named_params! {":now": now, ":live": live_after(db, now)?, ":access": id.0, ":owner": owner})?;
    Ok(withdrawn as u64)
}

pub(super) fn selected(db: &Connection, tokens: TokenSelection, by: ActorName, now: i64) -> Result<u64, StoreError> {
    let (authorisation, person, channel) = tokens.criteria();
    let selected = "expires_at > :live
        AND (:authorisation IS NULL OR authorisation = :authorisation)
        AND (:channel IS NULL OR channel = :channel)
        AND (:person IS NULL
             OR authorisation IN (SELECT id FROM authorisations WHERE :person IN (asked_by, decided_by)))";
    let withdrawn = withdraw(
        db,
        selected,
        named_params! {
            ":now": now, ":live": live_after(db, now)?, ":authorisation": authorisation, ":person": person,
            ":channel": channel.map(Channel::as_str),
        },
    )? as u64;
    if withdrawn > 0 {
        append(db, &Event::TokensWithdrawn { tokens, withdrawn, by }.at(now))?;
    }
    Ok(withdrawn)
}
