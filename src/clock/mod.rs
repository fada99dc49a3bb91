//! Time, injected: nothing below the command line asks the machine for it.

mod watch;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::time::{ClockId, clock_gettime};

pub use self::watch::{ClockError, ClockWatch, TOLERANCE};

/// 2026-01-01T00:00:00Z. A machine whose clock is before it has lost its time. Seconds since 1970.
pub const EARLIEST: i64 = 1_767_225_600;

/// Tells the time in whole seconds since 1970.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> i64;

    /// Time since the machine started, suspended time included. Setting the wall clock does not change it.
    fn since_boot(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> i64 {
        // A clock before 1970 reads as 0 and is refused at start like any before 2026.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    fn since_boot(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<(i64, Duration)>);

impl ManualClock {
    /// Starts at `now`, in seconds since 1970.
    pub fn at(now: i64) -> Self {
        Self(Mutex::new((now, Duration::ZERO)))
    }

    /// Time passes until `now`; where `now` is in the past, the wall clock alone is set back.
    pub fn set(&self, now: i64) {
        let mut time = self.time();
        let passed = u64::try_from(now - time.0).map(Duration::from_secs).unwrap_or_default();
        *time = (now, time.1 + passed);
    }

    /// Somebody sets the wall clock to `now`, while no time passes.
    pub fn step(&self, now: i64) {
        self.time().0 = now;
    }

    fn time(&self) -> MutexGuard<'_, (i64, Duration)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        self.time().0
    }

    fn since_boot(&self) -> Duration {
        self.time().1
    }
}
