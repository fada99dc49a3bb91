//! Uses marked a second, alone and 64 at once, on both stores: each mark is on disk before its answer.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../tests/database/mod.rs"]
mod database;
#[path = "load/deployment.rs"]
mod deployment;

use std::{sync::Arc, time::Instant};

use countersign::{
    store::{AttemptHash, Marked, PostgresStore, Presented, SqliteStore, VerifierStore},
    token::{Cti, TokenHash},
};
use database::{Cluster, not_run};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Uses in a measurement of one at a time.
const ALONE: u64 = 4_000;
/// Uses in a measurement of many at once.
const TOGETHER: u64 = 160_000;
/// How many at once.
const AT_ONCE: u64 = 64;
const NOW: i64 = 1_800_000_000;

async fn mark(store: &dyn VerifierStore, number: u64) {
    let token = Presented { cti: cti(number), hash: TokenHash([0; 32]), expires_at: NOW };
    let marked = store.use_once(token, Some(AttemptHash([7; 32])), NOW).await.expect("a mark");
    assert_eq!(marked, Marked::First);
}

/// Spread as random ids are.
fn cti(number: u64) -> Cti {
    Cti(number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes())
}

async fn measure(name: &str, store: Arc<dyn VerifierStore>) {
    let begun = Instant::now();
    for number in 1..=ALONE {
        mark(&*store, number).await;
    }
    let alone = per_second(ALONE, begun);
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        let store = store.clone();
        tasks.spawn(async move {
            let mut number = ALONE + 1 + task;
            while number <= ALONE + TOGETHER {
                mark(&*store, number).await;
                number += AT_ONCE;
            }
        });
    }
    tasks.join_all().await;
    let together = per_second(TOGETHER, begun);
    println!("| {name} | {alone:.0} | {together:.0} |");
}

#[allow(clippy::cast_precision_loss, reason = "counts of a few hundred thousand")]
fn per_second(count: u64, begun: Instant) -> f64 {
    count as f64 / begun.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    println!("| marks a second | one at a time | {AT_ONCE} at once |\n|---|---:|---:|");
    let total = ALONE + TOGETHER;
    let numbers: Vec<u64> = (1..=total).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.sqlite");
    let store = SqliteStore::open_for_issuer(&path, &deployment::keys()).expect("a store");
    let mut sql = rusqlite::Connection::open(&path).expect("the file");
    let whole = sql.transaction().expect("a transaction");
    whole
        .execute_batch(
            "INSERT INTO officers (callsign, role, enrolled_at) VALUES ('falcon', 'officer', 0), ('heron', 'approver', 0);
         INSERT INTO authorisations VALUES (zeroblob(8), 'OP-1', 'online', 0, 0, 1, 0, 'falcon', 0, 'approved', 'heron', 0)",
        )
        .expect("rows");
    let token = "INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at)
        VALUES (?1, zeroblob(32), zeroblob(4), zeroblob(8), 'online', 0, 0, ?2)";
    for number in &numbers {
        whole.prepare_cached(token).and_then(|mut insert| insert.execute((cti(*number).0, NOW))).expect("a token");
    }
    whole.commit().expect("a commit");
    measure("SQLite", Arc::new(store)).await;
    // On the disk, as SQLite is.
    let Some(cluster) = Cluster::start_in(TempDir::new().expect("a folder"), &[]).await else {
        return not_run("marks on PostgreSQL");
    };
    let address = |user| countersign::store::PostgresAddress::parse(&cluster.url(user, "countersign"), None).expect("an address");
    drop(PostgresStore::open_for_issuer(address("countersign_issuer"), &deployment::keys()).await.expect("a store"));
    let client = cluster.client("countersign_issuer", "countersign").await;
    client
        .batch_execute(
            "INSERT INTO officers (callsign, role, enrolled_at) VALUES ('falcon', 'officer', 0), ('heron', 'approver', 0);
             INSERT INTO authorisations VALUES ('\\x0000000000000000', 'OP-1', '{online}', 0, 0, 1, 0, 'falcon', 0, 'approved', 'heron', 0)",
        )
        .await
        .expect("rows");
    let ctis: Vec<Vec<u8>> = numbers.iter().map(|number| cti(*number).0.to_vec()).collect();
    let tokens = "INSERT INTO tokens (cti, sha256, kid, authorisation, channel, issued_at, starts_at, expires_at)
        SELECT cti, decode(repeat('00', 32), 'hex'), '\\x00000000', '\\x0000000000000000', 'online', 0, 0, $2 FROM unnest($1::bytea[]) AS t (cti)";
    client.execute(tokens, &[&ctis, &NOW]).await.expect("tokens");
    let store = PostgresStore::open_for_verifier(address("countersign_verifier_1"), &deployment::keys()).await.expect("a store");
    measure("PostgreSQL", Arc::new(store)).await;
}
