//! The signer of the ledger: nothing is signed on top of what somebody changed, and an honest ledger goes on being signed.

use std::sync::Arc;

use countersign::{
    authority::{ActorName, Role},
    issuer::{Notary, NotaryError, inspect},
    ledger::{Checkpoint, Event, VerifierKey},
    store::{IssuerStore, LedgerStore as _, SqliteStore},
};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::{
    acts::officer,
    attack::{Attack, forge_nodes},
    tampering::{another_name, exchanged},
    vault::MemoryLedger,
    world::{self, DAY, NOW},
};

/// After everything that is in the ledger of a thousand entries.
const LATER: i64 = NOW + 20 * DAY;

/// A process that was started on a machine which holds this much of the ledger.
fn notary(store: &Arc<SqliteStore>, machine: &Arc<MemoryLedger>) -> Notary {
    Notary::new(store.clone(), machine.clone())
}

fn machine() -> Arc<MemoryLedger> {
    Arc::new(MemoryLedger::with(world::ledger()))
}

/// Something happens: there is one more entry.
async fn act(store: &dyn IssuerStore, n: usize) {
    let callsign = format!("person{n}");
    let event = Event::OfficerEnrolled { callsign: callsign.parse().unwrap(), role: Role::Officer, by: ActorName::Operator };
    assert!(store.enrol(officer(&callsign, Role::Officer), event.at(LATER)).await.unwrap());
}

fn entry_changed(sql: &Connection) {
    another_name(sql, 123);
    forge_nodes(sql);
}

fn entries_exchanged(sql: &Connection) {
    exchanged(sql, 999);
    forge_nodes(sql);
}

fn cut_off(sql: &Connection) {
    sql.execute_batch("DELETE FROM ledger_entries WHERE seq > 950").unwrap();
    forge_nodes(sql);
}

fn cut_off_with_its_checkpoints(sql: &Connection) {
    cut_off(sql);
    sql.execute_batch("DELETE FROM ledger_checkpoints WHERE size > 950").unwrap();
}

fn newest_deleted(sql: &Connection) {
    sql.execute_batch("DELETE FROM ledger_checkpoints WHERE number = 10").unwrap();
}

fn all_deleted(sql: &Connection) {
    sql.execute_batch("DELETE FROM ledger_checkpoints").unwrap();
}

fn newest_is_an_older_one(sql: &Connection) {
    let older = "UPDATE ledger_checkpoints SET note = (SELECT note FROM honest.ledger_checkpoints WHERE number = 9) WHERE number = 10";
    sql.execute_batch(older).unwrap();
}

fn put_note(sql: &Connection, note: &str) {
    sql.execute("UPDATE ledger_checkpoints SET note = ?1 WHERE number = 10", [note]).unwrap();
}

fn newest_note(sql: &Connection) -> String {
    sql.query_row("SELECT note FROM ledger_checkpoints WHERE number = 10", [], |row| row.get(0)).unwrap()
}

/// The newest checkpoint, signed again.
fn signed_by(sql: &Connection, name: &str, seed: u8) {
    let newest = Checkpoint::open(&newest_note(sql), &world::ledger().0).unwrap();
    let name = VerifierKey::new(name.to_owned(), world::key(seed).public()).unwrap();
    put_note(sql, &newest.sign(&name, &world::key(seed)));
}

fn another_key(sql: &Connection) {
    signed_by(sql, world::ledger().0.name(), 6);
}

fn another_ledger(sql: &Connection) {
    signed_by(sql, "verify.example.net/ledger", 5);
}

fn another_size(sql: &Connection) {
    put_note(sql, &newest_note(sql).replace("1000", "1001"));
}

fn no_note(sql: &Connection) {
    put_note(sql, "This is a letter, not a note.\n");
}

const RESTORED: &str = ", or, after an older copy of the store was put back, `countersign keys ledger renew --restored`";

/// What was done, what the notary says, and whether one says so that was started after it on the same machine.
type Case = (fn(&Connection), &'static str, bool);

const CHANGED: [Case; 11] = [
    (entry_changed, "the ledger is not the one that was signed before: entries that were signed are not the same any more", true),
    (entries_exchanged, "the ledger is not the one that was signed before: entries that were signed are not the same any more", true),
    (cut_off, "the ledger is not the one that was signed before: entries are missing at its end", true),
    (cut_off_with_its_checkpoints, "the ledger is not the one that was signed before: entries are missing at its end", true),
    // A new process cannot know these from a sudden end between the machine's own file and the store; it puts the note back.
    (newest_deleted, "the ledger is not the one that was signed before: the newest checkpoint is gone", false),
    (all_deleted, "the ledger is not the one that was signed before: the newest checkpoint is gone", false),
    (newest_is_an_older_one, "the ledger is not the one that was signed before: the newest checkpoint is gone", false),
    (another_key, "the newest checkpoint in the store cannot be believed: verify.example.org/ledger did not sign it", true),
    (another_ledger, "the newest checkpoint in the store cannot be believed: verify.example.org/ledger did not sign it", true),
    (another_size, "the newest checkpoint in the store cannot be believed: the signature of verify.example.org/ledger is wrong", true),
    (no_note, "the newest checkpoint in the store cannot be believed: it is not a signed note", true),
];

#[tokio::test]
async fn nothing_is_signed_on_top_of_a_ledger_that_was_changed() {
    let attack = Attack::begin().await;
    let machine = machine();
    let running = notary(&attack.store, &machine);
    assert_eq!(running.sign().await.unwrap(), None, "nothing is new");
    for (n, (change, says, to_newcomers)) in CHANGED.into_iter().enumerate() {
        attack.at_once(change);
        act(&*attack.store, n).await;
        let checkpoints = attack.store.checkpoints(0).await.unwrap();
        let newcomer = notary(&attack.store, &machine);
        for notary in [Some(&running), to_newcomers.then_some(&newcomer)].into_iter().flatten() {
            let error = notary.sign().await.unwrap_err();
            assert!(matches!(error, NotaryError::Changed(_) | NotaryError::Foreign(_)));
            let restored = if matches!(error, NotaryError::Changed(_)) { RESTORED } else { "" };
            assert_eq!(error.to_string(), format!("{says}; stop the service and run `countersign ledger verify`{restored}"));
        }
        assert_eq!(attack.store.checkpoints(0).await.unwrap(), checkpoints, "{says}");
        attack.undo();
    }
    act(&*attack.store, 100).await;
    assert_eq!(running.sign().await.unwrap().unwrap().size, 1_001, "put back as it was, it goes on");
    attack.undo();
    attack.is_undone().await;
}

#[tokio::test]
async fn what_a_new_machine_cannot_know_the_overseer_can() {
    let attack = Attack::begin().await;
    attack.at_once(cut_off_with_its_checkpoints);
    act(&*attack.store, 0).await;
    assert_eq!(notary(&attack.store, &machine()).sign().await.unwrap().unwrap().size, 951, "it never learnt of the others");
    assert_eq!(attack.report(vec![]).await.faults, []);
    let faults = attack.report(vec![attack.kept]).await.faults;
    assert!(faults.iter().any(|fault| fault.what.contains("a checkpoint of 1000 was kept: entries are missing")), "{faults:?}");
}

#[tokio::test]
async fn an_honest_ledger_goes_on_being_signed() {
    let attack = Attack::begin().await;
    let machine = machine();
    let mut notaries = vec![notary(&attack.store, &machine)];
    for n in 0..20 {
        act(&*attack.store, n).await;
        // Every few times the process is another one.
        if n % 5 == 4 {
            notaries.push(notary(&attack.store, &machine));
        }
        let last = notaries.last().unwrap();
        let signed = last.sign().await.unwrap().unwrap();
        assert_eq!(signed, Checkpoint { size: 1_001 + n as u64, root: attack.store.root(signed.size).await.unwrap() });
        assert_eq!(last.sign().await.unwrap(), None, "nothing is new");
    }
    let report = attack.report(vec![attack.kept]).await;
    assert_eq!((report.entries, report.checkpoints, report.signed, report.kept, report.faults), (1_020, 30, 1_020, vec![1_000], vec![]));
    assert_eq!(notaries[0].sign().await.unwrap(), None, "one that was idle meanwhile");
}

/// In two processes this many people at once act and ask for a signature, again and again.
async fn at_once(people: usize, machines: [Arc<MemoryLedger>; 2]) -> (u64, u64) {
    const ROUNDS: usize = 25;
    let attack = Attack::begin().await;
    let stores = [attack.store.clone(), Arc::new(SqliteStore::open_for_issuer(&attack.path(), &crate::world::deployment_keys()).unwrap())];
    let mut working = JoinSet::new();
    for (process, (store, machine)) in stores.iter().zip(&machines).enumerate() {
        let notary = Arc::new(notary(store, machine));
        for person in 0..people {
            let (store, notary, first) = (store.clone(), notary.clone(), (process * people + person) * ROUNDS);
            working.spawn(async move {
                let mut signed = 0;
                for n in first..first + ROUNDS {
                    act(&*store, n).await;
                    signed += u64::from(notary.sign().await.unwrap().is_some());
                }
                signed
            });
        }
    }
    let mut signed: u64 = working.join_all().await.into_iter().sum();
    signed += u64::from(notary(&stores[0], &machines[0]).sign().await.unwrap().is_some());
    let size = 1_000 + (2 * people * ROUNDS) as u64;
    let report = inspect(&*stores[1], world::ledger().0, vec![attack.kept]).await.unwrap();
    assert_eq!((report.entries, report.signed, report.faults), (size, size, vec![]));
    (report.checkpoints, 10 + signed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_notaries_at_once_sign_one_line_of_checkpoints() {
    let (kept, signed) = at_once(1, [machine(), machine()]).await;
    assert_eq!(kept, signed, "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notary_that_is_asked_by_several_at_once_raises_no_alarm() {
    let (kept, signed) = at_once(8, [machine(), machine()]).await;
    assert_eq!(kept, signed, "each once");
    // Two processes of one machine may each put into the store what the other has just written to their disk.
    let machine = machine();
    let (kept, signed) = at_once(8, [machine.clone(), machine]).await;
    assert!(kept >= signed);
}
