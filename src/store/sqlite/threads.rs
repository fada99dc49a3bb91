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

/// Runs inside the transaction, or is told why there is none; what it returns is called once the transaction has ended.
type Job = Box<dyn FnOnce(Result<&Connection, &str>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), &str>) + Send>;

/// The one thread that writes.
pub(super) struct Writer(SyncSender<Job>);

/// The threads that read.
pub(super) struct Readers {
    threads: Vec<SyncSender<Job>>,
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

    pub(super) async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        submit(&self.0, move |connection| in_savepoint(connection, act)).await
    }
}

impl Readers {
    pub(super) fn start(connections: [Connection; 2]) -> Result<Self, StoreError> {
        let reader = |connection: Connection| {
            spawn("store-reader", move |jobs| {
                while let Ok(job) = jobs.recv() {
                    job(Ok(&connection))(Ok(()));
                }
            })
        };
        let threads = connections.into_iter().map(reader).collect::<Result<_, _>>()?;
        Ok(Self { threads, next: AtomicUsize::new(0) })
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len();
        submit(&self.threads[turn], ask).await
    }
}

fn spawn(name: &str, work: impl FnOnce(Receiver<Job>) + Send + 'static) -> Result<SyncSender<Job>, StoreError> {
    let (sender, jobs) = sync_channel(QUEUE);
    let started = thread::Builder::new().name(name.to_owned()).spawn(move || work(jobs));
    started.map(|_| sender).map_err(|error| StoreError::Unusable(format!("cannot start its threads ({error})")))
}

async fn submit<T: Send + 'static>(
    jobs: &SyncSender<Job>,
    act: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (answer, outcome) = oneshot::channel();
    let job: Job = Box::new(move |connection| {
        let result = connection.map_err(|reason| StoreError::Failed(reason.to_owned())).and_then(act);
        Box::new(move |committed| {
            let durable = committed.map_err(|reason| StoreError::Failed(reason.to_owned()));
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
            Ok(()) if connection.is_autocommit() => job(Err("the transaction ended early")),
            Ok(()) => job(Ok(connection)),
        })
        .collect();
    let committed = begun.and_then(|()| {
        connection.execute_batch("COMMIT").map_err(|error| {
            // Already rolled back where SQLite did so by itself.
            let _ = connection.execute_batch("ROLLBACK");
            error.to_string()
        })
    });
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

/// So that an operation that fails half-way takes back its own statements and no others.
fn in_savepoint<T>(connection: &Connection, act: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
    connection.prepare_cached("SAVEPOINT operation")?.execute([])?;
    let result = act(connection);
    if result.is_err() && !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK TO operation")?.execute([])?;
    }
    if !connection.is_autocommit() {
        connection.prepare_cached("RELEASE operation")?.execute([])?;
    }
    result
}
