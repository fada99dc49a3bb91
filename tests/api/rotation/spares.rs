//! Keys of a request that no set names yet: a thief who has them waits for the set that does.

use std::{collections::BTreeSet, sync::Arc};

use countersign::{
    authority::Actor,
    issuer::{Custodian, CustodyError, KeyVault, POLICY, Refused, Revoked, Spares, Trust, VaultError},
    keyring::{KeyId, KeySet, KeySetError, SigningKey, rotation::Stage},
    store::SqliteStore,
};

use crate::{
    app::TestApp,
    vault::MemoryVault,
    world::{self, DAY, NOW, issuer, root},
};

fn ids(set: &KeySet) -> BTreeSet<KeyId> {
    set.keys().iter().map(|key| key.key.id()).collect()
}

impl TestApp {
    async fn requested(&self, seen: u64, spares: Spares) -> KeySet {
        self.custodian.next_set(seen, spares).await.unwrap().set
    }

    /// Keys that are here and that no set names.
    async fn spare(&self) -> BTreeSet<KeyId> {
        let named: BTreeSet<KeyId> = self.records().await.into_iter().map(|record| record.id).collect();
        self.vault.ids().unwrap().difference(&named).copied().collect()
    }

    /// The root leaves a key out of the next set that waited in the one before.
    async fn left_out(&self) -> KeyId {
        self.ceremony(&self.custodian).await;
        let asked = self.requested(0, Spares::Used).await;
        let (out, kept) = asked.keys().split_last().unwrap();
        let next = KeySet::new(issuer(), asked.version(), asked.issued_at(), asked.expires_at(), kept.to_vec()).unwrap();
        self.custodian.publish(&next.sign(&root())).await.unwrap();
        out.key.id()
    }

    /// For weeks of rotation, none of these keys signs or is about to.
    async fn are_of_no_use(&self, stolen: &BTreeSet<KeyId>, from: i64) {
        for day in 0..14 {
            self.look(from + day * DAY).await;
            let usable = self.records().await.into_iter().filter(|r| r.stage < Stage::Retired || r.revoked.is_none());
            let usable: Vec<_> = usable.filter(|record| stolen.contains(&record.id)).collect();
            assert_eq!(usable, [], "on day {day}");
        }
    }
}

/// With a set before and without one.
#[tokio::test]
async fn a_key_that_was_revoked_before_its_set_came_never_signs() {
    for with_set in [true, false] {
        let app = if with_set { TestApp::with_keys().await } else { TestApp::start().await };
        app.clock.set(NOW + 20 * DAY);
        let before: BTreeSet<KeyId> = app.vault.ids().unwrap();
        let old = app.requested(0, Spares::Used).await;
        let stolen: BTreeSet<KeyId> = app.vault.ids().unwrap().difference(&before).copied().collect();
        assert!(stolen.len() > 1);
        for id in &stolen {
            let revoked = app.custodian.revoke(&Actor::Operator, *id, "stick stolen").await.unwrap();
            assert_eq!(revoked, Revoked { withdrawn: 0, destroyed: true });
            let again = app.custodian.revoke(&Actor::Operator, *id, "stick stolen").await;
            assert!(matches!(again, Err(Refused::UnknownKey(_))), "{again:?}");
        }
        assert!(app.vault.ids().unwrap().is_disjoint(&stolen), "destroyed");
        // What was asked for before is signed and brought back.
        let refused = app.custodian.publish(&old.sign(&root())).await;
        assert!(matches!(refused, Err(CustodyError::KeySet(KeySetError::Unrevoked(id))) if stolen.contains(&id)), "{refused:?}");
        let next = app.requested(old.version(), Spares::Used).await;
        assert_eq!(next.version(), old.version() + 1);
        assert!(ids(&next).is_disjoint(&stolen));
        app.custodian.publish(&next.sign(&root())).await.unwrap();
        app.are_of_no_use(&stolen, NOW + 20 * DAY).await;
    }
}

/// Around the custodian's own check, as a key set that was put into the folder by hand is taken at the start.
#[tokio::test]
async fn nor_does_it_where_its_set_comes_into_the_store() {
    let app = TestApp::start().await;
    let old = app.requested(0, Spares::Used).await;
    let stolen = app.spare().await.pop_first().unwrap();
    app.custodian.revoke(&Actor::Operator, stolen, "stick stolen").await.unwrap();
    app.custodian.install(&old.sign(&root())).await.unwrap();
    app.are_of_no_use(&[stolen].into(), NOW).await;
    let now = NOW + 13 * DAY;
    let public = app.keys.current(now).unwrap();
    assert!(public.find(stolen.prefix()).unwrap().revoked.is_some(), "nor do verifiers believe it");
    assert!(app.requested(0, Spares::Used).await.keys().iter().any(|key| key.key.id() == stolen && key.revoked.is_some()));
}

#[tokio::test]
async fn a_fresh_request_takes_none_of_the_keys_before() {
    for with_set in [true, false] {
        let app = if with_set { TestApp::with_keys().await } else { TestApp::start().await };
        let in_use: BTreeSet<KeyId> = app.vault.ids().unwrap();
        app.clock.set(NOW + 20 * DAY);
        let old = app.requested(0, Spares::Used).await;
        let stolen: BTreeSet<KeyId> = app.vault.ids().unwrap().difference(&in_use).copied().collect();
        let asked = app.custodian.next_set(old.version(), Spares::Destroyed).await.unwrap();
        assert_eq!(asked.destroyed.iter().copied().collect::<BTreeSet<_>>(), stolen);
        assert!(ids(&asked.set).is_disjoint(&stolen) && app.vault.ids().unwrap().is_disjoint(&stolen));
        assert!(app.vault.ids().unwrap().is_superset(&in_use), "what a set names stays");
        let refused = app.custodian.publish(&old.sign(&root())).await;
        assert!(matches!(refused, Err(CustodyError::KeySet(KeySetError::Unrevoked(_)))), "{refused:?}");
        app.custodian.publish(&asked.set.sign(&root())).await.unwrap();
        app.look(NOW + 20 * DAY).await;
        assert!(app.records().await.iter().filter(|r| stolen.contains(&r.id)).all(|r| r.revoked.is_some() && r.stage == Stage::Removed));
    }
}

/// A store that is restored within the grace of a key needs it again, and with a thief's copy nothing is signed that has a record.
#[tokio::test]
async fn a_fresh_request_leaves_keys_within_their_grace() {
    let app = TestApp::with_keys().await;
    let (spent, backup) = (app.active().await, app.path().with_extension("backup"));
    app.sql().execute("VACUUM INTO ?1", [backup.to_str()]).unwrap();
    app.clock.set(NOW + 7 * DAY);
    let left_out = app.left_out().await;
    app.look(NOW + 7 * DAY).await;
    assert_eq!([app.record(spent).await.stage, app.record(left_out).await.stage], [Stage::Retired, Stage::Removed]);
    for grace in [3_600, DAY - 1] {
        app.clock.set(NOW + 7 * DAY + grace);
        let destroyed = app.custodian.next_set(0, Spares::Destroyed).await.unwrap().destroyed;
        assert!([spent, left_out].iter().all(|id| !destroyed.contains(id)), "{destroyed:?}");
        assert!(app.vault.ids().unwrap().is_superset(&[spent, left_out].into()));
    }
    let last_night = Arc::new(SqliteStore::open_for_issuer(&backup, &world::deployment_keys()).unwrap());
    let trust = Trust { root: root().public(), issuer: issuer(), policy: POLICY };
    Custodian::new(last_night, app.vault.clone(), app.clock.clone(), app.entropy.clone(), trust).refresh().await.unwrap();
    // Revoked it has no grace, also where it could not be destroyed at once.
    assert_eq!(app.custodian.revoke(&Actor::Operator, spent, "stolen").await.unwrap(), Revoked { withdrawn: 0, destroyed: false });
    assert!(app.custodian.next_set(0, Spares::Destroyed).await.unwrap().destroyed.contains(&spent));
}

/// The record of a revocation was written, and then the machine lost its power.
#[tokio::test]
async fn what_a_revocation_left_half_way_is_not_used_and_can_be_finished() {
    let app = TestApp::start().await;
    app.requested(0, Spares::Used).await;
    let mut spare = app.spare().await;
    let (stolen, other) = (spare.pop_first().unwrap(), spare.pop_first().unwrap());
    let copies = [stolen, other].map(|id| app.vault.load(id).unwrap());
    for id in [stolen, other] {
        app.custodian.revoke(&Actor::Operator, id, "stick stolen").await.unwrap();
    }
    for copy in &copies {
        app.vault.add(copy).unwrap();
    }
    assert!(ids(&app.requested(0, Spares::Used).await).is_disjoint(&[stolen, other].into()));
    let entries = app.entries().await.len();
    let again = app.custodian.revoke(&Actor::Operator, stolen, "stick stolen").await.unwrap();
    assert_eq!(again, Revoked { withdrawn: 0, destroyed: true });
    assert_eq!((app.vault.ids().unwrap().contains(&stolen), app.entries().await.len()), (false, entries));
    let refused = app.custodian.revoke(&Actor::Operator, stolen, "stick stolen").await;
    assert!(matches!(refused, Err(Refused::UnknownKey(_))), "nothing is left to do: {refused:?}");
    app.requested(0, Spares::Destroyed).await;
    assert!(!app.vault.ids().unwrap().contains(&other));
}

/// A vault that cannot read some of its keys.
struct Damaged {
    sound: Arc<MemoryVault>,
    unreadable: BTreeSet<KeyId>,
}

impl KeyVault for Damaged {
    fn ids(&self) -> Result<BTreeSet<KeyId>, VaultError> {
        self.sound.ids()
    }

    fn load(&self, id: KeyId) -> Result<SigningKey, VaultError> {
        if self.unreadable.contains(&id) { Err(VaultError(format!("{id} is empty"))) } else { self.sound.load(id) }
    }

    fn add(&self, key: &SigningKey) -> Result<(), VaultError> {
        self.sound.add(key)
    }

    fn destroy(&self, id: KeyId) -> Result<(), VaultError> {
        self.sound.destroy(id)
    }
}

#[tokio::test]
async fn a_spare_that_cannot_be_read_is_passed_over_with_a_warning() {
    for count in 1..=4 {
        let app = TestApp::start().await;
        let all = ids(&app.requested(0, Spares::Used).await);
        let unreadable: BTreeSet<KeyId> = app.spare().await.into_iter().take(count).collect();
        let custodian = app.process(Arc::new(Damaged { sound: app.vault.clone(), unreadable: unreadable.clone() }), POLICY);
        let asked = custodian.next_set(0, Spares::Used).await.unwrap();
        assert_eq!((asked.set.keys().len(), asked.passed_over.len()), (all.len(), count));
        assert!(ids(&asked.set).is_disjoint(&unreadable));
        custodian.publish(&asked.set.sign(&root())).await.unwrap();
        // One is revoked without being read, and a fresh request does away with the rest.
        let first = *unreadable.first().unwrap();
        assert!(custodian.revoke(&Actor::Operator, first, "damaged").await.unwrap().destroyed);
        assert!(!app.vault.ids().unwrap().contains(&first));
        custodian.next_set(0, Spares::Destroyed).await.unwrap();
        assert!(app.vault.ids().unwrap().is_disjoint(&unreadable));
    }
}
