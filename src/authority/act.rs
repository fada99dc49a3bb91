//! What people try to do, and why it may not be.

use serde::{Deserialize, Serialize};

use super::AuthorisationId;
use crate::token::Cti;

/// Something that a person tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is the act that its name says")]
pub enum Act {
    Enrol,
    MakeLink,
    Suspend,
    Reinstate,
    MakeCredential,
    RevokeAccess,
    ListPeople,
    Ask,
    Approve,
    Refuse,
    Review,
    WithdrawAuthorisation,
    ListAuthorisations,
    Issue,
    MakeSpeakable,
    WithdrawToken,
    WithdrawTokens,
    ReadToken,
    ListTokens,
    LookUpReference,
    ReadLedger,
    SignIn,
}

impl Act {
    /// What the person tried, as the end of "tried to".
    pub fn as_words(self) -> &'static str {
        match self {
            Self::Enrol => "enrol a person",
            Self::MakeLink => "make an enrolment link",
            Self::Suspend => "suspend a person",
            Self::Reinstate => "lift a suspension",
            Self::MakeCredential => "make a credential",
            Self::RevokeAccess => "revoke a passkey or credential",
            Self::ListPeople => "list people",
            Self::Ask => "ask for an authorisation",
            Self::Approve => "approve an authorisation",
            Self::Refuse => "refuse an authorisation",
            Self::Review => "change an authorisation",
            Self::WithdrawAuthorisation => "withdraw an authorisation",
            Self::ListAuthorisations => "list authorisations",
            Self::Issue => "issue a token",
            Self::MakeSpeakable => "make a token speakable",
            Self::WithdrawToken => "withdraw a token",
            Self::WithdrawTokens => "withdraw many tokens",
            Self::ReadToken => "look at a token",
            Self::ListTokens => "list tokens",
            Self::LookUpReference => "look up a reference",
            Self::ReadLedger => "read the ledger",
            Self::SignIn => "sign in",
        }
    }
}

/// Why it may not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Their role does not do this.
    NotAllowed,
    /// Nobody decides about their own request.
    OwnRequest,
    /// It is another person's.
    NotTheirs,
    /// No authorisation covers it: not approved, used up, or outside of its time or channels.
    NotAuthorised,
    /// They are suspended.
    Suspended,
}

impl Why {
    /// The end of "and was refused, because".
    pub fn as_words(self) -> &'static str {
        match self {
            Self::NotAllowed => "their role does not do this",
            Self::OwnRequest => "the request was their own",
            Self::NotTheirs => "it was another person's",
            Self::NotAuthorised => "no authorisation covered it",
            Self::Suspended => "they were suspended",
        }
    }
}

/// An act, and what it was about where that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What was tried.
    pub act: Act,
    /// About which authorisation.
    pub authorisation: Option<AuthorisationId>,
    /// About which token.
    pub cti: Option<Cti>,
}

impl Attempt {
    /// About nothing in particular.
    pub fn to(act: Act) -> Self {
        Self { act, authorisation: None, cti: None }
    }

    /// About an authorisation.
    pub fn on(act: Act, authorisation: AuthorisationId) -> Self {
        Self { authorisation: Some(authorisation), ..Self::to(act) }
    }

    /// About a token.
    pub fn with(act: Act, cti: Cti) -> Self {
        Self { cti: Some(cti), ..Self::to(act) }
    }
}
