//! The group: operations that arrived together, in one transaction, signed where they grow the ledger.

use rusqlite::Connection;

use super::{files::Files, signing};
use crate::{
    health::Recurring,
    store::{
        KeptCheckpoint, StoreError,
        signing::{Answer, Done, Signing, answer_all},
    },
};

/// Why an operation and all others of its group failed.
const ENDED_EARLY: &str = "the transaction ended early";

/// An operation that waits.
pub(super) struct Job {
    /// Whether it may not be without a checkpoint over what it appends, where the ledger is signed at all.
    pub is_signed: bool,
    pub run: Run,
}

/// Runs inside the transaction, or gets the reason why there is none; what it returns is called once the transaction has ended.
pub(super) type Run = Box<dyn FnOnce(Result<&Connection, &StoreError>) -> Answer + Send>;

static COMMITS: Recurring = Recurring::new("store_commit");

/// One transaction for all; answers are given only after it is on disk, or after it is known to have failed. How many they were.
pub(super) fn commit_together(connection: &Connection, files: &Files, signing: Option<&Signing>, jobs: Vec<Job>) -> usize {
    let together = jobs.len();
    signing::keep_first(0);
    let begun = connection.execute_batch("BEGIN IMMEDIATE").map_err(StoreError::from);
    // Those that need a checkpoint last, so that they alone can be taken back.
    let (signed, others): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| job.is_signed);
    let mut done = run_all(connection, &begun, others);
    let (signed, kept) = run_signed(connection, &begun, signing, signed);
    done.extend(signed);
    let committed = begun.and_then(|()| Ok(connection.execute_batch("COMMIT")?));
    leave_transaction(connection);
    // Last, so that what was answered is in the very file that the next process opens.
    let committed = committed.and_then(|()| files.in_place().map_err(StoreError::Failed));
    match &committed {
        Ok(()) => COMMITS.ok(),
        Err(error) => COMMITS.failed(&format!("a group of writes was not committed: {error}")),
    }
    answer_all(&committed, done, signing.zip(kept));
    together
}

fn run_all(connection: &Connection, begun: &Result<(), StoreError>, jobs: Vec<Job>) -> Vec<Done> {
    let run = |job: Job| {
        let before = signing::count();
        let answer = match begun {
            Err(error) => (job.run)(Err(error)),
            // A full disk or an I/O error ends the transaction; nothing may then run outside of one.
            Ok(()) if connection.is_autocommit() => (job.run)(Err(&StoreError::Failed(ENDED_EARLY.into()))),
            Ok(()) => (job.run)(Ok(connection)),
        };
        Done { appended: signing::count() > before, is_unsigned: false, answer }
    };
    jobs.into_iter().map(run).collect()
}

/// Runs what needs a checkpoint, and has all signed that the transaction appended. Where that fails, the rest goes on unsigned: what
/// takes something back is never held up.
fn run_signed(
    connection: &Connection,
    begun: &Result<(), StoreError>,
    signing: Option<&Signing>,
    jobs: Vec<Job>,
) -> (Vec<Done>, Option<KeptCheckpoint>) {
    let before = signing::count();
    // A savepoint outside of the transaction would be one of its own, and its end a commit.
    let is_open = begun.is_ok() && !connection.is_autocommit();
    let Some(signing) = signing.filter(|_| is_open && (before > 0 || !jobs.is_empty())) else {
        return (run_all(connection, begun, jobs), None);
    };
    let end = |statement: &str| connection.prepare_cached(statement)?.execute([]).map(drop);
    let begun = end("SAVEPOINT checkpoint").map_err(StoreError::from);
    let mut done = run_all(connection, &begun, jobs);
    let signed = match signing::count() {
        _ if connection.is_autocommit() => Err(StoreError::Failed(ENDED_EARLY.into())),
        0 => Ok(None),
        _ => signing::sign(connection, &*signing.signer).map(Some),
    };
    let released = signed.and_then(|kept| end("RELEASE checkpoint").map(|()| kept).map_err(StoreError::from));
    if let Ok(kept) = released {
        return (done, kept);
    }
    signing.signer.give_up();
    signing::keep_first(before);
    for act in &mut done {
        act.is_unsigned = act.appended;
    }
    if end("ROLLBACK TO checkpoint").and_then(|()| end("RELEASE checkpoint")).is_err() {
        leave_transaction(connection);
    }
    (done, None)
}

/// Whatever failed, the next one begins outside of a transaction.
pub(super) fn leave_transaction(connection: &Connection) {
    // Where this fails as well, what comes next fails and tries again.
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(kind = "store_commit", %error, "a transaction could not be ended");
    }
}

/// So that an operation that fails half-way takes back its own statements and no others.
pub(super) fn in_savepoint<T, E: From<StoreError>>(connection: &Connection, act: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
    let begin = || connection.prepare_cached("SAVEPOINT operation")?.execute([]);
    begin().map_err(StoreError::from)?;
    let appended = signing::count();
    let result = act(connection);
    if result.is_err() {
        signing::keep_first(appended);
    }
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
    use std::sync::Arc;

    use super::*;
    use crate::store::{CheckpointRow, CheckpointSigner, Growth, NewCheckpoint, signing::Signed};

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

    /// A signer that signs nothing.
    struct Unable;

    impl CheckpointSigner for Unable {
        fn known(&self) -> Option<u64> {
            None
        }

        fn sign(&self, _: &Growth) -> Option<NewCheckpoint> {
            None
        }

        fn kept(&self, _: KeptCheckpoint) {}

        fn remember(&self, _: &CheckpointRow) {}

        fn give_up(&self) {}
    }

    fn kept_by(ends: impl Fn(&Connection)) -> (u32, bool) {
        let (connection, signed) = (connection(""), Signed::default());
        signed.by(Arc::new(Unable)).unwrap();
        signing::keep_first(0);
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        ends(&connection);
        let run: Run = Box::new(|db| {
            let kept = db.map(|db| in_savepoint(db, |db| keep(db, 10)).and_then(|()| in_savepoint(db, |db| keep(db, 10))));
            drop(kept);
            Box::new(|_| {})
        });
        run_signed(&connection, &Ok(()), signed.now().as_ref(), vec![Job { is_signed: true, run }]);
        let committed = connection.execute_batch("COMMIT").is_ok();
        (kept(&connection), committed)
    }

    #[test]
    fn what_needs_a_checkpoint_is_not_done_outside_of_the_transaction() {
        assert_eq!(kept_by(|_| {}), (2, true), "nothing of it went into the ledger, so there was nothing to sign");
        assert_eq!(kept_by(|_| signing::appended([0; 32])), (0, true), "no checkpoint, and the rest of the group goes on");
        assert_eq!(kept_by(|connection| connection.execute_batch("ROLLBACK").unwrap()), (0, false), "it ended before");
    }
}
