//! People inside the organisation.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

/// The text is not what people and their ways in are named by.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OfficerError {
    /// Not a callsign.
    #[error("the callsign {0:?} is not 1 to 32 letters, digits, dots, hyphens or underscores, beginning with a letter or digit")]
    Callsign(String),
    /// Not a role.
    #[error("the role {0:?} is not one of officer, approver, administrator, overseer")]
    Role(String),
    /// Not a scope.
    #[error("the scope {0:?} is not one of tokens, authorisations, people, ledger")]
    Scope(String),
    /// Not the name of a passkey.
    #[error("the name of a passkey must be 1 to 40 characters in one line")]
    AccessName,
    /// Not the id of a passkey or credential.
    #[error("the id {0:?} is not 16 hexadecimal digits; `officers list` shows the ids of passkeys and credentials")]
    Access(String),
}

/// The name by which a person is known inside. It is never in a token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct Callsign(String);

impl Callsign {
    /// The callsign as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Callsign {
    type Err = OfficerError;

    fn from_str(text: &str) -> Result<Self, OfficerError> {
        let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if begins && text.len() <= 32 && text.bytes().all(inside) {
            Ok(Self(text.to_owned()))
        } else {
            Err(OfficerError::Callsign(text.to_owned()))
        }
    }
}

impl fmt::Display for Callsign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Approaches people: asks for authorisations and issues tokens under them.
    Officer,
    /// Decides about what others ask. May also ask, but never decide about that.
    Approver,
    /// Enrols and suspends people; withdraws.
    Administrator,
    /// Reads the ledger, nothing else.
    Overseer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Officer, Self::Approver, Self::Administrator, Self::Overseer];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Approver => "approver",
            Self::Administrator => "administrator",
            Self::Overseer => "overseer",
        }
    }

    /// May ask for an authorisation, and issue under what they asked for.
    pub fn may_ask_and_issue(self) -> bool {
        matches!(self, Self::Officer | Self::Approver)
    }

    /// May decide about what another person asked.
    pub fn may_decide(self) -> bool {
        self == Self::Approver
    }

    /// Sees every authorisation and may withdraw each; others only their own.
    pub fn oversees_authorisations(self) -> bool {
        matches!(self, Self::Approver | Self::Administrator)
    }

    /// May enrol and suspend people, make credentials and list them.
    pub fn may_administer(self) -> bool {
        self == Self::Administrator
    }

    /// May read the ledger and take its checkpoints away.
    pub fn may_read_ledger(self) -> bool {
        self == Self::Overseer
    }
}

impl FromStr for Role {
    type Err = OfficerError;

    fn from_str(text: &str) -> Result<Self, OfficerError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| OfficerError::Role(text.to_owned()))
    }
}

/// A person inside the organisation. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Officer {
    /// Their name inside.
    pub callsign: Callsign,
    /// What they are for.
    pub role: Role,
    /// When they were enrolled.
    pub enrolled_at: i64,
    /// Since when they may do nothing.
    pub suspended_at: Option<i64>,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The one who may run the command line on the issuer's own machine; enrols the first administrator.
    Operator,
    /// A person who was recognised.
    Person(Officer),
}

impl Actor {
    /// May enrol and suspend people, make credentials and list them.
    pub fn may_administer(&self) -> bool {
        match self {
            Self::Operator => true,
            Self::Person(officer) => officer.role.may_administer(),
        }
    }
}

/// Who acted, as the ledger names them.
#[derive(Clone, Debug, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub enum ActorName {
    /// `*operator`; no callsign begins with an asterisk.
    Operator,
    /// By their callsign.
    Person(Callsign),
}

impl ActorName {
    /// The person's callsign, where it was one.
    pub fn person(&self) -> Option<&Callsign> {
        match self {
            Self::Operator => None,
            Self::Person(callsign) => Some(callsign),
        }
    }
}

const OPERATOR: &str = "*operator";

impl From<&Actor> for ActorName {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Operator => Self::Operator,
            Actor::Person(officer) => Self::Person(officer.callsign.clone()),
        }
    }
}

impl fmt::Display for ActorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str(OPERATOR),
            Self::Person(callsign) => callsign.fmt(f),
        }
    }
}

impl FromStr for ActorName {
    type Err = OfficerError;

    fn from_str(text: &str) -> Result<Self, OfficerError> {
        if text == OPERATOR { Ok(Self::Operator) } else { text.parse().map(Self::Person) }
    }
}
