//! A database that is gone, slow, read-only, unsafe or somebody else: what the store says, and how it continues on its own.

use std::{net::TcpListener, process::Command, time::Duration};

use countersign::store::{GuessPool, Marked, PostgresAddress, PostgresStore, StoreError, VerifierStore};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

use crate::{
    Backend as _,
    acts::{NOW, World, entry},
    database::{Cluster, not_run},
    postgres::Postgres,
};

/// The verifier's own patience: whatever takes longer is answered as `cannot_check` anyway.
const PATIENCE: Duration = Duration::from_secs(2);
/// For a recovery, many times what it takes.
const RECOVERY: Duration = Duration::from_secs(30);

/// Asks until it is answered, for as long as a recovery may take.
pub async fn recovers<T>(mut ask: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(begun.elapsed() < RECOVERY, "it did not recover: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks until it is refused, for as long as a recovery may take.
async fn is_refused<T>(mut ask: impl AsyncFnMut() -> Result<T, StoreError>) {
    let begun = Instant::now();
    while ask().await.is_ok() {
        assert!(begun.elapsed() < RECOVERY, "it is still done");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Fails, and in time.
async fn fails<T>(work: impl Future<Output = Result<T, StoreError>>) -> StoreError {
    match timeout(PATIENCE, work).await.expect("it said nothing for two seconds") {
        Ok(_) => panic!("it was done"),
        Err(error) => error,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_are_made_again() {
    let Some(backend) = Postgres::new("outages::connections_that_are_cut_are_made_again").await else { return };
    let world = World::new(&backend).await;
    let mut uses = world.stores.issuer.marks();
    let admin = backend.client("postgres").await;
    for cti in 1..=3 {
        let token = world.issued(cti).await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        admin.execute(cut, &[]).await.unwrap();
        assert_eq!(recovers(async || world.stores.verifier.use_once(token, None, NOW).await).await, Marked::First);
        recovers(async || world.stores.issuer.record(entry()).await).await;
        recovers(async || world.stores.ledger.head().await).await;
    }
    // The listener is back as well.
    let mut cti = 10;
    recovers(async || {
        cti += 1;
        let token = world.issued(cti).await;
        world.stores.verifier.use_once(token, None, NOW).await?;
        let heard = timeout(Duration::from_secs(1), async { while uses.recv().await.unwrap() != token.cti {} });
        heard.await.map_err(|_| StoreError::Failed("nothing was heard".into()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_is_given_up_in_time_and_found_again() {
    let Some(backend) = Postgres::alone("outages::a_database_that_hangs_is_given_up_in_time_and_found_again", &[]).await else { return };
    let world = World::new(&backend).await;
    let (token, other) = (world.issued(1).await, world.issued(2).await);
    let verifier = &world.stores.verifier;
    // Once, so that every connection is there.
    assert_eq!(verifier.use_once(world.issued(3).await, None, NOW).await.unwrap(), Marked::First);
    assert!(verifier.take_guess(GuessPool::Five, 10, NOW).await.unwrap().is_some());
    verifier.ready().await.unwrap();
    backend.0.cluster.signal("STOP");
    fails(verifier.use_once(token, None, NOW)).await;
    fails(verifier.standing(other)).await;
    fails(verifier.take_guess(GuessPool::Five, 10, NOW)).await;
    fails(verifier.ready()).await;
    backend.0.cluster.signal("CONT");
    assert_eq!(recovers(async || verifier.use_once(other, None, NOW).await).await, Marked::First);
    // What was asked while it hung was never answered, so that either is right; but not both of two.
    let again = recovers(async || verifier.use_once(token, None, NOW).await).await;
    assert!(matches!(again, Marked::First | Marked::Before(_)), "{again:?}");
    assert!(matches!(recovers(async || verifier.use_once(token, None, NOW).await).await, Marked::Before(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_and_started_again_is_found_again() {
    let Some(mut backend) = Postgres::alone("outages::a_database_that_is_killed_and_started_again_is_found_again", &[]).await else {
        return;
    };
    let world = World::new(&backend).await;
    let (used, unused) = (world.issued(1).await, world.issued(2).await);
    let verifier = &world.stores.verifier;
    assert_eq!(verifier.use_once(used, None, NOW).await.unwrap(), Marked::First);
    backend.cluster().signal("KILL");
    fails(verifier.use_once(unused, None, NOW)).await;
    fails(verifier.ready()).await;
    let entries = world.stores.issuer.record(entry());
    fails(entries).await;
    backend.cluster().start_again().await;
    assert_eq!(recovers(async || verifier.use_once(unused, None, NOW).await).await, Marked::First);
    assert!(matches!(verifier.use_once(used, None, NOW).await.unwrap(), Marked::Before(_)), "what was answered is still there");
    recovers(async || world.stores.issuer.record(entry()).await).await;
    verifier.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_hangs_keeps_nobody_from_the_next() {
    let Some(backend) = Postgres::new("outages::a_host_that_hangs_keeps_nobody_from_the_next").await else { return };
    drop(backend.open().await);
    // It takes connections, and says nothing on any.
    let hangs = TcpListener::bind("127.0.0.1:0").unwrap();
    let both = format!("@{},", hangs.local_addr().unwrap());
    let url = backend.0.cluster.url("countersign_verifier_1", &backend.0.name).replace('@', &both);
    let store =
        PostgresStore::open_for_verifier(PostgresAddress::parse(&url, None).unwrap(), &crate::world::deployment_keys()).await.unwrap();
    store.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_only_reads_marks_nothing() {
    let Some(backend) = Postgres::alone("outages::a_database_that_only_reads_marks_nothing", &[]).await else { return };
    let world = World::new(&backend).await;
    let token = world.issued(1).await;
    let verifier = &world.stores.verifier;
    let admin = backend.client("postgres").await;
    let read_only = async |value: &str| {
        admin.batch_execute(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}")).await.unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    };
    // Once, so that every connection is there from before.
    let used = world.issued(2).await;
    assert_eq!(verifier.use_once(used, None, NOW).await.unwrap(), Marked::First);
    assert!(verifier.take_guess(GuessPool::Five, 10, NOW).await.unwrap().is_some());
    verifier.ready().await.unwrap();
    read_only("on").await;
    // Each connection hears of it in its own time.
    is_refused(async || verifier.ready().await).await;
    is_refused(async || verifier.use_once(used, None, NOW).await).await;
    is_refused(async || world.stores.issuer.record(entry()).await).await;
    fails(verifier.use_once(token, None, NOW)).await;
    fails(verifier.take_guess(GuessPool::Five, 10, NOW)).await;
    fails(world.stores.issuer.record(entry())).await;
    read_only("off").await;
    assert_eq!(recovers(async || verifier.use_once(token, None, NOW).await).await, Marked::First);
    recovers(async || verifier.ready().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_would_lose_what_it_keeps_is_refused() {
    for (setting, named) in [("fsync=off", "fsync"), ("full_page_writes=off", "full_page_writes")] {
        let Some(backend) = Postgres::alone("outages::a_database_that_would_lose_what_it_keeps_is_refused", &[setting]).await else {
            return;
        };
        for user in ["countersign_issuer", "countersign_verifier_1"] {
            let Err(error) = PostgresStore::open_for_issuer(backend.address(user), &crate::world::deployment_keys()).await else {
                panic!("it opened")
            };
            assert!(matches!(&error, StoreError::Unusable(why) if why.contains(named)), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_come_in_reads_what_to_do() {
    let Some(backend) = Postgres::new("outages::who_cannot_come_in_reads_what_to_do").await else { return };
    let cluster = &backend.0.cluster;
    let opened = async |user: &str, database: &str| {
        let address = PostgresAddress::parse(&cluster.url(user, database), None).unwrap();
        match PostgresStore::open_for_verifier(address, &crate::world::deployment_keys()).await {
            Ok(_) => panic!("it opened"),
            Err(error) => error.to_string(),
        }
    };
    assert!(opened("nobody", "countersign").await.contains("check user and password"));
    assert!(opened("countersign_verifier_1", "nothing").await.contains("deploy/postgresql.sql"));
    assert!(opened("countersign_verifier_1", &backend.0.name).await.contains("start the issuer first"), "nothing is in it yet");
    drop(backend.open().await);
    // It may keep everything otherwise, also what the comparison needs.
    backend.sql("UPDATE schema_version SET version = 99; ALTER TABLE deployment RENAME COLUMN root TO roots").await.unwrap();
    let newer = "schema 99, this program knows 6); install that version, or restore the backup from before";
    assert!(opened("countersign_verifier_1", &backend.0.name).await.contains(newer));
    let Err(error) = PostgresStore::open_for_issuer(backend.address("countersign_issuer"), &crate::world::deployment_keys()).await else {
        panic!("it opened")
    };
    assert!(error.to_string().contains(newer), "{error}");
    let found = PostgresStore::found(&backend.address("countersign_verifier_1")).await;
    assert!(found.unwrap_err().to_string().contains(newer));
    backend.sql("UPDATE schema_version SET version = 1; ALTER TABLE deployment RENAME COLUMN roots TO root").await.unwrap();
    assert!(opened("countersign_verifier_1", &backend.0.name).await.contains("schema 1, this program needs 6); start the issuer"));
}

/// A key and a certificate for `name`, self-signed or signed by `authority`.
fn certificate(folder: &TempDir, name: &str, authority: Option<&str>) {
    let path = |what: &str| folder.path().join(what).to_str().unwrap().to_owned();
    let openssl = |args: &[String]| {
        let done = Command::new("openssl").args(args).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let strings = |args: &[&str]| args.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (key, out) = (path(&format!("{name}.key")), path(&format!("{name}.pem")));
    let mut args = strings(&["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj"]);
    args.extend([format!("/CN={name}"), "-keyout".into(), key, "-out".into(), out]);
    match authority {
        None => args.extend(strings(&["-addext", "basicConstraints=critical,CA:TRUE"])),
        Some(authority) => {
            args.extend(["-CA".into(), path(&format!("{authority}.pem")), "-CAkey".into(), path(&format!("{authority}.key"))]);
            args.extend([
                "-addext".into(),
                format!("subjectAltName=DNS:{name}"),
                "-addext".into(),
                "basicConstraints=critical,CA:FALSE".into(),
            ]);
        }
    }
    openssl(&args);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_elsewhere_shows_a_certificate_of_its_name() {
    let folder = TempDir::new().unwrap();
    for (name, authority) in [("authority", None), ("stranger", None), ("localhost", Some("authority")), ("elsewhere", Some("authority"))] {
        certificate(&folder, name, authority);
    }
    let file = |name: &str| folder.path().join(name);
    let Some(cluster) = Cluster::start(&[]).await else {
        return not_run("outages::a_database_elsewhere_shows_a_certificate_of_its_name");
    };
    let admin = cluster.client("postgres", "countersign").await;
    drop(
        PostgresStore::open_for_issuer(
            PostgresAddress::parse(&cluster.url("countersign_issuer", "countersign"), None).unwrap(),
            &crate::world::deployment_keys(),
        )
        .await,
    );
    let url = cluster.url("countersign_verifier_1", "countersign").replace("127.0.0.1", "localhost") + "?sslmode=require";
    let opened = async |authority: &str| {
        let address = PostgresAddress::parse(&url, Some(&file(authority))).unwrap();
        PostgresStore::open_for_verifier(address, &crate::world::deployment_keys()).await
    };
    let refused = |opened: Result<PostgresStore, StoreError>, says: &str| {
        let Err(error) = opened else { panic!("it opened") };
        assert!(matches!(&error, StoreError::Unusable(sentence) if sentence.contains(says)), "{error}");
    };
    // Nothing is said to it in the clear.
    refused(opened("authority.pem").await, "offers no TLS");
    for (name, authority, wrong) in [
        ("localhost", "authority.pem", None),
        ("localhost", "stranger.pem", Some("an authority that is not trusted here; name the authority's file with --store-ca")),
        ("elsewhere", "authority.pem", Some("a certificate for another name")),
        ("authority", "authority.pem", Some("a certificate")),
    ] {
        cluster.serve_tls(&file(&format!("{name}.pem")), &file(&format!("{name}.key")), &admin).await;
        let store = opened(authority).await;
        if let Some(wrong) = wrong {
            refused(store, wrong);
        } else {
            let store = store.unwrap_or_else(|error| panic!("{name} by {authority}: {error}"));
            store.ready().await.unwrap();
            let secured =
                "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'countersign_verifier_1' AND NOT ssl";
            assert_eq!(admin.query_one(secured, &[]).await.unwrap().get::<_, i64>(0), 0, "all of its connections");
        }
    }
}
