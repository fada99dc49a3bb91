//! PostgreSQL as a backend.

use std::sync::Arc;

use async_trait::async_trait;
use countersign::store::{PostgresAddress, PostgresStore};
use tokio_postgres::Client;

use crate::{
    Backend, Stores,
    database::{Cluster, Database, not_run},
    suite, whole_suite,
};

pub struct Postgres(pub Database);

impl Postgres {
    /// `None`, and said so, where there is no PostgreSQL.
    pub async fn new(test: &str) -> Option<Self> {
        let Some(cluster) = Cluster::shared().await else {
            not_run(test);
            return None;
        };
        Some(Self(cluster.database().await))
    }

    /// On a server of its own with more settings, just as the script prepares it.
    pub async fn alone(test: &str, settings: &[&str]) -> Option<Self> {
        let Some(cluster) = Cluster::start(settings).await else {
            not_run(test);
            return None;
        };
        Some(Self(Database { cluster: Arc::new(cluster), name: "countersign".into() }))
    }

    /// The server, which nobody else uses.
    pub fn cluster(&mut self) -> &mut Cluster {
        Arc::get_mut(&mut self.0.cluster).unwrap()
    }

    /// As a user reaches it.
    pub fn address(&self, user: &str) -> PostgresAddress {
        self.0.address(user)
    }

    /// A connection around the contracts.
    pub async fn client(&self, user: &str) -> Client {
        self.0.cluster.client(user, &self.0.name).await
    }
}

#[async_trait]
impl Backend for Postgres {
    async fn open(&self) -> Stores {
        let issuer =
            Arc::new(PostgresStore::open_for_issuer(self.address("countersign_issuer"), &crate::world::deployment_keys()).await.unwrap());
        // With the rights of the verifier's own role.
        let verifier = Arc::new(
            PostgresStore::open_for_verifier(self.address("countersign_verifier_1"), &crate::world::deployment_keys()).await.unwrap(),
        );
        Stores { issuer: issuer.clone(), verifier, ledger: issuer }
    }

    async fn sql(&self, statement: &str) -> Result<(), String> {
        self.0.sql(statement).await
    }

    async fn block(&self, table: &str) {
        let refuse = "CREATE FUNCTION blocked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'blocked'; END $$";
        let trigger = format!("CREATE TRIGGER blocked BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION blocked()");
        self.sql(&format!("{refuse}; {trigger}")).await.unwrap();
    }

    async fn unblock(&self, table: &str) {
        self.sql(&format!("DROP TRIGGER blocked ON {table}; DROP FUNCTION blocked")).await.unwrap();
    }
}

whole_suite!(Postgres);
