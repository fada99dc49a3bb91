//! Whether the time may be acted on where that cannot be undone: what a clock that is ahead purges, retires or destroys is gone.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    authority::{Actor, ActorName},
    clock::{ClockError, ClockWatch},
    health::{Health, Part},
    store::{Corrected, KEEP_CODES, StoreError, StoreTime, TimeStore},
};

/// A clock that is less than this ahead drops nothing that anybody still needs: codes and bytes are what is dropped first.
const GAP: i64 = KEEP_CODES;
/// How long a clock that is further ahead of the store's newest time has to run without a step. A machine that starts asks for
/// the time within a minute or two.
const SETTLING: Duration = Duration::from_mins(10);
/// A running issuer writes its time twice a minute, so a clock that is further ahead of the store is wrong, or the issuer was
/// off for as long. Seconds.
const BY_HAND: i64 = 86_400;
/// For the store to answer. Longer than an act takes that waits for all before it, and for a database that is slow.
const PATIENCE: Duration = Duration::from_secs(15);
/// An issuer that last wrote longer ago than this is not ready: housekeeping comes round twice a minute, and one round may be missed.
const WRITTEN_WITHIN: Duration = Duration::from_secs(75);

/// Whether the store took a write of the issuer's lately, and none failed since. Each round of housekeeping makes one, so rounds that
/// do not come any more are noticed too.
pub fn wrote_lately(health: &Health, watch: &ClockWatch) -> bool {
    health.takes_writes(watch.since_boot(), WRITTEN_WITHIN)
}

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
    store: Arc<dyn TimeStore>,
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
    pub fn new(store: Arc<dyn TimeStore>, watch: Arc<ClockWatch>, health: Arc<Health>) -> Self {
        Self { store, watch, health, state: Mutex::new(State::Started) }
    }

    /// The time, if it is right as far as can be known; else `None`, after an alarm. Writes it to the store.
    pub async fn check(&self) -> Option<Checked> {
        self.check_within(PATIENCE).await
    }

    async fn check_within(&self, patience: Duration) -> Option<Checked> {
        let judged = timeout(patience, self.judged()).await;
        let judged = match judged.unwrap_or_else(|_| Err(StoreError::Failed("it did not answer in time".into()))) {
            Ok(judged) => judged,
            Err(error) => {
                self.health.failed(Part::Store, &error);
                return None;
            }
        };
        self.health.ok(Part::Store);
        self.health.wrote(self.watch.since_boot());
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
pub async fn time_by_hand(store: &dyn TimeStore, watch: &ClockWatch, is_right: bool) -> Result<Checked, Untimely> {
    let StoreTime { newest, .. } = store.time().await?;
    watch.not_before(newest.unwrap_or(i64::MIN));
    let now = watch.compare(store.act_heartbeat(None).await?)?;
    match newest {
        Some(newest) if !is_right && now.saturating_sub(newest) > BY_HAND => Err(Untimely::FarAhead { now, newest }),
        _ => Ok(Checked::Settled(now)),
    }
}

/// Undoes what a clock that was ahead left in the store, on the word of the operator who set it right; `None` where there is nothing to undo.
pub async fn clock_corrected(store: &dyn TimeStore, watch: &ClockWatch) -> Result<Option<Corrected>, Untimely> {
    let now = watch.compare(store.act_heartbeat(None).await?)?;
    Ok(store.correct_clock(now, ActorName::from(&Actor::Operator)).await?)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    const NOW: i64 = 1_795_000_000;

    /// A store on a disk that hangs at one of its operations; 0 for none.
    #[derive(Default)]
    struct Hanging(AtomicU8);

    impl Hanging {
        async fn reach(&self, operation: u8) {
            if self.0.load(Ordering::Relaxed) == operation {
                std::future::pending::<()>().await;
            }
        }
    }

    #[async_trait]
    impl TimeStore for Hanging {
        async fn act_heartbeat(&self, _: Option<i64>) -> Result<Option<i64>, StoreError> {
            self.reach(2).await;
            Ok(None)
        }

        async fn time(&self) -> Result<StoreTime, StoreError> {
            self.reach(1).await;
            Ok(StoreTime { newest: None, purged_through: 0 })
        }

        async fn correct_clock(&self, _: i64, _: ActorName) -> Result<Option<Corrected>, StoreError> {
            Ok(None)
        }
    }

    #[tokio::test]
    async fn a_store_that_never_answers_fails() {
        let (store, clock, health) = (Arc::new(Hanging::default()), Arc::new(ManualClock::at(NOW)), Arc::new(Health::default()));
        let watch = Arc::new(ClockWatch::new(clock.clone()));
        let keeper = Timekeeper::new(store.clone(), watch.clone(), health.clone());
        assert!(!wrote_lately(&health, &watch), "nothing was written yet");
        for operation in [1, 2] {
            store.0.store(0, Ordering::Relaxed);
            assert_eq!(keeper.check().await, Some(Checked::Settled(NOW)));
            assert!(wrote_lately(&health, &watch) && health.is_ready());
            store.0.store(operation, Ordering::Relaxed);
            assert_eq!(keeper.check_within(Duration::from_millis(1)).await, None);
            assert_eq!(health.failing_parts()[&Part::Store], "the store failed: it did not answer in time");
            assert!(!wrote_lately(&health, &watch));
        }
    }

    #[tokio::test]
    async fn rounds_that_come_no_more_are_noticed() {
        let (clock, health) = (Arc::new(ManualClock::at(NOW)), Health::default());
        let watch = Arc::new(ClockWatch::new(clock.clone()));
        let (store, health) = (Arc::new(Hanging::default()), Arc::new(health));
        let keeper = Timekeeper::new(store, watch.clone(), health.clone());
        for _ in 0..2 {
            keeper.check().await.unwrap();
            let now = clock.now();
            for (later, lately) in [(30, true), (75, true), (76, false), (3_600, false)] {
                clock.set(now + later);
                assert_eq!(wrote_lately(&health, &watch), lately, "{later} s later");
                assert!(health.is_ready(), "no part of it says so");
            }
        }
        let now = clock.now();
        keeper.check().await.unwrap();
        clock.step(now - 86_400);
        assert!(wrote_lately(&health, &watch), "whatever the wall clock says");
    }
}
