//! What the store of a deployment holds, past its own interface.

use std::{collections::BTreeMap, sync::Arc};

use countersign::{
    authority::{Actor, Role},
    hex,
    issuer::Registry,
    store::{LedgerStore as _, SqliteStore},
};

use super::TestApp;
use crate::world;

impl TestApp {
    /// Every entry of the ledger, in canonical bytes.
    pub async fn entries(&self) -> Vec<String> {
        let rows = self.store.entries(0).await.unwrap();
        rows.into_iter().map(|row| String::from_utf8(row.leaf).unwrap()).collect()
    }

    /// One more entry, by a command on this machine that has no ledger key: no checkpoint covers it yet.
    pub async fn acted_without_the_key(&self, callsign: &str) {
        let store = Arc::new(SqliteStore::open_for_issuer(&self.path(), &world::deployment_keys()).unwrap());
        let registry = Registry::new(store, self.clock.clone(), self.entropy.clone());
        registry.enrol(&Actor::Operator, callsign.parse().unwrap(), Role::Officer).await.unwrap();
    }

    /// Another connection, to look at what is stored and to get in the way.
    pub fn sql(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        connection
    }

    /// Every table with its rows as text.
    pub fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let sql = self.sql();
        let mut names = sql.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
        let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        // Ceremonies that wait for their answers come and go without anything being done.
        let names = names.into_iter().filter(|name| name != "ceremonies");
        names.map(|name| (name.clone(), rows(&sql, &name))).collect()
    }

    /// How many ceremonies of a kind wait for their answers.
    pub fn waiting(&self, kind: &str) -> u32 {
        self.sql().query_row("SELECT count(*) FROM ceremonies WHERE kind = ?1", [kind], |row| row.get(0)).unwrap()
    }

    pub fn count(&self, table: &str) -> usize {
        self.dump()[table].len()
    }
}

fn rows(sql: &rusqlite::Connection, table: &str) -> Vec<String> {
    let mut all = sql.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = all.column_count();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        let cells = (0..columns).map(|i| row.get_ref(i).map(|value| cell(&value)));
        Ok(cells.collect::<Result<Vec<_>, _>>()?.join("|"))
    };
    all.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn cell(value: &rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef::{Blob, Integer, Null, Real, Text};
    match value {
        Null => "null".into(),
        Integer(number) => number.to_string(),
        Real(number) => number.to_string(),
        Text(text) => String::from_utf8_lossy(text).into_owned(),
        Blob(bytes) => hex::encode(bytes),
    }
}
