//! The kinds of store that checks are measured on.

use std::sync::Arc;

use countersign::store::{IssuerStore, SqliteStore};

use crate::running::Folder;

/// A kind of store.
pub struct Kind {
    pub name: &'static str,
    /// The most that a genuine check with its mark may cost, as a ratio to the measure.
    pub genuine: f64,
    /// Makes an empty one, and starts the server that it needs.
    pub start: fn(&Folder) -> Box<dyn Store>,
}

/// An empty store; its server, if it has one, stops when it is dropped.
pub trait Store {
    /// What the setting `store` says.
    fn url(&self) -> String;
    /// Opens it as the issuer does.
    fn open(&self) -> Arc<dyn IssuerStore>;
}

pub const KINDS: [Kind; 1] = [Kind { name: "SQLite", genuine: 1.5, start: |folder| Box::new(Sqlite(folder.path().join("store.sqlite"))) }];

struct Sqlite(std::path::PathBuf);

impl Store for Sqlite {
    fn url(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }

    fn open(&self) -> Arc<dyn IssuerStore> {
        Arc::new(SqliteStore::open_for_issuer(&self.0).expect("a store"))
    }
}
