//! Where a token stands, and for whom.

use serde::Serialize;

use crate::{
    authority::{Officer, Role},
    store::TokenRecord,
    token::{LEEWAY, SpokenSize},
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

/// Where a token stands, with the minute of its first check and the wrong numbers that were given with its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TokenStatus {
    /// Where it stands.
    pub state: TokenState,
    /// Seconds since 1970, in whole minutes.
    pub first_checked_at: Option<i64>,
    /// How many words are to be read out now, if it may be spoken.
    pub spoken_words: Option<usize>,
    /// From the fifth on its words name nothing any more, and its officer has to give a new code.
    pub wrong_numbers: u32,
    /// Nothing of this will change any more.
    #[serde(skip)]
    pub is_over: bool,
}

impl TokenStatus {
    /// Whether there is something else to tell of.
    pub fn differs(self, other: Self) -> bool {
        Self { is_over: other.is_over, ..self } != other
    }
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

/// How a token stands at `now`, when codes of this length are in force.
pub(super) fn standing(record: &TokenRecord, in_force: SpokenSize, now: i64) -> TokenStatus {
    // Until the leeway is over it can still be checked, so until then it is live.
    let past = record.expires_at + LEEWAY <= now;
    let state = match record {
        TokenRecord { withdrawn_at: Some(_), .. } => TokenState::Withdrawn,
        TokenRecord { first_checked_at: Some(_), .. } => TokenState::Checked,
        _ if past => TokenState::Expired,
        _ => TokenState::Live,
    };
    // One that has six words keeps them.
    let spoken_words = record.shortest.map(|shortest| if shortest == SpokenSize::Five { in_force } else { shortest }.words());
    TokenStatus {
        state,
        first_checked_at: record.first_checked_at,
        spoken_words,
        wrong_numbers: record.wrong_numbers,
        is_over: past || state == TokenState::Withdrawn,
    }
}
