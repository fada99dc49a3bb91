//! The housekeeper's round: everything in one go, and what fails keeps nothing else from being done.

use std::{
    io,
    sync::{Arc, Mutex},
};

use countersign::{
    issuer::{Ask, Housekeeper, KeyVault as _, Notary, inspect},
    keyring::rotation::Stage,
    ledger::Checkpoint,
    store::{KEEP_ROWS, LedgerStore as _},
};

use serde_json::json;

use crate::{
    app::{TestApp, five_words, wide},
    world::{self, DAY, NOW, key},
};

const OVER: i64 = NOW + 7 * DAY;

/// A service in which something waits for every part of a round.
struct Service {
    app: TestApp,
    housekeeper: Housekeeper,
}

impl Service {
    async fn start() -> Self {
        let app = TestApp::with_keys().await;
        let notary = Arc::new(Notary::new(app.store.clone(), app.ledger.clone()));
        let health = app.issuer_health.clone();
        let housekeeper = Housekeeper::new(app.store.clone(), app.watch.clone(), health, app.custodian.clone(), notary, five_words(256));
        let (old, used) = (app.officer.issue_plain().await, OVER - 10);
        app.clock.set(used);
        let papers = app.approved(&app.officer.officer, Ask { until: OVER + DAY, ..wide() }).await;
        let body = json!({"channel": "in-person", "authorisation": papers});
        let fresh = app.officer.issue(body).await;
        assert_eq!(app.anyone().token(&fresh.token).await.verdict(), "genuine");
        assert!(old.expires_at + KEEP_ROWS < OVER);
        app.clock.set(OVER);
        app.acted_without_the_key("plover").await;
        Self { app, housekeeper }
    }

    /// Which parts were done: first checks reported, old rows purged, keys changed over, everything under a checkpoint.
    async fn done(&self) -> [bool; 4] {
        let (app, head) = (&self.app, self.app.store.head().await.unwrap());
        let signed = head.checkpoint.and_then(|row| Checkpoint::open(&row.note, &world::ledger().0).ok());
        [
            app.count("unreported") == 0,
            app.count("tokens") == 1,
            app.record(key(3).public().id()).await.stage == Stage::Retired,
            signed.is_some_and(|checkpoint| checkpoint.size == head.size),
        ]
    }

    fn sql(&self, statement: &str) {
        self.app.sql().execute_batch(statement).unwrap();
    }
}

#[tokio::test]
async fn one_round_does_everything_and_the_next_finds_nothing_to_do() {
    let service = Service::start().await;
    assert_eq!(service.done().await, [false; 4]);
    service.housekeeper.round().await;
    assert_eq!(service.done().await, [true; 4]);
    service.app.spent_keys_are_destroyed().await;
    let before = service.app.dump();
    service.housekeeper.round().await;
    assert_eq!(service.app.dump(), before);
    assert_eq!(inspect(&*service.app.store, world::ledger().0, vec![]).await.unwrap().faults, []);
}

#[tokio::test]
async fn whatever_fails_keeps_nothing_else_from_being_done() {
    let never = "BEGIN SELECT RAISE(ABORT, 'blocked'); END";
    for (table, what, done) in [
        ("signing_keys", "UPDATE", [true, true, false, true]),
        ("unreported", "DELETE", [false, true, true, true]),
        ("misses", "DELETE", [true, true, true, true]),
        ("tokens", "DELETE", [true, false, true, true]),
        ("ledger_checkpoints", "INSERT", [true, true, true, false]),
        ("ledger_entries", "INSERT", [false, true, false, true]),
    ] {
        let service = Service::start().await;
        service.sql(&format!("CREATE TRIGGER blocked BEFORE {what} ON {table} {never}"));
        assert_eq!(service.housekeeper.round().await, done == [true; 4], "{what} on {table}: whether it went through whole");
        assert_eq!(service.done().await, done, "{what} on {table}");
        service.sql("DROP TRIGGER blocked");
        assert!(service.housekeeper.round().await);
        assert_eq!(service.done().await, [true; 4], "{what} on {table}, the next time");
    }
}

#[tokio::test]
async fn neither_a_vault_without_its_key_nor_a_ledger_that_was_changed_stops_the_rest() {
    let service = Service::start().await;
    for id in service.app.vault.ids().unwrap() {
        service.app.vault.destroy(id).unwrap();
    }
    assert!(!service.housekeeper.round().await);
    assert_eq!(service.done().await, [true, true, false, true]);

    let service = Service::start().await;
    service.housekeeper.round().await;
    service.sql("UPDATE ledger_nodes SET hash = zeroblob(32)");
    service.app.clock.set(OVER + 7 * DAY);
    assert!(!service.housekeeper.round().await);
    assert_eq!(service.app.record(key(3).public().id()).await.stage, Stage::Removed);
    assert_eq!(service.app.count("tokens"), 0);
    assert!(!service.done().await[3], "nothing is signed on top of it");
}

/// Lines of a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines_with(&self, word: &str) -> usize {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().filter(|line| line.contains(word)).count()
    }
}

#[tokio::test]
async fn a_warning_is_given_when_it_comes_up_and_when_it_changes() {
    let service = Service::start().await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _log = tracing::subscriber::set_default(subscriber);
    let end = NOW + 35 * DAY;
    let at = |now: i64| {
        service.app.clock.set(now);
        service.housekeeper.round()
    };
    at(end - 7 * DAY - 1).await;
    assert_eq!(log.lines_with("runs out"), 0);
    for (now, logged) in [(end - 7 * DAY, 1), (end - 7 * DAY, 1), (end - 7 * DAY + 1, 2), (end - 6 * DAY, 2), (end - 5 * DAY, 3)] {
        at(now).await;
        assert_eq!(log.lines_with("the key set runs out"), logged, "{} s before", end - now);
    }
}
