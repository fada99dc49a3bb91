//! Whether checks can be answered: looked at regularly, and asked by proxies and monitors.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{KeyWatch, PATIENCE, WatchError};
use crate::{
    clock::{ClockError, ClockWatch},
    health::{Health, Part},
    store::{StoreError, VerifierStore},
};

/// A verifier that last wrote longer ago than this is not ready. Three of its regular looks: one that a busy store did not answer
/// sends nobody away, and one that never comes any more is noticed.
const WRITTEN_WITHIN: Duration = Duration::from_secs(30);

/// Looks at all that a check needs, and keeps what was found.
pub struct Readiness {
    store: Arc<dyn VerifierStore>,
    keys: Arc<KeyWatch>,
    watch: Arc<ClockWatch>,
    health: Arc<Health>,
}

/// The set that is known is over.
#[derive(Debug, thiserror::Error)]
#[error("the key set expired, so nothing can be checked; have the root key sign the next one with `countersign keys publish`")]
struct SetExpired;

impl Readiness {
    /// Reports to `health`.
    pub fn new(store: Arc<dyn VerifierStore>, keys: Arc<KeyWatch>, watch: Arc<ClockWatch>, health: Arc<Health>) -> Self {
        Self { store, keys, watch, health }
    }

    /// What was found.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The first look. A set that is not to be trusted is an error; without any, or with one that expired, checks are
    /// `cannot_check` until the next is published.
    pub async fn begin(&self) -> Result<(), WatchError> {
        self.write().await;
        match self.read().await {
            Err(error @ (WatchError::Store(_) | WatchError::KeySet(_))) => Err(error),
            read => {
                self.report_keys(read);
                Ok(())
            }
        }
    }

    /// Writes as a check would, compares the clock with the store's, and reads the key set. Never takes longer than twice the
    /// verifier's patience.
    pub async fn look(&self) {
        self.write().await;
        let read = self.read().await;
        self.report_keys(read);
    }

    /// Whether checks can be answered now.
    pub async fn is_ready(&self) -> bool {
        let Ok(now) = self.watch.now() else { return false };
        let answers = async || matches!(timeout(PATIENCE, self.store.ready()).await, Ok(Ok(())));
        self.health.is_ready()
            && self.wrote_lately()
            && self.keys.fresh().is_some_and(|(seen, _)| seen.keys.is_current(now))
            && answers().await
    }

    /// Whether the store took a write within the last half minute, and none failed since.
    pub fn wrote_lately(&self) -> bool {
        self.health.takes_writes(self.watch.since_boot(), WRITTEN_WITHIN)
    }

    /// How long ago the store last took a write that was made to try it; `None` if it never did.
    pub fn written_ago(&self) -> Option<Duration> {
        self.health.written_ago(self.watch.since_boot())
    }

    async fn write(&self) {
        let written = timeout(PATIENCE, self.store.heartbeat(self.watch.expected())).await;
        let clock = match written.unwrap_or(Err(StoreError::Busy)) {
            Ok(time) => {
                self.health.ok(Part::Store);
                self.health.wrote(self.watch.since_boot());
                self.watch.compare(time)
            }
            Err(error) => {
                // A flood is no reason to send everybody to the next process, and flood that one.
                if !(matches!(error, StoreError::Busy) && self.wrote_lately()) {
                    self.health.failed(Part::Store, &error);
                }
                self.watch.now()
            }
        };
        self.report_clock(clock);
    }

    fn report_clock(&self, clock: Result<i64, ClockError>) {
        match clock {
            Ok(_) => self.health.ok(Part::Clock),
            Err(error) => self.health.failed(Part::Clock, &error),
        }
    }

    async fn read(&self) -> Result<(), WatchError> {
        let read = timeout(PATIENCE, self.keys.refresh(&*self.store, self.watch.expected())).await;
        read.unwrap_or_else(|_| Err(StoreError::Busy.into()))
    }

    fn report_keys(&self, read: Result<(), WatchError>) {
        match read {
            Ok(()) if self.keys.current(self.watch.expected()).is_none() => self.health.failed(Part::KeySet, &SetExpired),
            Ok(()) => self.health.ok(Part::KeySet),
            Err(WatchError::Store(StoreError::Busy)) if self.keys.fresh().is_some() => {}
            Err(error) => self.health.failed(Part::KeySet, &error),
        }
    }
}
