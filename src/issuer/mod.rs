//! The officers' side: people and their credentials, authorisations by a second person, tokens under them.
//!
//! Every rule is checked here, whichever way a request comes, and the decisive ones once more in the store's own
//! statements. Every act writes its ledger entry in the same transaction.

mod custodian;
mod desk;
mod feed;
mod housekeeper;
mod inspection;
mod ledger_vault;
mod notary;
mod once;
mod passkeys;
mod people;
mod refusals;
mod registry;
mod relying_party;
mod renewal;
mod secret;
mod seldom;
mod signer;
mod standing;
mod survey;
mod timekeeper;
mod withdrawals;

pub use custodian::{Asked, Custodian, CustodyError, KeyVault, POLICY, Revoked, Rotated, Spares, Trust, VaultError, draw_key};
pub use desk::{Confirmed, Desk, DeskSettings, IssueRequest, Issued, Spoken};
pub use feed::{Change, Feed, Kind, Waiting};
pub use housekeeper::Housekeeper;
pub use inspection::{export, inspect};
pub use ledger_vault::{LedgerKey, LedgerVault};
pub use notary::{Notary, NotaryError, prove};
pub use once::OnceAct;
pub use passkeys::{Opened, Passkeys};
pub use people::{Invited, Offered, Person, ShownLink};
pub use registry::{Ask, Changed, Overseer, Registry};
pub use relying_party::{Answer, Challenge, RelyingParty, RelyingPartyError};
pub use renewal::{Renewal, RenewalError, Renewed};
pub use secret::{Credential, Link, SecretError, SessionToken};
pub use standing::{TokenState, TokenStatus};
pub use survey::key_changes;
pub use timekeeper::{Checked, Timekeeper, Untimely, clock_corrected, time_by_hand, wrote_lately};

use crate::{
    authority::{Authorisation, AuthorisationError, Callsign, State},
    entropy::NoEntropy,
    keyring::{KeyId, RingError},
    store::{MOST_ASKED, MOST_LOOK_UPS, MOST_UNDECIDED, StoreError},
    token::{ClaimError, Cti, SignError},
};

/// The issuer says no, and why. Every sentence may be shown to the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Their role or relation to the thing does not allow it.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// They may do nothing any more.
    #[error("this person is suspended and may do nothing; an administrator can reinstate them")]
    Suspended,
    /// Their program's credential is not for this.
    #[error("this credential is not for {0}; make one with --scope {0}")]
    OutOfScope(&'static str),
    /// The link was used, has run out, or never was.
    #[error("this link was used or has run out; ask an administrator for a new one")]
    LinkOver,
    /// The passkey opened nothing, whatever the reason.
    #[error("that passkey opens nothing here; try again, or ask an administrator for a new link")]
    SignIn,
    /// The act was not confirmed with the person's own passkey.
    #[error("this was not confirmed with your passkey; press the button again and confirm")]
    NotConfirmed,
    /// Their passkey or their program's credential was revoked while they asked.
    #[error("the passkey or credential that asked for this was revoked meanwhile; use another, or ask an administrator for a new link")]
    AccessRevoked,
    /// The one who asked never decides.
    #[error("nobody decides about their own request; ask another approver")]
    OwnRequest,
    /// Nothing of somebody who is suspended is approved.
    #[error("{0}, who asked for this, is suspended; refuse it, or have an administrator lift the suspension first")]
    AskerSuspended(Callsign),
    /// There is none, or none that this person may know of.
    #[error("there is no {what} {id}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        id: String,
    },
    /// There is one, but not for this person; said in the same words as if there were none.
    #[error("there is no {what} {id}")]
    Hidden {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        id: String,
    },
    /// There is no such key, or it was revoked before.
    #[error("there is no unrevoked signing key {0}; `keys show` lists the keys")]
    UnknownKey(KeyId),
    /// A credential that is for nothing.
    #[error("a credential needs at least one scope: tokens, authorisations, people or ledger")]
    NoScope,
    /// The lifetime of a credential is out of bounds.
    #[error("a credential lasts between one second and 366 days")]
    CredentialLasts,
    /// A page that is out there would call the token false.
    #[error(
        "pages that were exported or kept before would refuse this name or place; write it without joiners, or set reader_level = 2 once \
         every page was exported again"
    )]
    OldReaders,
    /// The callsign is taken.
    #[error("the callsign {0} is taken; choose another")]
    Taken(String),
    /// The authorisation is in another state than the act needs.
    #[error("{}", already(*.0))]
    AlreadyIs(State),
    /// The authorisation ran out before.
    #[error("this authorisation has run out; ask for a new one")]
    Over,
    /// Fewer tokens than were issued.
    #[error("{0} tokens were issued under this authorisation already; allow at least as many")]
    TooFew(u32),
    /// As many of their requests wait as may.
    #[error(
        "{MOST_ASKED} of your requests wait for a decision, or {MOST_UNDECIDED} of the last 24 hours never got one, and no more may; ask \
         again when some of them are decided, or tomorrow"
    )]
    TooManyAsked,
    /// As many references as one person may look up.
    #[error("you have looked up {MOST_LOOK_UPS} references within 24 hours, and no more may; ask a colleague, or wait")]
    TooManyLookUps,
    /// Their key was used for another request.
    #[error("this Idempotency-Key was used for another request; take a new one for each")]
    KeyReused,
    /// The token was issued under this key, and the key that signed it is gone.
    #[error("this was issued before as {0}, which cannot be shown again; withdraw it and issue another")]
    CannotShow(Cti),
    /// None or several authorisations would do.
    #[error("{}", if .0.is_empty() { "you have no live authorisation for this channel; ask for one first" } else { "you have several live authorisations for this channel; name one of them" })]
    Choose(Vec<Authorisation>),
    /// The authorisation does not allow the token.
    #[error("{0}")]
    NotAuthorised(&'static str),
    /// Too many spoken codes are live for a guesser's chance to stay small.
    #[error("as many spoken codes are live as the settings allow; use the QR code, or wait until some have run out")]
    TooManyLive,
    /// More tokens are live than a page may look at, and no index has them in this order.
    #[error("too many codes are live to be listed in this order; search for some of them, or use sort=until")]
    TooManyToSort,
    /// One person could have filled all the room.
    #[error(
        "you have {0} spoken codes at that time already, as many as one person may; use the QR code, withdraw one, or wait until one has run out"
    )]
    TooManyOfYours(u32),
    /// Everything up to a time in the future counts as purged.
    #[error(
        "this code would be expired from the start, because a clock that was ahead purged the records; ask the operator to run `countersign store clock-corrected`"
    )]
    BornExpired,
    /// Codes would be issued at a wrong time, and refused everywhere.
    #[error("no code can be issued, because the issuer's clock is wrong; ask the operator to set it right")]
    Clock,
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
    /// The signing keys cannot be kept as the policy asks.
    #[error(transparent)]
    Custody(CustodyError),
    /// The ledger is not the one that was signed.
    #[error("the ledger cannot be signed, because it is not the one that was signed before; ask the organisation why")]
    Unsound(NotaryError),
    /// No checkpoint can be signed, and nothing is issued that none would cover.
    #[error(
        "the ledger cannot be signed now, so nothing is issued and no checkpoint is given; ask the operators of the service to read its log"
    )]
    Unsigned(NotaryError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn already(state: State) -> String {
    match state {
        State::Asked => "this authorisation still waits for a decision; approve or refuse it first".into(),
        state => format!("this authorisation is already {}; ask for a new one", state.as_str()),
    }
}

impl From<NotaryError> for Refused {
    fn from(error: NotaryError) -> Self {
        match error {
            NotaryError::Store(error) => Self::Store(error),
            error @ (NotaryError::Changed(_) | NotaryError::Foreign(_) | NotaryError::ForeignLast(_)) => Self::Unsound(error),
            error => Self::Unsigned(error),
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
