//! Each group of acts is signed in its own transaction, by what the process remembers: who edits the store between two of them
//! gets no signature under it.

use std::sync::{Arc, mpsc};

use countersign::{
    issuer::{LedgerKey, LedgerVault, Notary, NotaryError, Renewal, VaultError, inspect},
    keyring::SigningKey,
    ledger::{Checkpoint, Entry, Event, KeyCause, Report, VerifierKey},
    store::{CheckpointRow, IssueRefusal, Marked, StoreError},
};
use tokio::task::JoinSet;

use crate::{
    Backend, Stores,
    acts::{NOW, World, new_token, speakable},
    vault::MemoryLedger,
    world,
};

/// An entry unlike any other.
fn numbered(n: u64) -> Entry {
    Event::KeySetPublished { version: n, hash: [1; 32] }.at(NOW)
}

fn machine() -> Arc<MemoryLedger> {
    Arc::new(MemoryLedger::with(world::ledger()))
}

/// A process that signs what it appends, on a machine.
async fn process(stores: &Stores, machine: Arc<dyn LedgerVault>) -> Notary {
    let notary = Notary::new(stores.ledger.clone(), machine);
    notary.sign_each_group().unwrap();
    notary.sign().await.unwrap();
    notary
}

async fn newest(stores: &Stores) -> CheckpointRow {
    stores.ledger.head().await.unwrap().checkpoint.unwrap()
}

/// How many entries there are, all of them under the newest checkpoint, and how many checkpoints.
async fn signed(stores: &Stores) -> (u64, u64) {
    sound(&inspect(&*stores.ledger, world::ledger().0, vec![]).await.unwrap())
}

fn sound(report: &Report) -> (u64, u64) {
    // What the entries say is of no matter here.
    let faults: Vec<_> = report.faults.iter().filter(|fault| !fault.what.contains("was published after a newer one")).collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(report.signed, report.entries);
    (report.entries, report.checkpoints)
}

pub async fn each_group_of_acts_is_signed_in_its_own_transaction(backend: &dyn Backend) {
    let (world, machine) = (World::new(backend).await, machine());
    let stores = &world.stores;
    let notary = process(stores, machine.clone()).await;
    let (size, notes) = signed(stores).await;
    for n in 1..=20 {
        stores.issuer.record(numbered(n)).await.unwrap();
        let row = newest(stores).await;
        let checkpoint = Checkpoint::open(&row.note, &world::ledger().0).unwrap();
        assert_eq!((checkpoint.size, row.number.cast_unsigned()), (size + n, notes + n), "each act came alone");
        assert_eq!(machine.last().unwrap(), Some(row.note), "written down before the act was answered");
    }
    assert_eq!(notary.sign().await.unwrap(), None, "nothing is left");
    // Many at once share transactions, and so checkpoints.
    let mut racing = JoinSet::new();
    for n in 0..200 {
        let issuer = stores.issuer.clone();
        racing.spawn(async move { issuer.record(numbered(1_000 + n)).await.unwrap() });
    }
    racing.join_all().await;
    let (entries, checkpoints) = signed(stores).await;
    assert_eq!(entries, size + 220);
    assert!(checkpoints > notes + 20 && checkpoints < notes + 220, "{checkpoints}");
    assert_eq!(machine.last().unwrap(), Some(newest(stores).await.note));
}

/// Takes the newest entries away, up to this size, with all nodes over them.
fn cut_off(size: u64, to: u64) -> String {
    let nodes = (to..size).flat_map(|index| (1..=index.trailing_ones()).map(move |level| (level, index >> level)));
    let nodes = nodes.map(|(level, index)| format!("DELETE FROM ledger_nodes WHERE level = {level} AND idx = {index}; "));
    format!("{}DELETE FROM ledger_entries WHERE seq > {to}", nodes.collect::<String>())
}

const NEWEST: &str = "(SELECT max(number) FROM ledger_checkpoints)";

/// What somebody does to a ledger of so many entries right behind the issue of a token, before the next act.
type Deed = (&'static str, fn(u64) -> String);

const DEEDS: [Deed; 9] = [
    ("the newest entry", |size| cut_off(size, size - 1)),
    ("the newest entry and its checkpoint", |size| {
        format!("{}; DELETE FROM ledger_checkpoints WHERE number = {NEWEST}", cut_off(size, size - 1))
    }),
    ("the newest entries and their checkpoints", |size| {
        format!("{}; DELETE FROM ledger_checkpoints WHERE size > {}", cut_off(size, size - 3), size - 3)
    }),
    ("another entry in its place", |size| {
        let other = format!("INSERT INTO ledger_entries (seq, leaf) SELECT {size}, leaf FROM ledger_entries WHERE seq = 1");
        format!("{}; {other}; DELETE FROM ledger_checkpoints WHERE number = {NEWEST}", cut_off(size, size - 1))
    }),
    ("the checkpoint alone", |_| format!("DELETE FROM ledger_checkpoints WHERE number = {NEWEST}")),
    ("an older checkpoint, and the numbers closed up", |_| {
        format!(
            "DELETE FROM ledger_checkpoints WHERE number = {NEWEST} - 1; UPDATE ledger_checkpoints SET number = number - 1 WHERE number = {NEWEST}"
        )
    }),
    ("a peak of the tree", |size| {
        let level = size.ilog2();
        let other = "(SELECT hash FROM ledger_nodes WHERE level = 1 AND idx = 0)";
        format!("UPDATE ledger_nodes SET hash = {other} WHERE level = {level} AND idx = 0")
    }),
    ("all nodes", |_| "DELETE FROM ledger_nodes".into()),
    ("all that was ever signed", |_| "DELETE FROM ledger_checkpoints".into()),
];

const TABLES: [&str; 4] = ["ledger_entries", "ledger_nodes", "ledger_checkpoints", "tokens"];

async fn each_table(backend: &dyn Backend, statement: impl Fn(&str) -> String) {
    for table in TABLES {
        backend.sql(&statement(table)).await.unwrap();
    }
}

/// The very attack: a token is issued, its entry and all that is over it is taken out of the ledger before the next act, then its row.
pub async fn who_takes_the_newest_entry_away_gets_no_signature(backend: &dyn Backend) {
    let (world, machine) = (World::new(backend).await, machine());
    let stores = &world.stores;
    let notary = process(stores, machine.clone()).await;
    // A size at which the next entry completes a node.
    while world.entries().await % 4 != 2 {
        stores.issuer.record(numbered(500)).await.unwrap();
    }
    let id = new_token(7);
    stores.issuer.issue_and_record(id, numbered(501)).await.unwrap();
    stores.issuer.record(numbered(502)).await.unwrap();
    let (size, _) = signed(stores).await;
    each_table(backend, |table| format!("CREATE TABLE saved_{table} AS SELECT * FROM {table}")).await;
    for (n, (what, deed)) in (0..).zip(DEEDS) {
        backend.sql(&deed(size)).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        backend.sql("DELETE FROM tokens").await.unwrap();
        let notes = stores.ledger.checkpoints(0).await.unwrap();
        let last = machine.last().unwrap();
        // Acts that may not be without a checkpoint are refused; what takes back goes on, unless the tree cannot even grow.
        let issued = stores.issuer.issue_and_record(new_token(8), numbered(600 + n)).await;
        assert!(matches!(issued, Err(IssueRefusal::Store(_))), "{what}: {issued:?}");
        let _ = stores.issuer.record(numbered(700 + n)).await;
        let error = notary.can_sign().await.expect_err(what);
        assert!(matches!(error, NotaryError::Changed(_) | NotaryError::Store(_)), "{what}: {error}");
        assert_eq!(stores.ledger.checkpoints(0).await.unwrap(), notes, "{what}: nothing is signed");
        assert_eq!(machine.last().unwrap(), last, "{what}");
        // Neither by a process that is started now, on the same machine, unless nothing but a checkpoint is gone, which it puts back.
        let entries_are_changed = !what.contains("checkpoint alone") && !what.contains("ever signed") && !what.contains("closed up");
        let newcomer = Notary::new(stores.ledger.clone(), machine.clone());
        if entries_are_changed {
            assert!(newcomer.sign().await.is_err(), "{what}");
        }
        each_table(backend, |table| format!("DELETE FROM {table}")).await;
        each_table(backend, |table| format!("INSERT INTO {table} SELECT * FROM saved_{table}")).await;
        notary.can_sign().await.unwrap_or_else(|error| panic!("{what}, put back as it was: {error}"));
    }
    stores.issuer.issue_and_record(new_token(9), numbered(800)).await.unwrap();
    assert_eq!(signed(stores).await.0, size + 1);
}

/// The process that acts next never saw what is gone, but the machine's disk has the checkpoint over it.
pub async fn what_another_process_of_the_machine_signed_is_not_signed_over(backend: &dyn Backend) {
    let (world, machine) = (World::new(backend).await, machine());
    let (first, second) = (world.stores.clone(), backend.open().await);
    let notary = process(&first, machine.clone()).await;
    // As a command does: it acts, signs, and ends.
    let _ = process(&second, machine.clone()).await;
    second.issuer.issue_and_record(new_token(7), numbered(501)).await.unwrap();
    let (size, _) = signed(&first).await;
    let (note, last) = (newest(&first).await, machine.last().unwrap());
    let taken = format!("{}; DELETE FROM ledger_checkpoints WHERE number = {NEWEST}", cut_off(size, size - 1));
    backend.sql(&taken).await.unwrap();
    backend.sql("DELETE FROM tokens").await.unwrap();
    let notes = first.ledger.checkpoints(0).await.unwrap();
    let issued = first.issuer.issue_and_record(new_token(8), numbered(502)).await;
    assert!(matches!(issued, Err(IssueRefusal::Store(StoreError::Unsigned))), "{issued:?}");
    first.issuer.record(numbered(503)).await.unwrap();
    assert_eq!(first.ledger.checkpoints(0).await.unwrap(), notes, "nothing is signed");
    assert_eq!(machine.last().unwrap(), last);
    assert_eq!(last, Some(note.note));
    assert!(matches!(notary.can_sign().await, Err(NotaryError::Changed(_))));
}

/// A group that takes something back is not held up; what brings a token into the world is.
pub async fn without_a_signature_only_what_takes_back_goes_on(backend: &dyn Backend) {
    let (world, machine) = (World::new(backend).await, machine());
    let stores = &world.stores;
    for cti in [5, 6] {
        world.issued(cti).await;
    }
    machine.put(None);
    let notary = Notary::new(stores.ledger.clone(), machine.clone());
    notary.sign_each_group().unwrap();
    assert!(matches!(notary.sign().await, Err(NotaryError::NoKey)));
    let refuses = async |cti: u8| {
        let issued = world.issue(new_token(cti)).await;
        assert!(matches!(issued, Err(IssueRefusal::Store(StoreError::Unsigned))), "{issued:?}");
        assert_eq!(stores.issuer.token(new_token(cti).cti).await.unwrap(), None, "nothing of it is kept");
        let spoken = stores.issuer.make_speakable(new_token(5).cti, speakable(5, 9), numbered(1)).await;
        assert!(matches!(spoken, Err(IssueRefusal::Store(StoreError::Unsigned))), "{spoken:?}");
    };
    refuses(7).await;
    // Many at once, some of which may and some of which may not.
    let mut racing = JoinSet::new();
    for n in 0..60_u8 {
        let issuer = stores.issuer.clone();
        racing.spawn(async move {
            if n % 2 == 0 {
                issuer.record(numbered(n.into())).await.is_ok()
            } else {
                issuer.issue_and_record(new_token(100 + n), numbered(n.into())).await.is_err()
            }
        });
    }
    assert!(racing.join_all().await.into_iter().all(|as_expected| as_expected));
    world.withdraw(6).await;
    assert_eq!(stores.ledger.head().await.unwrap().checkpoint, None);
    machine.put(Some(&world::ledger().1));
    notary.can_sign().await.unwrap();
    world.issue(new_token(7)).await.unwrap();
    signed(stores).await;
    // The database refuses the checkpoint itself.
    backend.block("ledger_checkpoints").await;
    refuses(8).await;
    world.withdraw(7).await;
    assert!(notary.can_sign().await.is_err());
    backend.unblock("ledger_checkpoints").await;
    notary.can_sign().await.unwrap();
    world.issue(new_token(8)).await.unwrap();
    signed(stores).await;
}

pub async fn processes_with_and_without_the_key_leave_one_line_of_checkpoints(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (first, second, third) = (world.stores.clone(), backend.open().await, backend.open().await);
    let machine = machine();
    let notaries = [process(&first, machine.clone()).await, process(&second, machine.clone()).await];
    let (before, _) = signed(&first).await;
    let mut racing = JoinSet::new();
    for (n, stores) in (0..).zip([first.clone(), second.clone(), third]) {
        racing.spawn(async move {
            for act in 0..40 {
                stores.issuer.record(numbered(n * 1_000 + act)).await.unwrap();
            }
        });
    }
    racing.join_all().await;
    // The third one signs nothing; the next one does, and its own with it.
    first.issuer.record(numbered(9_000)).await.unwrap();
    assert_eq!(signed(&first).await.0, before + 121);
    second.issuer.issue_and_record(new_token(7), numbered(9_001)).await.unwrap();
    for notary in &notaries {
        notary.can_sign().await.unwrap();
        assert_eq!(notary.sign().await.unwrap(), None);
    }
    assert_eq!(signed(&first).await.0, before + 122);
}

pub async fn a_process_that_missed_much_looks_again_and_signs(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (first, second) = (world.stores.clone(), backend.open().await);
    let notary = process(&first, machine()).await;
    // More than a transaction reads.
    let mut racing = JoinSet::new();
    for n in 0..1_100 {
        let issuer = second.issuer.clone();
        racing.spawn(async move { issuer.record(numbered(n)).await.unwrap() });
    }
    racing.join_all().await;
    let refused = first.issuer.issue_and_record(new_token(7), numbered(5_000)).await;
    assert!(matches!(refused, Err(IssueRefusal::Store(StoreError::Unsigned))), "{refused:?}");
    notary.can_sign().await.unwrap();
    first.issuer.issue_and_record(new_token(7), numbered(5_000)).await.unwrap();
    signed(&first).await;
}

pub async fn the_first_checkpoint_behind_a_change_of_the_key_is_not_signed_by_a_group(backend: &dyn Backend) {
    let (world, machine) = (World::new(backend).await, machine());
    let stores = &world.stores;
    let notary = process(stores, machine.clone()).await;
    let (clock, entropy) = (Arc::new(countersign::clock::ManualClock::at(NOW)), Arc::new(world::Seeded::new(3)));
    let renewal = Renewal::new(backend.open().await.ledger, machine.clone(), clock, entropy);
    let done = renewal.renew(KeyCause::Renewed, None).await.unwrap();
    assert!(done.vouched);
    let notes = newest(stores).await.number;
    // The running service still has the old key in memory.
    let refused = stores.issuer.issue_and_record(new_token(7), numbered(1)).await;
    assert!(matches!(refused, Err(IssueRefusal::Store(StoreError::Unsigned))), "{refused:?}");
    notary.can_sign().await.unwrap();
    stores.issuer.issue_and_record(new_token(7), numbered(1)).await.unwrap();
    let row = newest(stores).await;
    assert_eq!(row.number, notes + 1);
    assert!(Checkpoint::open(&row.note, &done.change.new).is_ok(), "the new one signs");
    sound(&inspect(&*stores.ledger, done.change.new, vec![]).await.unwrap());
}

/// A change of the key that somebody else wrote is signed by nobody.
pub async fn nothing_is_signed_behind_a_change_of_the_key_that_was_written_by_hand(backend: &dyn Backend) {
    let (world, machine) = (World::new(backend).await, machine());
    let stores = &world.stores;
    let notary = process(stores, machine).await;
    let (old, new) = (world::ledger().0, VerifierKey::new(world::ledger().0.name().into(), world::key(9).public()).unwrap());
    let change = Event::LedgerKeyChanged {
        old: Box::new(old),
        new: Box::new(new),
        size: 1,
        cause: KeyCause::Lost,
        reason: None,
        by: countersign::authority::ActorName::Operator,
    };
    backend.open().await.issuer.record(change.at(NOW)).await.unwrap();
    let notes = newest(stores).await;
    assert!(stores.issuer.issue_and_record(new_token(7), numbered(1)).await.is_err());
    stores.issuer.record(numbered(2)).await.unwrap();
    assert!(matches!(notary.can_sign().await, Err(NotaryError::Unfinished)));
    assert_eq!(newest(stores).await, notes);
}

/// A machine whose disk is slow, or full.
struct Disk {
    inner: Arc<MemoryLedger>,
    /// One word for each write: whether it succeeds. Nobody sends any more: it does.
    writes: std::sync::Mutex<mpsc::Receiver<bool>>,
}

impl LedgerVault for Disk {
    fn published(&self) -> Result<Option<VerifierKey>, VaultError> {
        self.inner.published()
    }

    fn current(&self) -> Result<Option<LedgerKey>, VaultError> {
        self.inner.current()
    }

    fn next(&self) -> Result<Option<LedgerKey>, VaultError> {
        self.inner.next()
    }

    fn prepare(&self, key: &SigningKey) -> Result<(), VaultError> {
        self.inner.prepare(key)
    }

    fn discard_next(&self) -> Result<(), VaultError> {
        self.inner.discard_next()
    }

    fn take_over(&self) -> Result<(), VaultError> {
        self.inner.take_over()
    }

    fn last(&self) -> Result<Option<String>, VaultError> {
        self.inner.last()
    }

    fn remember(&self, note: &str) -> Result<(), VaultError> {
        if self.writes.lock().unwrap().recv().unwrap_or(true) { self.inner.remember(note) } else { Err(VaultError("full".into())) }
    }

    fn set_last_aside(&self) -> Result<(), VaultError> {
        self.inner.set_last_aside()
    }
}

pub async fn an_act_waits_for_the_machines_disk_and_a_check_does_not(backend: &dyn Backend) {
    let (world, machine) = (World::new(backend).await, machine());
    let stores = world.stores.clone();
    let used = world.issued(6).await;
    let (writes, received) = mpsc::channel();
    writes.send(true).unwrap();
    let notary = process(&stores, Arc::new(Disk { inner: machine.clone(), writes: received.into() })).await;
    let (size, issuer) = (world.entries().await, stores.issuer.clone());
    let acting = tokio::spawn(async move { issuer.record(numbered(1)).await });
    // It is committed, and its checkpoint with it, before the disk has taken that.
    while newest(&stores).await.size.cast_unsigned() <= size {
        tokio::task::yield_now().await;
    }
    let checked = stores.verifier.use_once(used, None, NOW).await.unwrap();
    assert_eq!(checked, Marked::First, "a check waits for no disk");
    assert!(!acting.is_finished(), "it is answered once its checkpoint is written down");
    let before = machine.last().unwrap();
    // The next write fails, and from then on all succeed.
    for succeeds in [true, false] {
        writes.send(succeeds).unwrap();
    }
    drop(writes);
    acting.await.unwrap().unwrap();
    assert_ne!(machine.last().unwrap(), before);
    let last = machine.last().unwrap();
    stores.issuer.issue_and_record(new_token(7), numbered(2)).await.unwrap();
    assert_eq!(machine.last().unwrap(), last, "it is signed in the store, and not written down");
    let refused = stores.issuer.issue_and_record(new_token(8), numbered(3)).await;
    assert!(matches!(refused, Err(IssueRefusal::Store(StoreError::Unsigned))), "nothing more is signed before it is: {refused:?}");
    notary.can_sign().await.unwrap();
    assert_eq!(machine.last().unwrap(), Some(newest(&stores).await.note));
    stores.issuer.issue_and_record(new_token(8), numbered(3)).await.unwrap();
    signed(&stores).await;
}
