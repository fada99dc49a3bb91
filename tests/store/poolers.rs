//! Debian's PgBouncer in front of the database: found and refused where it shares connections, and good where it does not.

use std::{
    fs,
    io::{Write as _, stderr},
    net::TcpListener,
    os::unix::fs::chown,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use async_trait::async_trait;
use countersign::store::{PostgresAddress, PostgresStore, StoreError};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use crate::{Backend, Stores, postgres::Postgres, suite};

const PGBOUNCER: &str = "/usr/sbin/pgbouncer";

/// A database with a pooler in front of it, which ends with the test.
pub struct Pooled {
    database: Postgres,
    pooler: Child,
    port: u16,
    _folder: TempDir,
}

impl Pooled {
    async fn start(test: &str, settings: &str) -> Option<Self> {
        if !Path::new(PGBOUNCER).exists() {
            let _ = writeln!(stderr(), "NOT RUN: {test}: Debian's pgbouncer is not installed; make test installs it");
            return None;
        }
        let database = Postgres::new(test).await?;
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = database.0.cluster.url("", "").rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
        let file = |name: &str| folder.path().join(name);
        fs::write(file("users"), "\"countersign_issuer\" \"\"\n\"countersign_verifier_1\" \"\"\n").unwrap();
        let configuration = format!(
            "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\ndefault_pool_size = 50\n{settings}\n",
            file("users").display()
        );
        fs::write(file("pgbouncer.ini"), configuration).unwrap();
        let pooler = as_its_user(folder.path()).arg(file("pgbouncer.ini")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let started = Self { database, pooler, port, _folder: folder };
        started.is_up().await;
        Some(started)
    }

    pub async fn new(test: &str) -> Option<Self> {
        Self::start(test, "pool_mode = session").await
    }

    fn url(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{}", self.port, self.database.0.name)
    }

    fn address(&self, user: &str) -> PostgresAddress {
        PostgresAddress::parse(&self.url(user), None).unwrap()
    }

    async fn is_up(&self) {
        for _ in 0..600 {
            if tokio_postgres::connect(&self.url("countersign_issuer"), NoTls).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("pgbouncer did not start");
    }
}

/// It refuses to be root.
fn as_its_user(folder: &Path) -> Command {
    let id =
        |args: &[&str]| String::from_utf8(Command::new("id").args(args).output().unwrap().stdout).unwrap().trim().parse::<u32>().unwrap();
    if id(&["-u"]) != 0 {
        return Command::new(PGBOUNCER);
    }
    let (user, group) = (id(&["-u", "postgres"]), id(&["-g", "postgres"]));
    chown(folder, Some(user), Some(group)).unwrap();
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups", PGBOUNCER]);
    command
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let _ = self.pooler.kill();
        let _ = self.pooler.wait();
    }
}

#[async_trait]
impl Backend for Pooled {
    async fn open(&self) -> Stores {
        let opened = PostgresStore::open_for_issuer(self.address("countersign_issuer"), &crate::world::deployment_keys()).await;
        let issuer = std::sync::Arc::new(opened.unwrap_or_else(|error| panic!("{error}")));
        let opened = PostgresStore::open_for_verifier(self.address("countersign_verifier_1"), &crate::world::deployment_keys()).await;
        let verifier = std::sync::Arc::new(opened.unwrap_or_else(|error| panic!("{error}")));
        Stores { issuer: issuer.clone(), verifier, ledger: issuer }
    }

    async fn sql(&self, statement: &str) -> Result<(), String> {
        self.database.sql(statement).await
    }

    async fn block(&self, table: &str) {
        self.database.block(table).await;
    }

    async fn unblock(&self, table: &str) {
        self.database.unblock(table).await;
    }
}

// Settings, prepared statements, transactions, locks and notifications through a pooler that pools whole sessions.
suite! { Pooled:
    uses::one_of_many_is_first,
    uses::uses_are_announced_to_listeners_of_the_same_store,
    keys::verifiers_hear_that_keys_changed,
    guards::guesses_at_once_never_exceed_the_budget,
    groups::many_writes_at_once_are_all_answered_and_durable,
    groups::two_processes_write_to_one_store,
}

fn refused(opened: Result<PostgresStore, StoreError>, what: &str) {
    let Err(error) = opened else { panic!("{what}: it opened") };
    let sentence = error.to_string();
    assert!(matches!(error, StoreError::Unusable(_)), "{what}: {sentence}");
    for part in ["a pooler", "PgBouncer", "pool_mode to session"] {
        assert!(sentence.contains(part), "{what}: {sentence}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_shares_connections_is_refused_at_start() {
    for settings in [
        "pool_mode = transaction",
        "pool_mode = transaction\nserver_round_robin = 1",
        "pool_mode = transaction\nserver_round_robin = 1\nmin_pool_size = 2\ndefault_pool_size = 2",
        "pool_mode = transaction\nserver_round_robin = 1\nmin_pool_size = 3\ndefault_pool_size = 3",
        "pool_mode = transaction\ndefault_pool_size = 1",
        "pool_mode = statement",
        "pool_mode = statement\nserver_round_robin = 1\nmin_pool_size = 2",
    ] {
        let Some(pooled) = Pooled::start("poolers::a_pooler_that_shares_connections_is_refused_at_start", settings).await else { return };
        // The tables are there, so that nothing else is wrong.
        drop(pooled.database.open().await);
        for busy in [false, true] {
            let what = format!("{settings:?}, others at work: {busy}");
            let others = if busy { at_work(&pooled).await } else { JoinSet::new() };
            refused(PostgresStore::open_for_issuer(pooled.address("countersign_issuer"), &crate::world::deployment_keys()).await, &what);
            refused(
                PostgresStore::open_for_verifier(pooled.address("countersign_verifier_1"), &crate::world::deployment_keys()).await,
                &what,
            );
            drop(others);
        }
    }
}

/// Others who keep the pool's connections moving, until they are dropped.
async fn at_work(pooled: &Pooled) -> JoinSet<()> {
    let mut others = JoinSet::new();
    for user in ["countersign_issuer", "countersign_verifier_1"] {
        for _ in 0..3 {
            let (client, connection) = tokio_postgres::connect(&pooled.url(user), NoTls).await.unwrap();
            others.spawn(async move {
                let _ = connection.await;
            });
            others.spawn(async move { while client.simple_query("SELECT pg_sleep(0.001)").await.is_ok() {} });
        }
    }
    others
}
