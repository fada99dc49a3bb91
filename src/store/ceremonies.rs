//! The contract about ceremonies of passkeys that wait for their answers. What is kept is ours: the challenge, what the answer must
//! come with, and what passkeys had counted. They are in the store, so that any issuer of the deployment takes the answer.
//!
//! Anybody may begin a sign-in. So ceremonies are counted by those who begin them, and anybody who begins too many ends their own.

use async_trait::async_trait;

use super::{SESSION_SKEW, StoreError};
use crate::authority::AccessHash;

/// How long a ceremony waits for its answer. Seconds.
pub const CEREMONY_LASTS: i64 = 120;

/// Ceremonies of a kind that wait at once. Where there are more, those go whose share has the most, the oldest first, until a
/// part of the room is free.
pub const MOST_CEREMONIES: u32 = 16_384;

/// What is left of so many when there are more.
pub(super) fn trimmed(most: u32) -> u32 {
    most - most / 8
}

/// What a ceremony is for. One kind is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CeremonyKind {
    /// To register a passkey under a link.
    Register,
    /// To open a session.
    SignIn,
    /// To confirm one issue within a session.
    Confirm,
}

impl CeremonyKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign-in",
            Self::Confirm => "confirm",
        }
    }

    /// How many of one share may wait at once: of one link, one address, one session.
    pub fn most(self) -> u32 {
        match self {
            Self::Register => 8,
            // Behind one address may be a whole station at the beginning of its shift.
            Self::SignIn => 256,
            Self::Confirm => 16,
        }
    }

    /// How many of the shares that belong together: of all links or sessions of one person, all addresses of one site.
    pub fn most_together(self) -> u32 {
        4 * self.most()
    }
}

/// Whose ceremonies are counted together, as hashes that say nothing to who reads the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// The link, the session, or the address.
    pub own: [u8; 32],
    /// The person, or the site that the address belongs to.
    pub together: [u8; 32],
}

/// A ceremony that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// The link or session that the answer must come with, where it needs one.
    pub bound: Option<AccessHash>,
    /// What the authenticator signs.
    pub challenge: [u8; 32],
    /// The passkeys that may answer, with their counters as they were when this began; none where any passkey may.
    pub counters: Vec<(AccessHash, u32)>,
}

/// A ceremony about to be kept.
#[derive(Clone, Debug)]
pub struct NewCeremony {
    /// SHA-256 of its name.
    pub hash: AccessHash,
    /// What for.
    pub kind: CeremonyKind,
    /// What is kept of it.
    pub ceremony: Ceremony,
    /// Whose it is.
    pub share: Share,
    /// When it begins. Seconds since 1970.
    pub begun_at: i64,
}

/// Ceremonies. They need not outlive a failure of the store: people press again. A ceremony is over [`CEREMONY_LASTS`] after it
/// began, and for a clock that is more than [`SESSION_SKEW`] behind the one that began it.
#[async_trait]
pub trait CeremonyStore: Send + Sync {
    /// Keeps a ceremony. Where its share has more than it may, the oldest of that share goes, and never another's.
    async fn begin_ceremony(&self, new: NewCeremony) -> Result<(), StoreError>;

    /// Ends a ceremony and gives it, if it still waits at `now`; of many who try, one has it.
    async fn take_ceremony(&self, hash: AccessHash, kind: CeremonyKind, now: i64) -> Result<Option<Ceremony>, StoreError>;

    /// A confirmation that waits at `now`. The act that it confirms ends it: [`super::NewToken::confirmation`].
    async fn confirmation(&self, hash: AccessHash, now: i64) -> Result<Option<Ceremony>, StoreError>;

    /// Ends a ceremony of which nothing came.
    async fn end_ceremony(&self, hash: AccessHash) -> Result<(), StoreError>;
}

/// A ceremony still waits at `now` if it began after the first of these and not after the second: a clock that was set back must
/// not make one live longer.
pub(super) fn waiting(now: i64) -> (i64, i64) {
    (now - CEREMONY_LASTS, now + SESSION_SKEW)
}

/// Counters as they are kept: of each passkey 32 bytes of hash and four of counter, the highest first.
pub(super) fn written(counters: &[(AccessHash, u32)]) -> Vec<u8> {
    counters.iter().flat_map(|(hash, counter)| hash.0.into_iter().chain(counter.to_be_bytes())).collect()
}

/// Reads what [`written`] wrote.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(AccessHash, u32)>, StoreError> {
    let damaged = || StoreError::Failed("a ceremony is damaged".into());
    let one = |chunk: &[u8]| {
        let (hash, counter) = chunk.split_first_chunk().ok_or_else(damaged)?;
        Ok((AccessHash(*hash), u32::from_be_bytes(counter.try_into().map_err(|_| damaged())?)))
    };
    bytes.chunks(36).map(one).collect()
}
