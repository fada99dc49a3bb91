//! What a stolen verifier can do to the database: what its role may, and everything else tried (threat 14).

use std::collections::BTreeSet;

use countersign::store::{PostgresStore, Standing};
use tokio_postgres::{Client, error::SqlState};

use crate::{
    Backend as _,
    acts::{NOW, World},
    postgres::Postgres,
};

/// Column by column, all that the verifier's role may do.
const ALLOWED: &[(&str, &str, &[&str])] = &[
    ("SELECT", "live_tokens", &["cti", "sha256", "expires_at", "withdrawn_at", "code", "bytes", "five"]),
    ("SELECT", "key_sets", &["version", "jwt"]),
    ("SELECT", "signing_keys", &["kid", "stage", "since", "revoked_at", "reason"]),
    ("SELECT", "purged", &["only_row", "through"]),
    ("SELECT", "schema_version", &["version"]),
    ("SELECT", "misses", &["pool", "minute", "count"]),
    ("INSERT", "misses", &["pool", "minute", "count"]),
    ("SELECT", "number_tries", &["expires_at", "cti", "n"]),
    ("INSERT", "number_tries", &["expires_at", "cti", "n"]),
    ("SELECT", "spoken", &["only_row", "usual"]),
    ("SELECT", "deployment", &["only_row", "id", "epoch", "issuer", "root", "ledger_key"]),
    ("INSERT", "heartbeats", &["at"]),
    // For its row's lock alone.
    ("SELECT", "guess_turn", &["only_row"]),
    ("UPDATE", "guess_turn", &["only_row"]),
    ("SELECT", "marks", &["expires_at", "cti", "attempt", "first_checked_at"]),
    ("INSERT", "marks", &["expires_at", "cti", "attempt", "first_checked_at"]),
];

/// Statements about no table in particular, each of which would give somebody more than the verifier needs.
const ELSEWHERE: &[&str] = &[
    "CREATE TABLE mine ()",
    "CREATE TEMPORARY TABLE mine ()",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE SEQUENCE mine",
    "CREATE TYPE mine AS (a integer)",
    "CREATE EXTENSION hstore",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    "ALTER ROLE countersign_issuer PASSWORD 'x'",
    "ALTER ROLE countersign_verifier PASSWORD 'x'",
    "ALTER ROLE countersign_verifier_2 PASSWORD 'x'",
    "ALTER ROLE countersign_verifier_2 SET statement_timeout = 1",
    "ALTER ROLE ALL SET statement_timeout = 1",
    "ALTER ROLE countersign_verifier_1 CONNECTION LIMIT -1",
    "ALTER ROLE countersign_verifier_1 CREATEROLE",
    "ALTER DATABASE countersign SET statement_timeout = 1",
    "ALTER DATABASE countersign CONNECTION LIMIT 1",
    "GRANT countersign_issuer TO countersign_verifier",
    "GRANT countersign_verifier TO countersign_verifier_2",
    "REVOKE countersign_verifier_1 FROM countersign_issuer",
    "REVOKE countersign_verifier FROM countersign_verifier_2",
    "SET ROLE countersign_verifier_2",
    "GRANT SELECT ON tokens TO countersign_verifier",
    "SET ROLE countersign_issuer",
    "SET SESSION AUTHORIZATION countersign_issuer",
    "ALTER SYSTEM SET fsync = off",
    "SET session_replication_role = replica",
    "CHECKPOINT",
    "SELECT lo_create(0)",
    "SELECT lo_creat(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "COPY marks TO PROGRAM 'cat'",
    "COPY key_sets TO '/tmp/key_sets'",
    "COPY marks FROM '/etc/passwd'",
    "SELECT pg_switch_wal()",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'countersign_issuer'",
    "SELECT nextval(0)",
    "SELECT setval(0, 1)",
    "DROP OWNED BY countersign_verifier",
    "REASSIGN OWNED BY countersign_issuer TO countersign_verifier_1",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_statistic",
];

/// Whether the database lets it happen as far as rights go. Whatever it did is taken back.
async fn is_allowed(client: &Client, statement: &str) -> bool {
    client.batch_execute("BEGIN").await.unwrap();
    let allowed = lets(client, statement).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    allowed
}

async fn lets(client: &Client, statement: &str) -> bool {
    match client.batch_execute(statement).await {
        Ok(()) => true,
        // Or the statement is none for this kind of relation, or names a column that it does not have.
        Err(error) => ![SqlState::INSUFFICIENT_PRIVILEGE, SqlState::WRONG_OBJECT_TYPE, SqlState::UNDEFINED_COLUMN]
            .contains(error.code().expect("the database said something")),
    }
}

/// Every statement that names a table or one of its columns.
fn attempts(table: &str, columns: &[String]) -> Vec<(&'static str, Option<String>, String)> {
    let mut attempts = vec![];
    for column in columns {
        let each = |sql: String, right| (right, Some(column.clone()), sql);
        attempts.push(each(format!("SELECT {column} FROM {table}"), "SELECT"));
        attempts.push(each(format!("INSERT INTO {table} ({column}) SELECT NULL WHERE false"), "INSERT"));
        attempts.push(each(format!("UPDATE {table} SET {column} = NULL WHERE false"), "UPDATE"));
    }
    let whole = [
        "DELETE FROM {} WHERE false",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "DROP TABLE {}",
        "DROP VIEW {}",
        "ALTER TABLE {} ADD COLUMN mine integer",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "ALTER TABLE {} OWNER TO countersign_verifier",
        "CREATE INDEX mine ON {} ((1))",
        "CREATE TRIGGER mine BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE mine AS ON INSERT TO {} DO INSTEAD NOTHING",
        "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
        "SELECT * FROM {} FOR UPDATE",
        "COMMENT ON COLUMN {}.cti IS 'mine'",
    ];
    attempts.extend(whole.map(|statement| ("", None, statement.replace("{}", table))));
    attempts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_may_do_what_it_needs_and_nothing_else() {
    let Some(backend) = Postgres::alone("rights::a_verifier_may_do_what_it_needs_and_nothing_else", &[]).await else { return };
    let world = World::new(&backend).await;
    world.issued(1).await;
    let client = backend.client("countersign_verifier_1").await;
    let owner = backend.client("countersign_issuer").await;
    let relations = "SELECT c.relname::text, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'S') AND a.attnum > 0 GROUP BY 1";
    let (mut tried, mut allowed) = (0, BTreeSet::new());
    for row in owner.query(relations, &[]).await.unwrap() {
        let (table, columns): (String, Vec<String>) = (row.get(0), row.get(1));
        for (right, column, statement) in attempts(&table, &columns) {
            tried += 1;
            if is_allowed(&client, &statement).await && statement != "SELECT * FROM guess_turn FOR UPDATE" {
                let column = column.unwrap_or_else(|| panic!("it may {statement}"));
                allowed.insert((right.to_owned(), table.clone(), column));
            }
        }
    }
    let expected = ALLOWED
        .iter()
        .flat_map(|(right, table, columns)| columns.iter().map(|column| ((*right).to_owned(), (*table).to_owned(), (*column).to_owned())));
    assert_eq!(allowed, expected.collect());
    for statement in ELSEWHERE {
        tried += 1;
        assert!(!lets(&client, statement).await, "it may {statement}");
    }
    // Every function that takes a lock of its caller's choice.
    let locks = "SELECT 'SELECT ' || proname || '(' || array_to_string(array_fill('0'::text, ARRAY[pronargs]), ', ') || ')' FROM pg_proc
         WHERE proname LIKE '%advisory%lock%' AND pronargs > 0";
    for row in owner.query(locks, &[]).await.unwrap() {
        tried += 1;
        let statement: String = row.get(0);
        assert!(!lets(&client, &statement).await, "it may {statement}");
    }
    assert!(tried > 300, "only {tried} statements were tried");
    // What it may itself it hands on to nobody.
    assert!(!lets(&client, "GRANT ALL ON misses, key_sets, live_tokens TO PUBLIC").await);
    let given = "SELECT count(*) FROM pg_class, aclexplode(relacl) WHERE relnamespace = 'public'::regnamespace AND grantee = 0";
    assert_eq!(owner.query_one(given, &[]).await.unwrap().get::<_, i64>(0), 0);
    // Nor does what the database knows of its tables tell what is in them.
    owner.batch_execute("ANALYZE").await.unwrap();
    let known = "SELECT count(*) FROM pg_stats WHERE tablename IN ('officers', 'tokens', 'authorisations', 'ledger_entries')";
    assert_eq!(client.query_one(known, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_needs_a_token_and_cannot_be_hidden_from_the_ledger() {
    let Some(backend) = Postgres::new("rights::a_mark_needs_a_token_and_cannot_be_hidden_from_the_ledger").await else { return };
    let world = World::new(&backend).await;
    let token = world.issued(1).await;
    let client = backend.client("countersign_verifier_1").await;
    let made_up = "INSERT INTO marks (expires_at, cti, first_checked_at) VALUES (0, '\\x0909090909090909', 0)";
    assert!(!is_allowed(&client, made_up).await);
    let mark = |columns: &str, values: &str| {
        format!(
            "INSERT INTO marks (expires_at, cti, first_checked_at{columns}) VALUES ({}, '\\x0101010101010101', 0{values})",
            token.expires_at
        )
    };
    assert!(!is_allowed(&client, &mark(", reported", ", true")).await);
    client.batch_execute(&mark("", "")).await.unwrap();
    assert_eq!(world.stores.issuer.report_first_checks(NOW).await.unwrap(), 1, "whatever it marks goes into the ledger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_tokens_that_are_not_purged_are_seen() {
    let Some(backend) = Postgres::new("rights::only_tokens_that_are_not_purged_are_seen").await else { return };
    let world = World::new(&backend).await;
    let token = world.issued(1).await;
    let client = backend.client("countersign_verifier_1").await;
    let seen = async || client.query_one("SELECT count(*) FROM live_tokens", &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(seen().await, 1);
    backend.sql(&format!("UPDATE purged SET through = {}", token.expires_at)).await.unwrap();
    assert_eq!(seen().await, 0);
    assert_eq!(world.stores.verifier.standing(token).await.unwrap(), Standing::Purged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_does_nothing_of_the_issuers() {
    let Some(backend) = Postgres::new("rights::a_verifier_does_nothing_of_the_issuers").await else { return };
    let world = World::new(&backend).await;
    let before = world.entries().await;
    let taken =
        PostgresStore::open_for_verifier(backend.address("countersign_verifier_1"), &crate::world::deployment_keys()).await.unwrap();
    let as_issuer = World { stores: crate::Stores::of(std::sync::Arc::new(taken)) };
    assert!(as_issuer.issue(crate::acts::new_token(1)).await.is_err());
    assert!(as_issuer.stores.issuer.officers(countersign::store::Page::default()).await.is_err());
    assert!(as_issuer.stores.ledger.head().await.is_err());
    assert!(as_issuer.stores.issuer.purge(NOW).await.is_err());
    assert!(
        PostgresStore::open_for_issuer(backend.address("countersign_verifier_1"), &crate::world::deployment_keys()).await.is_err(),
        "nor does it migrate"
    );
    assert_eq!(world.entries().await, before);
}
