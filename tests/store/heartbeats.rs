//! A write that is made to try the store fails whenever a check would.

use std::{sync::Arc, time::Duration};

use countersign::{
    clock::{ClockWatch, ManualClock},
    health::Health,
    issuer::{Timekeeper, wrote_lately},
    store::{KEEP_HEARTBEATS, StoreError, VerifierStore},
};
use tokio::time::Instant;

use crate::{Backend, acts::NOW, acts::World, postgres::Postgres};

/// Longer than any change of settings takes to reach the connections.
const LONG: Duration = Duration::from_secs(30);

pub async fn a_heartbeat_is_refused_where_rows_are_and_taken_again(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (verifier, issuer) = (&world.stores.verifier, &world.stores.issuer);
    let time = verifier.heartbeat(NOW).await.unwrap();
    assert_eq!(issuer.act_heartbeat(None).await.unwrap().is_some(), time.is_some(), "both or neither know the store's time");
    backend.block("heartbeats").await;
    assert!(matches!(verifier.heartbeat(NOW).await, Err(StoreError::Failed(_))));
    backend.unblock("heartbeats").await;
    verifier.heartbeat(NOW).await.unwrap();
}

/// A day of one every ten seconds, purged as the issuer does it.
pub async fn heartbeats_are_kept_for_an_hour(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (verifier, issuer) = (&world.stores.verifier, &world.stores.issuer);
    let time = verifier.heartbeat(NOW).await.unwrap().unwrap_or(NOW);
    let count = async |least: u32, most: u32| {
        let counted =
            format!("INSERT INTO heartbeats (at) SELECT NULL WHERE (SELECT count(*) FROM heartbeats) NOT BETWEEN {least} AND {most}");
        backend.sql(&counted).await.expect("there are as many as there should be");
    };
    for old in (KEEP_HEARTBEATS - 10..86_400).step_by(600) {
        backend.sql(&format!("INSERT INTO heartbeats (at) VALUES ({})", time - old)).await.unwrap();
    }
    issuer.purge(time).await.unwrap();
    count(2, 2).await;
}

pub async fn an_issuer_wrote_lately_while_its_store_takes_its_writes(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let now = world.stores.issuer.act_heartbeat(None).await.unwrap().unwrap_or(NOW);
    let (watch, health) = (Arc::new(ClockWatch::new(Arc::new(ManualClock::at(now)))), Arc::new(Health::default()));
    let keeper = Timekeeper::new(world.stores.issuer.clone(), watch.clone(), health.clone());
    let refuse = match backend.sql("SELECT pg_backend_pid()").await {
        Ok(()) => ("REVOKE UPDATE ON issuer_time FROM countersign_issuer", "GRANT UPDATE ON issuer_time TO countersign_issuer"),
        Err(_) => ("CREATE TRIGGER refused BEFORE UPDATE ON issuer_time BEGIN SELECT RAISE(ABORT, 'x'); END", "DROP TRIGGER refused"),
    };
    let gone = ("ALTER TABLE issuer_time RENAME TO gone", "ALTER TABLE gone RENAME TO issuer_time");
    for (breaks, mends) in [refuse, gone] {
        assert!(keeper.check().await.is_some() && wrote_lately(&health, &watch));
        backend.sql(breaks).await.unwrap();
        assert!(keeper.check().await.is_none() && !wrote_lately(&health, &watch), "{breaks}");
        backend.sql(mends).await.unwrap();
    }
    assert!(keeper.check().await.is_some() && wrote_lately(&health, &watch));
}

async fn until_refused(verifier: &dyn VerifierStore) {
    let begun = Instant::now();
    while verifier.heartbeat(NOW).await.is_ok() {
        assert!(begun.elapsed() < LONG, "the heartbeat is still taken");
    }
}

async fn until_taken(verifier: &dyn VerifierStore) {
    let begun = Instant::now();
    while verifier.heartbeat(NOW).await.is_err() {
        assert!(begun.elapsed() < LONG, "the heartbeat is still refused");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Each right that a check needs, taken from a verifier that runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_revoked_is_missed_by_the_heartbeat() {
    let Some(backend) = Postgres::new("heartbeats::a_right_that_is_revoked_is_missed_by_the_heartbeat").await else { return };
    let world = World::new(&backend).await;
    let verifier = &*world.stores.verifier;
    verifier.heartbeat(NOW).await.unwrap();
    for right in ["INSERT ON marks", "INSERT ON misses", "SELECT ON misses", "SELECT ON live_tokens", "INSERT ON heartbeats"] {
        backend.sql(&format!("REVOKE {right} FROM countersign_verifier")).await.unwrap();
        until_refused(verifier).await;
        verifier.ready().await.expect("which is why asking whether it answers is not enough");
        backend.sql(&format!("GRANT {right} TO countersign_verifier")).await.unwrap();
        until_taken(verifier).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_only_reads_takes_no_heartbeat() {
    let Some(backend) = Postgres::alone("heartbeats::a_database_that_only_reads_takes_no_heartbeat", &[]).await else { return };
    let world = World::new(&backend).await;
    let admin = backend.client("postgres").await;
    world.stores.verifier.heartbeat(NOW).await.unwrap();
    for (value, refused) in [("on", true), ("off", false)] {
        admin.batch_execute(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}")).await.unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        if refused { until_refused(&*world.stores.verifier).await } else { until_taken(&*world.stores.verifier).await }
    }
}
