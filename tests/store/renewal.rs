//! The ledger's key replaced: in good order, lost, stolen and after a backup, by a process that may end at every step.

use std::{fs, path::PathBuf, sync::Arc};

use countersign::{
    authority::{ActorName, Role},
    clock::ManualClock,
    issuer::{LedgerVault, Notary, NotaryError, Renewal, RenewalError, Renewed, inspect, prove},
    ledger::{
        Checkpoint, Event,
        KeyCause::{self, Lost, Renewed as InOrder, Restored, Stolen},
        Report, VerifierKey, ledger_key,
    },
    store::{DeploymentKeys, LedgerStore, SqliteStore},
    token::Cti,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    acts::officer,
    faulty::{Ends, Mortal},
    vault::MemoryLedger,
    world::{self, NOW, Seeded},
};

/// A store of a few entries, signed by a machine.
pub struct Scene {
    pub store: Arc<SqliteStore>,
    pub machine: Arc<MemoryLedger>,
    pub people: usize,
    /// The key that a copy which was put back is bound to.
    pub bound_to: Option<VerifierKey>,
    entropy: Arc<Seeded>,
    folder: TempDir,
}

impl Scene {
    pub async fn begin() -> Self {
        let scene = Self::unsigned().await;
        scene.notary().sign().await.unwrap().unwrap();
        scene
    }

    pub async fn unsigned() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open_for_issuer(&folder.path().join("store.sqlite"), &crate::world::deployment_keys()).unwrap());
        let mut scene = Self {
            store,
            machine: Arc::new(MemoryLedger::with(world::ledger())),
            people: 0,
            bound_to: None,
            entropy: Arc::new(Seeded::new(9)),
            folder,
        };
        scene.acts(3).await;
        scene
    }

    pub async fn acts(&mut self, acts: usize) {
        use countersign::store::IssuerStore as _;
        for _ in 0..acts {
            let callsign = format!("person{}", self.people);
            let event = Event::OfficerEnrolled { callsign: callsign.parse().unwrap(), role: Role::Officer, by: ActorName::Operator };
            assert!(self.store.enrol(officer(&callsign, Role::Officer), event.at(NOW)).await.unwrap());
            self.people += 1;
        }
    }

    /// A new process of the service.
    pub fn notary(&self) -> Notary {
        Notary::new(self.store.clone(), self.machine.clone())
    }

    pub async fn renew(&self, cause: KeyCause) -> Result<Renewed, RenewalError> {
        self.of_copy(self.renewal(self.store.clone(), self.machine.clone())).renew(cause, None).await
    }

    fn of_copy(&self, renewal: Renewal) -> Renewal {
        match &self.bound_to {
            Some(key) => renewal.put_back(key.clone()),
            None => renewal,
        }
    }

    pub fn renewal(&self, store: Arc<dyn LedgerStore>, vault: Arc<dyn LedgerVault>) -> Renewal {
        Renewal::new(store, vault, Arc::new(ManualClock::at(NOW + 60)), self.entropy.clone())
    }

    /// A command that ends at a step; whether it got that far.
    pub async fn killed(&self, cause: KeyCause, ends: Arc<Ends>) -> bool {
        let store = Arc::new(Mortal { inner: self.store.clone(), ends: ends.clone() });
        let vault = Arc::new(Mortal { inner: self.machine.clone(), ends: ends.clone() });
        let outcome = self.of_copy(self.renewal(store, vault)).renew(cause, None).await;
        assert_eq!(outcome.is_err(), ends.ended(), "{outcome:?}");
        ends.ended()
    }

    pub async fn audited(&self, key: &VerifierKey, kept: Vec<Checkpoint>) -> Report {
        inspect(&*self.store, key.clone(), kept).await.unwrap()
    }

    pub async fn kept(&self, key: &VerifierKey) -> Checkpoint {
        Checkpoint::open(&self.store.head().await.unwrap().checkpoint.unwrap().note, key).unwrap()
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store.sqlite")
    }

    pub fn backup(&self) -> PathBuf {
        let copy = self.folder.path().join("backup.sqlite");
        Connection::open(self.path()).unwrap().execute("VACUUM INTO ?1", [copy.to_str()]).unwrap();
        copy
    }

    /// The copy in place of the store, on the same machine.
    pub fn put_back(self, backup: &PathBuf, bound_to: Option<VerifierKey>) -> Self {
        let restored = self.folder.path().join("restored.sqlite");
        fs::copy(backup, &restored).unwrap();
        // Whichever ledger key it is bound to.
        let keys = DeploymentKeys { ledger: vec![], ..world::deployment_keys() };
        let store = Arc::new(SqliteStore::open_for_issuer(&restored, &keys).unwrap());
        // Other people come than those who were lost with it.
        Self { store, bound_to, people: 50, ..self }
    }
}

pub fn old() -> VerifierKey {
    world::ledger().0
}

#[tokio::test]
async fn a_renewed_key_is_followed_by_the_running_service_and_by_holders_of_either() {
    let mut scene = Scene::begin().await;
    let (running, kept) = (scene.notary(), scene.kept(&old()).await);
    running.sign().await.unwrap();
    scene.acts(2).await;
    let done = scene.renew(InOrder).await.unwrap();
    assert_eq!((done.change.number, done.change.cause, done.vouched, done.resumed), (6, InOrder, true, false));
    scene.acts(1).await;
    assert_eq!(running.sign().await.unwrap().unwrap().size, 7, "it loads the new key");
    assert_eq!(scene.notary().sign().await.unwrap(), None, "as does one that starts");
    for key in [&old(), &done.change.new] {
        let report = scene.audited(key, vec![kept]).await;
        assert_eq!((report.faults, report.signed, report.kept), (vec![], 7, vec![3]));
    }
    let again = scene.renew(InOrder).await.unwrap();
    assert_eq!((again.change.old, again.change.number, again.resumed), (done.change.new, 8, false), "once more is another change");
    assert_eq!(scene.audited(&old(), vec![kept]).await.faults, []);
}

#[tokio::test]
async fn a_change_that_ends_at_any_step_is_finished_by_the_next() {
    for cause in [InOrder, Lost, Stolen] {
        for done in [false, true] {
            let mut steps = 0;
            loop {
                let mut scene = Scene::begin().await;
                let running = scene.notary();
                running.sign().await.unwrap();
                scene.acts(2).await;
                if cause == Lost {
                    scene.machine.put(None);
                }
                let what = format!("{cause:?}, step {steps}, done: {done}");
                if !scene.killed(cause, Ends::at(steps, done)).await {
                    break;
                }
                // Whatever the service and the people do meanwhile.
                let signed = running.sign().await;
                scene.acts(1).await;
                let between = signed.is_ok();
                let loot = scene.machine.loot();
                let renewed = scene.renew(cause).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(renewed.vouched, cause == InOrder, "{what}");
                assert_eq!(scene.machine.published().unwrap(), Some(renewed.change.new.clone()), "{what}");
                assert!(scene.machine.next().unwrap().is_none(), "{what}");
                scene.acts(1).await;
                running.sign().await.unwrap_or_else(|error| panic!("{what}, {between}: {error}"));
                let report = scene.audited(&renewed.change.new, vec![]).await;
                let size = scene.store.head().await.unwrap().size;
                assert_eq!((report.faults, report.signed), (vec![], size), "{what}");
                assert_eq!(scene.audited(&old(), vec![]).await.faults.is_empty(), cause == InOrder, "{what}");
                // Where it is said to be stolen, what was here before may be as well.
                let is_in_ledger = steps > 1 || steps == 1 && done;
                let changes = if cause == Stolen && is_in_ledger { 2 } else { 1 };
                assert_eq!((report.counts["ledger_key_changed"], renewed.resumed), (changes, is_in_ledger && cause != Stolen), "{what}");
                assert!(cause != Stolen || !loot.contains(&renewed.change.new), "{what}");
                steps += 1;
            }
            assert_eq!(steps, 5, "{cause:?}: a new key, an entry, the machine's file, the store, its place");
        }
    }
}

#[tokio::test]
async fn between_the_entry_and_its_checkpoint_nothing_is_signed() {
    let mut scene = Scene::begin().await;
    let running = scene.notary();
    assert!(running.can_sign().await.is_ok());
    assert!(scene.killed(InOrder, Ends::at(1, true)).await);
    let checkpoints = scene.store.checkpoints(0).await.unwrap();
    for notary in [&running, &scene.notary()] {
        assert!(matches!(notary.sign().await, Err(NotaryError::Unfinished)));
        assert!(matches!(notary.can_sign().await, Err(NotaryError::Unfinished)));
    }
    assert_eq!(scene.store.checkpoints(0).await.unwrap(), checkpoints);
    scene.renew(InOrder).await.unwrap();
    scene.acts(1).await;
    assert!(running.can_sign().await.is_ok(), "at once, without waiting for its round");
}

/// Under the old key's signature it would lead overseers to the new one.
#[tokio::test]
async fn a_change_that_somebody_wrote_into_the_store_is_not_signed() {
    use countersign::store::IssuerStore as _;
    let scene = Scene::begin().await;
    let running = scene.notary();
    running.sign().await.unwrap();
    let new = Box::new(ledger_key(&world::issuer(), world::key(6).public()).unwrap());
    let (old, by) = (Box::new(old()), ActorName::Operator);
    let forged = Event::LedgerKeyChanged { old, new, size: 3, cause: InOrder, reason: None, by }.at(NOW);
    scene.store.record(forged).await.unwrap();
    for notary in [&running, &scene.notary()] {
        assert!(matches!(notary.sign().await, Err(NotaryError::Unfinished)));
    }
    assert_eq!(scene.store.checkpoints(0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_of_changes_that_is_not_the_entries_own_is_found() {
    let mut scene = Scene::begin().await;
    let new = scene.renew(InOrder).await.unwrap().change.new;
    scene.acts(1).await;
    scene.notary().sign().await.unwrap();
    let sql = Connection::open(scene.path()).unwrap();
    sql.execute_batch("DELETE FROM ledger_key_changes").unwrap();
    for key in [&old(), &new] {
        assert!(!scene.audited(key, vec![]).await.faults.is_empty(), "{key}");
    }
    let says = "the store lists 0 changes of the ledger's key, but the entries name 1";
    assert_eq!(scene.audited(&old(), vec![]).await.faults.iter().map(|fault| fault.what.as_str()).collect::<Vec<_>>(), [says]);
    sql.execute_batch("INSERT INTO ledger_key_changes VALUES (2)").unwrap();
    assert!(inspect(&*scene.store, new.clone(), vec![]).await.is_err(), "an entry about something else");
    sql.execute_batch("DELETE FROM ledger_key_changes; INSERT INTO ledger_key_changes VALUES (4)").unwrap();
    assert_eq!(scene.audited(&new, vec![]).await.faults, []);
}

#[tokio::test]
async fn nothing_is_issued_while_the_deployment_names_another_key() {
    let mut scene = Scene::begin().await;
    let running = scene.notary();
    running.sign().await.unwrap();
    scene.acts(1).await;
    let sql = Connection::open(scene.path()).unwrap();
    sql.execute_batch("UPDATE deployment SET ledger_key = 'another'").unwrap();
    for notary in [&running, &scene.notary()] {
        assert!(matches!(notary.sign().await, Err(NotaryError::Store(_))));
        assert!(notary.can_sign().await.is_err());
    }
    sql.execute("UPDATE deployment SET ledger_key = ?1", [old().to_string()]).unwrap();
    assert!(running.can_sign().await.is_ok());
}

#[tokio::test]
async fn what_is_not_so_is_refused_and_changes_nothing() {
    let scene = Scene::begin().await;
    assert!(matches!(scene.renew(Lost).await, Err(RenewalError::NotLost(key)) if key == old().to_string()));
    assert!(matches!(scene.renew(Restored).await, Err(RenewalError::NotRestored(key)) if key == old().to_string()));
    for reason in ["", "two\nlines", &"x".repeat(65)] {
        let renewal = scene.renewal(scene.store.clone(), scene.machine.clone());
        assert!(matches!(renewal.renew(InOrder, Some(reason)).await, Err(RenewalError::Reason)), "{reason:?}");
    }
    scene.machine.put(None);
    assert!(matches!(scene.renew(InOrder).await, Err(RenewalError::Lost(_))));
    assert!(scene.machine.next().unwrap().is_none());
    assert_eq!(scene.audited(&old(), vec![]).await.counts.get("ledger_key_changed"), None);
}

#[tokio::test]
async fn a_key_of_somewhere_else_signs_nothing_and_is_not_destroyed() {
    let unsigned = Scene::unsigned().await;
    unsigned.machine.put(Some(&world::key(6)));
    assert!(matches!(unsigned.notary().sign().await, Err(NotaryError::OtherKey(key)) if key == old().to_string()));
    let mut scene = Scene::begin().await;
    scene.machine.put(Some(&world::key(6)));
    scene.acts(1).await;
    let notary = scene.notary();
    assert!(matches!(notary.sign().await, Err(NotaryError::OtherKey(key)) if key == old().to_string()));
    assert!(notary.can_sign().await.is_err(), "and nothing is issued");
    for cause in [InOrder, Lost, Stolen, Restored] {
        assert!(matches!(scene.renew(cause).await, Err(RenewalError::Stranger { newest, .. }) if newest == old().to_string()), "{cause:?}");
        assert_eq!(scene.machine.loot().len(), 1, "and no other is made");
    }
    // Moved away.
    scene.machine.put(None);
    let done = scene.renew(Lost).await.unwrap();
    assert!(!done.vouched && done.change.old == old());
    assert!(notary.can_sign().await.is_ok());
    assert_eq!(scene.audited(&done.change.new, vec![]).await.faults, []);
    assert!(scene.audited(&old(), vec![]).await.faults[0].what.contains("name it with --key"));
    // After a change was recorded another key made by hand is known by the ledger's own word.
    scene.machine.put(Some(&world::key(6)));
    scene.acts(1).await;
    assert!(matches!(scene.notary().sign().await, Err(NotaryError::OtherKey(_))));
    scene.machine.put(None);
    assert!(matches!(scene.notary().sign().await, Err(NotaryError::NoKey)));
    assert!(matches!(notary.sign().await, Ok(Some(_))), "who has it in memory goes on");
}

#[tokio::test]
async fn of_two_copies_on_one_machine_the_second_is_not_signed() {
    let mut first = Scene::begin().await;
    let backup = first.backup();
    first.acts(1).await;
    let signed = first.notary().sign().await.unwrap().unwrap();
    let second = first.folder.path().join("second.sqlite");
    fs::copy(&backup, &second).unwrap();
    let second = Arc::new(SqliteStore::open_for_issuer(&second, &crate::world::deployment_keys()).unwrap());
    {
        use countersign::store::IssuerStore as _;
        let event = Event::OfficerEnrolled { callsign: "other".parse().unwrap(), role: Role::Officer, by: ActorName::Operator };
        assert!(second.enrol(officer("other", Role::Officer), event.at(NOW)).await.unwrap());
    }
    assert_eq!(second.head().await.unwrap().size, signed.size, "two roots of one size");
    let notary = Notary::new(second.clone(), first.machine.clone());
    assert!(matches!(notary.sign().await, Err(NotaryError::Changed(_))));
    assert_eq!(second.checkpoints(0).await.unwrap().len(), 1);
    first.acts(1).await;
    assert!(first.notary().sign().await.unwrap().is_some(), "the first goes on");
}

#[tokio::test]
async fn what_is_on_the_machines_disk_and_not_in_the_store_is_put_there_as_it_is() {
    for done in [false, true] {
        let mut scene = Scene::begin().await;
        scene.acts(2).await;
        // Ends at the store: the machine's file is written first.
        let ends = Ends::at(1, done);
        let store = Arc::new(Mortal { inner: scene.store.clone(), ends: ends.clone() });
        let vault = Arc::new(Mortal { inner: scene.machine.clone(), ends: ends.clone() });
        assert!(matches!(Notary::new(store, vault).sign().await, Err(NotaryError::Store(_))));
        let written = scene.machine.last().unwrap().unwrap();
        assert_eq!(Checkpoint::open(&written, &old()).unwrap().size, 5, "it is on the disk before the store");
        scene.acts(1).await;
        assert_eq!(scene.notary().sign().await.unwrap().unwrap().size, 6);
        let notes: Vec<String> = scene.store.checkpoints(0).await.unwrap().into_iter().map(|row| row.note).collect();
        assert_eq!((notes.len(), &notes[1]), (3, &written));
        assert_eq!(scene.audited(&old(), vec![]).await.faults, []);
    }
}

#[tokio::test]
async fn a_machine_whose_disk_takes_nothing_signs_nothing() {
    let mut scene = Scene::begin().await;
    scene.acts(1).await;
    let ends = Ends::at(0, false);
    let vault = Arc::new(Mortal { inner: scene.machine.clone(), ends });
    let notary = Notary::new(scene.store.clone(), vault);
    assert!(matches!(notary.sign().await, Err(NotaryError::Vault(_))));
    assert_eq!(scene.store.checkpoints(0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_machine_learns_what_another_one_signed() {
    let mut scene = Scene::begin().await;
    let other = Arc::new(MemoryLedger::with(world::ledger()));
    scene.acts(1).await;
    Notary::new(scene.store.clone(), other.clone()).sign().await.unwrap().unwrap();
    assert_eq!(scene.notary().sign().await.unwrap(), None);
    assert_eq!(scene.machine.last().unwrap(), other.last().unwrap());
    // A file of another ledger, or none at all of any.
    for wrong in [scene.machine.last().unwrap().unwrap().replace("verify.example.org", "verify.example.net"), "x".into(), String::new()] {
        other.remember(&wrong).unwrap();
        assert!(matches!(Notary::new(scene.store.clone(), other.clone()).sign().await, Err(NotaryError::ForeignLast(_))), "{wrong}");
        assert_eq!(other.last().unwrap(), Some(wrong), "it stays");
    }
}

#[tokio::test]
async fn a_proof_is_made_under_whichever_key_signs() {
    let scene = Scene::begin().await;
    let done = scene.renew(InOrder).await.unwrap();
    assert!(prove(&*scene.store, &old(), Cti([1; 8])).await.unwrap().is_none());
    assert_eq!(scene.kept(&done.change.new).await, scene.kept(&old()).await, "both signed the first behind the change");
}
