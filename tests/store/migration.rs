//! Stores of earlier versions, opened by this one.

use std::path::Path;

use countersign::{
    authority::{AccessHash, ActorName, Role, Scope},
    hex,
    issuer::{Notary, inspect},
    ledger::{Event, Report},
    store::{
        AccessStore as _, IssueRefusal, IssuerStore, LedgerStore as _, Marked, NewToken, PostgresStore, Presented, Room, Speakable,
        SpokenRules, SqliteStore, VerifierStore,
    },
    token::{Cti, SpokenCode, SpokenSize, SpokenWords, TokenHash},
};
use rusqlite::Connection;

use crate::{
    acts::{entry, five_words, new_token, officer, speakable, token},
    postgres::Postgres,
    world::{self, NOW},
};

const FIRST: &str = include_str!("../../src/store/sqlite/migrations/0001.sql");

/// A file as the first version left it, with this many entries of the time before keys were recorded.
fn first_version(path: &Path, entries: usize) {
    let sql = Connection::open(path).unwrap();
    sql.execute_batch(&format!("PRAGMA journal_mode = WAL; BEGIN; {FIRST}; PRAGMA user_version = 1")).unwrap();
    for n in 0..entries {
        let event =
            Event::OfficerEnrolled { callsign: format!("person{n}").parse().unwrap(), role: Role::Officer, by: ActorName::Operator };
        sql.execute("INSERT INTO ledger_entries (leaf) VALUES (?1)", [event.at(NOW).canonical_bytes()]).unwrap();
    }
    sql.execute_batch("COMMIT").unwrap();
}

async fn inspected(store: &SqliteStore) -> (u64, Vec<String>) {
    let Report { entries, faults, .. } = inspect(store, world::ledger().0, vec![]).await.unwrap();
    (entries, faults.into_iter().map(|fault| fault.what).collect())
}

#[tokio::test]
async fn a_tree_is_planted_over_the_entries_of_an_older_store() {
    for entries in [0, 1, 2, 3, 7, 8, 9, 1_500] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        first_version(&path, entries);
        assert!(SqliteStore::open_for_verifier(&path, &world::deployment_keys()).is_err(), "a verifier waits for the issuer");
        let store = std::sync::Arc::new(SqliteStore::open_for_issuer(&path, &world::deployment_keys()).unwrap());
        let unsigned =
            if entries == 0 { "there is no entry" } else { "no checkpoint was signed; the running service signs one within a minute" };
        assert_eq!(inspected(&store).await, (entries as u64, vec![unsigned.to_owned()]), "and nothing about the tree");

        // From there on it grows and is signed as any other.
        let event = Event::OfficerEnrolled { callsign: "newcomer".parse().unwrap(), role: Role::Officer, by: ActorName::Operator };
        store.enrol(officer("newcomer", Role::Officer), event.at(NOW + 60)).await.unwrap();
        let vault = std::sync::Arc::new(crate::vault::MemoryLedger::with(world::ledger()));
        let signed = Notary::new(store.clone(), vault).sign().await.unwrap().unwrap();
        assert_eq!(signed.size, entries as u64 + 1);
        assert_eq!(inspected(&store).await, (signed.size, vec![]));
        drop(store);
        let again = SqliteStore::open_for_verifier(&path, &world::deployment_keys()).unwrap();
        assert_eq!(again.root(signed.size).await.unwrap(), signed.root, "it is migrated once");
    }
}

#[tokio::test]
async fn a_credential_from_before_there_were_scopes_is_good_for_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    first_version(&path, 1);
    let sql = Connection::open(&path).unwrap();
    sql.execute_batch(
        "INSERT INTO officers (callsign, role, enrolled_at) VALUES ('falcon', 'officer', 0);
         INSERT INTO credentials (hash, callsign, expires_at) VALUES (zeroblob(32), 'falcon', 9)",
    )
    .unwrap();
    let store = SqliteStore::open_for_issuer(&path, &world::deployment_keys()).unwrap();
    let (_, scopes) = store.credential(AccessHash([0; 32]), 8).await.unwrap().unwrap();
    assert_eq!(scopes, Scope::ALL.into());
    let [(_, access)] = store.accesses(crate::world::everybody()).await.unwrap().try_into().unwrap();
    assert_eq!((access.added_at, access.expires_at), (None, Some(9)));
}

#[tokio::test]
async fn tokens_their_codes_and_marks_are_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    first_version(&path, 0);
    let sql = Connection::open(&path).unwrap();
    sql.execute_batch(
        "INSERT INTO officers VALUES ('falcon', 'officer', 0, NULL), ('heron', 'approver', 0, NULL);
         INSERT INTO authorisations VALUES (x'0101010101010101', 'OP', 'online', 0, 900, 9, 2, 'falcon', 0, 'approved', 'heron', 0);
         INSERT INTO tokens VALUES
             (x'0202020202020202', zeroblob(32), zeroblob(4), x'0101010101010101', 'online', 0, 0, 600, NULL, NULL, NULL),
             (x'0303030303030303', zeroblob(32), zeroblob(4), x'0101010101010101', 'online', 0, 0, 300, NULL, 5, x'd28449a201320444');
         INSERT INTO marks VALUES (x'0202020202020202', NULL, 60);
         INSERT INTO unreported (cti) VALUES (x'0202020202020202')",
    )
    .unwrap();
    let store = SqliteStore::open_for_issuer(&path, &world::deployment_keys()).unwrap();
    let use_once = |id, expires_at| store.use_once(Presented { cti: Cti([id; 8]), hash: TokenHash([0; 32]), expires_at }, None, 120);
    assert_eq!(use_once(2, 600).await.unwrap(), Marked::Before(60));
    assert_eq!(use_once(3, 300).await.unwrap(), Marked::First);
    assert_eq!(use_once(3, 300).await.unwrap(), Marked::Before(120));
    assert_eq!(store.report_first_checks(180).await.unwrap(), 2);
    let codes: (i64, i64, i64) =
        sql.query_row("SELECT first, last, spoken FROM live_codes", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!(codes, (-1, 5, 1));
    assert!(!sql.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap(), "each mark has its token");
}

/// The statement that keeps three codes as an earlier version did: one of five words, one of six, and one that was withdrawn.
fn kept_codes(time: i64, blob: impl Fn(&[u8]) -> String, channels: &str) -> String {
    let row = |n: u8, code: u64, withdrawn: &str| {
        let (cti, hash, bytes) = (blob(&[n; 8]), blob(&token(n).hash().0), blob(token(n).as_bytes()));
        let (kid, authorisation, end) = (blob(&[1; 4]), blob(&[1; 8]), time + 600);
        format!("({cti}, {hash}, {kid}, {authorisation}, 'online', {time}, {time}, {end}, {withdrawn}, {code}, {bytes})")
    };
    let code = |n: u8, size| SpokenCode::of(&token(n), size).value();
    let tokens =
        [row(1, code(1, SpokenSize::Five), "NULL"), row(2, code(2, SpokenSize::Six), "NULL"), row(3, code(3, SpokenSize::Five), "5")];
    format!(
        "INSERT INTO officers VALUES ('falcon', 'officer', 0, NULL), ('heron', 'approver', 0, NULL);
         INSERT INTO authorisations VALUES ({}, 'OP', {channels}, 0, 9000000000, 9, 3, 'falcon', 0, 'approved', 'heron', 0);
         INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at, withdrawn_at, code, bytes)
             VALUES {};
         INSERT INTO ledger_entries (seq, leaf) VALUES (1, {})",
        blob(&[1; 8]),
        tokens.join(", "),
        blob(&entry().canonical_bytes())
    )
}

/// Both are found as before, by six words too where they have five, and count against the room that there is.
async fn as_before(store: &(impl IssuerStore + VerifierStore), time: i64) {
    assert_eq!(store.usual_words().await.unwrap(), SpokenWords::Fixed(SpokenSize::Five), "until it is set");
    for (n, size, found) in [
        (1, SpokenSize::Five, true),
        (1, SpokenSize::Six, true),
        (2, SpokenSize::Five, false),
        (2, SpokenSize::Six, true),
        (3, SpokenSize::Five, true),
    ] {
        let code = SpokenCode::of(&token(n), size);
        assert_eq!(store.token_for_code(code).await.unwrap(), found.then(|| token(n)), "{n} {size:?}");
    }
    let counted = |five, all, person| SpokenRules { room: Room { five, all, person }, words: SpokenWords::Auto, ..five_words(9) };
    let spoken = |rules| NewToken {
        starts_at: time,
        expires_at: time + 600,
        speakable: Some(Speakable { rules, ..speakable(9, 0) }),
        ..new_token(9)
    };
    for (rules, full) in [(counted(9, 2, 9), "live"), (counted(9, 9, 2), "person")] {
        let refused = store.issue_and_record(spoken(rules), entry().event.at(time)).await;
        assert!(
            matches!((refused, full), (Err(IssueRefusal::TooManyLive), "live") | (Err(IssueRefusal::TooManyOfOne), "person")),
            "{full}"
        );
    }
    // There is room for both, and nothing signs: nobody is asked for that before.
    let refused = store.issue_and_record(spoken(counted(2, 3, 3)), entry().event.at(time)).await;
    assert!(matches!(refused, Err(IssueRefusal::KeyNotActive)));
}

#[tokio::test]
async fn codes_of_both_lengths_are_found_in_a_file_of_an_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    first_version(&path, 0);
    let blob = |bytes: &[u8]| format!("x'{}'", hex::encode(bytes));
    Connection::open(&path).unwrap().execute_batch(&kept_codes(NOW, blob, "'online'")).unwrap();
    as_before(&SqliteStore::open_for_issuer(&path, &world::deployment_keys()).unwrap(), NOW).await;
}

const SECOND_OF_POSTGRES: &str = include_str!("../../src/store/postgres/migrations/0002.sql");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_both_lengths_are_found_in_a_database_of_an_earlier_version() {
    let test = "migration::codes_of_both_lengths_are_found_in_a_database_of_an_earlier_version";
    let Some(backend) = Postgres::new(test).await else { return };
    let blob = |bytes: &[u8]| format!("'\\x{}'::bytea", hex::encode(bytes));
    let second = format!(
        "BEGIN; CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES (2); {FIRST_OF_POSTGRES}
         {SECOND_OF_POSTGRES}; {}; COMMIT",
        kept_codes(NOW, blob, "'{online}'")
    );
    backend.client("countersign_issuer").await.batch_execute(&second).await.unwrap();
    let store = PostgresStore::open_for_issuer(backend.address("countersign_issuer"), &world::deployment_keys()).await.unwrap();
    as_before(&store, NOW).await;
}

const FIRST_OF_POSTGRES: &str = include_str!("../../src/store/postgres/migrations/0001.sql");

/// While somebody reads the largest table for long, a change of it would wait, and every check behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_database_lets_it_be_brought_up_to_date_later_and_keeps_no_check_waiting() {
    let test = "migration::a_backup_of_a_database_lets_it_be_brought_up_to_date_later_and_keeps_no_check_waiting";
    let Some(backend) = Postgres::new(test).await else { return };
    let issuer = backend.client("countersign_issuer").await;
    let first = format!(
        "CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES (1); {FIRST_OF_POSTGRES};
         INSERT INTO officers VALUES ('falcon', 'officer', 0);
         INSERT INTO authorisations VALUES ('\\x0101010101010101', 'OP', '{{online}}', 0, 900, 9, 1, 'falcon', 0, 'asked');
         INSERT INTO tokens VALUES
             ('\\x0202020202020202', sha256(''), '\\x01010101', '\\x0101010101010101', 'online', 0, 0, 600)"
    );
    issuer.batch_execute(&first).await.unwrap();
    let backup = backend.client("postgres").await;
    backup.batch_execute("BEGIN; SELECT count(*) FROM tokens").await.unwrap();
    let address = backend.address("countersign_issuer");
    let opening = tokio::spawn(async move { PostgresStore::open_for_issuer(address, &world::deployment_keys()).await.map(drop) });
    let check = backend.client("countersign_verifier_1").await;
    // As long as a check waits.
    check.batch_execute("SET statement_timeout = 1350").await.unwrap();
    while !opening.is_finished() {
        check.batch_execute("SELECT count(*) FROM live_tokens").await.expect("checks go on");
    }
    let refused = opening.await.unwrap().unwrap_err().to_string();
    assert!(refused.ends_with("such as a backup; try again when that has ended"), "{refused}");
    assert!(issuer.batch_execute("SELECT 1 FROM deployment").await.is_err(), "all of it or nothing");
    backup.batch_execute("COMMIT").await.unwrap();
    let store = PostgresStore::open_for_issuer(backend.address("countersign_issuer"), &world::deployment_keys()).await.unwrap();
    store.record(entry()).await.unwrap();
    assert!(store.token(Cti([2; 8])).await.unwrap().is_some());
    let wrong = issuer.batch_execute("UPDATE tokens SET access = '\\x01'").await.unwrap_err();
    assert!(wrong.as_db_error().unwrap().message().contains("tokens_access_check"), "{wrong}");
}
