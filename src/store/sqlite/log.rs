//! The write-ahead log, emptied on a connection of its own that waits for nobody: neither a write nor a read waits for it, and
//! a program that reads for long (a backup, a replicator, somebody's shell) only keeps the log from being emptied.

use std::{thread, time::Duration};

use rusqlite::Connection;

use super::threads::Thread;
use crate::store::StoreError;

/// How often it is tried: under many writes there is only now and then a moment between two of them.
const TRIES: u32 = 8;
/// Between two tries, in which it keeps no lock.
const PAUSE: Duration = Duration::from_millis(47);

/// The thread that empties the log.
pub(super) struct Log(Thread);

impl Log {
    /// The connection must not wait for locks.
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        Thread::start("store-log", connection).map(Self)
    }

    /// Moves pages from the log into the file and empties the log; `false` where a reader or writer is in the way.
    pub(super) async fn empty(&self) -> Result<bool, StoreError> {
        self.0.run(|db| empty(db, || thread::sleep(PAUSE))).await
    }
}

fn empty(db: &Connection, mut pause: impl FnMut()) -> Result<bool, StoreError> {
    for attempt in 0..TRIES {
        if attempt > 0 {
            pause();
        }
        // TRUNCATE keeps writers out while it copies, so most is copied before, while they go on.
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if !busy {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;
    use crate::store::{IssuerStore as _, SqliteStore, VerifierStore as _, deployment::tests::keys};

    fn store(folder: &tempfile::TempDir) -> (SqliteStore, PathBuf) {
        let path = folder.path().join("store.sqlite");
        (SqliteStore::open_for_issuer(&path, &keys("verify.example.org", 1, &[2])).unwrap(), path)
    }

    #[tokio::test]
    async fn a_reader_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = store(&folder);
        let waits: u32 = store.log.0.run(|db| Ok(db.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?)).await.unwrap();
        assert_eq!(waits, 0);
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM purged").unwrap();
        store.heartbeat(1).await.unwrap();
        assert!(!store.log.empty().await.unwrap());
        assert!(store.log_bytes().unwrap() > 0);
        drop(reader);
        assert!(store.log.empty().await.unwrap());
        assert_eq!(fs::metadata(path.with_extension("sqlite-wal")).unwrap().len(), 0);
    }

    #[tokio::test]
    async fn a_writer_is_not_waited_for_but_the_moment_behind_it_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = store(&folder);
        store.heartbeat(1).await.unwrap();
        let (db, other) = (Connection::open(&path).unwrap(), Connection::open(&path).unwrap());
        db.busy_timeout(Duration::ZERO).unwrap();
        for writes in [0, 1, TRIES - 1] {
            other.execute_batch("BEGIN IMMEDIATE; INSERT INTO heartbeats (at) VALUES (2)").unwrap();
            let mut pauses = 0;
            let emptied = empty(&db, || {
                // Another write in each pause, until the last.
                other.execute_batch(if pauses < writes { "COMMIT; BEGIN IMMEDIATE" } else { "COMMIT" }).unwrap();
                pauses += 1;
            });
            assert_eq!((emptied.unwrap(), pauses), (writes < TRIES - 1, (writes + 1).min(TRIES - 1)));
            assert_eq!(store.log_bytes().unwrap() == 0, writes < TRIES - 1);
        }
        other.execute_batch("COMMIT").unwrap();
        assert!(empty(&db, || panic!("nothing is in the way")).unwrap());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn writes_and_the_log_do_not_wait_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = store(&folder);
        let store = std::sync::Arc::new(store);
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        // It waits for the other writer, on its own thread.
        let writing = tokio::spawn({
            let store = store.clone();
            async move { store.heartbeat(1).await }
        });
        assert!(!store.log.empty().await.unwrap(), "it comes back while the write still waits");
        store.ready().await.unwrap();
        other.execute_batch("COMMIT").unwrap();
        writing.await.unwrap().unwrap();
    }
}
