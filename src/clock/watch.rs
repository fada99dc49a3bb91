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
    /// The store's own clock was set while the process ran: it may be on the same machine.
    #[error("the database's clock jumped {} while the service ran; set it right, and restart the service once it is", direction(*.0))]
    StoreJumped(i64),
    /// An issuer worked on the same store at a later time than now.
    #[error(
        "this machine's clock is {0} s behind the newest time in the store; set it right, or, if it is right and was ahead before, run `countersign store clock-corrected`"
    )]
    Behind(i64),
}

/// The wall clock, watched. One for a process.
pub struct ClockWatch {
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

/// What the wall clock is compared with.
#[derive(Clone, Copy)]
struct Known {
    reference: Reference,
    /// The wall clock alone, so that it is known whether it stepped whatever the store says.
    own: Reference,
    /// It is not before this. Seconds since 1970.
    newest: i64,
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

impl Reference {
    /// What the wall clock should show so long after the start of the machine.
    fn expected(self, since_boot: Duration) -> i64 {
        let passed = since_boot.saturating_sub(self.since_boot).as_secs();
        self.time.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}

impl ClockWatch {
    /// Believes the clock as it is now, until it is compared with another or steps.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let reference = Reference { time: clock.now(), since_boot: clock.since_boot(), from_store: false };
        Self { clock, known: Mutex::new(Known { reference, own: reference, newest: i64::MIN }) }
    }

    /// The clock itself, for what is done at any time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The wall clock's time in seconds since 1970, unless it is further from the right time than [`TOLERANCE`]. Costs two
    /// readings of the clock, so every check can ask.
    pub fn now(&self) -> Result<i64, ClockError> {
        let Known { reference, newest, .. } = *self.known();
        let now = self.clock.now();
        let off = now.saturating_sub(reference.expected(self.clock.since_boot()));
        match off.abs() <= TOLERANCE {
            true if now < newest.saturating_sub(TOLERANCE) => Err(ClockError::Behind(newest - now)),
            true => Ok(now),
            false if reference.from_store => Err(ClockError::Store(off)),
            false => Err(ClockError::Jumped(off)),
        }
    }

    /// Time since the machine started, suspended time included.
    pub fn since_boot(&self) -> Duration {
        self.clock.since_boot()
    }

    /// What the wall clock should show: the time at the last comparison, and what has passed since. Where it was set while the
    /// process ran, this is the time as it would be without that, for what has to be written all the same. Never further than
    /// [`TOLERANCE`] from a wall clock that is right. Seconds since 1970.
    pub fn expected(&self) -> i64 {
        self.known().reference.expected(self.clock.since_boot())
    }

    /// How far the wall clock is ahead of the store's, in seconds; `None` as long as it was compared with none.
    pub fn offset(&self) -> Option<i64> {
        let reference = self.known().reference;
        reference.from_store.then(|| self.clock.now() - reference.expected(self.clock.since_boot()))
    }

    /// Compares with the store's time where it has a clock of its own, else with the time since the last comparison. Called
    /// regularly, so that what the two clocks drift apart in months does not add up to a jump.
    pub fn compare(&self, store: Option<i64>) -> Result<i64, ClockError> {
        let (now, since_boot) = (self.clock.now(), self.clock.since_boot());
        if let Some(time) = store {
            let mut known = self.known();
            let stepped = is_off(now, known.own.expected(since_boot));
            if !stepped {
                known.own = Reference { time: now, since_boot, from_store: false };
            }
            let jumped = time.saturating_sub(known.reference.expected(since_boot));
            // Set right, it agrees with a clock that did not step. Both may have stepped, if they are one machine's.
            if known.reference.from_store && jumped.abs() > TOLERANCE && (stepped || is_off(now, time)) {
                return Err(ClockError::StoreJumped(jumped));
            }
            known.reference = Reference { time, since_boot, from_store: true };
            drop(known);
            return self.now();
        }
        let now = self.now()?;
        let mut known = self.known();
        if !known.reference.from_store {
            known.reference = Reference { time: now, since_boot, from_store: false };
        }
        Ok(now)
    }

    /// From now on a time before `newest`, in seconds since 1970, is wrong.
    pub fn not_before(&self, newest: i64) {
        self.known().newest = newest;
    }

    /// Believes the clock as it is now, once more: it was set right.
    pub fn begin_again(&self) {
        let reference = Reference { time: self.clock.now(), since_boot: self.clock.since_boot(), from_store: false };
        let mut known = self.known();
        (known.reference, known.own) = (reference, reference);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_off(time: i64, right: i64) -> bool {
    time.saturating_sub(right).abs() > TOLERANCE
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
    }

    #[test]
    fn a_store_whose_clock_is_set_right_is_believed_again() {
        let (clock, watch) = watched();
        assert_eq!(watch.compare(Some(NOW - 3_600)), Err(ClockError::Store(3_600)));
        clock.set(NOW + 60);
        assert_eq!(watch.compare(Some(NOW - 3_540)), Err(ClockError::Store(3_600)));
        assert_eq!(watch.compare(Some(NOW + 61)), Ok(NOW + 60), "this machine's clock never stepped");
        assert_eq!(watch.compare(Some(NOW - 3_539)), Err(ClockError::StoreJumped(-3_600)), "wrong again");
        assert_eq!(watch.compare(Some(NOW + 60)), Ok(NOW + 60));
    }

    #[test]
    fn a_store_whose_clock_jumps_is_not_believed_until_it_is_back() {
        let (clock, watch) = watched();
        assert_eq!(watch.compare(Some(NOW + 5)), Ok(NOW));
        clock.set(NOW + 60);
        for jumped in [3 * 86_400, 31, -36, -3_600] {
            // On one machine both jump together, and agree.
            clock.step(NOW + 65 + jumped);
            assert_eq!(watch.compare(Some(NOW + 65 + jumped)), Err(ClockError::StoreJumped(jumped)));
            assert_eq!(watch.now(), Err(ClockError::Store(jumped)));
            assert_eq!(watch.expected(), NOW + 65);
        }
        clock.step(NOW + 60);
        assert_eq!(watch.compare(Some(NOW + 64)), Ok(NOW + 60));
    }

    #[test]
    fn a_time_before_the_newest_that_is_known_is_wrong() {
        let (clock, watch) = watched();
        watch.not_before(NOW + 31);
        assert_eq!(watch.now(), Err(ClockError::Behind(31)));
        assert_eq!(watch.compare(Some(NOW)), Err(ClockError::Behind(31)));
        assert_eq!(watch.expected(), NOW);
        clock.set(NOW + 1);
        assert_eq!(watch.compare(None), Ok(NOW + 1), "within the tolerance");
        watch.not_before(NOW + 1_000);
        assert_eq!(watch.now(), Err(ClockError::Behind(999)));
        watch.not_before(NOW);
        assert_eq!(watch.now(), Ok(NOW + 1), "somebody corrected it in the store");
    }

    #[test]
    fn a_clock_that_was_set_right_can_be_believed_once_more() {
        let (clock, watch) = watched();
        clock.step(NOW - 7_200);
        assert_eq!((watch.now(), watch.expected()), (Err(ClockError::Jumped(-7_200)), NOW));
        watch.begin_again();
        assert_eq!((watch.now(), watch.expected()), (Ok(NOW - 7_200), NOW - 7_200));
    }

    #[test]
    fn what_the_clock_should_show_is_known_while_it_is_wrong() {
        let (clock, watch) = watched();
        assert_eq!(watch.offset(), None, "nothing to compare with");
        clock.step(NOW + 600);
        assert_eq!(watch.expected(), NOW);
        clock.set(NOW + 660);
        assert_eq!(watch.expected(), NOW + 60, "a minute went by");
        assert!(watch.compare(Some(NOW + 61)).is_err());
        assert_eq!((watch.expected(), watch.offset()), (NOW + 61, Some(599)));
        clock.set(NOW + 670);
        assert_eq!((watch.expected(), watch.offset()), (NOW + 71, Some(599)));
    }

    #[test]
    fn the_sentence_says_which_way_and_what_to_do() {
        assert_eq!(ClockError::Store(125).to_string(), "this machine's clock is 125 s ahead of the database's; set it right");
        assert_eq!(
            ClockError::Jumped(-40).to_string(),
            "this machine's clock jumped back by 40 s while the service ran; set it right, and restart the service once it is"
        );
        assert_eq!(
            ClockError::StoreJumped(90).to_string(),
            "the database's clock jumped forwards by 90 s while the service ran; set it right, and restart the service once it is"
        );
    }
}
