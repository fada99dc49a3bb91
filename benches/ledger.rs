//! What the ledger costs as it grows: `cargo bench --bench ledger`.
//!
//! Every group of acts is signed in its transaction. Verifying is also measured with as many checkpoints as entries, which is what
//! acts that come one at a time leave; those are written by hand, since that many transactions take longer than anybody waits.
//!
//! Ledgers of a thousand, a hundred thousand and a million entries on the real store, as ratios to the smallest beside the
//! ratio of the logarithms. The sizes take turns, so that a slow moment hits all alike. Entries are made by acts that are the
//! same at every size; as many arrive at once as the store takes, so that they share transactions.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "load/deployment.rs"]
mod deployment;

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use countersign::{
    authority::{ActorName, Officer, Role},
    entropy::SystemEntropy,
    issuer::{Notary, export, inspect},
    key_folder::{KeyFolder, LedgerFolder},
    keyring::{IssuerName, SigningKey},
    ledger::{Audit, Checkpoint, Event, Frontier, Line, Report, VerifierKey, leaf_hash, ledger_key},
    store::{IssuerStore as _, LedgerStore as _, SqliteStore, StoreError},
};
use futures_util::{StreamExt as _, stream};
use rusqlite::Connection;
use tempfile::TempDir;
use zeroize::Zeroizing;

const NOW: i64 = 1_795_000_000;
const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];
/// How many acts, or questions, are under way at once.
const AT_ONCE: usize = 2_048;
/// Acts of one round; about ten transactions.
const ACTS: u64 = 2_048;
/// Acts of one round where each waits for the one before.
const ALONE: u64 = 256;
/// Proofs of one round.
const PROOFS: u64 = 2_048;
/// Rounds of each; the median counts.
const ROUNDS: usize = 15;
/// A round of an operation on the whole ledger goes through at least so many entries.
const WHOLE: u64 = 200_000;
/// Rounds of those.
const WHOLE_ROUNDS: usize = 3;

struct Ledger {
    folder: TempDir,
    store: Arc<SqliteStore>,
    size: u64,
}

fn key() -> (VerifierKey, SigningKey) {
    let key = SigningKey::from_seed(&Zeroizing::new([5; 32]));
    let issuer: IssuerName = "verify.example.org".parse().expect("a host name");
    (ledger_key(&issuer, key.public()).expect("a good name"), key)
}

/// A key folder, so that what a checkpoint costs on this machine's disk counts too.
fn machine(folder: &TempDir) -> LedgerFolder {
    let keys = KeyFolder::at(folder.path().join("keys"));
    keys.init(&"verify.example.org".parse().expect("a host name"), NOW, &SystemEntropy, None).expect("keys");
    let (name, signing) = key();
    std::fs::write(folder.path().join("keys/private/ledger.pem"), signing.to_pem(None).expect("a key")).expect("a file");
    std::fs::write(folder.path().join("keys/ledger.vkey"), name.to_string()).expect("a file");
    keys.ledger(&"verify.example.org".parse().expect("a host name"), None)
}

/// Somebody is enrolled; in the order of their callsigns, so that a table of any size is written at its end.
async fn act(store: &SqliteStore, n: u64) {
    let callsign = format!("person{n:09}");
    let officer = Officer { callsign: callsign.parse().expect("a callsign"), role: Role::Officer, enrolled_at: NOW, suspended_at: None };
    let event = Event::OfficerEnrolled { callsign: officer.callsign.clone(), role: Role::Officer, by: ActorName::Operator };
    assert!(store.enrol(officer, event.at(NOW)).await.expect("the store works"));
}

impl Ledger {
    async fn of(size: u64) -> Self {
        Self::made(size, true).await
    }

    async fn made(size: u64, is_signed: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(SqliteStore::open_for_issuer(&folder.path().join("store.sqlite"), &deployment::keys()).expect("a store"));
        let notary = Notary::new(store.clone(), Arc::new(machine(&folder)));
        if is_signed {
            notary.sign_each_group().expect("a thread");
            notary.sign().await.expect("an honest ledger");
        }
        let mut ledger = Self { folder, store, size: 0 };
        ledger.append(size).await;
        ledger
    }

    /// A checkpoint behind each entry, in place of those that there are.
    fn note_each(&self) {
        let sql = Connection::open(self.folder.path().join("store.sqlite")).expect("a file");
        sql.execute_batch("BEGIN; DELETE FROM ledger_checkpoints").expect("rows");
        let ((name, signing), mut tree) = (key(), Frontier::default());
        let mut entries = sql.prepare("SELECT leaf FROM ledger_entries ORDER BY seq").expect("rows");
        let mut keep = sql.prepare("INSERT INTO ledger_checkpoints VALUES (?1, ?1, ?2)").expect("a statement");
        for leaf in entries.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("rows") {
            tree.push(leaf_hash(&leaf.expect("a row")));
            let note = Checkpoint { size: tree.size(), root: tree.root() }.sign(&name, &signing);
            keep.execute((tree.size().cast_signed(), note)).expect("a row");
        }
        sql.execute_batch("COMMIT").expect("it is durable");
    }

    async fn append(&mut self, acts: u64) {
        let begin = self.size;
        stream::iter(begin..begin + acts).for_each_concurrent(AT_ONCE, |n| act(&self.store, n)).await;
        self.size += acts;
    }

    async fn ask<T>(&self, drawn: Vec<(u64, u64)>, question: impl AsyncFn(u64, u64) -> Result<T, StoreError>) {
        let answer = async |(first, second)| drop(question(first, second).await.expect("the store works"));
        stream::iter(drawn).for_each_concurrent(AT_ONCE, answer).await;
    }

    fn exported(&self) -> PathBuf {
        self.folder.path().join("ledger.jsonl")
    }

    async fn export(&self) {
        let mut out = BufWriter::new(File::create(self.exported()).expect("a file"));
        let write = |line: &[u8]| out.write_all(line).and_then(|()| out.write_all(b"\n")).map_err(Failed::from);
        export(&*self.store, write).await.expect("all of it");
        out.flush().expect("all of it");
    }

    fn audit(&self) {
        let mut audit = Audit::new(key().0, vec![]);
        for line in BufReader::new(File::open(self.exported()).expect("it was exported")).split(b'\n') {
            match Line::read(&line.expect("it can be read")) {
                Line::Entry(leaf) => drop(audit.entry(leaf)),
                Line::Checkpoint(note) => audit.checkpoint(&note),
            }
        }
        sound(&audit.finish());
    }
}

fn sound(report: &Report) {
    assert!(report.faults.is_empty() && report.checkpoints > 0, "{:?}", report.faults.first());
}

#[derive(Debug)]
#[expect(dead_code, reason = "read in its Debug output alone")]
enum Failed {
    Store(StoreError),
    Output(io::Error),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// `SplitMix64`: the same places in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }

    /// Sizes of the upper half, each with an index of any entry in it.
    fn anywhere(&mut self, size: u64) -> Vec<(u64, u64)> {
        let mut pair = || {
            let second = size / 2 + 1 + self.below(size - size / 2);
            (self.below(second), second)
        };
        (0..PROOFS).map(|_| pair()).collect()
    }

    /// The whole ledger, with an index of one of its newest entries.
    fn recent(&mut self, size: u64) -> Vec<(u64, u64)> {
        (0..PROOFS).map(|_| (size - 1 - self.below(SIZES[0]), size)).collect()
    }
}

/// Nanoseconds of one operation at each size, round by round.
struct Row {
    name: &'static str,
    nanos: [Vec<f64>; 3],
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, nanos: Default::default() }
    }

    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one round are far below 2^53")]
    fn add(&mut self, at: usize, begin: Instant, operations: u64) {
        self.nanos[at].push(begin.elapsed().as_nanos() as f64 / operations as f64);
    }

    /// Microseconds.
    fn medians(&mut self) -> [f64; 3] {
        self.nanos.each_mut().map(|nanos| {
            nanos.sort_by(f64::total_cmp);
            nanos.get(nanos.len() / 2).map_or(f64::NAN, |nanos| nanos / 1_000.0)
        })
    }

    fn print(&mut self) {
        let [small, medium, large] = self.medians();
        println!("{:<24} {small:>9.2} {medium:>9.2} {large:>9.2} {:>7.2} {:>7.2}", self.name, medium / small, large / small);
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let begin = Instant::now();
    let mut ledgers = Vec::new();
    for size in SIZES {
        ledgers.push(Ledger::of(size).await);
    }
    println!("built in {:.0} s", begin.elapsed().as_secs_f64());
    println!("{:<24} {:>9} {:>9} {:>9} {:>7} {:>7}", "microseconds each", "10^3", "10^5", "10^6", "10^5", "10^6");
    println!("{:<24} {:>9} {:>9} {:>9} {:>7.2} {:>7.2}", "log2 of the size", "", "", "", 5.0 / 3.0, 2.0);
    let proofs = proofs(&ledgers).await;
    let grouped = whole(&ledgers, ["export, each entry", "verify the export", "verify in the store"]).await;
    // Before there are others than the signer knows, since the ledgers grow by it.
    let append = appends(&mut ledgers).await;
    ledgers.iter().for_each(Ledger::note_each);
    let each = whole(&ledgers, ["  with a note each", "  with a note each", "  with a note each"]).await;
    for mut row in std::iter::once(append).chain(proofs).chain(grouped).chain(each) {
        row.print();
    }
    signing().await;
    println!("done in {:.0} s", begin.elapsed().as_secs_f64());
}

/// What signing adds to an act that waits for no other, and to one of many: with and without, alternating.
async fn signing() {
    println!("{:<24} {:>9} {:>9} {:>9}", "microseconds an act", "unsigned", "signed", "ratio");
    for (name, at_once, acts) in [("many at once", AT_ONCE, 8 * ACTS), ("one at a time", 1, ALONE)] {
        let mut row = Row::new(name);
        for _ in 0..ROUNDS {
            for (at, is_signed) in [false, true].into_iter().enumerate() {
                let ledger = Ledger::made(SIZES[0], is_signed).await;
                let begin = Instant::now();
                let acted = stream::iter(SIZES[0]..SIZES[0] + acts).for_each_concurrent(at_once, |n| act(&ledger.store, n));
                acted.await;
                row.add(at, begin, acts);
            }
        }
        let [unsigned, signed, _] = row.medians();
        println!("{name:<24} {unsigned:>9.2} {signed:>9.2} {:>9.2}", signed / unsigned);
    }
}

async fn appends(ledgers: &mut [Ledger]) -> Row {
    let mut append = Row::new("append");
    for _ in 0..ROUNDS {
        // Or else it would be a multiple of its size in the end.
        ledgers[0] = Ledger::of(SIZES[0]).await;
        for (at, ledger) in ledgers.iter_mut().enumerate() {
            let begin = Instant::now();
            ledger.append(ACTS).await;
            append.add(at, begin, ACTS);
        }
    }
    append
}

/// Of entries anywhere, which at last are more than the store keeps in memory; and of new ones, whose pages all sizes have there.
async fn proofs(ledgers: &[Ledger]) -> [Row; 4] {
    let mut rows = ["inclusion, new entry", "inclusion, any entry", "consistency", "root"].map(Row::new);
    let mut random = Random(7);
    // The first round only warms up.
    for round in 0..=ROUNDS {
        for (at, ledger) in ledgers.iter().enumerate() {
            let (store, size) = (&ledger.store, ledger.size);
            let mut add = |row: usize, begin| {
                if round > 0 {
                    rows[row].add(at, begin, PROOFS);
                }
            };
            let (new, any) = (random.recent(size), random.anywhere(size));
            let begin = Instant::now();
            ledger.ask(new, async |index, size| store.inclusion(index, size).await).await;
            add(0, begin);
            let begin = Instant::now();
            ledger.ask(any.clone(), async |index, size| store.inclusion(index, size).await).await;
            add(1, begin);
            let begin = Instant::now();
            ledger.ask(any.clone(), async |first, second| store.consistency(first + 1, second).await).await;
            add(2, begin);
            let begin = Instant::now();
            ledger.ask(any, async |_, size| store.root(size).await).await;
            add(3, begin);
        }
    }
    rows
}

/// Operations on the whole ledger, for each of its entries.
async fn whole(ledgers: &[Ledger], names: [&'static str; 3]) -> [Row; 3] {
    let mut rows = names.map(Row::new);
    for _ in 0..WHOLE_ROUNDS {
        for (at, ledger) in ledgers.iter().enumerate() {
            let times = WHOLE.div_ceil(ledger.size);
            let begin = Instant::now();
            for _ in 0..times {
                ledger.export().await;
            }
            rows[0].add(at, begin, times * ledger.size);
            let begin = Instant::now();
            (0..times).for_each(|_| ledger.audit());
            rows[1].add(at, begin, times * ledger.size);
            let begin = Instant::now();
            for _ in 0..times {
                sound(&inspect(&*ledger.store, key().0, vec![]).await.expect("the store works"));
            }
            rows[2].add(at, begin, times * ledger.size);
        }
    }
    rows
}
