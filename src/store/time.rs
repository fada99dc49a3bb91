//! What a store knows of the time, and what is undone after a clock was ahead.

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
