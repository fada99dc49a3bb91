//! The next set: asked for, signed, and taken only if it may come after the one before.

use std::collections::BTreeSet;

use countersign::{
    authority::Actor,
    issuer::{CustodyError, KeyVault as _, Spares},
    keyring::{
        KeyId, KeySet, KeySetError, MAX_SET_LIFETIME, PublishedKey,
        rotation::{KeyRecord, Stage},
    },
    token::{LEEWAY, MAX_LIFETIME, MAX_PREPARATION},
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    app::TestApp,
    world::{DAY, NOW, issuer, key, root},
};

impl TestApp {
    async fn refused(&self, jwt: &str) -> KeySetError {
        match self.custodian.publish(jwt).await {
            Err(CustodyError::KeySet(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    async fn next_set(&self) -> KeySet {
        self.custodian.next_set(0, Spares::Used).await.unwrap().set
    }
}

fn ids(set: &KeySet) -> BTreeSet<KeyId> {
    set.keys().iter().map(|key| key.key.id()).collect()
}

/// The same keys in another frame.
fn framed(set: &KeySet, version: u64, issued_at: i64, keys: Vec<PublishedKey>) -> KeySet {
    KeySet::new(set.issuer().clone(), version, issued_at, issued_at + MAX_SET_LIFETIME, keys).unwrap()
}

#[tokio::test]
async fn a_set_that_may_not_follow_is_refused_and_changes_nothing() {
    let app = TestApp::with_keys().await;
    let revoked = key(3).public().id();
    app.custodian.revoke(&Actor::Operator, revoked, "stolen").await.unwrap();
    app.ceremony(&app.custodian).await;
    app.look(NOW).await;
    app.clock.set(NOW + 40 * DAY);
    let before = app.dump();
    let next = app.next_set().await;
    let (version, now, keys) = (next.version(), NOW + 40 * DAY, next.keys().to_vec());
    let forgets = |key: &PublishedKey| PublishedKey { revoked: None, ..key.clone() };
    let signed = |version, issued_at, keys: Vec<PublishedKey>| framed(&next, version, issued_at, keys).sign(&root());
    let other = KeySet::new("verify.example.net".parse().unwrap(), version, now, now + DAY, keys.clone()).unwrap();
    for (jwt, refused) in [
        (next.sign(&key(5)), KeySetError::WrongRoot),
        (next.sign(&root()).replacen('.', ".A", 1), KeySetError::WrongRoot),
        ("hello".into(), KeySetError::Malformed),
        (other.sign(&root()), KeySetError::WrongIssuer { found: other.issuer().clone(), given: issuer() }),
        (signed(version, now - MAX_SET_LIFETIME, keys.clone()), KeySetError::Expired),
        (signed(version, now + 61, keys.clone()), KeySetError::NotYetValid),
        (signed(version - 1, now, keys.clone()), KeySetError::NotNewer { found: version - 1, last: version - 1 }),
        (signed(version - 2, now, keys.clone()), KeySetError::NotNewer { found: version - 2, last: version - 1 }),
        (signed(version + 7, now, keys.iter().map(forgets).collect()), KeySetError::Unrevoked(revoked)),
    ] {
        assert_eq!(app.refused(&jwt).await, refused);
    }
    assert_eq!(app.dump(), before);
    app.custodian.publish(&signed(version + 7, now + 60, keys)).await.unwrap();
    assert_eq!(app.next_set().await.version(), version + 8);
    assert_eq!(
        app.custodian.next_set(version + 9, Spares::Used).await.unwrap().set.version(),
        version + 10,
        "a higher one was seen elsewhere"
    );
}

#[tokio::test]
async fn of_sets_that_are_published_at_the_same_time_one_is_taken() {
    let app = TestApp::with_keys().await;
    let next = app.next_set().await;
    let mut publishing = JoinSet::new();
    for n in 0..10 {
        let (process, jwt) = (app.command(), framed(&next, next.version(), NOW - n, next.keys().to_vec()).sign(&root()));
        publishing.spawn(async move { process.publish(&jwt).await });
    }
    let (taken, refused): (Vec<_>, Vec<_>) = publishing.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((taken.len(), refused.len()), (1, 9));
    for refused in refused {
        let is_late = matches!(refused, Err(CustodyError::KeySet(KeySetError::Superseded | KeySetError::NotNewer { .. })));
        assert!(is_late, "{refused:?}");
    }
}

#[tokio::test]
async fn who_asks_again_gets_the_same_keys_again() {
    let app = TestApp::start().await;
    let first = app.next_set().await;
    let vault = app.vault.ids().unwrap();
    assert_eq!(vault, ids(&first), "a key for each turn");
    for _ in 0..5 {
        assert_eq!(ids(&app.next_set().await), ids(&first));
        assert_eq!(ids(&app.command().next_set(0, Spares::Used).await.unwrap().set), ids(&first), "in another process too");
    }
    app.clock.set(NOW + 3 * DAY);
    let later = app.next_set().await;
    assert!(ids(&later).is_superset(&ids(&first)), "nor is a request that nobody signed a reason for others");
    assert_eq!(app.vault.ids().unwrap(), ids(&later));
    app.custodian.publish(&first.sign(&root())).await.unwrap();
    let after = app.next_set().await;
    assert_eq!((after.version(), ids(&after)), (first.version() + 1, ids(&later)), "what is left over comes into the next set");
    assert_eq!(app.vault.ids().unwrap(), ids(&after));
}

#[tokio::test]
async fn every_key_of_a_set_waits_but_the_one_that_signs() {
    let app = TestApp::with_keys().await;
    let stages = |records: &[KeyRecord], stage| records.iter().filter(|r| r.stage == stage).count();
    let records = app.records().await;
    assert_eq!((stages(&records, Stage::Active), stages(&records, Stage::Pending), records.len()), (1, 4, 5));
    app.ceremony(&app.custodian).await;
    assert_eq!(app.records().await, records, "a set after it changes nothing of keys that are known");
}

#[tokio::test]
async fn a_key_stays_published_for_as_long_as_its_last_token_can_be_shown() {
    let app = TestApp::with_keys().await;
    let over = NOW + 7 * DAY;
    app.clock.set(over);
    let last = app.officer.issue(json!({"channel": "in-person", "not_before": over + MAX_PREPARATION, "lifetime": MAX_LIFETIME})).await;
    app.look(over).await;
    for (now, verdict, stage) in [(-1, "genuine", Stage::Retired), (0, "not_genuine", Stage::Removed)] {
        let now = last.expires_at + LEEWAY + now;
        app.look(now).await;
        app.ceremony(&app.custodian).await;
        app.look(now).await;
        assert_eq!(app.record(key(3).public().id()).await.stage, stage);
        let published = app.keys.current(now).unwrap().find(key(3).public().id().prefix()).is_some();
        assert_eq!((published, app.anyone().token(&last.token).await.verdict().as_str()), (stage == Stage::Retired, verdict));
    }
}

/// The machine was off so long that one key has had its time without ever signing, and another has too little left of it.
#[tokio::test]
async fn a_key_that_was_never_used_in_its_time_is_left_out_and_destroyed() {
    let app = TestApp::with_keys().await;
    let turns: Vec<PublishedKey> = app.next_set().await.keys().to_vec();
    let id = |turn: usize| turns[turn].key.id();
    let now = turns[2].expires_at - DAY / 2;
    assert_eq!(app.look(now).await.activated, Some(id(3)), "the first that lasts for a token that is shown tomorrow");
    app.ceremony(&app.custodian).await;
    let next = app.next_set().await;
    assert_eq!(next.keys().iter().find(|key| key.key.id() == id(2)), Some(&turns[2]), "its end is not moved");
    assert!(!ids(&next).contains(&id(1)), "nobody needs it");
    let stages = [app.record(id(1)).await.stage, app.record(id(2)).await.stage];
    assert_eq!(stages, [Stage::Removed, Stage::Pending]);
    assert_eq!(app.look(now).await.destroyed, []);
    let rotated = app.look(now + DAY).await;
    let destroyed: BTreeSet<_> = rotated.destroyed.into_iter().collect();
    assert_eq!((rotated.activated, destroyed), (None, [id(0), id(1)].into()), "and the one that signed before");
    assert_eq!(app.active().await, id(3));
}
