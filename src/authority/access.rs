//! The ways in: passkeys of people, credentials of their programs.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use sha2::{Digest as _, Sha256};

use super::OfficerError;
use crate::{hex, token::text_inside};

/// What a program's credential is good for, of all that its person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Tokens: issue, watch, speak, withdraw.
    Tokens,
    /// Authorisations: ask, decide, review, withdraw, list.
    Authorisations,
    /// People and their ways in.
    People,
    /// The ledger: checkpoints and proofs.
    Ledger,
}

/// Several scopes.
pub type Scopes = BTreeSet<Scope>;

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Tokens, Self::Authorisations, Self::People, Self::Ledger];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Authorisations => "authorisations",
            Self::People => "people",
            Self::Ledger => "ledger",
        }
    }
}

impl FromStr for Scope {
    type Err = OfficerError;

    fn from_str(text: &str) -> Result<Self, OfficerError> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| OfficerError::Scope(text.to_owned()))
    }
}

/// SHA-256 of a secret or of a passkey's public id, as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessHash(pub [u8; 32]);

impl AccessHash {
    /// The hash of some bytes. Secrets have 256 random bits, so a plain hash is enough.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// How people and the ledger name it.
    pub fn id(&self) -> AccessId {
        AccessId(std::array::from_fn(|i| self.0[i]))
    }
}

/// The first eight bytes of an [`AccessHash`]: names a way in without opening anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct AccessId(pub [u8; 8]);

impl fmt::Display for AccessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for AccessId {
    type Err = OfficerError;

    fn from_str(text: &str) -> Result<Self, OfficerError> {
        hex::decode(text).map(Self).ok_or_else(|| OfficerError::Access(text.to_owned()))
    }
}

/// A way in, as an administrator sees it. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Its id.
    pub id: AccessId,
    /// Of what kind.
    pub kind: AccessKind,
    /// What its person calls a passkey.
    pub name: Option<AccessName>,
    /// When it was added; absent for credentials made before this was kept.
    pub added_at: Option<i64>,
    /// When it runs out; passkeys do not.
    pub expires_at: Option<i64>,
    /// What a program may do with it; a passkey opens all that its person may do.
    pub scopes: Option<Scopes>,
}

/// What a person calls a passkey, so that a lost one is known from the others: 1 to 40 characters of any script, by the rules of names.
#[derive(Clone, Debug, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct AccessName(String);

/// The longest name, in characters.
const LONGEST_NAME: usize = 40;

impl AccessName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccessName {
    type Err = OfficerError;

    fn from_str(text: &str) -> Result<Self, OfficerError> {
        text_inside(LONGEST_NAME, text).map(Self).ok_or(OfficerError::AccessName)
    }
}

/// The kinds of ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessKind {
    /// On a person's own device.
    Passkey,
    /// In a program's file.
    Credential,
}
