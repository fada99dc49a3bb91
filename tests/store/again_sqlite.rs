//! SQLite: every way in which work on a connection fails is driven once, and the connection is used again afterwards.

use countersign::{
    authority::Role,
    store::{GuessPool, Marked, Page, StoreError},
};
use rusqlite::Connection;

use crate::{
    Stores,
    acts::{NOW, World, entry, officer},
    sqlite::Sqlite,
};

#[derive(Clone, Copy, Debug)]
enum Work {
    Act,
    Guess,
    Heartbeat,
    Ready,
    Officers,
    Purge,
}

async fn work(world: &World, what: Work) -> Result<(), StoreError> {
    let Stores { issuer, verifier, .. } = &world.stores;
    match what {
        Work::Act => issuer.record(entry()).await,
        Work::Guess => verifier.take_guess(GuessPool::Five, 1_000, NOW).await.map(drop),
        Work::Heartbeat => verifier.heartbeat(NOW).await.map(drop),
        Work::Ready => verifier.ready().await,
        Work::Officers => issuer.officers(Page::default()).await.map(drop),
        Work::Purge => issuer.purge(0).await,
    }
}

/// Name, what breaks it, what mends it, what is tried. All statements of one row run on one connection of somebody else's.
const PATHS: [(&str, &str, &str, Work); 10] = [
    ("BEGIN waits too long for another writer", "BEGIN IMMEDIATE", "ROLLBACK", Work::Act),
    (
        "a statement of an act fails",
        "CREATE TRIGGER t BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ABORT, 'no'); END",
        "DROP TRIGGER t",
        Work::Act,
    ),
    (
        "a statement ends the transaction",
        "CREATE TRIGGER t BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
        "DROP TRIGGER t",
        Work::Act,
    ),
    (
        "COMMIT fails",
        "CREATE TABLE broken (of TEXT REFERENCES officers DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER t AFTER INSERT ON ledger_entries BEGIN INSERT INTO broken VALUES ('nobody'); END",
        "DROP TRIGGER t; DROP TABLE broken",
        Work::Act,
    ),
    ("an act's table is gone", "ALTER TABLE ledger_entries RENAME TO gone", "ALTER TABLE gone RENAME TO ledger_entries", Work::Act),
    (
        "a guess is refused",
        "CREATE TRIGGER t BEFORE INSERT ON misses BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
        "DROP TRIGGER t",
        Work::Guess,
    ),
    (
        "a heartbeat is refused",
        "CREATE TRIGGER t BEFORE INSERT ON heartbeats BEGIN SELECT RAISE(ABORT, 'no'); END",
        "DROP TRIGGER t",
        Work::Heartbeat,
    ),
    ("a read cannot be prepared", "ALTER TABLE purged RENAME TO gone", "ALTER TABLE gone RENAME TO purged", Work::Ready),
    (
        "a read that was prepared loses its column",
        "ALTER TABLE officers RENAME COLUMN role TO gone",
        "ALTER TABLE officers RENAME COLUMN gone TO role",
        Work::Officers,
    ),
    ("a purge is refused", "CREATE TRIGGER t BEFORE UPDATE ON purged BEGIN SELECT RAISE(FAIL, 'no'); END", "DROP TRIGGER t", Work::Purge),
];

#[tokio::test]
async fn what_failed_once_works_again_on_every_path() {
    let sqlite = Sqlite::new("").await.unwrap();
    let world = World::new(&sqlite).await;
    let other = Connection::open(sqlite.path()).unwrap();
    other.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    for (name, break_it, mend_it, what) in PATHS {
        // Once before, so that what is prepared is prepared; twice on each of both connections that read.
        for _ in 0..2 {
            work(&world, what).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        other.execute_batch(break_it).unwrap_or_else(|error| panic!("{name}: {error}"));
        for _ in 0..2 {
            assert!(work(&world, what).await.is_err(), "{name}: it was done");
        }
        other.execute_batch(mend_it).unwrap_or_else(|error| panic!("{name}: {error}"));
        for _ in 0..2 {
            work(&world, what).await.unwrap_or_else(|error| panic!("{name}: it fails afterwards: {error}"));
        }
    }
}

#[tokio::test]
async fn of_a_group_that_ended_early_nothing_is_answered_as_done() {
    let sqlite = Sqlite::new("").await.unwrap();
    let world = World::new(&sqlite).await;
    let other = Connection::open(sqlite.path()).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER t BEFORE INSERT ON officers WHEN new.callsign = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'no'); END; BEGIN IMMEDIATE",
        )
        .unwrap();
    let acts = ["one", "bad", "two", "three"].map(|name| world.stores.issuer.enrol(officer(name, Role::Officer), entry()));
    // The first waits for the lock; the others gather behind it.
    let release = async { other.execute_batch("ROLLBACK").unwrap() };
    let (acts, ()) = tokio::join!(futures_util::future::join_all(acts), release);
    let known: Vec<String> =
        world.stores.issuer.officers(Page::default()).await.unwrap().iter().map(|officer| officer.callsign.to_string()).collect();
    for (name, done) in ["one", "bad", "two", "three"].into_iter().zip(acts) {
        assert_eq!(known.iter().any(|callsign| callsign == name), done.is_ok(), "{name}");
    }
    assert_eq!(world.stores.verifier.use_once(world.issued(1).await, None, NOW).await.unwrap(), Marked::First);
}
