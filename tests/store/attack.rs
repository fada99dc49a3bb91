//! Somebody with the database in their hands: what they can do to a ledger, and whether an inspection tells.

use std::{fs, ops::AddAssign, path::PathBuf, sync::Arc};

use countersign::{
    issuer::inspect,
    ledger::{Checkpoint, Frontier, Hash, NodeId, Report, leaf_hash},
    store::{LedgerStore as _, SqliteStore},
};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{deployment, world};

/// The ledger's tables, each with its key.
const TABLES: [(&str, &str); 3] = [("ledger_entries", "seq"), ("ledger_nodes", "level, idx"), ("ledger_checkpoints", "number")];

/// How many changes were tried, and how many of them an inspection reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub attempts: usize,
    pub found: usize,
}

impl Tally {
    pub fn all(attempts: usize) -> Self {
        Self { attempts, found: attempts }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.attempts += other.attempts;
        self.found += other.found;
    }
}

/// A copy of the ledger of a thousand entries, with an auditor and an attacker at work on one file.
pub struct Attack {
    pub store: Arc<SqliteStore>,
    pub sql: Connection,
    /// The newest checkpoint, as the overseer keeps it.
    pub kept: Checkpoint,
    folder: TempDir,
}

impl Attack {
    pub async fn begin() -> Self {
        // Made once; every test works on its own copy.
        static HONEST: OnceCell<Vec<u8>> = OnceCell::const_new();
        let honest = HONEST.get_or_init(made).await;
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("store.sqlite"), folder.path().join("honest.sqlite"));
        fs::write(&path, honest).unwrap();
        fs::write(&beside, honest).unwrap();
        let store = Arc::new(SqliteStore::open_for_issuer(&path, &crate::world::deployment_keys()).unwrap());
        let sql = Connection::open(&path).unwrap();
        // The attacker minds no rule, and does not wait for the disk.
        sql.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
        sql.execute("ATTACH ?1 AS honest", [beside.to_str()]).unwrap();
        let newest = store.head().await.unwrap().checkpoint.unwrap();
        let kept = Checkpoint::open(&newest.note, &world::ledger().0).unwrap();
        let attack = Self { store, sql, kept, folder };
        attack.is_undone().await;
        attack
    }

    /// Nothing is left of any attempt, or else the next ones would be found for it.
    pub async fn is_undone(&self) {
        let report = self.report(vec![self.kept]).await;
        assert_eq!((report.entries, report.checkpoints, report.signed, report.faults), (1_000, 10, 1_000, vec![]));
    }

    pub fn notes(&self) -> Vec<String> {
        let mut rows = self.sql.prepare("SELECT note FROM ledger_checkpoints ORDER BY number").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    pub fn nodes(&self) -> Vec<NodeId> {
        let mut rows = self.sql.prepare("SELECT level, idx FROM ledger_nodes ORDER BY level, idx").unwrap();
        let node = |row: &rusqlite::Row<'_>| Ok(NodeId { level: row.get(0)?, index: row.get::<_, i64>(1)?.cast_unsigned() });
        rows.query_map([], node).unwrap().map(Result::unwrap).collect()
    }

    /// What an inspection says of each state of the file that `tamper` leaves behind, without and with the kept checkpoint.
    pub async fn reports<const N: usize>(&self, tamper: impl FnOnce(&Connection), kept: [bool; N]) -> [Report; N] {
        self.at_once(tamper);
        let mut reports = Vec::new();
        for kept in kept {
            reports.push(self.report(kept.then_some(self.kept).into_iter().collect()).await);
        }
        self.undo();
        reports.try_into().unwrap()
    }

    /// What an inspection says of the file as it is.
    pub async fn report(&self, kept: Vec<Checkpoint>) -> Report {
        inspect(&*self.store, world::ledger().0, kept).await.unwrap()
    }

    /// Others see all of it or nothing.
    pub fn at_once(&self, tamper: impl FnOnce(&Connection)) {
        self.sql.execute_batch("BEGIN IMMEDIATE").unwrap();
        tamper(&self.sql);
        self.sql.execute_batch("COMMIT").unwrap();
    }

    /// Puts every row back as it was at first, and no others.
    pub fn undo(&self) {
        self.at_once(|sql| {
            for (table, key) in TABLES {
                let (now, honest) = (format!("SELECT * FROM main.{table}"), format!("SELECT * FROM honest.{table}"));
                let remove = format!("DELETE FROM main.{table} WHERE ({key}) IN (SELECT {key} FROM ({now} EXCEPT {honest}))");
                let restore = format!("INSERT INTO main.{table} {honest} EXCEPT {now}");
                for statement in [remove, restore] {
                    sql.prepare_cached(&statement).unwrap().execute([]).unwrap();
                }
            }
        });
    }

    /// Where it is, for another process.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("store.sqlite")
    }

    /// Tampers with every row, with `together` of them at a time that lie far apart. One that is tampered with alone is found
    /// if there is any fault; of several, each is found if a fault tells of its own place, in the words that `shows` gives for
    /// the row and how many they are.
    pub async fn every<R: Copy>(
        &self,
        rows: &[R],
        together: usize,
        tamper: impl Fn(&Connection, R),
        shows: impl Fn(R, usize) -> String,
    ) -> Tally {
        let (stride, mut tally) = (rows.len().div_ceil(together), Tally::default());
        for first in 0..stride {
            let batch: Vec<R> = rows.iter().skip(first).step_by(stride).copied().collect();
            let many = batch.len();
            let [report] = self.reports(|sql| batch.iter().for_each(|row| tamper(sql, *row)), [false]).await;
            let reported = |row: &&R| report.faults.iter().any(|fault| many == 1 || fault.what.contains(&shows(**row, many)));
            tally += Tally { attempts: many, found: batch.iter().filter(reported).count() };
        }
        self.is_undone().await;
        tally
    }

    /// Tampers with each row alone; the overseer brings the kept checkpoint if `kept`.
    pub async fn each<R: Copy>(&self, rows: &[R], kept: bool, tamper: impl Fn(&Connection, R)) -> Tally {
        let mut tally = Tally::default();
        for row in rows {
            let [report] = self.reports(|sql| tamper(sql, *row), [kept]).await;
            tally += Tally { attempts: 1, found: usize::from(!report.faults.is_empty()) };
        }
        self.is_undone().await;
        tally
    }
}

async fn made() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = (folder.path().join("store.sqlite"), folder.path().join("whole.sqlite"));
    deployment::a_thousand_entries(&path).await;
    // In one file, whatever is still in the log.
    Connection::open(&path).unwrap().execute("VACUUM INTO ?1", [whole.to_str()]).unwrap();
    fs::read(whole).unwrap()
}

/// What one who has the ledger's own key too can do: makes nodes and checkpoints fit the entries, whatever those say now.
pub fn forge(sql: &Connection) {
    let roots = forge_nodes(sql);
    let (name, key) = world::ledger();
    let mut sizes = sql.prepare_cached("SELECT number, size FROM ledger_checkpoints").unwrap();
    let sizes: Vec<(i64, i64)> = sizes.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    for (number, size) in sizes {
        let size = usize::try_from(size).unwrap().min(roots.len());
        let note = Checkpoint { size: size as u64, root: roots[size - 1] }.sign(&name, &key);
        let write = "UPDATE ledger_checkpoints SET size = ?2, note = ?3 WHERE number = ?1";
        sql.execute(write, (number, size.cast_signed(), note)).unwrap();
    }
}

/// Makes the nodes fit the entries; gives the root of each size.
pub fn forge_nodes(sql: &Connection) -> Vec<Hash> {
    let mut entries = sql.prepare_cached("SELECT leaf FROM ledger_entries ORDER BY seq").unwrap();
    let write = "INSERT INTO ledger_nodes VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET hash = ?3 WHERE hash <> ?3";
    let (mut write, mut frontier, mut roots) = (sql.prepare_cached(write).unwrap(), Frontier::default(), vec![]);
    for leaf in entries.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap() {
        for (NodeId { level, index }, hash) in frontier.push(leaf_hash(&leaf.unwrap())) {
            write.execute((level, index.cast_signed(), hash)).unwrap();
        }
        roots.push(frontier.root());
    }
    sql.execute("DELETE FROM ledger_nodes WHERE (idx + 1) << level > ?1", [roots.len().cast_signed()]).unwrap();
    roots
}
