//! Single use.

use countersign::{
    store::{AttemptHash, KEEP_ROWS, Marked, NewToken, Presented, Standing},
    token::{Cti, TokenHash},
};
use tokio::task::JoinSet;

use crate::{
    Backend,
    acts::{NOW, World, new_token, token},
};

const MINUTE: i64 = NOW - NOW % 60;

fn attempt(n: u8) -> AttemptHash {
    AttemptHash([n; 32])
}

pub async fn one_of_many_is_first(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let second = backend.open().await;
    for cti in 1..=5 {
        let token = world.issued(cti).await;
        let mut racing = JoinSet::new();
        for n in 0..100 {
            let verifier = if n % 2 == 0 { world.stores.verifier.clone() } else { second.verifier.clone() };
            let attempt = (n < 50).then(|| attempt(n));
            racing.spawn(async move { verifier.use_once(token, attempt, NOW).await.unwrap() });
        }
        let marked = racing.join_all().await;
        assert_eq!(marked.iter().filter(|m| **m == Marked::First).count(), 1);
        assert_eq!(marked.iter().filter(|m| **m == Marked::Before(MINUTE)).count(), 99);
    }
}

pub async fn the_same_attempt_is_the_same_use(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let verifier = &world.stores.verifier;
    let token = world.issued(1).await;
    assert_eq!(verifier.use_once(token, Some(attempt(1)), NOW).await.unwrap(), Marked::First);
    for (n, now, marked) in [(1, NOW + 200, Marked::Again), (2, NOW + 200, Marked::Before(MINUTE)), (1, NOW - 9, Marked::Again)] {
        assert_eq!(verifier.use_once(token, Some(attempt(n)), now).await.unwrap(), marked);
    }
    let token = world.issued(2).await;
    assert_eq!(verifier.use_once(token, None, NOW).await.unwrap(), Marked::First);
    for again in [None, Some(attempt(1)), Some(attempt(0))] {
        assert_eq!(verifier.use_once(token, again, NOW).await.unwrap(), Marked::Before(MINUTE), "nothing is a retry of nothing");
    }
}

pub async fn a_use_needs_the_issued_unwithdrawn_row_with_this_hash(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let verifier = &world.stores.verifier;
    let token = world.issued(1).await;
    let other_hash = Presented { hash: TokenHash([9; 32]), ..token };
    let unknown = Presented { cti: Cti([9; 8]), ..token };
    for (presented, standing) in [(other_hash, Standing::NoRecord), (unknown, Standing::NoRecord)] {
        assert_eq!(verifier.standing(presented).await.unwrap(), standing);
        assert_eq!(verifier.use_once(presented, Some(attempt(1)), NOW).await.unwrap(), Marked::Not(standing));
    }
    assert_eq!(world.record(1).await.first_checked_at, None, "none of it was a use");
    assert_eq!(verifier.use_once(token, Some(attempt(1)), NOW).await.unwrap(), Marked::First);
    assert_eq!(verifier.use_once(other_hash, Some(attempt(1)), NOW).await.unwrap(), Marked::Not(Standing::NoRecord), "nor a retry");
    let withdrawn = world.issued(2).await;
    world.withdraw(2).await;
    world.withdraw(1).await;
    for presented in [withdrawn, token] {
        assert_eq!(verifier.standing(presented).await.unwrap(), Standing::Withdrawn);
        assert_eq!(verifier.use_once(presented, Some(attempt(1)), NOW).await.unwrap(), Marked::Not(Standing::Withdrawn));
    }
    assert_eq!(world.record(2).await.first_checked_at, None);
}

pub async fn a_mark_outlives_the_process(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let token = world.issued(1).await;
    assert_eq!(world.stores.verifier.use_once(token, Some(attempt(1)), NOW).await.unwrap(), Marked::First);
    drop(world);
    let again = backend.open().await.verifier;
    assert_eq!(again.use_once(token, Some(attempt(2)), NOW).await.unwrap(), Marked::Before(MINUTE));
    assert_eq!(again.use_once(token, Some(attempt(1)), NOW).await.unwrap(), Marked::Again);
}

pub async fn what_was_purged_is_never_used_again(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (used, unused) = (world.issued(1).await, world.issued(2).await);
    let (issuer, verifier) = (&world.stores.issuer, &world.stores.verifier);
    assert_eq!(verifier.use_once(used, Some(attempt(1)), NOW).await.unwrap(), Marked::First);
    let end = used.expires_at + KEEP_ROWS;
    issuer.purge(end - 1).await.unwrap();
    assert_eq!(verifier.standing(unused).await.unwrap(), Standing::Live);
    issuer.purge(end).await.unwrap();
    assert!(issuer.token(used.cti).await.unwrap().is_some(), "the ledger does not know the mark yet");
    assert!(issuer.token(unused.cti).await.unwrap().is_none());
    assert_eq!((issuer.report_first_checks(end).await.unwrap(), issuer.report_first_checks(end).await.unwrap()), (1, 0));
    issuer.purge(end).await.unwrap();
    assert!(issuer.token(used.cti).await.unwrap().is_none());
    let reopened = backend.open().await.verifier;
    for presented in [used, unused] {
        for store in [verifier, &reopened] {
            assert_eq!(store.standing(presented).await.unwrap(), Standing::Purged);
            assert_eq!(store.use_once(presented, Some(attempt(1)), NOW).await.unwrap(), Marked::Not(Standing::Purged));
        }
    }
    // A row that is still there does not help a token that ended before the purge.
    world.issue(NewToken { expires_at: used.expires_at + 1, ..new_token(3) }).await.unwrap();
    backend.sql(&format!("UPDATE purged SET through = {}", used.expires_at + 1)).await.unwrap();
    let back = Presented { cti: Cti([3; 8]), hash: token(3).hash(), expires_at: used.expires_at + 1 };
    assert_eq!(verifier.use_once(back, Some(attempt(1)), NOW).await.unwrap(), Marked::Not(Standing::Purged));
}

pub async fn uses_are_announced_to_listeners_of_the_same_store(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut marks = world.stores.issuer.marks();
    let token = world.issued(1).await;
    world.stores.verifier.use_once(token, Some(attempt(1)), NOW).await.unwrap();
    let announced = tokio::time::timeout(std::time::Duration::from_secs(20), marks.recv()).await;
    assert_eq!(announced.expect("it was not announced").unwrap(), token.cti);
}

pub async fn marks_that_the_ledger_does_not_know_are_overdue_after_their_minute(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (verifier, issuer) = (&world.stores.verifier, &world.stores.issuer);
    let overdue = async |before| issuer.overdue_marks(before).await.unwrap();
    for (cti, now) in [(1, NOW), (2, NOW), (3, NOW + 120)] {
        let token = world.issued(cti).await;
        assert_eq!(verifier.use_once(token, Some(attempt(1)), now).await.unwrap(), Marked::First);
    }
    for (before, count) in [(MINUTE, 0), (MINUTE + 1, 2), (MINUTE + 120, 2), (MINUTE + 121, 3)] {
        assert_eq!(overdue(before).await, count, "{before}");
    }
    assert_eq!(issuer.report_first_checks(NOW).await.unwrap(), 3);
    assert_eq!(overdue(MINUTE + 1_000).await, 0);
}
