//! What a verifier that somebody took over does to its role, to the sessions of others and with its own; the rest is in `hostile`.

use countersign::{
    store::{GuessPool, Marked, PostgresStore, VerifierStore},
    token::Cti,
};
use tokio_postgres::{Client, error::SqlState};

use crate::{
    Backend as _,
    acts::{NOW, World},
    hostile::{HONEST, LONG, ROGUE, everything, looked, unarmed, until},
    postgres::Postgres,
};

/// Another value for each setting that a role may change for itself: the server's own list of them, and some that strike before
/// there is a first statement.
async fn disfigure(rogue: &Client) -> usize {
    let others = "SELECT name, CASE vartype WHEN 'bool' THEN CASE setting WHEN 'on' THEN 'off' ELSE 'on' END
                       WHEN 'enum' THEN (SELECT value FROM unnest(enumvals) AS value WHERE value <> setting LIMIT 1)
                       WHEN 'string' THEN CASE name WHEN 'search_path' THEN 'pg_catalog' WHEN 'TimeZone' THEN 'Asia/Tokyo' ELSE setting END
                       ELSE CASE setting WHEN min_val THEN (min_val::numeric + 1)::text ELSE min_val END END
         FROM pg_settings WHERE context = 'user' AND name <> 'client_encoding'";
    let mut changed = 0;
    for row in rogue.query(others, &[]).await.unwrap() {
        let (name, value): (String, String) = (row.get(0), row.get(1));
        for role in [ROGUE.to_owned(), format!("{ROGUE} IN DATABASE countersign")] {
            // Some take no value but one.
            changed += usize::from(rogue.batch_execute(&format!("ALTER ROLE {role} SET {name} = '{value}'")).await.is_ok());
        }
    }
    let soon = ["statement_timeout = 1", "idle_session_timeout = 1", "lock_timeout = 1", "role = 'countersign_verifier'"];
    for setting in soon {
        rogue.batch_execute(&format!("ALTER ROLE {ROGUE} SET {setting}")).await.unwrap();
    }
    changed
}

/// Writes down the settings of the session that adds a heartbeat.
const WATCH_SETTINGS: &str = "CREATE TABLE settings (of name, name text, setting text);
     CREATE FUNCTION watch_settings() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
         DELETE FROM settings WHERE of = session_user;
         INSERT INTO settings SELECT session_user, name, setting FROM pg_settings WHERE context = 'user';
         INSERT INTO settings VALUES (session_user, 'role', current_setting('role'));
         RETURN NEW;
     END $$;
     CREATE TRIGGER watch_settings BEFORE INSERT ON heartbeats FOR EACH ROW EXECUTE FUNCTION watch_settings()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_role_sets_for_itself_changes_no_verifier_of_ours() {
    let Some(backend) = Postgres::alone("hostile::what_a_role_sets_for_itself_changes_no_verifier_of_ours", &[]).await else { return };
    let world = World::new(&backend).await;
    let rogue = backend.client(ROGUE).await;
    let changed = disfigure(&rogue).await;
    assert!(changed > 150, "only {changed} settings were changed");
    rogue.batch_execute(&format!("ALTER ROLE {ROGUE} PASSWORD 'mine'")).await.unwrap();
    // The group's are nobody's: anybody who becomes the group changes what no one comes in with.
    rogue.batch_execute("SET ROLE countersign_verifier; ALTER ROLE countersign_verifier SET statement_timeout = 1").await.unwrap();
    backend.sql(WATCH_SETTINGS).await.unwrap();
    for login in [ROGUE, HONEST] {
        let store = PostgresStore::open_for_verifier(backend.address(login), &crate::world::deployment_keys()).await.unwrap();
        VerifierStore::heartbeat(&store, NOW).await.unwrap_or_else(|error| panic!("{login}: {error}"));
    }
    let differ = "SELECT name, rogue.setting, honest.setting FROM settings AS rogue JOIN settings AS honest USING (name)
         WHERE rogue.of = 'countersign_verifier_1' AND honest.of = 'countersign_verifier_2' AND rogue.setting <> honest.setting
           AND replace(rogue.setting, '\"', '') <> (SELECT boot_val FROM pg_settings WHERE pg_settings.name = rogue.name)";
    let differ = backend.client("postgres").await.query(differ, &[]).await.unwrap();
    let differ: Vec<(String, String, String)> = differ.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(differ, [], "all is as it was, or as the program came");
    // And in the end it is a store like any other.
    let store = PostgresStore::open_for_verifier(backend.address(ROGUE), &crate::world::deployment_keys()).await.unwrap();
    let verifier: std::sync::Arc<dyn VerifierStore> = std::sync::Arc::new(store);
    assert_eq!(verifier.use_once(world.issued(2).await, None, NOW).await.unwrap(), Marked::First);
    assert!(verifier.take_guess(GuessPool::Five, 10, NOW).await.unwrap().is_some());
    verifier.ready().await.unwrap();
    world.issued(1).await;
    everything(&world, &backend, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_ends_no_session_but_its_own() {
    let Some(backend) = Postgres::alone("hostile::a_verifier_ends_no_session_but_its_own", &[]).await else { return };
    let world = World::new(&backend).await;
    let other = PostgresStore::open_for_verifier(backend.address(HONEST), &crate::world::deployment_keys()).await.unwrap();
    VerifierStore::ready(&other).await.unwrap();
    let rogue = backend.client(ROGUE).await;
    rogue.batch_execute("SET ROLE countersign_verifier").await.unwrap();
    let all = "SELECT pid, usename::text FROM pg_stat_activity WHERE usename LIKE 'countersign%' AND usename <> session_user";
    let mut tried = std::collections::BTreeSet::new();
    for row in rogue.query(all, &[]).await.unwrap() {
        let (pid, of): (i32, String) = (row.get(0), row.get(1));
        for function in ["pg_terminate_backend", "pg_cancel_backend"] {
            match rogue.query_one(&format!("SELECT {function}($1)"), &[&pid]).await {
                Err(refused) => assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{function} of {of}"),
                // Of a session that has ended since the list was made, the server only says that there is none.
                Ok(ended) => assert!(!ended.get::<_, bool>(0), "{function} of {of}"),
            }
        }
        tried.insert(of);
    }
    assert_eq!(tried.into_iter().collect::<Vec<_>>(), ["countersign_issuer", HONEST]);
    world.issued(1).await;
    everything(&world, &backend, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_notifications_keeps_no_act_waiting() {
    let Some(backend) = Postgres::alone("hostile::a_flood_of_notifications_keeps_no_act_waiting", &[]).await else { return };
    unarmed(&backend.client("postgres").await).await;
    let world = World::new(&backend).await;
    world.issued(1).await;
    let mut heard = world.stores.issuer.marks();
    // It listens and never takes what it hears, so that the queue of all databases keeps everything.
    let deaf = backend.client(ROGUE).await;
    deaf.batch_execute("LISTEN countersign_marks; BEGIN; SELECT 1").await.unwrap();
    let flood = backend.client(ROGUE).await;
    let one = "DO $$ BEGIN FOR nth IN 1..20000 LOOP
             PERFORM pg_notify('countersign_marks', lpad(to_hex(nth), 16, '0') || repeat(',nonsense', 800));
             PERFORM pg_notify('countersign_keys', nth::text);
         END LOOP; END $$";
    let flooding = tokio::spawn(async move {
        for _ in 0..5 {
            flood.batch_execute(one).await.unwrap();
        }
    });
    everything(&world, &backend, 1).await;
    flooding.await.unwrap();
    let mut announced = 0;
    while let Ok(heard) = heard.try_recv().or_else(|error| match error {
        tokio::sync::broadcast::error::TryRecvError::Lagged(_) => Ok(Cti([0; 8])),
        over => Err(over),
    }) {
        announced += usize::from(heard.0 != [0; 8]);
    }
    assert!(announced <= 1_024, "{announced} uses were announced");
    deaf.batch_execute("SELECT 1").await.expect("it kept the queue to the end");
    // As when the queue is full: whatever cannot be announced is done all the same.
    let admin = backend.client("postgres").await;
    admin.batch_execute("REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC").await.unwrap();
    let token = world.issued(2).await;
    assert_eq!(world.stores.verifier.use_once(token, None, NOW).await.unwrap(), Marked::First);
    everything(&world, &backend, 2).await;
}

/// Until a session of the rogue's was ended, and the issuer counted it.
async fn is_ended(world: &World, rogue: &Client, what: &str) {
    until(&format!("{what} goes on"), async || rogue.is_closed().then_some(())).await;
    until("nobody counted it", async || world.stores.issuer.verifier_sessions().filter(|seen| seen.ended > 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_transaction_of_a_verifiers_is_ended_so_that_dropped_rows_go() {
    let Some(backend) = Postgres::alone("hostile::a_long_transaction_of_a_verifiers_is_ended_so_that_dropped_rows_go", &[]).await else {
        return;
    };
    let (world, admin) = (World::new(&backend).await, backend.client("postgres").await);
    world.issued(1).await;
    let before = looked(&world).await;
    assert!(before.is_prepared && before.ended == 0 && before.oldest_transaction < LONG);
    // A backup is no verifier's, and may take its time.
    let backup = backend.client("countersign_issuer").await;
    backup.batch_execute("BEGIN; SELECT 1").await.unwrap();
    let idle = backend.client(HONEST).await;
    let (waiting, asleep) = (backend.client(ROGUE).await, backend.client(ROGUE).await);
    waiting
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM live_tokens; INSERT INTO heartbeats VALUES (0)")
        .await
        .unwrap();
    let sleeping = async {
        asleep.batch_execute("SELECT pg_sleep(3600) FROM live_tokens").await.unwrap_err();
    };
    tokio::join!(sleeping, is_ended(&world, &waiting, "a transaction that does nothing"));
    backup.batch_execute("COMMIT").await.expect("a backup goes on");
    idle.batch_execute("SELECT 1").await.expect("a session without a transaction goes on");
    everything(&world, &backend, 1).await;
    let held = "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'countersign_verifier%' AND backend_xmin IS NOT NULL";
    assert_eq!(admin.query_one(held, &[]).await.unwrap().get::<_, i64>(0), 0);
    admin.batch_execute("VACUUM tokens").await.unwrap();
    let left = "SELECT count(*) FROM pg_class WHERE relname = 'tokens' AND relpages > 1";
    assert_eq!(admin.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_that_takes_all_locks_there_are_is_ended() {
    let Some(backend) = Postgres::alone("hostile::a_verifier_that_takes_all_locks_there_are_is_ended", &[]).await else { return };
    let world = World::new(&backend).await;
    world.issued(1).await;
    looked(&world).await;
    let rogue = backend.client(ROGUE).await;
    // A savepoint that wrote something keeps a lock of its own until it ends.
    let nested = "SAVEPOINT s; INSERT INTO heartbeats VALUES (0);".repeat(500);
    rogue.batch_execute(&format!("BEGIN; {nested}")).await.unwrap();
    is_ended(&world, &rogue, "a session with very many locks").await;
    everything(&world, &backend, 1).await;
}

/// A way in nobody thought of: as soon as a verifier is seen to stand in the issuer's way, it is ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_that_stands_in_the_issuers_way_is_ended_before_the_issuer_gives_up() {
    let test = "hostile::a_verifier_that_stands_in_the_issuers_way_is_ended_before_the_issuer_gives_up";
    let Some(backend) = Postgres::alone(test, &[]).await else { return };
    let (world, admin) = (World::new(&backend).await, backend.client("postgres").await);
    world.issued(1).await;
    looked(&world).await;
    admin.batch_execute(&format!("GRANT ALL ON act_turn TO {ROGUE}")).await.unwrap();
    let rogue = backend.client(ROGUE).await;
    rogue.batch_execute("BEGIN; LOCK TABLE act_turn").await.unwrap();
    everything(&world, &backend, 1).await;
    is_ended(&world, &rogue, "a lock in the issuer's way").await;
}
