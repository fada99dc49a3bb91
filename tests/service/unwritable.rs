//! A verifier whose database takes no writes says so within its next look, and is ready again without a restart.

use crate::{
    database::{Cluster, not_run},
    running::{Folder, Service, get},
    wrong_clock::until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_is_ready_while_its_database_takes_its_writes() {
    let Some(cluster) = Cluster::start(&[]).await else {
        return not_run("unwritable::a_verifier_is_ready_while_its_database_takes_its_writes");
    };
    let owner = cluster.client("countersign_issuer", "countersign").await;
    let admin = cluster.client("postgres", "postgres").await;
    let (issuer_url, verifier_url) =
        (cluster.url("countersign_issuer", "countersign"), cluster.url("countersign_verifier_1", "countersign"));
    let folder = tokio::task::spawn_blocking(move || Folder::ready_for_verifiers(&issuer_url, &verifier_url)).await.unwrap();
    let issuer = Service::start(&folder, &["--role", "issuer"]);
    let verifier = Service::start(&folder, &["--role", "verifier", "--keys", "public", "--config", "verifier.toml"]);
    let says = |what: &str, is_ready: bool| {
        let (status, up) = if is_ready { (204, "countersign_store_up 1\n") } else { (503, "countersign_store_up 0\n") };
        let figures = || get(&format!("{}/metrics", verifier.private)).1;
        until(what, || get(&format!("{}/health/ready", verifier.public)).0 == status && figures().contains(up));
        let failing = format!("countersign_failing{{side=\"verifier\",part=\"store\"}} {}\n", i32::from(!is_ready));
        until(what, || figures().contains(&failing));
    };
    says("at first", true);
    for table in ["marks", "misses", "heartbeats"] {
        owner.batch_execute(&format!("REVOKE INSERT ON {table} FROM countersign_verifier")).await.unwrap();
        says(table, false);
        owner.batch_execute(&format!("GRANT INSERT ON {table} TO countersign_verifier")).await.unwrap();
        says(table, true);
    }
    for (value, is_ready) in [("on", false), ("off", true)] {
        admin.batch_execute(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}")).await.unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        says("a database that only reads", is_ready);
    }
    let (status, log) = verifier.terminate();
    assert!(status.success() && !log.contains("postgres://"), "{log}");
    drop(issuer);
}
