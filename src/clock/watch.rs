//! Whether the wall clock can be believed. It is compared with the time since the machine started, which nobody can set, and
//! with the clock of a store that has one.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::Clock;

/// How far two clocks may differ. Seconds.
pub const TOLERANCE: i64 = 30;

/// The wall clock is wrong, or was stepped. The sentence is for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// It differs from the store's.
    #[error("this machine's clock is {} the database's; set it right", ahead_or_behind(*.0))]
    Store(i64),
    /// It was set while the process ran. Which of the two times was right cannot be known.
    #[error("this machine's clock jumped {} while the service ran; set it right, and restart the service once it is", direction(*.0))]
    Jumped(i64),
}

/// The wall clock, watched. One for a process.
pub struct ClockWatch {
    clock: Arc<dyn Clock>,
    reference: Mutex<Reference>,
}

/// A moment at which the wall clock was last compared and found right.
#[derive(Clone, Copy)]
struct Reference {
    /// What the wall clock should have shown. Seconds since 1970.
    time: i64,
    since_boot: Duration,
    /// Whether `time` is the store's.
    from_store: bool,
}

impl ClockWatch {
    /// Believes the clock as it is now, until it is compared with another or steps.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let reference = Reference { time: clock.now(), since_boot: clock.since_boot(), from_store: false };
        Self { clock, reference: Mutex::new(reference) }
    }

    /// The wall clock's time in seconds since 1970, unless it is further from the right time than [`TOLERANCE`]. Costs two
    /// readings of the clock, so every check can ask.
    pub fn now(&self) -> Result<i64, ClockError> {
        let reference = *self.reference();
        let now = self.clock.now();
        let passed = self.clock.since_boot().saturating_sub(reference.since_boot);
        let off = now - reference.time - i64::try_from(passed.as_secs()).unwrap_or(i64::MAX);
        match off.abs() <= TOLERANCE {
            true => Ok(now),
            false if reference.from_store => Err(ClockError::Store(off)),
            false => Err(ClockError::Jumped(off)),
        }
    }

    /// Compares with the store's time where it has a clock of its own, else with the time since the last comparison. Called
    /// regularly, so that what the two clocks drift apart in months does not add up to a jump.
    pub fn compare(&self, store: Option<i64>) -> Result<i64, ClockError> {
        if let Some(time) = store {
            *self.reference() = Reference { time, since_boot: self.clock.since_boot(), from_store: true };
            return self.now();
        }
        let now = self.now()?;
        let mut reference = self.reference();
        if !reference.from_store {
            *reference = Reference { time: now, since_boot: self.clock.since_boot(), from_store: false };
        }
        Ok(now)
    }

    fn reference(&self) -> MutexGuard<'_, Reference> {
        self.reference.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ahead_or_behind(seconds: i64) -> String {
    format!("{} s {}", seconds.abs(), if seconds > 0 { "ahead of" } else { "behind" })
}

fn direction(seconds: i64) -> String {
    format!("{} by {} s", if seconds > 0 { "forwards" } else { "back" }, seconds.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const NOW: i64 = 1_795_000_000;

    fn watched() -> (Arc<ManualClock>, ClockWatch) {
        let clock = Arc::new(ManualClock::at(NOW));
        (clock.clone(), ClockWatch::new(clock))
    }

    #[test]
    fn time_that_passes_is_believed_and_steps_are_not() {
        let (clock, watch) = watched();
        clock.set(NOW + 86_400);
        assert_eq!(watch.now(), Ok(NOW + 86_400), "a day went by");
        for step in [31, 3 * 86_400, -31, -86_400] {
            clock.step(NOW + 86_400 + step);
            assert_eq!(watch.now(), Err(ClockError::Jumped(step)));
            assert_eq!(watch.compare(None), Err(ClockError::Jumped(step)), "asking again does not make it right");
        }
        clock.step(NOW + 86_400 - 30);
        assert_eq!(watch.now(), Ok(NOW + 86_400 - 30), "set right, within the tolerance");
    }

    #[test]
    fn a_slow_drift_that_is_compared_in_between_is_no_step() {
        let (clock, watch) = watched();
        for day in 1..=60 {
            clock.set(NOW + day * 86_400 - 1);
            clock.step(NOW + day * 86_400);
            assert_eq!(watch.compare(None), Ok(NOW + day * 86_400));
        }
    }

    #[test]
    fn the_stores_time_decides_where_there_is_one() {
        let (clock, watch) = watched();
        assert_eq!(watch.compare(Some(NOW - 125)), Err(ClockError::Store(125)));
        assert_eq!(watch.compare(None), Err(ClockError::Store(125)), "a store that does not answer changes nothing");
        clock.step(NOW - 125);
        assert_eq!(watch.now(), Ok(NOW - 125));
        clock.step(NOW - 125 - 31);
        assert_eq!(watch.now(), Err(ClockError::Store(-31)), "between two comparisons as well");
        assert_eq!(watch.compare(Some(NOW - 156)), Ok(NOW - 156));
    }

    #[test]
    fn the_sentence_says_which_way_and_what_to_do() {
        assert_eq!(ClockError::Store(125).to_string(), "this machine's clock is 125 s ahead of the database's; set it right");
        assert_eq!(
            ClockError::Jumped(-40).to_string(),
            "this machine's clock jumped back by 40 s while the service ran; set it right, and restart the service once it is"
        );
    }
}
