//! The contract about who may come in: credentials of programs, enrolment links, passkeys, sessions.

use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::{Once, StoreError};
use crate::{
    authority::{Access, AccessHash, AccessId, AccessName, ActorName, Callsign, Officer, Scopes},
    ledger::Entry,
};

/// A session ends after so long without a request. Seconds.
pub const SESSION_IDLE: i64 = 15 * 60;
/// A session ends after so long whatever happens (NIST SP 800-63B, AAL2). Seconds.
pub const SESSION_LONGEST: i64 = 12 * 3_600;
/// A session that was seen so much later than now was seen by another clock, and is over. Seconds.
pub const SESSION_SKEW: i64 = 60;

/// A session is written to at most this often. Seconds, well below [`SESSION_IDLE`].
pub(crate) const SEEN_EVERY: i64 = 30;

/// A session that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Whose it is.
    pub officer: Officer,
    /// When it ends whatever happens. Seconds since 1970.
    pub ends_at: i64,
}

/// A program's credential about to be kept. Times are seconds since 1970.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// SHA-256 of the secret; nothing else of it is kept.
    pub hash: AccessHash,
    /// Whose it is.
    pub callsign: Callsign,
    /// What it is good for.
    pub scopes: Scopes,
    /// Since when.
    pub added_at: i64,
    /// Until when.
    pub expires_at: i64,
}

/// A one-time link about to be kept.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// SHA-256 of the secret; nothing else of it is kept.
    pub hash: AccessHash,
    /// For whom.
    pub callsign: Callsign,
    /// Until when. Seconds since 1970.
    pub expires_at: i64,
}

/// A passkey as it is kept: a public key with its counter, as the WebAuthn library writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// SHA-256 of the credential id.
    pub hash: AccessHash,
    /// Whose it is.
    pub callsign: Callsign,
    /// The user handle that the authenticator keeps and gives back: random, so that it says nothing of the person.
    pub handle: [u8; 16],
    /// The library's own form.
    pub record: String,
}

/// A use of a passkey: its record before and after. The store takes the second only in the place of the first, so that of
/// two uses with one counter only one succeeds.
#[derive(Clone, Debug)]
pub struct PasskeyUse {
    /// Which passkey.
    pub hash: AccessHash,
    /// Its record as it was read.
    pub before: String,
    /// Its record with the new counter.
    pub after: String,
}

/// What confirms an act: the ceremony that a passkey answered in a session. It is checked; the store has the last word.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// SHA-256 of the ceremony's name.
    pub ceremony: AccessHash,
    /// The session that began it.
    pub session: AccessHash,
    /// The passkey's use.
    pub used: PasskeyUse,
}

/// A way in that was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Whose it was.
    pub owner: Callsign,
    /// How many tokens were withdrawn with it.
    pub withdrawn: u64,
}

/// Who comes in, and how. All acts are durable before they return, and those with an entry commit it in the same
/// transaction.
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// Adds a program's credential.
    async fn add_credential(&self, credential: NewCredential, entry: Entry) -> Result<(), StoreError>;

    /// Whose credential this is and what it is good for, if it has not run out at `now`. Suspended people are found too.
    async fn credential(&self, hash: AccessHash, now: i64) -> Result<Option<(Officer, Scopes)>, StoreError>;

    /// Adds a one-time link for a person, once where it has a key.
    async fn add_link_once(&self, link: NewLink, once: Option<Once>, entry: Entry) -> Result<(), StoreError>;

    /// The same without a key.
    async fn add_link(&self, link: NewLink, entry: Entry) -> Result<(), StoreError> {
        self.add_link_once(link, None, entry).await
    }

    /// Puts a link in the place of the one that was made under a key, whose secret nobody got to see; `false`, and nothing happened,
    /// where that one was used or has run out.
    async fn replace_link(&self, old: AccessId, link: NewLink, once: Once, entry: Entry) -> Result<bool, StoreError>;

    /// For whom a link is that has neither been used nor run out, if they are not suspended.
    async fn link(&self, hash: AccessHash, now: i64) -> Result<Option<Officer>, StoreError>;

    /// Uses a link up and adds the passkey; `false`, and nothing happened, if the link is over, its person suspended, or the
    /// passkey known. One statement takes the link, so that of two who open it only one comes in.
    async fn register_passkey(&self, link: AccessHash, passkey: PasskeyRow, entry: Entry) -> Result<bool, StoreError>;

    /// Gives a passkey of this person a name; `false` where they have none with this id.
    async fn name_passkey(&self, id: AccessId, owner: Callsign, name: AccessName) -> Result<bool, StoreError>;

    /// One passkey, with its person.
    async fn passkey(&self, hash: AccessHash) -> Result<Option<(PasskeyRow, Officer)>, StoreError>;

    /// All passkeys of a person.
    async fn passkeys(&self, callsign: Callsign) -> Result<Vec<PasskeyRow>, StoreError>;

    /// Opens a session by a use of a passkey; `false`, and nothing happened, if the passkey was used or revoked meanwhile
    /// or its person is suspended.
    async fn open_session(&self, session: AccessHash, used: PasskeyUse, now: i64) -> Result<bool, StoreError>;

    /// A session, if it is not over at `now`. `seen` moves the end of its idle time.
    async fn session(&self, session: AccessHash, seen: bool, now: i64) -> Result<Option<OpenSession>, StoreError>;

    /// Ends a session. Again is as good as once.
    async fn end_session(&self, session: AccessHash) -> Result<(), StoreError>;

    /// The ways in of those from one callsign to another, by callsign and in the order in which they were added.
    async fn accesses(&self, of: RangeInclusive<Callsign>) -> Result<Vec<(Callsign, Access)>, StoreError>;

    /// Revokes a passkey, with its sessions, or a credential, and withdraws all live and prepared tokens that were issued with
    /// it; of tokens for which that was not recorded, all of its owner's. `None` if there is none with this id. The entry is
    /// written by the store, which alone knows whose it was.
    async fn revoke_access_once(&self, id: AccessId, by: ActorName, once: Option<Once>, now: i64) -> Result<Option<Revoked>, StoreError>;

    /// The same without a key.
    async fn revoke_access(&self, id: AccessId, by: ActorName, now: i64) -> Result<Option<Revoked>, StoreError> {
        self.revoke_access_once(id, by, None, now).await
    }
}
