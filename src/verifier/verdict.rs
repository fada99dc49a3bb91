//! What a check says. A closed list: each verdict has its own words, icon, colour and one safe action.

use serde::Serialize;

use crate::token::{Claims, Rejection, Token};

/// The answer to "is this genuine?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the protocol's own words; their meaning is in docs/protocol.md")]
pub enum Verdict {
    Genuine,
    AlreadyChecked,
    ChallengeNeeded,
    OtherChallenge,
    NotYetValid,
    Expired,
    Withdrawn,
    NotGenuine,
    UnknownCode,
    Mistyped,
    CannotCheck,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Genuine,
        Self::AlreadyChecked,
        Self::ChallengeNeeded,
        Self::OtherChallenge,
        Self::NotYetValid,
        Self::Expired,
        Self::Withdrawn,
        Self::NotGenuine,
        Self::UnknownCode,
        Self::Mistyped,
        Self::CannotCheck,
    ];

    /// The word for it in JSON and in the catalogues.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::AlreadyChecked => "already_checked",
            Self::ChallengeNeeded => "challenge_needed",
            Self::OtherChallenge => "other_challenge",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::NotGenuine => "not_genuine",
            Self::UnknownCode => "unknown_code",
            Self::Mistyped => "mistyped",
            Self::CannotCheck => "cannot_check",
        }
    }
}

impl From<Rejection> for Verdict {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::NotGenuine => Self::NotGenuine,
            Rejection::Withdrawn => Self::Withdrawn,
            Rejection::NotYetValid => Self::NotYetValid,
            Rejection::Expired => Self::Expired,
        }
    }
}

/// What the person's number showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeResult {
    /// The token was made with this number.
    Matched,
    /// Neither carries one.
    Absent,
}

/// How a check by spoken code counts against who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Not at all: it was right for the first time, or nothing was looked up because our side fails.
    Nothing,
    /// The code was right, and had been checked before.
    Repeat,
    /// No place in the budget was left, and nothing was looked up.
    Refused,
    /// A wrong guess, and whatever is answered like one.
    Miss,
}

/// A verdict with what goes with it. Times are seconds since 1970.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// With `genuine` and `already_checked` only.
    pub challenge: Option<ChallengeResult>,
    /// What the token says, once it was verified.
    pub approach: Option<Claims>,
    /// With `already_checked` only, in whole minutes.
    pub first_checked_at: Option<i64>,
    /// With `already_checked`: whether it was the very form that asks now.
    pub by_this_form: bool,
    /// The token that a spoken code named.
    pub token: Option<Token>,
    /// When the answer was given.
    pub server_time: i64,
    /// What it costs, where it was asked by spoken code.
    pub cost: Cost,
}

impl Answer {
    /// Nothing can be said, at this time.
    pub fn cannot_check(server_time: i64) -> Self {
        Self { server_time, ..Self::only(Verdict::CannotCheck) }
    }

    pub(super) fn only(verdict: Verdict) -> Self {
        Self {
            verdict,
            challenge: None,
            approach: None,
            first_checked_at: None,
            by_this_form: false,
            token: None,
            server_time: 0,
            cost: Cost::Nothing,
        }
    }

    /// A verdict by spoken code that is no hit.
    pub(super) fn miss(verdict: Verdict) -> Self {
        Self { cost: Cost::Miss, ..Self::only(verdict) }
    }

    /// Nothing was looked up.
    pub(super) fn refused() -> Self {
        Self { cost: Cost::Refused, ..Self::only(Verdict::CannotCheck) }
    }
}
