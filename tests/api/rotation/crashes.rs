//! Something fails half-way: nothing is lost, and the next look takes it up where it stood.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use countersign::{
    authority::Actor,
    health::{Health, Part},
    issuer::{Custodian, CustodyError, Desk, Housekeeper, KeyVault, POLICY, Refused, Spares, VaultError},
    keyring::{
        KeyId, KeySet, RingError, SigningKey,
        rotation::{KeyRecord, Stage},
    },
    store::IssuerStore as _,
    token::Unverified,
};
use tokio::task::JoinSet;

use super::plain;
use crate::{
    app::{TestApp, five_words},
    vault::MemoryVault,
    world::{DAY, NOW, issuer, root},
};

/// When the first key's time is over.
const OVER: i64 = NOW + 7 * DAY;

/// What a vault does before it loads a key.
type BeforeLoading = Box<dyn Fn(KeyId) -> Result<(), VaultError> + Send>;

/// A vault in which things fail.
struct FaultyVault {
    sound: Arc<MemoryVault>,
    fails: Mutex<BTreeSet<&'static str>>,
    before_loading: Mutex<BeforeLoading>,
    /// This key cannot be destroyed.
    stays: Mutex<Option<KeyId>>,
    /// For so many keys there is room on the disk.
    room: Mutex<usize>,
}

impl FaultyVault {
    /// From now on these operations fail, and no others.
    fn only(&self, operations: &[&'static str]) {
        *self.fails.lock().unwrap() = operations.iter().copied().collect();
    }

    fn before_loading(&self, act: impl Fn(KeyId) -> Result<(), VaultError> + Send + 'static) {
        *self.before_loading.lock().unwrap() = Box::new(act);
    }

    fn cannot_read(&self, unreadable: KeyId) {
        self.before_loading(move |id| if id == unreadable { Err(VaultError("unreadable".into())) } else { Ok(()) });
    }

    fn works(&self, operation: &'static str) -> Result<(), VaultError> {
        if self.fails.lock().unwrap().contains(operation) { Err(VaultError(format!("{operation} fails"))) } else { Ok(()) }
    }
}

impl KeyVault for FaultyVault {
    fn ids(&self) -> Result<BTreeSet<KeyId>, VaultError> {
        self.works("ids")?;
        self.sound.ids()
    }

    fn load(&self, id: KeyId) -> Result<SigningKey, VaultError> {
        self.works("load")?;
        (self.before_loading.lock().unwrap())(id)?;
        self.sound.load(id)
    }

    fn add(&self, key: &SigningKey) -> Result<(), VaultError> {
        let mut room = self.room.lock().unwrap();
        *room = room.checked_sub(1).ok_or_else(|| VaultError("the disk is full".into()))?;
        self.sound.add(key)
    }

    fn destroy(&self, id: KeyId) -> Result<(), VaultError> {
        self.works("destroy")?;
        if *self.stays.lock().unwrap() == Some(id) {
            return Err(VaultError("busy".into()));
        }
        self.sound.destroy(id)
    }
}

/// A service over a vault in which things fail; its first key's time is over.
struct Service {
    app: TestApp,
    vault: Arc<FaultyVault>,
    custodian: Arc<Custodian>,
    desk: Desk,
    /// The keys in their turns.
    turns: Vec<KeyId>,
}

impl Service {
    async fn start() -> Self {
        let app = TestApp::with_keys().await;
        let vault = Arc::new(FaultyVault {
            sound: app.vault.clone(),
            fails: Mutex::default(),
            before_loading: Mutex::new(Box::new(|_| Ok(()))),
            stays: Mutex::default(),
            room: Mutex::new(usize::MAX),
        });
        let custodian = app.process(vault.clone(), POLICY);
        custodian.rotate(app.time()).await.unwrap();
        let stored = app.store.signing_keys().await.unwrap().unwrap();
        let set = KeySet::read(&stored.jwt, &root().public(), &issuer()).unwrap();
        let turns = set.keys().iter().map(|key| key.key.id()).collect();
        app.clock.set(OVER);
        let desk = app.desk_of(custodian.clone());
        Self { app, vault, custodian, desk, turns }
    }

    /// Whose key signs what is issued now, which is genuine.
    async fn signs(&self) -> KeyId {
        let issued = self.desk.issue(self.app.confirmed(&self.app.officer.officer).await, plain()).await.unwrap();
        assert_eq!(self.app.anyone().token(&issued.token.text()).await.verdict(), "genuine");
        let kid = Unverified::decode(&issued.token).unwrap().kid();
        *self.turns.iter().find(|id| id.prefix() == kid).unwrap()
    }

    async fn fails(&self) {
        let failed = self.custodian.rotate(self.app.time()).await;
        assert!(matches!(failed, Err(CustodyError::Vault(_))), "{failed:?}");
    }

    async fn state(&self) -> (Vec<KeyRecord>, BTreeSet<KeyId>) {
        (self.app.records().await, self.app.vault.ids().unwrap())
    }
}

#[tokio::test]
async fn a_vault_that_cannot_be_reached_or_read_changes_nothing() {
    let service = Service::start().await;
    let before = service.state().await;
    for operation in ["ids", "load"] {
        service.vault.only(&[operation]);
        service.fails().await;
        assert_eq!(service.state().await, before, "{operation}");
        assert_eq!(service.signs().await, service.turns[0], "the key that is out goes on");
    }
    service.vault.only(&[]);
    assert_eq!(service.custodian.rotate(service.app.time()).await.unwrap().activated, Some(service.turns[1]));
    assert_eq!(service.signs().await, service.turns[1]);
}

#[tokio::test]
async fn a_private_half_that_could_not_be_destroyed_is_destroyed_the_next_time() {
    let service = Service::start().await;
    service.vault.only(&["destroy"]);
    let rotated = service.custodian.rotate(service.app.time()).await.unwrap();
    assert_eq!((rotated.activated, rotated.destroyed), (Some(service.turns[1]), vec![]), "a day later");
    service.app.clock.set(OVER + DAY);
    for _ in 0..2 {
        let rotated = service.custodian.rotate(service.app.time()).await.unwrap();
        assert_eq!((rotated.destroyed, rotated.left.unwrap().0.as_str()), (vec![], "destroy fails"));
        assert_eq!(service.signs().await, service.turns[1]);
        assert!(service.app.vault.ids().unwrap().contains(&service.turns[0]));
    }
    service.vault.only(&[]);
    let rotated = service.custodian.rotate(service.app.time()).await.unwrap();
    assert_eq!((rotated.activated, rotated.destroyed), (None, vec![service.turns[0]]));
    service.app.spent_keys_are_destroyed().await;
}

/// As when a command holds the folder, or one file cannot be removed.
#[tokio::test]
async fn a_private_half_that_cannot_be_destroyed_keeps_nothing_else_from_being_done() {
    let service = Service::start().await;
    let (app, turns) = (&service.app, &service.turns);
    service.custodian.rotate(app.time()).await.unwrap();
    app.clock.set(OVER + DAY);
    app.command().revoke(&Actor::Operator, turns[1], "stolen").await.unwrap();
    *service.vault.stays.lock().unwrap() = Some(turns[0]);
    let rotated = service.custodian.rotate(app.time()).await.unwrap();
    assert_eq!((rotated.activated, rotated.destroyed), (Some(turns[2]), vec![turns[1]]), "the stolen one is gone");
    assert!(rotated.left.is_some());
    let ring = service.custodian.ring().unwrap();
    assert_eq!(ring.active(app.time().now()).unwrap().0.public().id(), turns[2], "the next one is out");

    let health = Arc::new(Health::default());
    let notary = app.issuer_side.notary.clone();
    let housekeeper =
        Housekeeper::new(app.store.clone(), app.watch.clone(), health.clone(), service.custodian.clone(), notary, five_words(256));
    assert!(housekeeper.begin().await.is_ok(), "no reason not to start");
    for _ in 0..2 {
        assert_eq!(health.failing_parts().into_keys().collect::<Vec<_>>(), [Part::SigningKeys]);
        assert_eq!(service.signs().await, turns[2]);
        assert!(!housekeeper.round().await, "tried again, and not yet through whole");
    }
    *service.vault.stays.lock().unwrap() = None;
    assert!(housekeeper.round().await && health.is_ready());
    app.spent_keys_are_destroyed().await;
}

/// A revoked key is destroyed at once, whatever becomes of the one that takes its place.
#[tokio::test]
async fn a_revoked_key_is_destroyed_though_the_next_one_cannot_be_read() {
    let service = Service::start().await;
    service.app.begins_again_at(NOW + DAY);
    service.custodian.revoke(&Actor::Operator, service.turns[0], "stolen").await.unwrap();
    service.vault.cannot_read(service.turns[1]);
    service.fails().await;
    assert!(!service.app.vault.ids().unwrap().contains(&service.turns[0]));
}

#[tokio::test]
async fn a_process_that_ends_between_store_and_vault_leaves_nothing_behind() {
    let service = Service::start().await;
    assert!(service.app.store.activate_key(service.turns[1], OVER).await.unwrap());
    assert_eq!(service.signs().await, service.turns[1], "another process finds the new key");
    service.app.clock.set(OVER + DAY);
    let after = service.app.command();
    assert_eq!(after.rotate(service.app.time()).await.unwrap().destroyed, [service.turns[0]]);
    service.app.spent_keys_are_destroyed().await;
}

#[tokio::test]
async fn an_unreadable_key_that_waits_leaves_the_active_one_signing_until_it_is_revoked() {
    let service = Service::start().await;
    let before = service.state().await;
    service.vault.cannot_read(service.turns[1]);
    for hours in 0..24 {
        service.app.clock.set(OVER + hours * 3_600);
        service.fails().await;
        assert_eq!(service.signs().await, service.turns[0]);
    }
    assert_eq!(service.state().await, before);
    service.custodian.revoke(&Actor::Operator, service.turns[1], "unreadable").await.unwrap();
    let rotated = service.custodian.rotate(service.app.time()).await.unwrap();
    assert_eq!(rotated.activated, Some(service.turns[2]));
    assert_eq!(service.signs().await, service.turns[2]);
    service.app.spent_keys_are_destroyed().await;
}

#[tokio::test]
async fn the_active_key_is_not_given_up_while_its_file_cannot_be_read() {
    let service = Service::start().await;
    service.app.begins_again_at(NOW + DAY);
    service.vault.cannot_read(service.turns[0]);
    service.fails().await;
    assert_eq!(service.signs().await, service.turns[0], "it is out already");
    let other = service.app.process(service.vault.clone(), POLICY);
    assert!(matches!(other.refresh().await, Err(CustodyError::Vault(_))));
    assert_eq!(other.ring().err(), Some(RingError::NoActiveKey), "who has none out has none");
}

#[tokio::test]
async fn a_private_half_whose_file_is_gone_is_not_replaced_until_somebody_says_that_it_is_lost() {
    let service = Service::start().await;
    service.app.begins_again_at(NOW + 1);
    service.app.vault.destroy(service.turns[0]).unwrap();
    let before = service.state().await;
    let refused = service.custodian.rotate(service.app.time()).await;
    assert!(matches!(&refused, Err(CustodyError::Elsewhere(key)) if *key == service.turns[0]), "{refused:?}");
    assert_eq!(service.state().await, before);
    service.custodian.revoke(&Actor::Operator, service.turns[0], "lost").await.unwrap();
    assert_eq!(service.custodian.rotate(service.app.time()).await.unwrap().activated, Some(service.turns[1]));
    assert_eq!(service.signs().await, service.turns[1]);
}

/// Two changes overtake a process that has just read which key is active.
#[tokio::test]
async fn a_key_that_is_destroyed_while_it_is_taken_out_is_not_missed() {
    let service = Service::start().await;
    service.app.command().rotate(service.app.time()).await.unwrap();
    let (path, sound, turns) = (service.app.path(), service.app.vault.clone(), service.turns.clone());
    service.vault.before_loading(move |id| {
        if id == turns[1] {
            let sql = rusqlite::Connection::open(&path).unwrap();
            for (stage, id) in [("retired", turns[1]), ("active", turns[2])] {
                sql.execute("UPDATE signing_keys SET stage = ?1 WHERE kid = ?2", (stage, id.as_bytes())).unwrap();
            }
            sound.destroy(id)?;
        }
        Ok(())
    });
    assert_eq!(service.signs().await, service.turns[2]);
}

/// Somebody revokes the next key between the plan and its turn.
#[tokio::test]
async fn a_plan_that_came_to_nothing_changes_nothing() {
    let service = Service::start().await;
    let (path, turns) = (service.app.path(), service.turns.clone());
    service.vault.before_loading(move |id| {
        let sql = rusqlite::Connection::open(&path).unwrap();
        let revoke = "UPDATE signing_keys SET stage = 'retired', revoked_at = 1, reason = 'x' WHERE kid = ?1 AND stage = 'pending'";
        if id == turns[1] {
            sql.execute(revoke, [id.as_bytes()]).unwrap();
        }
        Ok(())
    });
    let rotated = service.custodian.rotate(service.app.time()).await.unwrap();
    assert_eq!((rotated.activated, rotated.destroyed), (None, vec![]));
    assert_eq!(service.signs().await, service.turns[0]);
    assert_eq!(service.custodian.rotate(service.app.time()).await.unwrap().activated, Some(service.turns[2]));
    service.app.spent_keys_are_destroyed().await;
}

#[tokio::test]
async fn of_many_processes_that_look_at_once_one_changes_the_keys_over() {
    let service = Service::start().await;
    let mut looking = JoinSet::new();
    for _ in 0..20 {
        let process = service.app.command();
        let time = service.app.time();
        looking.spawn(async move { process.rotate(time).await.unwrap().activated });
    }
    let activated: Vec<KeyId> = looking.join_all().await.into_iter().flatten().collect();
    assert_eq!(activated, [service.turns[1]]);
    assert_eq!(service.signs().await, service.turns[1]);
    service.app.spent_keys_are_destroyed().await;
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written_keeps_every_key_where_it_is() {
    let service = Service::start().await;
    let app = &service.app;
    let live = app.officer.issue_plain().await;
    let before = (service.state().await, app.dump());
    app.sql().execute_batch("CREATE TRIGGER blocked BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ABORT, 'blocked'); END").unwrap();
    assert!(matches!(service.custodian.rotate(service.app.time()).await, Err(CustodyError::Store(_))));
    let refused = service.custodian.revoke(&Actor::Operator, service.turns[0], "stolen").await;
    assert!(matches!(refused, Err(Refused::Store(_))), "{refused:?}");
    assert_eq!((service.state().await, app.dump()), before, "no record, no change; and nothing is destroyed for it");
    assert_eq!(app.anyone().token(&live.token).await.verdict(), "genuine");
    app.sql().execute_batch("DROP TRIGGER blocked").unwrap();
    assert_eq!(service.signs().await, service.turns[0]);
    assert_eq!(service.custodian.rotate(service.app.time()).await.unwrap().activated, Some(service.turns[1]));
    assert_eq!(app.record(service.turns[0]).await.stage, Stage::Retired);
}

#[tokio::test]
async fn keys_that_were_made_before_the_disk_was_full_are_not_made_again() {
    let service = Service::start().await;
    service.app.clock.set(NOW + 14 * DAY);
    let before = service.app.vault.ids().unwrap();
    *service.vault.room.lock().unwrap() = 1;
    assert!(matches!(service.custodian.next_set(0, Spares::Used).await, Err(CustodyError::Vault(_))));
    let made: BTreeSet<KeyId> = service.app.vault.ids().unwrap().difference(&before).copied().collect();
    assert_eq!(made.len(), 1);
    *service.vault.room.lock().unwrap() = usize::MAX;
    let set = service.custodian.next_set(0, Spares::Used).await.unwrap().set;
    let named: BTreeSet<KeyId> = set.keys().iter().map(|key| key.key.id()).collect();
    assert!(named.is_superset(&made) && set.keys().len() > service.turns.len() + 1);
    assert_eq!(named, service.app.vault.ids().unwrap(), "and none beyond those of the set");
}
