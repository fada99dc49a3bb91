//! SQLite: one file on one machine, write-ahead log, synchronous FULL.

mod access;
mod authorisations;
mod binding;
mod ceremonies;
mod create;
mod files;
mod group;
mod issuer;
mod keys;
mod ledger;
mod lists;
mod log;
mod people;
mod references;
mod requests;
mod rows;
mod signing;
mod spoken;
mod threads;
mod time;
mod tokens;
mod verifier;
mod withdrawals;

use std::{path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{broadcast, watch};

use self::{
    create::{create, is_there},
    files::Files,
    log::Log,
    threads::{Readers, Writer},
};
use super::{DeploymentKeys, Found, StoreError, signing::Signed};
use crate::token::Cti;

/// Every schema change so far; `user_version` counts how many were applied.
const MIGRATIONS: [(u32, &str, Follow); 9] = [
    (1, include_str!("migrations/0001.sql"), |_| Ok(())),
    (2, include_str!("migrations/0002.sql"), ledger::plant),
    (3, include_str!("migrations/0003.sql"), |_| Ok(())),
    (4, include_str!("migrations/0004.sql"), |_| Ok(())),
    (5, include_str!("migrations/0005.sql"), |_| Ok(())),
    (6, include_str!("migrations/0006.sql"), spoken::codes_of_both_sizes),
    (7, include_str!("migrations/0007.sql"), |_| Ok(())),
    (8, include_str!("migrations/0008.sql"), authorisations::index_all),
    (9, include_str!("migrations/0009.sql"), |_| Ok(())),
];

/// What has to be done after the statements of a change, in the same transaction.
type Follow = fn(&Connection) -> Result<(), StoreError>;

/// The version of the schema that this program works with.
const SCHEMA: u32 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// How long to wait for another process that writes to the same file.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// Memory for pages, of each connection: those of all tokens that live at once.
const CACHE_KIB: i32 = 16 * 1_024;

/// Pages in the write-ahead log before they move into the file (32 MiB). Marks fall on random pages; the longer they
/// gather, the more of them a page takes along, and copying pages is much of what a mark costs.
const CHECKPOINT_PAGES: i32 = 8_192;

/// Why a file that is there does not open, nearly always.
const NOT_ALLOWED: &str = "permission denied; run this as the user that owns it";

/// How many uses may be announced before a slow listener has to ask the store again.
const MARKS_ANNOUNCED: usize = 1_024;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A store in one SQLite file. Both roles may have it open at once, in one process or several.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    log: Log,
    files: Arc<Files>,
    signed: Arc<Signed>,
    marks: broadcast::Sender<Cti>,
    key_changes: watch::Sender<()>,
}

impl SqliteStore {
    /// What the file at `path` holds. Nothing is made or changed.
    pub fn found(path: &Path) -> Result<Found, StoreError> {
        if !is_there(path)? {
            return Ok(Found::Nothing);
        }
        let connection = connect(path)?;
        known_version(path, &connection)?;
        binding::found(&connection).map_err(|error| unusable(path, "cannot be read", &error))
    }

    /// Opens the file for the issuer: makes it if it is missing, readable by its owner alone, and migrates it. The file of another
    /// deployment is refused unchanged.
    pub fn open_for_issuer(path: &Path, keys: &DeploymentKeys) -> Result<Self, StoreError> {
        if !is_there(path)? {
            keys.may_bind().map_err(|how| StoreError::Unusable(format!("{} {how}", path.display())))?;
        }
        create(path)?;
        let mut connection = connect(path)?;
        migrate(path, &mut connection, keys)?;
        Self::start_if_current(path, connection)
    }

    /// Opens the file for a verifier, which neither makes nor migrates it.
    pub fn open_for_verifier(path: &Path, keys: &DeploymentKeys) -> Result<Self, StoreError> {
        if !is_there(path)? {
            return Err(StoreError::Unusable(format!("{} is not there; start the issuer first, which makes it", path.display())));
        }
        let connection = connect(path)?;
        known_version(path, &connection)?;
        match binding::found(&connection).map_err(|error| unusable(path, "cannot be read", &error))? {
            Found::Bound(bound) => keys.check(&bound).map_err(|how| StoreError::Unusable(format!("{} {how}", path.display())))?,
            // Refused below, with a sentence about its version.
            Found::Nothing | Found::Unbound => {}
        }
        Self::start_if_current(path, connection)
    }

    fn start_if_current(path: &Path, connection: Connection) -> Result<Self, StoreError> {
        match schema_version(&connection) {
            Ok(SCHEMA) => Self::start(path, connection),
            Ok(other) => Err(StoreError::of_schema(&format!("{} ", path.display()), other, SCHEMA)),
            Err(error) => Err(unusable(path, "cannot be read", &error)),
        }
    }

    fn start(path: &Path, writer: Connection) -> Result<Self, StoreError> {
        // The one setting that stays in the file: now it is known to be ours.
        writer.pragma_update(None, "journal_mode", "WAL").map_err(|error| unusable(path, "cannot be opened", &error))?;
        let readers = [connect(path)?, connect(path)?];
        let log = connect(path)?;
        log.busy_timeout(Duration::ZERO).map_err(|error| unusable(path, "cannot be opened", &error))?;
        let files = Files::opened(path).map_err(|error| StoreError::Unusable(format!("{} cannot be read: {error}", path.display())))?;
        let (files, signed) = (Arc::new(files), Arc::<Signed>::default());
        Ok(Self {
            writer: Writer::start(writer, files.clone(), signed.clone())?,
            readers: Readers::start(readers)?,
            log: Log::start(log)?,
            files,
            signed,
            marks: broadcast::Sender::new(MARKS_ANNOUNCED),
            key_changes: watch::Sender::new(()),
        })
    }

    /// Runs statements in the next group of writes; answers once all of it is on disk.
    async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(act).await
    }

    /// The same for what may not be without a checkpoint over it, where the ledger is signed at all.
    async fn write_signed<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run_signed(act).await
    }

    /// The same as a write for what verifiers are to hear of.
    async fn write_keys<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.write(act).await?;
        self.key_changes.send_replace(());
        Ok(done)
    }

    /// Runs statements that only read.
    async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(ask).await
    }

    /// Runs statements that only read, all of one moment; many small ones are also cheaper so.
    async fn snapshot<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read(|db| {
            let whole = db.unchecked_transaction()?;
            ask(&whole)
        })
        .await
    }
}

fn unusable(path: &Path, what: &str, error: &rusqlite::Error) -> StoreError {
    let why = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "it is another kind of file; name the right one".into(),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => NOT_ALLOWED.into(),
        Some(ErrorCode::DatabaseBusy) => "another process keeps it locked; stop that one first".into(),
        _ => error.to_string(),
    };
    StoreError::Unusable(format!("{} {what}: {why}", path.display()))
}

/// Changes nothing in the file, which may be another program's.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        // SQLite opens for reading what it may not write.
        if connection.is_readonly("main")? {
            return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY), None));
        }
        connection.busy_timeout(LOCK_WAIT)?;
        // FULL: a mark that was answered survives the loss of power (threat 18).
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // Codes and token bytes that were dropped are overwritten, not just unlinked.
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    open().map_err(|error| unusable(path, "cannot be opened", &error))
}

fn schema_version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))
}

/// The version of a store that this program can read. Asked before anything else: another program's database is left alone, and what
/// a newer version keeps may be kept otherwise.
fn known_version(path: &Path, connection: &Connection) -> Result<u32, StoreError> {
    let wrong = |error: rusqlite::Error| unusable(path, "cannot be read", &error);
    if binding::is_foreign(connection).map_err(wrong)? {
        return Err(StoreError::Unusable(format!("{} is the database of another program; name the right file", path.display())));
    }
    let applied = schema_version(connection).map_err(wrong)?;
    if applied > SCHEMA {
        return Err(StoreError::of_schema(&format!("{} ", path.display()), applied, SCHEMA));
    }
    Ok(applied)
}

fn migrate(path: &Path, connection: &mut Connection, keys: &DeploymentKeys) -> Result<(), StoreError> {
    let wrong = |error: rusqlite::Error| unusable(path, "cannot be brought up to date", &error);
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(wrong)?;
    let applied = known_version(path, &transaction)?;
    let unbound = binding::compared(&transaction, keys).map_err(wrong)?;
    let unbound = unbound.map_err(|how| StoreError::Unusable(format!("{} {how}", path.display())))?;
    for (version, statements, follow) in MIGRATIONS.iter().filter(|(version, ..)| *version > applied) {
        transaction.execute_batch(statements).map_err(wrong)?;
        follow(&transaction)?;
        transaction.pragma_update(None, "user_version", version).map_err(wrong)?;
    }
    if let Some(deployment) = unbound {
        binding::bind(&transaction, &deployment)?;
    }
    transaction.commit().map_err(wrong)
}
