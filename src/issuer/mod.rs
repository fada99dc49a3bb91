//! The officers' side: people and their credentials, authorisations by a second person, tokens under them.
//!
//! Every rule is checked here, whichever way a request comes, and the decisive ones once more in the store's own
//! statements. Every act writes its ledger entry in the same transaction.

mod credential;
mod custodian;
mod desk;
mod housekeeper;
mod inspection;
mod notary;
mod registry;
mod silent;

pub use credential::{Credential, CredentialError};
pub use custodian::{Custodian, CustodyError, KeyVault, POLICY, Rotated, Trust, VaultError, draw_key};
pub use desk::{Desk, DeskSettings, IssueRequest, Issued, TokenState, TokenStatus};
pub use housekeeper::Housekeeper;
pub use inspection::{export, inspect};
pub use notary::{Notary, NotaryError, prove};
pub use registry::{Ask, Registry};

use crate::{
    authority::{Authorisation, AuthorisationError, State},
    entropy::NoEntropy,
    keyring::{KeyId, RingError},
    store::StoreError,
    token::{ClaimError, SignError},
};

/// The issuer says no, and why. Every sentence may be shown to the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Their role or relation to the thing does not allow it.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// The one who asked never decides.
    #[error("nobody decides about their own request; ask another approver")]
    OwnRequest,
    /// There is none, or none that this person may know of.
    #[error("there is no {what} {id}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        id: String,
    },
    /// There is no such key, or it was revoked before.
    #[error("there is no unrevoked signing key {0}; `keys show` lists the keys")]
    UnknownKey(KeyId),
    /// The lifetime of a credential is out of bounds.
    #[error("a credential lasts between one second and 366 days")]
    CredentialLasts,
    /// The callsign is taken.
    #[error("the callsign {0} is taken; choose another")]
    Taken(String),
    /// The authorisation is in another state than the act needs.
    #[error("this authorisation is already {}; ask for a new one", .0.as_str())]
    AlreadyIs(State),
    /// None or several authorisations would do.
    #[error("{}", if .0.is_empty() { "you have no live authorisation for this channel; ask for one first" } else { "you have several live authorisations for this channel; name one of them" })]
    Choose(Vec<Authorisation>),
    /// The authorisation does not allow the token.
    #[error("{0}")]
    NotAuthorised(&'static str),
    /// Too many spoken codes are live for a guesser's chance to stay small.
    #[error("as many spoken codes are live as the settings allow; use the QR code, or wait until some have run out")]
    TooManyLive,
    /// The token cannot be made speakable.
    #[error("this token's words cannot be switched on any more; issue a new token with spoken words")]
    CannotSpeak,
    /// A claim is not valid.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// A request for an authorisation is not valid.
    #[error(transparent)]
    Authorisation(#[from] AuthorisationError),
    /// Nothing can be signed.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The key does not last.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The reason of a revocation is not one.
    #[error("the reason must be 1 to 64 printable ASCII characters; it is published")]
    Reason,
    /// The keys cannot be kept in turn.
    #[error(transparent)]
    Custody(CustodyError),
    /// The ledger is not the one that was signed.
    #[error("the ledger cannot be signed, because it is not the one that was signed before; ask the organisation why")]
    Unsound(NotaryError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotaryError> for Refused {
    fn from(error: NotaryError) -> Self {
        match error {
            NotaryError::Store(error) => Self::Store(error),
            error => Self::Unsound(error),
        }
    }
}

impl From<CustodyError> for Refused {
    fn from(error: CustodyError) -> Self {
        match error {
            CustodyError::Ring(error) => Self::Ring(error),
            CustodyError::Store(error) => Self::Store(error),
            CustodyError::Entropy(error) => Self::Entropy(error),
            error => Self::Custody(error),
        }
    }
}
