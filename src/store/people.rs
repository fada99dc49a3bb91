//! What those who decide say, what a suspension ends, and what comes of lifting one.

use serde::Serialize;

use crate::authority::{Callsign, Decision, Reason};

/// What a second person says about a request.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Yes or no.
    pub decision: Decision,
    /// Why.
    pub reason: Option<Reason>,
    /// Who.
    pub by: Callsign,
}

/// What a suspension ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// Sessions of the person.
    pub sessions: u32,
    /// Live tokens that they issued or approved.
    pub withdrawn: u32,
}

impl Ended {
    /// As a request that is done once keeps it.
    pub(crate) fn as_subject(self) -> [u8; 8] {
        (u64::from(self.sessions) << 32 | u64::from(self.withdrawn)).to_be_bytes()
    }

    /// What [`Ended::as_subject`] kept.
    pub(crate) fn from_subject(subject: [u8; 8]) -> Self {
        let [sessions, withdrawn] = [0, 4].map(|at| u32::from_be_bytes(std::array::from_fn(|n| subject[at + n])));
        Self { sessions, withdrawn }
    }
}

/// What would follow if a person were suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Follows {
    /// Sessions that would end.
    pub sessions: u32,
    /// Live tokens, issued or approved by them, that would be withdrawn.
    pub live_tokens: u32,
    /// Authorisations in force, asked for or approved by them, under which nothing more could be issued.
    pub authorisations: u32,
}

/// What came of lifting a suspension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reinstated {
    /// The person may act again.
    Done,
    /// They were not suspended.
    Already,
    /// There is no such person.
    Unknown,
    /// It is their own, or who lifts it may not any more.
    NotAllowed,
}
