//! When keys begin and cease to sign, and when their private halves go.

use super::*;

#[test]
fn the_first_key_signs_at_once() {
    let case = Case::with(|case| case.record(1).stage = Stage::Pending);
    assert_eq!(case.takes_over(NOW), Some(1), "nobody could know it before");
}

#[test]
fn the_next_key_takes_over_when_the_active_one_has_had_its_time() {
    let case = Case::new();
    for (now, key) in [(NOW, None), (NOW + WEEK - 1, None), (NOW + WEEK, Some(2)), (NOW + WEEK + 1, Some(2))] {
        assert_eq!(case.takes_over(now), key, "after {} s", now - NOW);
    }
}

#[test]
fn not_before_it_was_published_for_a_day() {
    let since = NOW + WEEK - 10;
    let case = Case::with(|case| (case.record(2).since, case.record(3).since) = (since, since));
    for (now, key) in [(since + 10, None), (since + DAY - 1, None), (since + DAY, Some(2)), (since + DAY + 1, Some(2))] {
        assert_eq!(case.takes_over(now), key, "after {} s", now - since);
    }
}

#[test]
fn early_where_the_active_key_would_not_last_for_a_prepared_token() {
    let case = Case::with(|case| case.published(1).expires_at = NOW + 3 * DAY + POLICY.retired);
    for (now, key) in [(NOW + 3 * DAY - 1, None), (NOW + 3 * DAY, None), (NOW + 3 * DAY + 1, Some(2))] {
        assert_eq!(case.takes_over(now), key, "after {} s", now - NOW);
    }
}

#[test]
fn at_once_where_the_active_key_cannot_sign_any_more() {
    for (n, lose) in LOST.into_iter().enumerate() {
        let mut case = Case::with(lose);
        assert_eq!(case.takes_over(NOW + 60), Some(2), "{n}: though it was published a minute ago");
        case.record(3).since = NOW + 60 - DAY;
        assert_eq!(case.takes_over(NOW + 60), Some(3), "{n}: one that people know comes first");
        case.record(3).since = NOW - 1;
        assert_eq!(case.takes_over(NOW + 60), Some(3), "{n}: and of those that they can hardly know, the older one");
    }
}

#[test]
fn never_a_key_that_cannot_or_may_not_sign() {
    let never: [Change; 8] = [
        |case| case.record(2).stage = Stage::Retired,
        |case| case.record(2).stage = Stage::Removed,
        |case| case.record(2).revoked = Some(stolen()),
        |case| case.published(2).revoked = Some(stolen()),
        |case| case.unpublish(2),
        |case| drop(case.records.remove(1)),
        |case| case.published(2).expires_at = NOW + WEEK + POLICY.retired - 1,
        |case| case.published(2).not_before = NOW + WEEK + 1,
    ];
    for (n, spoil) in never.into_iter().enumerate() {
        assert_eq!(Case::with(spoil).takes_over(NOW + WEEK), Some(3), "{n}");
    }
    let just: [Change; 2] =
        [|case| case.published(2).expires_at = NOW + WEEK + POLICY.retired, |case| case.published(2).not_before = NOW + WEEK];
    for (n, edge) in just.into_iter().enumerate() {
        assert_eq!(Case::with(edge).takes_over(NOW + WEEK), Some(2), "{n}");
    }
}

#[test]
fn the_one_that_ends_first_has_its_turn_first() {
    let case = Case::with(|case| {
        case.published(2).expires_at += 5 * WEEK;
        case.records.reverse();
    });
    assert_eq!(case.takes_over(NOW + WEEK), Some(3));
}

#[test]
fn a_key_that_is_on_another_machine_is_never_replaced_by_one_that_is_here() {
    let active = Case::with(|case| {
        case.lose(1);
        case.record(3).stage = Stage::Retired;
    });
    for now in [NOW + 60, NOW + WEEK, NOW + WEEK + POLICY.slack - 1] {
        assert_eq!(active.plan(now).steps, [], "another machine signs with it, and changes the keys over");
    }
    assert_eq!(active.takes_over(NOW + WEEK + POLICY.slack + POLICY.retired), Some(2), "it cannot sign anywhere any more");
    let next = Case::with(|case| case.lose(2));
    assert_eq!(next.plan(NOW + WEEK).steps, [], "nor does the one after the next come before its time");
    let revoked = Case::with(|case| {
        case.lose(1);
        case.revoke(1);
    });
    assert_eq!(revoked.takes_over(NOW + 60), Some(2), "once somebody says that it is lost");
}

#[test]
fn where_nobody_can_take_over_the_active_key_goes_on() {
    let case = Case::with(|case| case.at_hand.retain(|key| *key == id(1)));
    for now in [NOW + WEEK, NOW + WEEK + POLICY.slack + POLICY.retired] {
        assert_eq!(case.plan(now).steps, []);
        assert_eq!(case.plan(now).destroy, []);
    }
}

#[test]
fn a_key_is_removed_when_its_last_token_cannot_be_shown_any_more() {
    let retired: [Change; 2] = [|case| case.record(3).stage = Stage::Retired, |case| case.revoke(3)];
    for retire in retired {
        let case = Case::with(retire);
        for (now, steps) in [(POLICY.retired - 1, vec![]), (POLICY.retired, vec![Step::Remove(id(3))])] {
            assert_eq!(case.plan(NOW + now).steps, steps, "after {now} s");
        }
        let both = [Step::Activate(id(2)), Step::Remove(id(3))];
        assert_eq!(case.plan(NOW + WEEK).steps, both, "another takes over at the same time");
    }
}

#[test]
fn private_halves_of_spent_keys_here_are_destroyed_and_no_others() {
    let mut case = Case::new();
    for now in [NOW + WEEK - 1, NOW + WEEK] {
        assert_eq!(case.plan(now).destroy, [], "the next one takes over, and the one before is still there for a day");
    }
    for stage in [Stage::Retired, Stage::Removed] {
        (case.record(3).stage, case.record(3).since) = (stage, NOW);
        for (now, gone) in
            [(NOW - DAY, vec![]), (NOW, vec![]), (NOW + DAY - 1, vec![]), (NOW + DAY, vec![id(3)]), (NOW + WEEK, vec![id(3)])]
        {
            assert_eq!(case.plan(now).destroy, gone, "{stage:?} since {} s", now - NOW);
        }
    }
    case.record(3).revoked = Some(stolen());
    assert_eq!(case.plan(NOW).destroy, [id(3)], "a thief has it");
    case.lose(3);
    assert_eq!(case.plan(NOW + WEEK).destroy, [], "it is gone already");
}

#[test]
fn it_cannot_wait_where_no_key_can_sign() {
    assert!(!Case::new().plan(NOW).is_idle);
    assert!(!Case::new().plan(NOW + WEEK).is_idle, "one that is due can still sign");
    for (n, lose) in LOST.into_iter().enumerate() {
        assert!(Case::with(lose).plan(NOW + 60).is_idle, "{n}");
    }
}
