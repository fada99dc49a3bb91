//! What people have to do, and when they read of it.

use super::*;

#[test]
fn people_are_warned_a_week_before_the_set_ends() {
    let case = Case::with(|case| {
        case.policy.active = 100 * WEEK;
        case.published(1).expires_at = NOW + 100 * WEEK;
    });
    let end = NOW + MAX_SET_LIFETIME;
    assert_eq!(case.plan(end - WEEK - 1).warnings, []);
    for left in [WEEK, WEEK - 1, 0, -1] {
        assert_eq!(case.plan(end - left).warnings, [Warning::SetEnds(left)], "{left} s before");
    }
}

#[test]
fn people_are_warned_a_week_before_the_last_key_ceases_to_sign() {
    let last = Case::with(|case| {
        case.unpublish(2);
        case.unpublish(3);
    });
    for (now, left) in [(0, WEEK), (1, WEEK - 1), (WEEK - 1, 1), (WEEK, 0), (WEEK + 1, 0)] {
        assert_eq!(last.plan(NOW + now).warnings, [Warning::KeysEnd(left)], "after {now} s");
    }
    let mut two = Case::with(|case| case.unpublish(3));
    assert_eq!(two.plan(NOW + WEEK - 1).warnings, [], "a turn is left");
    assert_eq!(two.plan(NOW + WEEK).warnings, [Warning::KeysEnd(WEEK)], "and begins");
    // Sooner, by what keys have to be published for longer than the slack does for.
    two.policy.published = 3 * DAY;
    let sooner = NOW + 5 * DAY;
    assert_eq!(two.plan(sooner - 1).warnings, []);
    assert_eq!(two.plan(sooner).warnings, [Warning::KeysEnd(9 * DAY)]);
}

#[test]
fn people_see_where_no_key_can_sign() {
    for (n, lose) in LOST.into_iter().enumerate() {
        let mut case = Case::with(lose);
        assert!(!case.plan(NOW + 60).warnings.contains(&Warning::NoKey), "{n}: another takes over");
        case.at_hand.retain(|key| *key == id(1));
        assert!(case.plan(NOW + 60).warnings.contains(&Warning::NoKey), "{n}");
    }
}

#[test]
fn people_are_warned_of_keys_that_are_not_on_this_machine() {
    let warnings = |lost: &[u8]| Case::with(|case| lost.iter().for_each(|n| case.lose(*n))).plan(NOW + 60).warnings;
    assert_eq!(warnings(&[3]), [Warning::Elsewhere(id(3))]);
    assert_eq!(warnings(&[1]), [Warning::Elsewhere(id(1))], "and no word of an end, which another machine sees to");
    assert_eq!(warnings(&[2, 1]), [Warning::Elsewhere(id(1)), Warning::Elsewhere(id(2))]);
    let revoked = Case::with(|case| {
        case.lose(3);
        case.revoke(3);
    });
    assert_eq!(revoked.plan(NOW + 60).warnings, [Warning::Unpublished(id(3))]);
}

#[test]
fn people_read_of_a_revocation_until_the_set_says_so() {
    let mut case = Case::with(|case| case.revoke(3));
    assert_eq!(case.plan(NOW + 1).warnings, [Warning::Unpublished(id(3))]);
    case.published(3).revoked = Some(stolen());
    assert_eq!(case.plan(NOW + 1).warnings, []);
    case.unpublish(3);
    assert_eq!(case.plan(NOW + 1).warnings, [], "nor of one that the set does not name");
}

#[test]
fn every_warning_says_what_to_do() {
    let hour = 3_600;
    for (warning, said) in [
        (Warning::SetEnds(-1), "the key set expired, so nothing can be checked or issued"),
        (Warning::SetEnds(0), "the key set expired, so nothing can be checked or issued"),
        (Warning::SetEnds(1), "the key set runs out within the hour"),
        (Warning::SetEnds(hour - 1), "the key set runs out within the hour"),
        (Warning::SetEnds(hour), "the key set runs out in an hour"),
        (Warning::SetEnds(2 * hour - 1), "the key set runs out in an hour"),
        (Warning::SetEnds(2 * hour), "the key set runs out in 2 hours"),
        (Warning::KeysEnd(48 * hour - 1), "the signing keys run out in 47 hours"),
        (Warning::KeysEnd(48 * hour), "the signing keys run out in 2 days"),
        (Warning::KeysEnd(WEEK - 1), "the signing keys run out in 6 days"),
        (Warning::KeysEnd(WEEK), "the signing keys run out in 7 days"),
        (Warning::NoKey, "no published, unrevoked key with its private half can sign"),
        (Warning::Unpublished(id(1)), &format!("the published set does not say yet that {} is revoked", id(1))),
    ] {
        assert_eq!(warning.to_string(), format!("{said}; sign the next set with `countersign keys publish`"));
    }
}
