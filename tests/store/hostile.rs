//! What a verifier that somebody took over does with the rights that it has, and that none of it reaches the issuer: each test runs
//! the attack on a real database, and then issues, withdraws, changes keys and purges. Here: all locks that it can hold or ask for.

use std::time::Duration;

use countersign::{
    authority::Role,
    keyring::Revocation,
    store::{IssuerStore, PostgresStore, VerifierSessions},
    token::Cti,
};
use tokio::time::Instant;
use tokio_postgres::{Client, error::SqlState};

use crate::{
    Backend as _,
    acts::{NOW, World, entry, new_token, officer, speakable},
    again_postgres::waits,
    keys::{key, set},
    postgres::Postgres,
};

/// The advisory locks of issuers from before.
const EARLIER: [i64; 2] = [119_182_731_994_482, 126_870_790_434_145];

/// Longer than anything here takes on a slow machine.
pub const LONG: Duration = Duration::from_mins(1);

pub const ROGUE: &str = "countersign_verifier_1";
pub const HONEST: &str = "countersign_verifier_2";

pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < LONG, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All that the issuer does, each kind once. `nth` keeps it apart from the times before; it needs a token with the same number.
pub async fn everything(world: &World, backend: &Postgres, nth: u8) {
    let issuer = &world.stores.issuer;
    world.issue(new_token(nth + 100)).await.unwrap();
    issuer.make_speakable(Cti([nth; 8]), speakable(nth, 256), entry()).await.unwrap();
    world.withdraw(nth).await;
    assert!(issuer.enrol(officer(&format!("officer{nth}"), Role::Officer), entry()).await.unwrap());
    issuer.put_key_set(set(u64::from(nth) + 1, &[1, nth + 1]), entry()).await.unwrap();
    let stolen = Revocation { revoked_at: NOW, reason: "stolen".into() };
    assert!(issuer.revoke_key(key(nth + 1).public().id(), stolen, entry()).await.unwrap().is_some());
    issuer.report_first_checks(NOW).await.unwrap();
    // Past its time, with a code that is to be forgotten and a row that is to go.
    let past = format!("UPDATE tokens SET expires_at = 600 + {nth} WHERE cti = '\\x{}'", hex(nth));
    backend.sql(&past).await.unwrap();
    issuer.purge(NOW).await.unwrap();
    assert!(issuer.token(Cti([nth; 8])).await.unwrap().is_none(), "it was purged");
}

fn hex(number: u8) -> String {
    format!("{number:02x}").repeat(8)
}

/// Every relation that there is, those of the database itself included.
async fn relations(backend: &Postgres) -> Vec<String> {
    let all = "SELECT relnamespace::regnamespace::text || '.' || relname FROM pg_class
         WHERE relkind IN ('r', 'v') AND relnamespace IN ('public'::regnamespace, 'pg_catalog'::regnamespace)";
    let rows = backend.client("countersign_issuer").await.query(all, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Takes whatever lock the rights of a verifier give, and more: a statement that is only prepared is not asked for any.
async fn hold_all(rogue: &Client, backend: &Postgres, token: (i64, u8)) {
    let (end, cti) = (token.0, hex(token.1));
    rogue
        .batch_execute(&format!(
            "BEGIN ISOLATION LEVEL SERIALIZABLE;
             SELECT FROM guess_turn FOR UPDATE;
             UPDATE guess_turn SET only_row = 1;
             INSERT INTO marks (expires_at, cti, first_checked_at) VALUES ({end}, '\\x{cti}', 0);
             INSERT INTO misses (minute, count) VALUES (0, 1), ({minute}, 1);
             INSERT INTO heartbeats (at) VALUES (0), ({NOW});
             SELECT FROM live_tokens, marks, misses, key_sets, signing_keys, purged, deployment, schema_version;
             LOCK TABLE misses, heartbeats IN ROW EXCLUSIVE MODE;
             NOTIFY countersign_marks, '{cti}'; NOTIFY countersign_keys",
            minute = NOW / 60 - 1,
        ))
        .await
        .unwrap();
    let mut prepared = 0;
    for relation in relations(backend).await {
        for statement in [format!("DELETE FROM {relation}"), format!("SELECT FROM {relation} FOR UPDATE")] {
            let name = format!("p{prepared}");
            let kept = format!("SAVEPOINT s; PREPARE {name} AS {statement}; RELEASE s");
            if rogue.batch_execute(&kept).await.is_ok() {
                prepared += 1;
            } else {
                rogue.batch_execute("ROLLBACK TO s").await.unwrap();
            }
        }
    }
    assert!(prepared > 100, "only {prepared} statements were prepared");
    // By its number, whatever the rights, as sequences are locked.
    let numbered = "DO $$ DECLARE number oid; BEGIN
         FOR number IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace LOOP
             BEGIN PERFORM nextval(number::regclass); EXCEPTION WHEN OTHERS THEN NULL; END;
         END LOOP; END $$";
    rogue.batch_execute(numbered).await.unwrap();
}

/// Takes from the issuer the right to end the sessions of the rogue, so that what is shown does not hang on it.
pub async fn unarmed(admin: &Client) {
    admin.batch_execute(&format!("REVOKE {ROGUE} FROM countersign_issuer")).await.unwrap();
}

/// What the issuer saw when it next looked.
pub async fn looked(world: &World) -> VerifierSessions {
    looked_at(&*world.stores.issuer).await
}

pub async fn looked_at(store: &dyn IssuerStore) -> VerifierSessions {
    until("nobody looks at the sessions", async || store.verifier_sessions()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_verifier_can_hold_keeps_the_issuer_waiting() {
    let test = "hostile::nothing_that_a_verifier_can_hold_keeps_the_issuer_waiting";
    let Some(backend) = Postgres::alone(test, &[]).await else { return };
    unarmed(&backend.client("postgres").await).await;
    let world = World::new(&backend).await;
    let token = world.issued(1).await;
    let rogue = backend.client(ROGUE).await;
    hold_all(&rogue, &backend, (token.expires_at, 1)).await;
    everything(&world, &backend, 1).await;
    drop(PostgresStore::open_for_issuer(backend.address("countersign_issuer"), &crate::world::deployment_keys()).await.unwrap());
    rogue.batch_execute("SELECT 1").await.expect("it held all of it to the end");
}

/// Commands that want a table for themselves, whether they may or not.
const GREEDY: &[&str] = &[
    "CREATE RULE mine AS ON INSERT TO {} DO INSTEAD NOTHING",
    "CREATE TRIGGER mine BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE CONSTRAINT TRIGGER mine AFTER INSERT ON {} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE POLICY mine ON {}",
    "CREATE STATISTICS mine ON oid, relname FROM {}",
    "CREATE INDEX mine ON {} ((1))",
    "CREATE TABLE mine (LIKE {})",
    "ALTER TABLE {} ADD COLUMN mine integer",
    "ALTER TABLE {} RENAME TO mine",
    "ALTER TABLE {} ENABLE ROW LEVEL SECURITY",
    "ALTER PUBLICATION mine ADD TABLE {}",
    "COMMENT ON TABLE {} IS 'mine'",
    "SECURITY LABEL ON TABLE {} IS 'mine'",
    "DROP TABLE {}",
    "DROP TRIGGER mine ON {}",
    "DROP RULE mine ON {}",
    "DROP POLICY mine ON {}",
    "TRUNCATE {}",
    "REINDEX TABLE {}",
    "CLUSTER {}",
    "VACUUM FULL {}",
    "ANALYZE {}",
    "BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE; COMMIT",
    "BEGIN; LOCK TABLE {} IN SHARE MODE; COMMIT",
    "GRANT SELECT ON {} TO PUBLIC",
    "DO $$ BEGIN EXECUTE 'CREATE RULE mine AS ON INSERT TO {} DO INSTEAD NOTHING'; END $$",
    "PREPARE mine AS DELETE FROM {}; DEALLOCATE mine",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_of_a_verifiers_stands_in_line_for_a_table() {
    let Some(backend) = Postgres::alone("hostile::no_command_of_a_verifiers_stands_in_line_for_a_table", &[]).await else { return };
    unarmed(&backend.client("postgres").await).await;
    let world = World::new(&backend).await;
    let token = world.issued(1).await;
    let (holder, rogue) = (backend.client(ROGUE).await, backend.client(ROGUE).await);
    hold_all(&holder, &backend, (token.expires_at, 1)).await;
    // Anybody who waits is heard of at once; everybody else would wait behind it.
    rogue.batch_execute("SET lock_timeout = '1ms'").await.unwrap();
    let mut tried = 0;
    for relation in relations(&backend).await {
        for command in GREEDY {
            let command = command.replace("{}", &relation);
            tried += 1;
            if let Err(error) = rogue.batch_execute(&command).await {
                assert_ne!(error.code(), Some(&SqlState::LOCK_NOT_AVAILABLE), "{command}");
                let _ = rogue.batch_execute("ROLLBACK").await;
            }
        }
    }
    assert!(tried > 2_000, "only {tried} commands were tried");
    everything(&world, &backend, 1).await;
}

/// From the databases that every server has, it could wait for what all databases share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_comes_into_no_other_database() {
    let Some(backend) = Postgres::alone("hostile::a_verifier_comes_into_no_other_database", &[]).await else { return };
    for database in ["postgres", "template1"] {
        let refused = tokio_postgres::connect(&backend.0.cluster.url(ROGUE, database), tokio_postgres::NoTls).await;
        assert_eq!(refused.err().and_then(|error| error.code().cloned()), Some(SqlState::INSUFFICIENT_PRIVILEGE), "{database}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issuers_from_before_and_of_today_exclude_each_other_whatever_a_verifier_holds() {
    let test = "hostile::issuers_from_before_and_of_today_exclude_each_other_whatever_a_verifier_holds";
    let Some(backend) = Postgres::alone(test, &[]).await else { return };
    let (world, admin) = (World::new(&backend).await, backend.client("postgres").await);
    let earlier = backend.client("countersign_issuer").await;
    // An act of an issuer from before is under way: the act of today waits for it.
    earlier.batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock({})", EARLIER[0])).await.unwrap();
    let release = async {
        waits(&admin, 1).await;
        earlier.batch_execute("COMMIT").await.unwrap();
    };
    let (done, ()) = tokio::join!(world.stores.issuer.record(entry()), release);
    done.unwrap();
    // And the other way about.
    admin.batch_execute("BEGIN; LOCK TABLE officers").await.unwrap();
    let other = async {
        waits(&admin, 1).await;
        let free: bool = earlier.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&EARLIER[0]]).await.unwrap().get(0);
        admin.batch_execute("COMMIT").await.unwrap();
        free
    };
    let (done, free) = tokio::join!(world.stores.issuer.enrol(officer("other", Role::Officer), entry()), other);
    assert!(done.unwrap() && !free);
    // Where the script was not run again a verifier may take the lock. Nobody waits for that.
    admin.batch_execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC").await.unwrap();
    unarmed(&admin).await;
    world.issued(1).await;
    let rogue = backend.client(ROGUE).await;
    for lock in EARLIER {
        rogue.execute("SELECT pg_advisory_lock($1)", &[&lock]).await.unwrap();
    }
    everything(&world, &backend, 1).await;
    drop(PostgresStore::open_for_issuer(backend.address("countersign_issuer"), &crate::world::deployment_keys()).await.unwrap());
    rogue.batch_execute("SELECT 1").await.expect("it held them to the end");
}
