//! What the root agrees to sign: a request, the set that was signed before it and a time in; what changes, or why not, out.
//! Pure.
//!
//! A thief who can make a request could otherwise use up all versions, after which no set could ever be signed, or have a key
//! signed that outlives every policy.

use serde::Serialize;

use super::{KeyId, KeySet, KeySetError, PublishedKey, rotation::MAX_KEYS};

/// The highest version of a set before which none was signed here: a root key that is used again from its copy.
pub const MAX_FIRST_VERSION: u64 = 1_000;
/// How long a request may be on its way. Seconds.
pub const MAX_REQUEST_AGE: i64 = 7 * 86_400;
/// How far the clock of the issuer's machine may be ahead of that of the machine that signs. Seconds.
pub const MAX_AHEAD: i64 = 86_400;

/// A request is not signed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SigningError {
    /// The version was signed already, or would leave out others.
    #[error("it asks for version {found}, but version {last} was signed here last; {}",
        if found <= last { format!("make a new request with --after {last}") }
        else { "put the newest set that was signed (keyset.jwt of the issuer) into the key folder here first".into() })]
    Version {
        /// The version of the request.
        found: u64,
        /// The version that was signed last.
        last: u64,
    },
    /// The first set that is signed here has a version that years of sets do not reach.
    #[error("it asks for version {0}, but none was signed here before, and the first is at most {MAX_FIRST_VERSION}")]
    FirstVersion(u64),
    /// Too many keys.
    #[error("it has {0} keys, and a set has at most {MAX_KEYS}")]
    Keys(usize),
    /// A key begins after the set, or lasts longer than any policy gives it.
    #[error("key {0} begins later or lasts longer than any [rotation] setting lets it; make a new request")]
    Lifetime(KeyId),
    /// The request is of another time than this machine's.
    #[error("it was made more than {} days ago or {} hours ahead by this machine's clock; set the clock, or make a new request",
        MAX_REQUEST_AGE / 86_400, MAX_AHEAD / 3_600)]
    Time,
    /// It is older than what was signed last.
    #[error("it was made before the set that was signed here last; make a new request")]
    Older,
    /// It takes something back.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
}

/// What a request changes, to be looked at before it is signed.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The version of the set that was signed here last.
    pub since: Option<u64>,
    /// Keys that were not in it.
    pub new: Vec<KeyId>,
    /// Keys that are revoked and were not.
    pub revoked: Vec<KeyId>,
    /// Keys that begin or end at another time.
    pub changed: Vec<KeyId>,
    /// Keys that are left out.
    pub dropped: Vec<KeyId>,
    /// How many stay as they were.
    pub kept: usize,
}

/// Refuses a request that may not follow `last`, the set that was signed here before, and says what it changes. `longest` is
/// how long a key may last by any policy, in seconds; `now` is in seconds since 1970. The request that was signed last may be
/// signed again: it gives the same bytes.
pub fn compare(request: &KeySet, last: Option<&KeySet>, longest: i64, now: i64) -> Result<Changes, SigningError> {
    if last.is_none_or(|last| last != request) {
        check_version(request, last)?;
        check_time(request, last, now)?;
    }
    if request.keys().len() > MAX_KEYS {
        return Err(SigningError::Keys(request.keys().len()));
    }
    let lasts = |key: &PublishedKey| key.expires_at.saturating_sub(key.not_before);
    let fits = |key: &&PublishedKey| key.not_before <= request.issued_at() && (1..=longest).contains(&lasts(key));
    if let Some(key) = request.keys().iter().find(|key| !fits(key)) {
        return Err(SigningError::Lifetime(key.key.id()));
    }
    Ok(changes(request, last))
}

fn check_version(request: &KeySet, last: Option<&KeySet>) -> Result<(), SigningError> {
    let found = request.version();
    match last {
        None if (1..=MAX_FIRST_VERSION).contains(&found) => Ok(()),
        None => Err(SigningError::FirstVersion(found)),
        Some(last) if last.version().checked_add(1) != Some(found) => Err(SigningError::Version { found, last: last.version() }),
        Some(last) => Ok(request.check_follows(last)?),
    }
}

fn check_time(request: &KeySet, last: Option<&KeySet>, now: i64) -> Result<(), SigningError> {
    let issued_at = request.issued_at();
    if !(now - MAX_REQUEST_AGE..=now + MAX_AHEAD).contains(&issued_at) {
        return Err(SigningError::Time);
    }
    if last.is_some_and(|last| issued_at < last.issued_at()) { Err(SigningError::Older) } else { Ok(()) }
}

fn changes(request: &KeySet, last: Option<&KeySet>) -> Changes {
    let find = |set: &KeySet, id: KeyId| set.keys().iter().find(|key| key.key.id() == id).cloned();
    let mut changes = Changes { since: last.map(KeySet::version), ..Changes::default() };
    for key in request.keys() {
        let id = key.key.id();
        let before = last.and_then(|last| find(last, id));
        let same_times = |before: &PublishedKey| (before.not_before, before.expires_at) == (key.not_before, key.expires_at);
        let newly_revoked = key.revoked.is_some() && before.as_ref().is_none_or(|before| before.revoked.is_none());
        changes.revoked.extend(newly_revoked.then_some(id));
        match before {
            None => changes.new.push(id),
            Some(before) if !same_times(&before) => changes.changed.push(id),
            Some(_) if newly_revoked => {}
            Some(_) => changes.kept += 1,
        }
    }
    let ids = last.into_iter().flat_map(KeySet::keys).map(|key| key.key.id());
    changes.dropped = ids.filter(|id| find(request, *id).is_none()).collect();
    changes
}

#[cfg(test)]
mod tests;
