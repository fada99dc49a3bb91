//! Files that are not this deployment's store: whose they are is said, and nothing in them or beside them changes.

use std::{collections::BTreeMap, fs, path::Path};

use countersign::store::{DeploymentKeys, Found, SqliteStore, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::world;

/// Names and bytes of everything in a folder.
fn everything(folder: &TempDir) -> BTreeMap<String, Vec<u8>> {
    let file = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    fs::read_dir(folder.path()).unwrap().map(|entry| file(entry.unwrap())).collect()
}

/// Where the header says how the file is written: 1 with a rollback journal, 2 with a write-ahead log.
fn written_by(path: &Path) -> [u8; 2] {
    fs::read(path).unwrap()[18..20].try_into().unwrap()
}

fn refuses<T>(opened: Result<T, StoreError>, says: &str) {
    let Err(error) = opened else { panic!("it opened") };
    assert!(matches!(&error, StoreError::Unusable(why) if why.contains("store.sqlite") && why.contains(says)), "{error}");
}

#[test]
fn a_database_of_another_program_stays_byte_for_byte() {
    for mode in ["DELETE", "PERSIST", "WAL"] {
        for version in [0, 4, 5, 6, 99] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store.sqlite");
            let letters = format!("PRAGMA journal_mode = {mode}; CREATE TABLE letters (text); INSERT INTO letters VALUES ('dear');");
            Connection::open(&path).unwrap().execute_batch(&format!("{letters} PRAGMA user_version = {version}")).unwrap();
            let before = everything(&folder);
            let says = "is the database of another program; name the right file";
            refuses(SqliteStore::found(&path), says);
            refuses(SqliteStore::open_for_issuer(&path, &world::deployment_keys()), says);
            refuses(SqliteStore::open_for_verifier(&path, &world::deployment_keys()), says);
            assert!(everything(&folder) == before, "{mode} {version}");
        }
    }
}

/// As a backup or a restored copy is: with a rollback journal.
fn copied(folder: &TempDir) -> std::path::PathBuf {
    let (made, copy) = (folder.path().join("made.sqlite"), folder.path().join("store.sqlite"));
    drop(SqliteStore::open_for_issuer(&made, &world::deployment_keys()).unwrap());
    Connection::open(&made).unwrap().execute("VACUUM INTO ?1", [copy.to_str()]).unwrap();
    assert_eq!(written_by(&copy), [1, 1]);
    copy
}

#[test]
fn a_store_of_another_deployment_stays_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = copied(&folder);
    let before = everything(&folder);
    let issuer = || "staging.example.org".parse().unwrap();
    let root = || world::key(9).public();
    for (stranger, says) in [
        (DeploymentKeys { root: root(), ..world::deployment_keys() }, "belongs to another deployment"),
        (DeploymentKeys { root: root(), issuer: issuer(), ..world::deployment_keys() }, "belongs to another deployment"),
        (DeploymentKeys { issuer: issuer(), ..world::deployment_keys() }, "but the issuer name given is staging.example.org"),
    ] {
        assert!(matches!(SqliteStore::found(&path), Ok(Found::Bound(_))));
        refuses(SqliteStore::open_for_issuer(&path, &stranger), says);
        refuses(SqliteStore::open_for_verifier(&path, &stranger), says);
        assert!(everything(&folder) == before);
    }
}

#[test]
fn our_own_is_written_with_a_log_from_then_on() {
    for as_issuer in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = copied(&folder);
        let open = if as_issuer { SqliteStore::open_for_issuer } else { SqliteStore::open_for_verifier };
        drop(open(&path, &world::deployment_keys()).unwrap());
        assert_eq!(written_by(&path), [2, 2]);
    }
}

/// A newer version may keep everything otherwise, also what the comparison needs.
#[test]
fn a_store_of_a_newer_version_says_so_and_stays_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = copied(&folder);
    let sql = Connection::open(&path).unwrap();
    sql.execute_batch("ALTER TABLE deployment RENAME COLUMN root TO roots; PRAGMA user_version = 99").unwrap();
    drop(sql);
    let before = everything(&folder);
    let newer = "was made by a newer version (schema 99, this program knows 9)";
    refuses(SqliteStore::found(&path), newer);
    refuses(SqliteStore::open_for_issuer(&path, &world::deployment_keys()), newer);
    refuses(SqliteStore::open_for_verifier(&path, &world::deployment_keys()), newer);
    assert!(everything(&folder) == before);
}
