//! PostgreSQL: one database for any number of processes. Each opens a connection for every kind of work, when it is needed;
//! nothing is kept in a process but what it is doing.

mod access;
mod acts;
mod address;
mod announcer;
mod authorisations;
mod binding;
mod ceremonies;
mod guesses;
mod heard;
mod issuer;
mod keys;
mod lanes;
mod ledger;
mod listener;
mod lists;
mod marks;
mod numbers;
mod parameters;
mod people;
mod pooler;
mod preparation;
mod reaper;
mod references;
mod requests;
mod rows;
mod schema;
mod session;
mod settings;
mod signing;
mod spoken;
mod time;
mod tokens;
mod turn;
mod unreached;
mod verifier;
mod withdrawals;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{broadcast, watch},
    task::AbortHandle,
};

use self::{
    acts::Acts,
    announcer::{Announcer, KEYS_CHANGED, MARKED},
    ceremonies::Ceremonies,
    guesses::Guesses,
    lanes::Lane,
    marks::Marks,
    reaper::Reaper,
    session::{Link, Session},
    settings::Manner,
};
use super::{DeploymentKeys, Found, StoreError};
use crate::token::Cti;

pub use self::address::PostgresAddress;

/// How many uses may be announced before a slow listener has to ask the store again.
const MARKS_ANNOUNCED: usize = 1_024;

/// Plans stay what they are whatever the statistics say: by index, so that a check costs the same on the first day and after
/// ten million.
const BY_INDEX: &[(&str, &str)] = &[
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// For checks. Shorter than the verifier's own patience, so that it still has an answer to give.
const CHECKING: Manner = Manner { patience: Duration::from_millis(1_500), settings: BY_INDEX };
/// For the issuer, whose people wait longer for an answer than for none.
const ISSUING: Manner = Manner { patience: Duration::from_secs(5), settings: BY_INDEX };

/// A store in one PostgreSQL database. Any number of processes may have it open at once.
pub struct PostgresStore {
    /// The connection on which uses are marked.
    marking: Arc<Link>,
    marks: Lane<Marks>,
    guesses: Lane<Guesses>,
    ceremonies: Lane<Ceremonies>,
    acts: Acts,
    announcer: Announcer,
    reads: Arc<Link>,
    marked: broadcast::Sender<Cti>,
    key_changes: watch::Sender<()>,
    listener: AbortHandle,
    /// The issuer's alone.
    reaper: Option<Reaper>,
}

impl PostgresStore {
    /// What the database holds. Nothing is made or changed.
    pub async fn found(address: &PostgresAddress) -> Result<Found, StoreError> {
        schema::found(address).await
    }

    /// Opens the database for the issuer, who owns it, and migrates it. The database of another deployment is refused unchanged.
    pub async fn open_for_issuer(address: PostgresAddress, keys: &DeploymentKeys) -> Result<Self, StoreError> {
        schema::bring_up_to_date(&address, keys).await?;
        let mut store = Self::start(address.clone(), ISSUING, &[MARKED, KEYS_CHANGED]);
        store.reaper = Some(Reaper::start(address));
        Ok(store)
    }

    /// Opens the database for a verifier, which neither makes nor migrates it.
    pub async fn open_for_verifier(address: PostgresAddress, keys: &DeploymentKeys) -> Result<Self, StoreError> {
        schema::check(&address, keys).await?;
        // Uses are for those whose officers wait for them: no verifier is woken by the checks of all others.
        Ok(Self::start(address, CHECKING, &[KEYS_CHANGED]))
    }

    fn start(address: PostgresAddress, reading: Manner, channels: &'static [&'static str]) -> Self {
        let address = Arc::new(address);
        let (marked, key_changes) = (broadcast::Sender::new(MARKS_ANNOUNCED), watch::Sender::new(()));
        let link = |manner| Arc::new(Link::new(address.clone(), manner));
        let marking = link(CHECKING);
        Self {
            marks: Lane::start(marking.clone()),
            marking,
            guesses: Lane::start(link(CHECKING)),
            ceremonies: Lane::start(link(ISSUING)),
            acts: Acts::start(link(ISSUING)),
            announcer: Announcer::start(link(CHECKING)),
            reads: link(reading),
            listener: listener::start(address, channels, marked.clone(), key_changes.clone()),
            marked,
            key_changes,
            reaper: None,
        }
    }

    /// The connection for statements that only read. Many may be under way on it at once.
    async fn reading(&self) -> Result<Arc<Session>, StoreError> {
        self.reads.session().await
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
