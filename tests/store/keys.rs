//! The life of signing keys: published, active, retired, removed, revoked; and who may sign at each moment.

use countersign::{
    keyring::{KeySet, MAX_SET_LIFETIME, PublicKeys, PublishedKey, Revocation, SigningKey, rotation::Stage},
    store::{IssueRefusal, IssuerStore, NewToken, Standing},
};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::{
    Backend, Stores,
    acts::{NOW, World, entry, new_token},
};

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([seed; 32]))
}

pub fn stolen() -> Revocation {
    Revocation { revoked_at: NOW, reason: "stolen".into() }
}

/// A set of these keys; those from 100 on are revoked in it, and are the keys of the number without the hundred.
pub fn set(version: u64, keys: &[u8]) -> PublicKeys {
    let issuer = "verify.example.org".parse().unwrap();
    let published = |n: &u8| PublishedKey {
        key: key(n % 100).public(),
        not_before: NOW,
        expires_at: NOW + MAX_SET_LIFETIME,
        revoked: (*n >= 100).then(stolen),
    };
    let set = KeySet::new(issuer, version, NOW, NOW + MAX_SET_LIFETIME, keys.iter().map(published).collect()).unwrap();
    PublicKeys::open(&set.sign(&key(99)), &key(99).public(), set.issuer(), NOW, 0).unwrap()
}

/// Seed, stage, and whether it is revoked, of keys up to 9.
async fn keys(issuer: &dyn IssuerStore) -> Vec<(u8, Stage, bool)> {
    let stored = issuer.signing_keys().await.unwrap().unwrap();
    let seed = |id| (1..10).find(|n| key(*n).public().id() == id).unwrap();
    let mut keys: Vec<_> = stored.keys.iter().map(|record| (seed(record.id), record.stage, record.revoked.is_some())).collect();
    keys.sort_by_key(|(seed, ..)| *seed);
    keys
}

fn signed_by(seed: u8, cti: u8) -> NewToken {
    NewToken { kid: key(seed).public().id().prefix(), ..new_token(cti) }
}

pub async fn a_key_set_version_only_grows(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let Stores { issuer, verifier, .. } = &world.stores;
    for (version, kept) in [(5, true), (5, false), (4, false), (0, false), (6, true)] {
        let before = world.entries().await;
        assert_eq!(issuer.put_key_set(set(version, &[1]), entry()).await.unwrap(), kept, "{version}");
        assert_eq!(world.entries().await - before, u64::from(kept), "{version}");
    }
    let newest = verifier.key_set().await.unwrap().unwrap();
    assert_eq!(newest.jwt, set(6, &[1]).jwt());
    assert_eq!(backend.open().await.verifier.key_set().await.unwrap(), Some(newest));
}

pub async fn keys_move_forward_and_one_at_a_time_signs(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    issuer.put_key_set(set(2, &[1, 2, 3]), entry()).await.unwrap();
    let id = |seed| key(seed).public().id();
    assert_eq!(keys(issuer).await, [(1, Stage::Active, false), (2, Stage::Pending, false), (3, Stage::Pending, false)]);
    let before = world.entries().await;
    for (done, why) in [
        (issuer.activate_key(id(1), NOW).await, "it signs already"),
        (issuer.activate_key(id(9), NOW).await, "nobody knows it"),
        (issuer.remove_key(id(1), NOW).await, "it signs"),
        (issuer.remove_key(id(2), NOW).await, "it waits"),
    ] {
        assert!(!done.unwrap(), "{why}");
    }
    assert_eq!(world.entries().await, before, "what did not happen is not recorded");
    assert!(issuer.activate_key(id(2), NOW + 5).await.unwrap());
    assert_eq!(keys(issuer).await, [(1, Stage::Retired, false), (2, Stage::Active, false), (3, Stage::Pending, false)]);
    assert!(!issuer.activate_key(id(1), NOW).await.unwrap(), "it never comes back");
    assert!(issuer.remove_key(id(1), NOW + 9).await.unwrap());
    assert!(!issuer.remove_key(id(1), NOW + 9).await.unwrap());
    assert!(!issuer.activate_key(id(1), NOW).await.unwrap());
    assert_eq!(world.entries().await, before + 3, "retired, activated, removed");
    // One that waits and that the newest set names no more has no turn any more; whatever else it leaves out stays as it is.
    assert!(issuer.put_key_set(set(3, &[4]), entry()).await.unwrap());
    let stages = [(1, Stage::Removed, false), (2, Stage::Active, false), (3, Stage::Removed, false), (4, Stage::Pending, false)];
    assert_eq!(keys(issuer).await, stages);
    assert!(!issuer.activate_key(id(3), NOW).await.unwrap());
    // Nor around the contract: the table itself takes no second active key and no revoked one.
    for statement in [
        "UPDATE signing_keys SET stage = 'active' WHERE stage = 'pending'",
        "UPDATE signing_keys SET revoked_at = 0, reason = 'x' WHERE stage = 'active'",
        "UPDATE signing_keys SET revoked_at = 0 WHERE stage = 'removed'",
    ] {
        assert!(backend.sql(statement).await.is_err(), "{statement}");
    }
}

pub async fn only_the_active_key_issues(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &world.stores.issuer;
    issuer.put_key_set(set(2, &[1, 2]), entry()).await.unwrap();
    assert!(matches!(world.issue(signed_by(2, 1)).await, Err(IssueRefusal::KeyNotActive)), "it waits");
    assert!(matches!(world.issue(signed_by(9, 1)).await, Err(IssueRefusal::KeyNotActive)), "nobody knows it");
    world.issue(signed_by(1, 1)).await.unwrap();
    issuer.activate_key(key(2).public().id(), NOW).await.unwrap();
    let other = World { stores: backend.open().await };
    assert!(matches!(other.issue(signed_by(1, 2)).await, Err(IssueRefusal::KeyNotActive)), "in another process too");
    world.issue(signed_by(2, 2)).await.unwrap();
    let before = world.entries().await;
    assert!(matches!(world.issue(NewToken { starts_at: NOW - 1, ..signed_by(2, 3) }).await, Err(IssueRefusal::NotAuthorised)));
    assert_eq!(world.entries().await, before);
}

pub async fn a_revoked_key_signs_nothing_and_its_tokens_are_withdrawn_at_once(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let Stores { issuer, verifier, .. } = &world.stores;
    issuer.put_key_set(set(2, &[1, 2, 3]), entry()).await.unwrap();
    let old = world.issued(1).await;
    issuer.activate_key(key(2).public().id(), NOW).await.unwrap();
    world.issue(signed_by(2, 2)).await.unwrap();
    let id = key(1).public().id();
    assert_eq!(issuer.revoke_key(id, stolen(), entry()).await.unwrap(), Some(1), "the tokens of that key alone");
    assert_eq!(verifier.standing(old).await.unwrap(), Standing::Withdrawn);
    assert_eq!(backend.open().await.verifier.standing(old).await.unwrap(), Standing::Withdrawn, "on every verifier");
    assert_eq!(world.record(2).await.withdrawn_at, None);
    assert_eq!(issuer.revoke_key(id, stolen(), entry()).await.unwrap(), None, "once");
    assert_eq!(issuer.revoke_key(key(9).public().id(), stolen(), entry()).await.unwrap(), None);
    // The active one, and one that waits.
    assert_eq!(issuer.revoke_key(key(2).public().id(), stolen(), entry()).await.unwrap(), Some(1));
    assert_eq!(issuer.revoke_key(key(3).public().id(), stolen(), entry()).await.unwrap(), Some(0));
    assert_eq!(keys(&**issuer).await, [(1, Stage::Retired, true), (2, Stage::Retired, true), (3, Stage::Retired, true)]);
    assert!(matches!(world.issue(signed_by(2, 4)).await, Err(IssueRefusal::KeyNotActive)));
    assert!(!issuer.activate_key(key(3).public().id(), NOW).await.unwrap());
}

pub async fn a_set_that_revokes_revokes_here_too(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    world.issued(1).await;
    let before = world.entries().await;
    assert!(issuer.put_key_set(set(2, &[101, 2]), entry()).await.unwrap());
    assert_eq!(keys(issuer).await, [(1, Stage::Retired, true), (2, Stage::Pending, false)]);
    assert_eq!(world.record(1).await.withdrawn_at, Some(NOW));
    assert_eq!(world.entries().await, before + 2, "published, revoked");
    // A later set that forgets it brings nothing back.
    assert!(issuer.put_key_set(set(3, &[1, 2]), entry()).await.unwrap());
    assert_eq!(keys(issuer).await, [(1, Stage::Retired, true), (2, Stage::Pending, false)]);
}

pub async fn of_many_rotations_at_once_one_happens(backend: &dyn Backend) {
    let world = World::new(backend).await;
    world.stores.issuer.put_key_set(set(2, &[1, 2, 3, 4, 5]), entry()).await.unwrap();
    let second = backend.open().await;
    let mut racing = JoinSet::new();
    for n in 0..40_u8 {
        let issuer = if n % 2 == 0 { world.stores.issuer.clone() } else { second.issuer.clone() };
        racing.spawn(async move { issuer.activate_key(key(2 + n % 4).public().id(), NOW).await.unwrap() });
    }
    assert_eq!(racing.join_all().await.into_iter().filter(|done| *done).count(), 4, "each key once");
    let active = keys(&*world.stores.issuer).await.into_iter().filter(|(_, stage, _)| *stage == Stage::Active);
    assert_eq!(active.count(), 1);
}

pub async fn verifiers_hear_that_keys_changed(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let Stores { issuer, verifier, .. } = &world.stores;
    let mut changes = verifier.key_changes();
    let mut announced = async |what: &str| {
        let announced = tokio::time::timeout(std::time::Duration::from_secs(20), changes.changed()).await;
        announced.unwrap_or_else(|_| panic!("it was not announced that {what}")).unwrap();
    };
    issuer.put_key_set(set(2, &[1, 2, 3]), entry()).await.unwrap();
    announced("there is a new set").await;
    issuer.activate_key(key(2).public().id(), NOW).await.unwrap();
    announced("another key signs").await;
    issuer.revoke_key(key(2).public().id(), stolen(), entry()).await.unwrap();
    announced("a key is revoked").await;
    let stored = verifier.key_set().await.unwrap().unwrap();
    assert!(
        stored.keys.iter().any(|record| record.id == key(2).public().id() && record.revoked.is_some()),
        "anybody who hears of it finds it"
    );
}

pub async fn a_key_that_no_set_named_is_revoked_before_one_does(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let issuer = &*world.stores.issuer;
    let id = |seed| key(seed).public().id();
    let before = world.entries().await;
    assert_eq!(issuer.key_records().await.unwrap().len(), 1, "that of the world's own set");
    assert!(issuer.revoke_unpublished(id(5), stolen(), entry()).await.unwrap());
    assert!(!issuer.revoke_unpublished(id(5), stolen(), entry()).await.unwrap(), "once");
    assert!(!issuer.revoke_unpublished(id(1), stolen(), entry()).await.unwrap(), "a set named it");
    assert_eq!(issuer.revoke_key(id(5), stolen(), entry()).await.unwrap(), None, "it is revoked already");
    assert_eq!(world.entries().await, before + 1, "what did not happen is not recorded");
    assert!(backend.open().await.issuer.key_records().await.unwrap().iter().any(|record| record.id == id(5)));
    // A set that names it as good, and one that knows.
    for (version, keys) in [(2, [1, 2, 5]), (3, [1, 2, 105])] {
        assert!(issuer.put_key_set(set(version, &keys), entry()).await.unwrap());
        let stages = [(1, Stage::Active, false), (2, Stage::Pending, false), (5, Stage::Removed, true)];
        assert_eq!(self::keys(issuer).await, stages);
        assert!(!issuer.activate_key(id(5), NOW).await.unwrap());
        assert!(matches!(world.issue(signed_by(5, 1)).await, Err(IssueRefusal::KeyNotActive)));
    }
    let stored = world.stores.verifier.key_set().await.unwrap().unwrap();
    assert!(stored.keys.iter().any(|record| record.id == id(5) && record.revoked.is_some()), "verifiers know");
}

/// Whichever comes first.
pub async fn of_a_set_and_a_revocation_at_once_no_key_is_left_in_use(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let second = backend.open().await;
    for round in 2..8_u8 {
        let (publishes, revokes, id) = (world.stores.issuer.clone(), second.issuer.clone(), key(round).public().id());
        let putting = tokio::spawn(async move { publishes.put_key_set(set(round.into(), &[1, round]), entry()).await.unwrap() });
        let revoking = tokio::spawn(async move {
            if !revokes.revoke_unpublished(id, stolen(), entry()).await.unwrap() {
                assert_eq!(revokes.revoke_key(id, stolen(), entry()).await.unwrap(), Some(0));
            }
        });
        assert!(putting.await.unwrap());
        revoking.await.unwrap();
        let records = world.stores.issuer.key_records().await.unwrap();
        let record = records.iter().find(|record| record.id == id).unwrap();
        assert!(record.revoked.is_some() && record.stage >= Stage::Retired, "{record:?}");
    }
}
