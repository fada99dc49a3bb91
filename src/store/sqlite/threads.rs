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

use super::{
    files::Files,
    group::{Job, commit_together, in_savepoint, leave_transaction},
};
use crate::store::{
    StoreError,
    signing::{Answer, Signed},
};

/// Operations that may wait; more are refused at once, so a stalled disk cannot pile them up.
const QUEUE: usize = 4_096;
/// Operations in one transaction.
const GROUP: usize = 256;
/// How long a group gathers where the one before it had several: a commit costs as much for one as for twenty. Who writes alone
/// waits for nothing.
const GATHER: Duration = Duration::from_millis(1);

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
    pub(super) fn start(connection: Connection, files: Arc<Files>, signed: Arc<Signed>) -> Result<Self, StoreError> {
        spawn("store-writer", move |jobs| {
            let mut crowded = false;
            while let Ok(first) = jobs.recv() {
                if crowded {
                    thread::sleep(GATHER);
                }
                let group = std::iter::once(first).chain(jobs.try_iter()).take(GROUP).collect();
                crowded = commit_together(&connection, &files, signed.now().as_ref(), group) > 1;
            }
        })
        .map(Self)
    }

    /// What is refused takes back its own statements as what fails does.
    pub(super) async fn run<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        submit(&self.0, false, move |connection| in_savepoint(connection, act)).await
    }

    /// The same for what may not be without a checkpoint over it.
    pub(super) async fn run_signed<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        submit(&self.0, true, move |connection| in_savepoint(connection, act)).await
    }
}

impl Thread {
    pub(super) fn start(name: &str, connection: Connection) -> Result<Self, StoreError> {
        spawn(name, move |jobs| {
            while let Ok(job) = jobs.recv() {
                (job.run)(Ok(&connection))(Ok(()));
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
        submit(&self.0, false, ask).await
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
    is_signed: bool,
    act: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let (answer, outcome) = oneshot::channel();
    let run = move |connection: Result<&Connection, &StoreError>| -> Answer {
        let result = connection.map_err(|error| error.clone().into()).and_then(act);
        Box::new(move |committed| {
            // Nobody may be waiting any more; the act stands all the same.
            let _ = answer.send(committed.map_err(|error| error.clone().into()).and(result));
        })
    };
    jobs.try_send(Job { is_signed, run: Box::new(run) }).map_err(|_| StoreError::Busy)?;
    outcome.await.map_err(|_| StoreError::Failed("its thread ended".into()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_read_that_is_interrupted_or_leaves_its_transaction_open_harms_no_other() {
        let thread = Thread::start("test", Connection::open_in_memory().unwrap()).unwrap();
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
        assert_eq!(thread.run(|db| Ok(db.query_row("SELECT 7", [], |row| row.get::<_, i64>(0))?)).await.unwrap(), 7);
        thread.run(|db| Ok(db.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?)).await.unwrap();
        assert!(thread.run(|db| Ok(db.is_autocommit())).await.unwrap());
    }
}
