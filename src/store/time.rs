//! What a store knows of the time, and what is undone after a clock was ahead.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    authority::ActorName,
    ledger::{Entry, Event},
    token::{MAX_LIFETIME, MAX_PREPARATION},
};

/// What a store knows of the time. Seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreTime {
    /// The newest time that an issuer believed.
    pub newest: Option<i64>,
    /// A token that ended then or before is gone, and counts as expired.
    pub purged_through: i64,
}

/// What was undone after a clock had been ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// [`StoreTime::purged_through`] as it was, in seconds since 1970.
    pub purged_from: i64,
    /// As it is now; the same where it was not in the future.
    pub purged_to: i64,
    /// Tokens whose records were gone, and that count as withdrawn now.
    pub withdrawn: u32,
}

/// The store as something to compare a clock with.
#[async_trait]
pub trait TimeStore: Send + Sync {
    /// Writes one row in the way in which every act is written, and raises [`StoreTime::newest`] to `believed`, but not above the
    /// store's own time. Returns that, in seconds since 1970, where the store has a clock of its own.
    async fn act_heartbeat(&self, believed: Option<i64>) -> Result<Option<i64>, StoreError>;

    /// What it knows of the time. Without a heartbeat of an issuer the newest time is that of the last entry in the ledger.
    async fn time(&self) -> Result<StoreTime, StoreError>;

    /// Undoes what a clock that was ahead left behind, now that it is `now`: lowers a [`StoreTime::purged_through`] in the future
    /// to [`super::KEEP_ROWS`] before, and a [`StoreTime::newest`] in the future. Tokens that end after that and have no row any more
    /// get one again from the ledger, as withdrawn, because nobody knows whether they were used. `None`, and nothing happened,
    /// where neither is in the future.
    async fn correct_clock(&self, now: i64, by: ActorName) -> Result<Option<Corrected>, StoreError>;
}

impl Corrected {
    pub(super) fn event(self, by: ActorName) -> Event {
        let Self { purged_from, purged_to, withdrawn } = self;
        Event::ClockCorrected { purged_from, purged_to, withdrawn, by }
    }
}

/// Whether a token that is issued in an entry before these may end after `end`: while any of them is young enough. One that is
/// missed stays without a record, so that nobody takes it for genuine.
pub(super) fn may_end_after(entries: &[Entry], end: i64) -> bool {
    entries.iter().any(|entry| entry.at.saturating_add(MAX_PREPARATION + MAX_LIFETIME) > end)
}
