//! What the next set holds.

use super::*;

#[test]
fn a_first_set_has_a_key_for_each_turn_of_its_life() {
    let next = NextSet { version: 1, current: None, records: &[], policy: &POLICY, now: NOW };
    assert_eq!(next.wanted(), 5);
    let set = next.with(issuer(), (1..=5).map(public).collect()).unwrap();
    assert_eq!((set.version(), set.issued_at(), set.expires_at()), (1, NOW, NOW + MAX_SET_LIFETIME));
    for (n, key) in (1..).zip(set.keys()) {
        let ends = NOW + i64::from(n) * WEEK + POLICY.retired + POLICY.slack;
        assert_eq!(*key, PublishedKey { key: public(n), not_before: NOW, expires_at: ends, revoked: None });
    }
}

#[test]
fn as_many_keys_are_wanted_as_turns_are_lacking() {
    let case = Case::new();
    for (now, wanted) in [(0, 2), (1, 3), (WEEK + POLICY.slack, 3), (WEEK + POLICY.slack + 1, 4)] {
        assert_eq!(case.wanted(NOW + now), wanted, "after {now} s");
    }
    for (policy, wanted) in [
        (Policy { published: POLICY.slack + 1, ..POLICY }, 3),
        (Policy { active: 30 * DAY, published: 30 * DAY, ..POLICY }, 2),
        (Policy { active: DAY, ..POLICY }, 32),
    ] {
        let case = Case::with(|case| case.policy = policy);
        assert_eq!(case.wanted(NOW), wanted, "{policy:?}");
    }
}

#[test]
fn a_key_that_will_not_last_for_its_turn_is_counted_for_what_it_lasts() {
    let day = Policy { active: DAY, ..POLICY };
    let ends_after = |days: [i64; 3]| {
        let ends = (1..).zip(days);
        Case::with(|case| ends.for_each(|(n, days)| case.published(n).expires_at = NOW + days * DAY + POLICY.retired))
    };
    for (days, wanted) in [([1, 2, 3], 32), ([1, 2, 2], 33), ([1, 1, 1], 34), ([9, 9, 9], 32), ([0, 0, 0], 35)] {
        let mut case = ends_after(days);
        case.policy = day;
        assert_eq!(case.wanted(NOW), wanted, "{days:?}");
    }
    let revoked: [Change; 2] = [|case| case.revoke(2), |case| case.unpublish(2)];
    for gone in revoked {
        assert_eq!(Case::with(gone).wanted(NOW), 3);
    }
}

#[test]
fn new_keys_have_their_turns_behind_the_others_whose_ends_are_never_moved() {
    let case = Case::new();
    let set = case.following(NOW + DAY, &[4, 5, 6]);
    assert_eq!((set.version(), set.issued_at(), set.expires_at()), (4, NOW + DAY, NOW + DAY + MAX_SET_LIFETIME));
    assert_eq!(set.keys()[..3], case.published);
    for (n, key) in (4..).zip(&set.keys()[3..]) {
        let ends = NOW + i64::from(n) * WEEK + POLICY.retired + POLICY.slack;
        assert_eq!(*key, PublishedKey { key: public(n), not_before: NOW + DAY, expires_at: ends, revoked: None });
    }
}

#[test]
fn a_set_keeps_a_key_for_as_long_as_it_says_something() {
    let removed: Change = |case| case.record(3).stage = Stage::Removed;
    let revoked: Change = |case| (case.record(3).stage, case.record(3).revoked) = (Stage::Removed, Some(stolen()));
    let (waits, retired): (Change, Change) = (|_| {}, |case| case.record(3).stage = Stage::Retired);
    let end = 3 * WEEK + POLICY.retired + POLICY.slack;
    for (change, now, kept) in [
        (waits, end - 1, true),
        (waits, end, false),
        (retired, end + WEEK, true),
        (removed, 1, false),
        (revoked, end - 1, true),
        (revoked, end, false),
    ] {
        let case = Case::with(change);
        let set = case.following(NOW + now, &[]);
        let found = set.keys().iter().find(|key| key.key.id() == id(3));
        assert_eq!(found.is_some(), kept, "{:?} after {now} s", case.records[2]);
        assert_eq!(found.and_then(|key| key.revoked.clone()), found.and(case.records[2].revoked.clone()));
    }
}

#[test]
fn every_revocation_is_carried_over_and_none_can_be_forgotten() {
    let case = Case::with(|case| case.revoke(1));
    let next = case.following(NOW + 1, &[4]);
    let revoked = |set: &KeySet| set.keys().iter().filter(|key| key.revoked.is_some()).map(|key| key.key.id()).collect::<Vec<_>>();
    assert_eq!((revoked(&case.set()), revoked(&next)), (vec![], vec![id(1)]));
    let later = |version, keys: Vec<PublishedKey>| KeySet::new(issuer(), version, NOW, NOW + DAY, keys).unwrap().check_follows(&next);
    assert_eq!(later(5, next.keys().to_vec()), Ok(()));
    assert_eq!(later(4, next.keys().to_vec()), Err(KeySetError::NotNewer { found: 4, last: 4 }));
    assert_eq!(later(3, next.keys().to_vec()), Err(KeySetError::NotNewer { found: 3, last: 4 }));
    assert_eq!(later(5, case.published.clone()), Err(KeySetError::Unrevoked(id(1))));
    assert_eq!(later(5, case.published[1..].to_vec()), Ok(()), "a key that nobody can take for good need not be named");
}

#[test]
fn the_root_reads_the_request_that_was_written_with_its_issuer() {
    let case = Case::with(|case| case.revoke(1));
    let set = case.following(NOW + 1, &[4, 5]);
    assert_eq!(KeySet::read_request(&set.request()), Ok(set.clone()));
    assert_eq!(set.issuer(), &issuer());
    let renamed = |from: &str, to: &str| set.request().replacen(from, to, 1);
    for wrong in [renamed("https://", "http://"), renamed("verify", "Verify"), renamed("verify", "other"), renamed(".org", ".org/a")] {
        let refused = KeySet::read_request(&wrong);
        assert!(matches!(refused, Err(KeySetError::Malformed | KeySetError::WrongIssuer { .. })), "{wrong}: {refused:?}");
    }
    let spaced = set.request().replacen(',', ", ", 1);
    assert_eq!(KeySet::read_request(&spaced), Err(KeySetError::Malformed));
}

#[test]
fn a_set_has_room_for_new_keys_however_many_were_revoked() {
    let (day, mut case) = (Policy { active: DAY, published: DAY, ..POLICY }, Case::new());
    case.policy = day;
    let many = |n: u8| PublishedKey { key: public(n), not_before: NOW, expires_at: NOW + i64::from(n) * DAY + 3 * DAY, revoked: None };
    case.published = (1..=60).map(many).collect();
    case.records = (1..=60).map(|n| KeyRecord { id: id(n), stage: Stage::Removed, since: NOW, revoked: Some(stolen()) }).collect();
    let new: Vec<u8> = (100..135).collect();
    let set = case.following(NOW + 1, &new);
    assert_eq!(set.keys().len(), MAX_KEYS);
    assert!(new.iter().all(|n| set.keys().iter().any(|key| key.key.id() == id(*n))), "all that can sign are in it");
    let revoked: Vec<KeyId> = set.keys().iter().filter(|key| key.revoked.is_some()).map(|key| key.key.id()).collect();
    assert_eq!(revoked, (32..=60).map(id).collect::<Vec<_>>(), "of the revoked ones those that end last");
}
