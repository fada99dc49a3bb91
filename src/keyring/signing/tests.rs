//! What the root agrees to sign, at the edges.

use zeroize::Zeroizing;

use super::*;
use crate::keyring::{MAX_SET_LIFETIME, PublicKey, Revocation, SigningKey};

const NOW: i64 = 1_795_000_000;
const DAY: i64 = 86_400;
const LONGEST: i64 = 97 * DAY;

fn public(n: u8) -> PublicKey {
    SigningKey::from_seed(&Zeroizing::new([n; 32])).public()
}

fn id(n: u8) -> KeyId {
    public(n).id()
}

fn key(n: u8) -> PublishedKey {
    PublishedKey { key: public(n), not_before: NOW, expires_at: NOW + LONGEST, revoked: None }
}

fn revoked(n: u8) -> PublishedKey {
    PublishedKey { revoked: Some(Revocation { revoked_at: NOW, reason: "stolen".into() }), ..key(n) }
}

fn set(version: u64, issued_at: i64, keys: Vec<PublishedKey>) -> KeySet {
    KeySet::new("verify.example.org".parse().unwrap(), version, issued_at, issued_at + MAX_SET_LIFETIME, keys).unwrap()
}

/// Compared with set 5, which was signed at [`NOW`] with keys 1 and 2.
fn after_five(request: &KeySet, now: i64) -> Result<Changes, SigningError> {
    compare(request, Some(&set(5, NOW, vec![key(1), key(2)])), LONGEST, now)
}

#[test]
fn versions_follow_one_another() {
    for found in [0, 4, 5, 7, 8, (1 << 53) - 1, u64::MAX] {
        // The fifth with another content.
        let refused = after_five(&set(found, NOW, vec![key(3)]), NOW);
        assert_eq!(refused, Err(SigningError::Version { found, last: 5 }));
    }
    assert!(after_five(&set(6, NOW, vec![key(3)]), NOW).is_ok());
    let first = |version| compare(&set(version, NOW, vec![key(1)]), None, LONGEST, NOW).map(drop);
    assert_eq!((first(1), first(MAX_FIRST_VERSION)), (Ok(()), Ok(())));
    for version in [0, MAX_FIRST_VERSION + 1, (1 << 53) - 1] {
        assert_eq!(first(version), Err(SigningError::FirstVersion(version)));
    }
    let last = set(u64::MAX, NOW, vec![key(1)]);
    assert!(compare(&set(0, NOW, vec![]), Some(&last), LONGEST, NOW).is_err());
}

#[test]
fn what_was_signed_last_can_be_signed_again_at_any_time() {
    let last = set(5, NOW, vec![key(1), key(2)]);
    for now in [NOW - 100 * DAY, NOW, NOW + 100 * DAY] {
        let again = after_five(&last, now).unwrap();
        assert_eq!(again, Changes { since: Some(5), kept: 2, ..Changes::default() });
    }
}

#[test]
fn keys_last_no_longer_than_a_policy_lets_them() {
    let with = |not_before, expires_at| after_five(&set(6, NOW, vec![PublishedKey { not_before, expires_at, ..key(3) }]), NOW).map(drop);
    assert_eq!(with(NOW - DAY, NOW - DAY + LONGEST), Ok(()));
    let wrong = Err(SigningError::Lifetime(id(3)));
    for (not_before, expires_at) in [
        (NOW, NOW + LONGEST + 1),
        (NOW + 1, NOW + DAY),
        (NOW, NOW + 3_650 * DAY),
        (NOW - 10 * LONGEST, NOW + 1),
        (NOW, NOW),
        (i64::MIN, i64::MAX),
    ] {
        assert_eq!(with(not_before, expires_at), wrong, "{not_before} {expires_at}");
    }
    let many = |count: u8| after_five(&set(6, NOW, (10..10 + count).map(key).collect()), NOW).map(drop);
    assert_eq!((many(64), many(65)), (Ok(()), Err(SigningError::Keys(65))));
}

#[test]
fn a_request_is_of_this_time() {
    let at = |issued_at, now| after_five(&set(6, issued_at, vec![]), now).map(drop);
    assert_eq!((at(NOW, NOW + MAX_REQUEST_AGE), at(NOW + MAX_AHEAD, NOW)), (Ok(()), Ok(())));
    for (issued_at, now) in [(NOW, NOW + MAX_REQUEST_AGE + 1), (NOW + MAX_AHEAD + 1, NOW)] {
        assert_eq!(at(issued_at, now), Err(SigningError::Time));
    }
    assert_eq!(at(NOW - 1, NOW), Err(SigningError::Older));
}

#[test]
fn what_changes_is_listed() {
    let last = set(5, NOW, vec![key(1), key(2), key(3), key(4), revoked(5)]);
    let moved = PublishedKey { expires_at: NOW + DAY, ..key(3) };
    let request = set(6, NOW, vec![key(1), revoked(2), moved, revoked(5), key(6), revoked(7)]);
    let changes = compare(&request, Some(&last), LONGEST, NOW).unwrap();
    let expected = Changes {
        since: Some(5),
        new: vec![id(6), id(7)],
        revoked: vec![id(2), id(7)],
        changed: vec![id(3)],
        dropped: vec![id(4)],
        kept: 2,
    };
    assert_eq!(changes, expected);
    let forgets = set(6, NOW, vec![key(5)]);
    assert_eq!(compare(&forgets, Some(&last), LONGEST, NOW), Err(SigningError::KeySet(KeySetError::Unrevoked(id(5)))));
}
