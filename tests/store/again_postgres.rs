//! PostgreSQL: every way in which work on a connection fails is driven once, and the connection is used again afterwards. What
//! fails at work must not be kept: neither an aborted transaction nor a statement that the server refuses from then on.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use countersign::{
    authority::Role,
    store::{GuessPool, IssuerStore, Marked, Page, PostgresStore, StoreError},
};
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::{
    Backend as _, Stores,
    access::credential,
    acts::{NOW, World, entry, officer},
    outages::recovers,
    postgres::Postgres,
};

/// The rows that `src/store/postgres` locks: of acts, and of guesses.
const ACTS: &str = "act_turn";
const GUESSES: &str = "guess_turn";

/// A row: what is wrong for a while, how that is mended, what is tried, and whether the very next attempt succeeds. It need not
/// where the connection itself is lost: another is opened after a pause.
struct Path {
    name: &'static str,
    break_it: String,
    mend_it: String,
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    Act,
    Credential,
    Guess,
    Mark,
    Ready,
    Read,
    Officers,
}

async fn work(world: &World, what: Work, nth: u8) -> Result<(), StoreError> {
    let Stores { issuer, verifier, ledger } = &world.stores;
    match what {
        Work::Act => issuer.record(entry()).await,
        Work::Credential => issuer.add_credential(credential("falcon", nth, NOW + 60), entry()).await,
        Work::Guess => verifier.take_guess(GuessPool::Five, 1_000, NOW).await.map(drop),
        Work::Mark => verifier.heartbeat(NOW).await.map(drop),
        Work::Ready => verifier.ready().await,
        Work::Read => ledger.head().await.map(drop),
        Work::Officers => issuer.officers(Page::default()).await.map(drop),
    }
}

fn raising(name: &str, table: &str, when: &str, body: &str) -> (String, String) {
    (
        format!(
            "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$; {}",
            when.replace("NAME", name).replace("TABLE", table)
        ),
        format!("DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}()"),
    )
}

fn paths() -> Vec<Path> {
    let path = |name, (break_it, mend_it): (String, String), work| Path { name, break_it, mend_it, work };
    let said = |break_it: &str, mend_it: &str| (break_it.to_owned(), mend_it.to_owned());
    let held = |turn: &str| (format!("BEGIN; SELECT FROM {turn} FOR UPDATE"), "ROLLBACK".to_owned());
    let before = "CREATE TRIGGER NAME BEFORE INSERT ON TABLE FOR EACH ROW EXECUTE FUNCTION NAME()";
    let at_the_end =
        "CREATE CONSTRAINT TRIGGER NAME AFTER INSERT ON TABLE DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION NAME()";
    let no = "RAISE EXCEPTION 'no';";
    let cut = "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW;";
    vec![
        path("BEGIN of acts waits too long for its turn", held(ACTS), Work::Act),
        path("the lane of guesses waits too long for its turn", held(GUESSES), Work::Guess),
        path("a statement in an act fails", raising("refuse_entry", "ledger_entries", before, no), Work::Act),
        path("COMMIT of acts fails", raising("refuse_late", "ledger_entries", at_the_end, no), Work::Act),
        path("an act's connection is cut in its middle", raising("cut_act", "ledger_entries", before, cut), Work::Act),
        path(
            "an act loses a right",
            said("REVOKE INSERT ON credentials FROM countersign_issuer", "GRANT INSERT ON credentials TO countersign_issuer"),
            Work::Credential,
        ),
        path("a statement in the lane of guesses fails", raising("refuse_miss", "misses", before, no), Work::Guess),
        path("COMMIT of guesses fails", raising("refuse_miss_late", "misses", at_the_end, no), Work::Guess),
        path(
            "the lane of guesses loses a right",
            said("REVOKE INSERT ON misses FROM countersign_verifier", "GRANT INSERT ON misses TO countersign_verifier"),
            Work::Guess,
        ),
        path(
            "a heartbeat loses its right",
            said("REVOKE INSERT ON heartbeats FROM countersign_verifier", "GRANT INSERT ON heartbeats TO countersign_verifier"),
            Work::Mark,
        ),
        path("a heartbeat's table is locked", said("BEGIN; LOCK TABLE heartbeats", "ROLLBACK"), Work::Mark),
        path("a read waits for a lock", said("BEGIN; LOCK TABLE purged", "ROLLBACK"), Work::Ready),
        path("a read loses its table", said("ALTER TABLE purged RENAME TO gone", "ALTER TABLE gone RENAME TO purged"), Work::Ready),
        path(
            "a read of the issuer's cannot be prepared",
            said("ALTER TABLE ledger_checkpoints RENAME TO gone", "ALTER TABLE gone RENAME TO ledger_checkpoints"),
            Work::Read,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_once_works_again_on_every_path() {
    let Some(backend) = Postgres::new("again_postgres::what_failed_once_works_again_on_every_path").await else { return };
    let world = World::new(&backend).await;
    let admin = backend.client("postgres").await;
    for (nth, Path { name, break_it, mend_it, work: what }) in (0..).zip(paths()) {
        admin.batch_execute(&break_it).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(work(&world, what, 2 * nth).await.is_err(), "{name}: it was done");
        admin.batch_execute(&mend_it).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Err(error) = work(&world, what, 2 * nth + 1).await {
            panic!("{name}: it fails afterwards: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_whose_result_changed_its_type_is_prepared_again() {
    let Some(backend) = Postgres::new("again_postgres::a_statement_whose_result_changed_its_type_is_prepared_again").await else { return };
    let world = World::new(&backend).await;
    work(&world, Work::Officers, 0).await.unwrap();
    backend.sql("CREATE DOMAIN word AS text; ALTER TABLE officers ALTER COLUMN role TYPE word").await.unwrap();
    let _ = work(&world, Work::Officers, 1).await;
    work(&world, Work::Officers, 2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_are_made_again_after_their_table_refused_them() {
    let Some(backend) = Postgres::new("again_postgres::marks_are_made_again_after_their_table_refused_them").await else { return };
    let world = World::new(&backend).await;
    let (token, verifier) = (world.issued(1).await, &world.stores.verifier);
    backend.block("marks").await;
    assert!(verifier.use_once(token, None, NOW).await.is_err());
    backend.unblock("marks").await;
    assert_eq!(verifier.use_once(token, None, NOW).await.unwrap(), Marked::First);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_group_whose_connection_is_lost_half_way_nothing_is_answered_as_done() {
    let Some(backend) = Postgres::new("again_postgres::of_a_group_whose_connection_is_lost_half_way_nothing_is_answered_as_done").await
    else {
        return;
    };
    let world = World::new(&backend).await;
    let (broken, mended) = raising(
        "cut_one",
        "officers",
        "CREATE TRIGGER NAME BEFORE INSERT ON TABLE FOR EACH ROW EXECUTE FUNCTION NAME()",
        "IF NEW.callsign = 'cut' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW;",
    );
    let admin = backend.client("postgres").await;
    // While another session has the turn the acts gather into one group.
    admin.batch_execute(&broken).await.unwrap();
    admin.batch_execute(&format!("BEGIN; SELECT FROM {ACTS} FOR UPDATE")).await.unwrap();
    let first = world.stores.issuer.record(entry());
    let acts = ["one", "cut", "two"].map(|name| world.stores.issuer.enrol(officer(name, Role::Officer), entry()));
    let acts = async {
        let done = futures_util::future::join_all(acts).await;
        done.into_iter().map(|done| done.is_ok()).collect::<Vec<_>>()
    };
    let release = async {
        waits(&admin, 1).await;
        admin.batch_execute("ROLLBACK").await.unwrap();
    };
    // It may come into the group too.
    let (_, acts, ()) = tokio::join!(first, acts, release);
    admin.batch_execute(&mended).await.unwrap();
    let known: Vec<String> =
        world.stores.issuer.officers(Page::default()).await.unwrap().iter().map(|officer| officer.callsign.to_string()).collect();
    for (name, done) in ["one", "cut", "two"].into_iter().zip(acts) {
        assert_eq!(known.iter().any(|callsign| callsign == name), done, "{name}: what is answered as done is there, and nothing else");
    }
    world.stores.issuer.record(entry()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_schema_that_failed_can_be_tried_again() {
    let Some(backend) = Postgres::new("again_postgres::a_change_of_the_schema_that_failed_can_be_tried_again").await else { return };
    backend.sql("CREATE TABLE heartbeats (of TEXT)").await.unwrap();
    let address = || backend.address("countersign_issuer");
    let Err(error) = PostgresStore::open_for_issuer(address(), &crate::world::deployment_keys()).await else { panic!("it opened") };
    assert!(error.to_string().contains("heartbeats"), "{error}");
    assert!(backend.sql("SELECT 1 FROM officers").await.is_err(), "all of it or nothing");
    backend.sql("DROP TABLE heartbeats").await.unwrap();
    PostgresStore::open_for_issuer(address(), &crate::world::deployment_keys()).await.unwrap().record(entry()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_cannot_be_made_are_made_later_and_listen_again() {
    let Some(backend) = Postgres::new("again_postgres::connections_that_cannot_be_made_are_made_later_and_listen_again").await else {
        return;
    };
    let world = World::new(&backend).await;
    let mut marks = world.stores.issuer.marks();
    let admin = backend.client("postgres").await;
    let limit = |connections: i32| format!("ALTER DATABASE {} CONNECTION LIMIT {connections}", backend.0.name);
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    admin.batch_execute(&format!("{}; {cut}", limit(0))).await.unwrap();
    for what in [Work::Act, Work::Guess, Work::Mark, Work::Ready, Work::Read] {
        assert!(work(&world, what, 0).await.is_err());
    }
    admin.batch_execute(&limit(-1)).await.unwrap();
    for what in [Work::Act, Work::Guess, Work::Mark, Work::Ready, Work::Read] {
        recovers(async || work(&world, what, 1).await).await;
    }
    let mut cti = 0;
    recovers(async || {
        cti += 1;
        world.stores.verifier.use_once(world.issued(cti).await, None, NOW).await?;
        let heard = tokio::time::timeout(Duration::from_secs(1), marks.recv()).await;
        heard.map(drop).map_err(|_| StoreError::Failed("nothing was heard".into()))
    })
    .await;
}

/// Until so many sessions of the database wait for a lock.
pub async fn waits(admin: &Client, sessions: i64) {
    let waiting =
        "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND NOT granted";
    let begun = Instant::now();
    while admin.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < sessions {
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits for the lock");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The public files of a key folder of the same deployment.
fn public_files(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let (x, kid) = (crate::world::root().public().jwk_x(), crate::world::root().public().id());
    let jwk = format!(r#"{{"kty": "OKP", "crv": "Ed25519", "x": "{x}", "kid": "{kid}", "alg": "Ed25519", "use": "sig"}}"#);
    for (name, text) in [("root.jwk", jwk), ("ledger.vkey", crate::world::ledger().0.to_string())] {
        std::fs::write(folder.join(name), text).unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A command of the real binary, killed at the latest when the test ends.
struct Stopped(Child);

impl Stopped {
    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([&format!("-{signal}"), &self.0.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_stopped_in_the_middle_of_an_act_keeps_nobody_out() {
    let Some(backend) = Postgres::new("again_postgres::a_process_that_is_stopped_in_the_middle_of_an_act_keeps_nobody_out").await else {
        return;
    };
    let world = World::new(&backend).await;
    let admin = backend.client("postgres").await;
    let (broken, mended) = raising(
        "wait_here",
        "officers",
        "CREATE TRIGGER NAME BEFORE INSERT ON TABLE FOR EACH ROW EXECUTE FUNCTION NAME()",
        "IF NEW.callsign = 'stopped' THEN PERFORM pg_advisory_xact_lock(77); END IF; RETURN NEW;",
    );
    admin.batch_execute(&format!("{broken}; SELECT pg_advisory_lock(77)")).await.unwrap();
    let url = backend.0.cluster.url("countersign_issuer", &backend.0.name);
    let keys = tempfile::tempdir().unwrap();
    public_files(keys.path());
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["officers", "enrol", "stopped", "--role", "officer", "--store", &url, "--issuer", "verify.example.org"]);
    command.arg("--keys").arg(keys.path()).env_clear().env("TZ", "UTC");
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let stopped = Stopped(child);
    waits(&admin, 1).await;
    stopped.signal("STOP");
    // Its statement is done, and it says no more: from now on it only holds the ledger's lock.
    admin.batch_execute("SELECT pg_advisory_unlock(77)").await.unwrap();
    world.stores.issuer.record(entry()).await.unwrap();
    stopped.signal("CONT");
    admin.batch_execute(&mended).await.unwrap();
}
