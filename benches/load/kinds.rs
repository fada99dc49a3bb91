//! The kinds of store that checks are measured on.

use std::sync::Arc;

use countersign::store::{DeploymentKeys, IssuerStore, LedgerStore, PostgresAddress, PostgresStore, SqliteStore};
use futures_util::{FutureExt as _, future::BoxFuture};
use tempfile::TempDir;

use crate::{database::Cluster, running::Folder};

/// A kind of store.
pub struct Kind {
    pub name: &'static str,
    /// The most that a genuine check with its mark may cost, as a ratio to the measure.
    pub genuine: f64,
    /// How many verifiers at once are measured on it.
    pub verifiers: &'static [usize],
    /// Makes an empty one, and starts the server that it needs; `None`, and said so, where there is none.
    pub start: fn(&Folder) -> Option<Box<dyn Store>>,
}

/// What issuing takes.
pub trait Issuing: IssuerStore + LedgerStore {}

impl<S: IssuerStore + LedgerStore> Issuing for S {}

/// An empty store; its server, if it has one, stops when it is dropped.
pub trait Store {
    /// What the setting `store` says at a verifier.
    fn url(&self) -> String;
    /// Opens it as the issuer does.
    fn open<'a>(&'a self, keys: &'a DeploymentKeys) -> BoxFuture<'a, Arc<dyn Issuing>>;
}

pub const KINDS: [Kind; 2] = [
    Kind { name: "SQLite", genuine: 1.5, verifiers: &[], start: |folder| Some(Box::new(Sqlite(folder.path().join("store.sqlite")))) },
    Kind { name: "PostgreSQL", genuine: 2.5, verifiers: &[1, 2, 4], start: |_| Postgres::start() },
];

struct Sqlite(std::path::PathBuf);

impl Store for Sqlite {
    fn url(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }

    fn open<'a>(&'a self, keys: &'a DeploymentKeys) -> BoxFuture<'a, Arc<dyn Issuing>> {
        let store: Arc<dyn Issuing> = Arc::new(SqliteStore::open_for_issuer(&self.0, keys).expect("a store"));
        std::future::ready(store).boxed()
    }
}

struct Postgres(Cluster);

impl Postgres {
    /// Its files on the disk, as SQLite's are.
    fn start() -> Option<Box<dyn Store>> {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        let cluster = runtime.block_on(Cluster::start_in(TempDir::new().expect("a folder"), &[]));
        let store = cluster.map(|cluster| Box::new(Self(cluster)) as Box<dyn Store>);
        if store.is_none() {
            crate::database::not_run("checks on PostgreSQL");
        }
        store
    }
}

impl Store for Postgres {
    fn url(&self) -> String {
        self.0.url("countersign_verifier_1", "countersign")
    }

    fn open<'a>(&'a self, keys: &'a DeploymentKeys) -> BoxFuture<'a, Arc<dyn Issuing>> {
        let address = PostgresAddress::parse(&self.0.url("countersign_issuer", "countersign"), None).expect("an address");
        async { Arc::new(PostgresStore::open_for_issuer(address, keys).await.expect("a store")) as Arc<dyn Issuing> }.boxed()
    }
}
