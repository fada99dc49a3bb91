//! Whether the time may be acted on where that cannot be undone: what a clock that is ahead purges, retires or destroys is gone.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    authority::{Actor, ActorName},
    clock::{ClockError, ClockWatch},
    health::{Health, Part},
    store::{Corrected, IssuerStore, KEEP_CODES, StoreError, StoreTime},
};

/// A clock that is less than this ahead drops nothing that anybody still needs: codes and bytes are what is dropped first.
const GAP: i64 = KEEP_CODES;
/// How long a clock that is further ahead of the store's newest time has to run without a step. A machine that starts asks for
/// the time within a minute or two.
const SETTLING: Duration = Duration::from_mins(10);
/// A running issuer writes its time twice a minute, so a clock that is further ahead of the store is wrong, or the issuer was
/// off for as long. Seconds.
const BY_HAND: i64 = 86_400;

/// The time in seconds since 1970, and what may be done at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Everything.
    Settled(i64),
    /// Nothing that can wait: the issuer was off, or the clock is ahead, and which of the two is not known yet.
    Settling(i64),
}

impl Checked {
    /// The time.
    pub fn now(self) -> i64 {
        match self {
            Self::Settled(now) | Self::Settling(now) => now,
        }
    }
}

/// Compares the clock with all that it can be compared with.
pub struct Timekeeper {
    store: Arc<dyn IssuerStore>,
    watch: Arc<ClockWatch>,
    health: Arc<Health>,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    /// Not compared with the store's newest time yet.
    Started,
    /// Since then, as time since the machine started, the clock has not stepped.
    Settling(Duration),
    Settled,
}

impl Timekeeper {
    /// For one process.
    pub fn new(store: Arc<dyn IssuerStore>, watch: Arc<ClockWatch>, health: Arc<Health>) -> Self {
        Self { store, watch, health, state: Mutex::new(State::Started) }
    }

    /// The time, if it is right as far as can be known; else `None`, after an alarm. Writes it to the store.
    pub async fn check(&self) -> Option<Checked> {
        let judged = match self.judged().await {
            Ok(judged) => judged,
            Err(error) => {
                self.health.failed(Part::Store, &error);
                return None;
            }
        };
        self.health.ok(Part::Store);
        match judged {
            Ok(checked) => {
                self.health.ok(Part::Clock);
                Some(checked)
            }
            Err(error) => {
                self.health.alarm(Part::Clock, &error);
                None
            }
        }
    }

    async fn judged(&self) -> Result<Result<Checked, ClockError>, StoreError> {
        let StoreTime { newest, .. } = self.store.time().await?;
        self.watch.not_before(newest.unwrap_or(i64::MIN));
        let believed = self.settle(newest);
        // A time that may be wrong would make every right one look as if it were behind.
        let written = match believed {
            Ok(Checked::Settled(now)) => Some(now),
            _ => None,
        };
        let own = self.store.act_heartbeat(written).await?;
        Ok(self.watch.compare(own).and(believed))
    }

    fn settle(&self, newest: Option<i64>) -> Result<Checked, ClockError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let since_boot = self.watch.clock().since_boot();
        if let (State::Settling(_), Err(ClockError::Jumped(by))) = (*state, self.watch.now()) {
            // The ten minutes begin once more when it is right.
            *state = State::Settling(since_boot);
            // What it was waited for: nothing was done at the wrong time that cannot be undone. A clock that is set far ahead while
            // it is watched is no correction of one that was ahead already.
            if by <= GAP {
                tracing::warn!(
                    kind = Part::Clock.as_str(),
                    "the clock was set by {by} s while nothing was purged yet; it is believed when it has run for ten minutes"
                );
                self.watch.begin_again();
            }
        }
        let now = self.watch.now()?;
        *state = match (*state, newest) {
            (State::Started, Some(newest)) if now.saturating_sub(newest) > GAP => {
                let gap = now.saturating_sub(newest);
                tracing::warn!(
                    kind = Part::Clock.as_str(),
                    "the newest time in the store is {gap} s ago: the issuer was off, or the clock is ahead; \
                     nothing is purged or destroyed until the clock has run for ten minutes without a step"
                );
                State::Settling(since_boot)
            }
            (State::Settling(since), _) if since_boot.saturating_sub(since) < SETTLING => State::Settling(since),
            _ => State::Settled,
        };
        Ok(if matches!(*state, State::Settled) { Checked::Settled(now) } else { Checked::Settling(now) })
    }
}

/// Why nothing is done by hand at this time. The sentence is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum Untimely {
    /// The clock is wrong.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// It may be wrong, and only people can know.
    #[error("this machine's clock is {} s ahead of the newest time in the store", now - newest)]
    FarAhead {
        /// By the clock. Seconds since 1970.
        now: i64,
        /// In the store. Seconds since 1970.
        newest: i64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The time for a command, which has not run for long enough to see a clock jump: by the store's own clock, and by the newest time
/// in it unless somebody says that the clock `is_right`.
pub async fn time_by_hand(store: &dyn IssuerStore, watch: &ClockWatch, is_right: bool) -> Result<Checked, Untimely> {
    let StoreTime { newest, .. } = store.time().await?;
    watch.not_before(newest.unwrap_or(i64::MIN));
    let now = watch.compare(store.act_heartbeat(None).await?)?;
    match newest {
        Some(newest) if !is_right && now.saturating_sub(newest) > BY_HAND => Err(Untimely::FarAhead { now, newest }),
        _ => Ok(Checked::Settled(now)),
    }
}

/// Undoes what a clock that was ahead left in the store, on the word of the operator who set it right; `None` where there is nothing to undo.
pub async fn clock_corrected(store: &dyn IssuerStore, watch: &ClockWatch) -> Result<Option<Corrected>, Untimely> {
    let now = watch.compare(store.act_heartbeat(None).await?)?;
    Ok(store.correct_clock(now, ActorName::from(&Actor::Operator)).await?)
}
