//! The threads that own connections. Every write of a process goes through one thread, which commits what arrives
//! together in one transaction: while one group is being synced to disk the next one gathers, so a single write
//! waits for nothing and a thousand share one sync.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::files::Files;
use crate::{health::Recurring, store::StoreError};

/// Operations that may wait; more are refused at once, so a stalled disk cannot pile them up.
const QUEUE: usize = 4_096;
/// Operations in one transaction.
const GROUP: usize = 256;
/// How long a group gathers where the one before it had several: a commit costs as much for one as for twenty. Who writes alone
/// waits for nothing.
const GATHER: Duration = Duration::from_millis(1);

/// Why an operation and all others of its group failed.
const ENDED_EARLY: &str = "the transaction ended early";

/// Runs inside the transaction, or is told why there is none; what it returns is called once the transaction has ended.
type Job = Box<dyn FnOnce(Result<&Connection, &str>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), &str>) + Send>;

/// The one thread that writes.
pub(super) struct Writer(SyncSender<Job>);

/// A thread that runs what it is given, one after the other, without a transaction around it.
pub(super) struct Thread(SyncSender<Job>);

/// The threads that read.
pub(super) struct Readers {
    threads: [Thread; 2],
    next: AtomicUsize,
}

impl Writer {
    pub(super) fn start(connection: Connection, files: Arc<Files>) -> Result<Self, StoreError> {
        spawn("store-writer", move |jobs| {
            let mut crowded = false;
            while let Ok(first) = jobs.recv() {
                if crowded {
                    thread::sleep(GATHER);
                }
                crowded = commit_together(&connection, &files, std::iter::once(first).chain(jobs.try_iter()).take(GROUP)) > 1;
            }
        })
        .map(Self)
    }

    /// What is refused takes back its own statements as what fails does.
    pub(super) async fn run<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        submit(&self.0, move |connection| in_savepoint(connection, act)).await
    }
}

impl Thread {
    pub(super) fn start(name: &str, connection: Connection) -> Result<Self, StoreError> {
        spawn(name, move |jobs| {
            while let Ok(job) = jobs.recv() {
                job(Ok(&connection))(Ok(()));
                // A transaction that could not be ended would fail whatever comes after it, and keep the log from being emptied.
                leave_transaction(&connection);
            }
        })
        .map(Self)
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        submit(&self.0, ask).await
    }
}

impl Readers {
    pub(super) fn start([first, second]: [Connection; 2]) -> Result<Self, StoreError> {
        Ok(Self { threads: [Thread::start("store-reader", first)?, Thread::start("store-reader", second)?], next: AtomicUsize::new(0) })
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len();
        self.threads[turn].run(ask).await
    }
}

fn spawn(name: &str, work: impl FnOnce(Receiver<Job>) + Send + 'static) -> Result<SyncSender<Job>, StoreError> {
    let (sender, jobs) = sync_channel(QUEUE);
    let started = thread::Builder::new().name(name.to_owned()).spawn(move || work(jobs));
    started.map(|_| sender).map_err(|error| StoreError::Unusable(format!("cannot start its threads ({error})")))
}

async fn submit<T: Send + 'static, E: From<StoreError> + Send + 'static>(
    jobs: &SyncSender<Job>,
    act: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let (answer, outcome) = oneshot::channel();
    let job: Job = Box::new(move |connection| {
        let result = connection.map_err(|reason| StoreError::Failed(reason.to_owned()).into()).and_then(act);
        Box::new(move |committed| {
            let durable = committed.map_err(|reason| StoreError::Failed(reason.to_owned()).into());
            // Nobody may be waiting any more; the act stands all the same.
            let _ = answer.send(durable.and(result));
        })
    });
    jobs.try_send(job).map_err(|_| StoreError::Busy)?;
    outcome.await.map_err(|_| StoreError::Failed("its thread ended".into()))?
}

static COMMITS: Recurring = Recurring::new("store_commit");

/// One transaction for all; answers are given only after it is on disk, or after it is known to have failed. How many they were.
fn commit_together(connection: &Connection, files: &Files, jobs: impl Iterator<Item = Job>) -> usize {
    let begun = connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| error.to_string());
    let answers: Vec<Answer> = jobs
        .map(|job| match &begun {
            Err(reason) => job(Err(reason)),
            // A full disk or an I/O error ends the transaction by itself; nothing may then run outside of one.
            Ok(()) if connection.is_autocommit() => job(Err(ENDED_EARLY)),
            Ok(()) => job(Ok(connection)),
        })
        .collect();
    let committed = begun.and_then(|()| connection.execute_batch("COMMIT").map_err(|error| error.to_string()));
    leave_transaction(connection);
    // Last, so that what was answered is in the very file that the next process opens.
    let committed = committed.and_then(|()| files.in_place());
    match &committed {
        Ok(()) => COMMITS.ok(),
        Err(reason) => COMMITS.failed(&format!("a group of writes was not committed: {reason}")),
    }
    let together = answers.len();
    for answer in answers {
        answer(committed.as_ref().copied().map_err(String::as_str));
    }
    together
}

/// Whatever failed, the next one begins outside of a transaction.
fn leave_transaction(connection: &Connection) {
    // Where this fails as well, what comes next fails and tries again.
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(kind = "store_commit", %error, "a transaction could not be ended");
    }
}

/// So that an operation that fails half-way takes back its own statements and no others.
fn in_savepoint<T, E: From<StoreError>>(connection: &Connection, act: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
    let begin = || connection.prepare_cached("SAVEPOINT operation")?.execute([]);
    begin().map_err(StoreError::from)?;
    let result = act(connection);
    if connection.is_autocommit() {
        // SQLite ended the transaction, and what was done in it is gone.
        return Err(result.err().unwrap_or_else(|| StoreError::Failed(ENDED_EARLY.into()).into()));
    }
    let end = |statement: &str| connection.prepare_cached(statement)?.execute([]);
    let ended =
        if result.is_err() { end("ROLLBACK TO operation").and_then(|_| end("RELEASE operation")) } else { end("RELEASE operation") };
    if let Err(error) = ended {
        // Half an operation must not be committed with the rest of the group.
        leave_transaction(connection);
        return Err(StoreError::from(error).into());
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One table, in memory, on a connection with its own bounds.
    fn connection(bounds: &str) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("CREATE TABLE kept (of BLOB); {bounds}")).unwrap();
        connection
    }

    fn kept(connection: &Connection) -> u32 {
        connection.query_row("SELECT count(*) FROM kept", [], |row| row.get(0)).unwrap()
    }

    fn keep(connection: &Connection, bytes: u32) -> Result<(), StoreError> {
        connection.execute("INSERT INTO kept VALUES (zeroblob(?1))", [bytes])?;
        Ok(())
    }

    type Act<'a> = &'a dyn Fn(&Connection) -> Result<(), StoreError>;

    /// As the writer does, without its thread.
    fn grouped(connection: &Connection, acts: &[Act<'_>]) -> Vec<bool> {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let done = acts.iter().map(|act| !connection.is_autocommit() && in_savepoint(connection, act).is_ok()).collect();
        let committed = connection.execute_batch("COMMIT").is_ok();
        leave_transaction(connection);
        if committed { done } else { vec![false; acts.len()] }
    }

    #[test]
    fn a_disk_that_is_full_within_an_operation_takes_none_of_it_and_what_fits_later_is_kept() {
        let connection = connection("PRAGMA max_page_count = 8");
        let full = |db: &Connection| keep(db, 1_000_000);
        let small = |db: &Connection| keep(db, 10);
        let done = grouped(&connection, &[&small, &full, &small]);
        assert_eq!(usize::try_from(kept(&connection)).unwrap(), done.iter().filter(|done| **done).count());
        assert!(!done[1]);
        assert_eq!(grouped(&connection, &[&small]), [true], "it goes on");
    }

    #[test]
    fn half_an_operation_that_cannot_be_taken_back_is_not_committed() {
        let connection = connection("");
        // What it ends itself cannot be rolled back to.
        let broken = |db: &Connection| {
            keep(db, 1)?;
            db.execute_batch("RELEASE operation")?;
            Err(StoreError::Failed("half-way".into()))
        };
        let small = |db: &Connection| keep(db, 10);
        assert_eq!(grouped(&connection, &[&small, &broken, &small]), [false; 3]);
        assert_eq!(kept(&connection), 0);
        assert_eq!(grouped(&connection, &[&small]), [true], "it goes on");
    }

    #[tokio::test]
    async fn a_read_that_is_interrupted_or_leaves_its_transaction_open_harms_no_other() {
        let thread = Thread::start("test", connection("")).unwrap();
        let handle = thread.run(|db| Ok(db.get_interrupt_handle())).await.unwrap();
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        let mut reading = Box::pin(thread.run(|db| {
            db.execute_batch("BEGIN")?;
            Ok(db.query_row(endless, [], |row| row.get::<_, i64>(0))?)
        }));
        // Again and again, because an interrupt that comes before the statement counts for nothing.
        let interrupted = loop {
            match tokio::time::timeout(Duration::from_millis(10), &mut reading).await {
                Ok(ended) => break ended,
                Err(_) => handle.interrupt(),
            }
        };
        assert!(interrupted.is_err());
        assert_eq!(thread.run(|db| Ok(kept(db))).await.unwrap(), 0);
        thread.run(|db| Ok(db.execute_batch("BEGIN; SELECT count(*) FROM kept")?)).await.unwrap();
        assert!(thread.run(|db| Ok(db.is_autocommit())).await.unwrap());
    }
}
