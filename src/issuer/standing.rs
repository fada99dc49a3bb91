//! Where a token stands, and for whom.

use serde::Serialize;

use crate::{
    authority::{Officer, Role},
    store::TokenRecord,
    token::LEEWAY,
};

/// Where a token stands for its officer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// Nobody checked it yet.
    Live,
    /// Somebody checked it.
    Checked,
    /// It ran out unchecked.
    Expired,
    /// It was withdrawn.
    Withdrawn,
}

/// Where a token stands, with the minute of its first check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TokenStatus {
    /// Where it stands.
    pub state: TokenState,
    /// Seconds since 1970, in whole minutes.
    pub first_checked_at: Option<i64>,
    /// Nothing of this will change any more.
    #[serde(skip)]
    pub is_over: bool,
}

/// Only a token's officer, the approver of its authorisation and administrators may touch it.
pub(super) fn may_touch(officer: &Officer, record: &TokenRecord) -> bool {
    let issued = record.officer == officer.callsign;
    match officer.role {
        Role::Administrator => true,
        Role::Approver => issued || record.approver.as_ref() == Some(&officer.callsign),
        Role::Officer => issued,
        // Whatever they did in another role.
        Role::Overseer => false,
    }
}

/// How a token stands at `now`.
pub(super) fn standing(record: &TokenRecord, now: i64) -> TokenStatus {
    // Until the leeway is over it can still be checked, so until then it is live.
    let past = record.expires_at + LEEWAY <= now;
    let state = match record {
        TokenRecord { withdrawn_at: Some(_), .. } => TokenState::Withdrawn,
        TokenRecord { first_checked_at: Some(_), .. } => TokenState::Checked,
        _ if past => TokenState::Expired,
        _ => TokenState::Live,
    };
    TokenStatus { state, first_checked_at: record.first_checked_at, is_over: past || state == TokenState::Withdrawn }
}
