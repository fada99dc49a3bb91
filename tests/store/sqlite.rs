//! SQLite as a backend, and what is true of its file alone.

use std::{
    fs,
    future::{Ready, ready},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use countersign::store::{GuessPool, KEEP_ROWS, Marked, SqliteStore, StoreError, VerifierStore as _};
use tempfile::TempDir;

use crate::{Backend, Stores, acts::World, suite, whole_suite};

pub struct Sqlite(TempDir);

impl Sqlite {
    /// It is always there.
    pub fn new(_: &str) -> Ready<Option<Self>> {
        ready(Some(Self::empty()))
    }

    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn opened(&self) -> Stores {
        Stores::of(Arc::new(SqliteStore::open_for_issuer(&self.path(), &crate::world::deployment_keys()).unwrap()))
    }

    fn run(&self, statement: &str) -> Result<(), String> {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        connection.execute_batch(statement).map_err(|error| error.to_string())
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("store.sqlite")
    }
}

#[async_trait]
impl Backend for Sqlite {
    async fn open(&self) -> Stores {
        self.opened()
    }

    async fn sql(&self, statement: &str) -> Result<(), String> {
        self.run(statement)
    }

    async fn block(&self, table: &str) {
        self.run(&format!("CREATE TRIGGER blocked BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'blocked'); END")).unwrap();
    }

    async fn unblock(&self, _: &str) {
        self.run("DROP TRIGGER blocked").unwrap();
    }
}

whole_suite!(Sqlite);

fn refused(opened: Result<SqliteStore, StoreError>, says: &[&str]) {
    match opened {
        Ok(_) => panic!("it opened"),
        Err(error) => {
            let sentence = error.to_string();
            assert!(matches!(error, StoreError::Unusable(_)), "{sentence}");
            assert!(says.iter().all(|part| sentence.contains(part)), "{sentence}");
            assert!(!sentence.contains('\n'), "{sentence}");
        }
    }
}

#[test]
fn the_file_and_its_log_are_for_their_owner_alone() {
    let sqlite = Sqlite::empty();
    let _open = sqlite.opened();
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", sqlite.path().display());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
    }
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let sqlite = Sqlite::empty();
    let path = sqlite.0.path().join("missing/store.sqlite");
    refused(
        SqliteStore::open_for_issuer(&path, &crate::world::deployment_keys()),
        &["missing/store.sqlite", "cannot be opened", "its folder is not there; make it first"],
    );
    assert!(!path.parent().unwrap().exists(), "nothing half-made");
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let sqlite = Sqlite::empty();
    let text = "This is a letter, not a database. ".repeat(100);
    fs::write(sqlite.path(), &text).unwrap();
    refused(SqliteStore::open_for_issuer(&sqlite.path(), &crate::world::deployment_keys()), &["store.sqlite", "another kind of file"]);
    refused(SqliteStore::open_for_verifier(&sqlite.path(), &crate::world::deployment_keys()), &["store.sqlite", "another kind of file"]);
    assert_eq!(fs::read_to_string(sqlite.path()).unwrap(), text);
}

#[test]
fn a_folder_in_place_of_the_file_is_named() {
    let sqlite = Sqlite::empty();
    fs::create_dir(sqlite.path()).unwrap();
    refused(
        SqliteStore::open_for_issuer(&sqlite.path(), &crate::world::deployment_keys()),
        &["store.sqlite", "it is a folder; name a file in it"],
    );
    refused(
        SqliteStore::open_for_verifier(&sqlite.path(), &crate::world::deployment_keys()),
        &["store.sqlite", "it is a folder; name a file in it"],
    );
}

#[test]
fn a_verifier_makes_no_store() {
    let sqlite = Sqlite::empty();
    refused(SqliteStore::open_for_verifier(&sqlite.path(), &crate::world::deployment_keys()), &["store.sqlite", "start the issuer first"]);
    assert!(!sqlite.path().exists());
    fs::write(sqlite.path(), "").unwrap();
    refused(SqliteStore::open_for_verifier(&sqlite.path(), &crate::world::deployment_keys()), &["store.sqlite", "start the issuer"]);
}

#[test]
fn a_store_of_another_version_is_refused() {
    let sqlite = Sqlite::empty();
    drop(sqlite.opened());
    sqlite.run("PRAGMA user_version = 99").unwrap();
    let newer = ["schema 99", "this program knows 9", "install that version, or restore the backup from before"];
    refused(SqliteStore::open_for_issuer(&sqlite.path(), &crate::world::deployment_keys()), &newer);
    refused(SqliteStore::open_for_verifier(&sqlite.path(), &crate::world::deployment_keys()), &newer);
    sqlite.run("PRAGMA user_version = 4").unwrap();
    refused(
        SqliteStore::open_for_verifier(&sqlite.path(), &crate::world::deployment_keys()),
        &["schema 4", "needs 9", "start the issuer of this version first"],
    );
}

#[tokio::test]
async fn a_store_whose_table_is_gone_is_not_ready() {
    let sqlite = Sqlite::empty();
    let open = sqlite.opened();
    assert!(open.verifier.ready().await.is_ok());
    sqlite.run("DROP TABLE purged").unwrap();
    assert!(matches!(open.verifier.ready().await, Err(StoreError::Failed(_))));
}

#[tokio::test]
async fn nothing_is_acknowledged_while_a_file_is_not_in_its_place() {
    let sqlite = Sqlite::empty();
    let stores = sqlite.opened();
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", sqlite.path().display());
        let aside = format!("{path}.aside");
        fs::rename(&path, &aside).unwrap();
        fs::write(&path, "another").unwrap();
        assert!(matches!(stores.verifier.take_guess(GuessPool::Five, 9, 0).await, Err(StoreError::Failed(_))), "{path}");
        assert!(stores.verifier.ready().await.is_err(), "{path}");
        fs::rename(&aside, &path).unwrap();
        assert!(stores.verifier.take_guess(GuessPool::Five, 9, 0).await.is_ok(), "{path} is back");
        assert!(stores.verifier.ready().await.is_ok(), "{path} is back");
    }
}

#[tokio::test]
async fn the_file_may_be_behind_a_link() {
    let sqlite = Sqlite::empty();
    drop(sqlite.opened());
    let link = sqlite.0.path().join("link.sqlite");
    std::os::unix::fs::symlink(sqlite.path(), &link).unwrap();
    let store = SqliteStore::open_for_issuer(&link, &crate::world::deployment_keys()).unwrap();
    assert!(store.take_guess(GuessPool::Five, 9, 0).await.is_ok());
    fs::remove_file(&link).unwrap();
    assert!(store.take_guess(GuessPool::Five, 9, 0).await.is_err(), "the next process would find nothing there");
}

#[tokio::test]
async fn what_was_purged_is_not_in_the_log_either() {
    let sqlite = Sqlite::empty();
    let stores = sqlite.opened();
    let log = || fs::metadata(format!("{}-wal", sqlite.path().display())).unwrap().len();
    stores.verifier.heartbeat(0).await.unwrap();
    assert!(log() > 0, "writing goes to the log");
    stores.issuer.purge(0).await.unwrap();
    assert_eq!(log(), 0);
}

/// Reads until it is dropped, as a backup, a replicator or a forgotten shell does.
fn reader(sqlite: &Sqlite) -> rusqlite::Connection {
    let reader = rusqlite::Connection::open(sqlite.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM purged").unwrap();
    reader
}

#[tokio::test]
async fn a_reader_that_stays_only_keeps_the_log_from_being_emptied() {
    let sqlite = Sqlite::empty();
    let world = World::new(&sqlite).await;
    let reading = reader(&sqlite);
    // Written after the reader began, so that it still needs what is in the log.
    assert_eq!(world.stores.verifier.use_once(world.issued(1).await, None, 0).await.unwrap(), Marked::First);
    let full = world.stores.issuer.log_bytes().unwrap();
    assert!(full > 0);
    for cti in 2..=4 {
        world.stores.issuer.purge(0).await.unwrap();
        assert_eq!(world.stores.verifier.use_once(world.issued(cti).await, None, 0).await.unwrap(), Marked::First);
    }
    assert!(world.stores.issuer.log_bytes().unwrap() >= full, "it could not be emptied, and nobody minded");
    drop(reading);
    world.stores.issuer.purge(0).await.unwrap();
    assert_eq!(world.stores.issuer.log_bytes(), Some(0));
}

#[tokio::test]
async fn a_long_queue_of_marks_is_reported_at_once() {
    let sqlite = Sqlite::empty();
    let world = World::new(&sqlite).await;
    let used = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)";
    let cti = "CAST(printf('%08d', i) AS BLOB)";
    for insert in [
        format!(
            "INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, withdrawn_at, code, bytes) SELECT {cti}, zeroblob(32), zeroblob(4), (SELECT id FROM authorisations), 'online', 0, 0, 300, NULL, NULL, NULL FROM n"
        ),
        format!("INSERT INTO marks (cti, first_checked_at, expires_at) SELECT {cti}, 60, 300 FROM n"),
        format!("INSERT INTO unreported (cti, expires_at) SELECT {cti}, 300 FROM n"),
    ] {
        sqlite.run(&format!("{used} {insert}")).unwrap();
    }
    assert_eq!(world.stores.issuer.report_first_checks(120).await.unwrap(), 2_500);
    assert_eq!(world.stores.issuer.report_first_checks(180).await.unwrap(), 0);
}

#[tokio::test]
async fn a_long_pause_is_purged_in_portions_each_done_for_good() {
    let sqlite = Sqlite::empty();
    let world = World::new(&sqlite).await;
    let over = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)";
    let token = "CAST(printf('%08d', i) AS BLOB), zeroblob(32), zeroblob(4), (SELECT id FROM authorisations), 'online', 0, 0, i % 300";
    sqlite.run(&format!("{over} INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, withdrawn_at, code, bytes) SELECT {token}, NULL, i, x'd2' FROM n")).unwrap();
    sqlite.run("INSERT INTO marks (cti, first_checked_at, expires_at) SELECT cti, 60, expires_at FROM tokens").unwrap();
    let kept = || {
        let sql = rusqlite::Connection::open(sqlite.path()).unwrap();
        let count = "SELECT (SELECT count(*) FROM tokens), (SELECT count(*) FROM marks), (SELECT count(code) FROM tokens)";
        sql.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
    };
    // The last of them cannot go; what went before stays gone, and its mark with each token.
    sqlite.run("CREATE TRIGGER last BEFORE DELETE ON tokens WHEN old.expires_at = 299 BEGIN SELECT RAISE(ABORT, 'blocked'); END").unwrap();
    let now = 300 + KEEP_ROWS;
    assert!(world.stores.issuer.purge(now).await.is_err());
    assert_eq!(kept(), (250, 250, 0));
    sqlite.run("DROP TRIGGER last").unwrap();
    world.stores.issuer.purge(now).await.unwrap();
    assert_eq!(kept(), (0, 0, 0));
}
