//! Which tokens one act withdraws together.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::{AuthorisationId, Callsign};
use crate::token::Channel;

/// The text selects no tokens.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} selects no tokens; write all, or one of authorisation:, person: and channel: with its id, callsign or channel behind it")]
pub struct SelectionError(String);

/// Some of the tokens that can still be checked now or later. Its text is `all`, `authorisation:ID`, `person:CALLSIGN` or
/// `channel:CHANNEL`.
#[derive(Clone, Debug, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub enum TokenSelection {
    /// Every one.
    All,
    /// Those under this authorisation.
    Authorisation(AuthorisationId),
    /// Those that this person issued, and those under authorisations that this person approved.
    Person(Callsign),
    /// Those for this channel.
    Channel(Channel),
}

impl TokenSelection {
    /// What a token has to agree with: its authorisation, a person who answers for it, its channel. Nothing where every one is selected.
    pub fn criteria(&self) -> (Option<AuthorisationId>, Option<&Callsign>, Option<Channel>) {
        match self {
            Self::All => (None, None, None),
            Self::Authorisation(id) => (Some(*id), None, None),
            Self::Person(callsign) => (None, Some(callsign), None),
            Self::Channel(channel) => (None, None, Some(*channel)),
        }
    }
}

impl fmt::Display for TokenSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Authorisation(id) => write!(f, "authorisation:{id}"),
            Self::Person(callsign) => write!(f, "person:{callsign}"),
            Self::Channel(channel) => write!(f, "channel:{}", channel.as_str()),
        }
    }
}

impl FromStr for TokenSelection {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let selected = match text.split_once(':') {
            None => (text == "all").then_some(Self::All),
            Some(("authorisation", id)) => id.parse().ok().map(Self::Authorisation),
            Some(("person", callsign)) => callsign.parse().ok().map(Self::Person),
            Some(("channel", channel)) => channel.parse().ok().map(Self::Channel),
            Some(_) => None,
        };
        selected.ok_or_else(|| SelectionError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_has_one_text() {
        for text in ["all", "authorisation:0101010101010101", "person:falcon", "channel:telephone"] {
            assert_eq!(text.parse::<TokenSelection>().unwrap().to_string(), text);
        }
        for bad in ["", "All", "all:", "person:", "person", "person:*operator", "channel:radio", "authorisation:01", "key:0101010101010101"]
        {
            assert_eq!(bad.parse::<TokenSelection>(), Err(SelectionError(bad.to_owned())));
        }
    }
}
