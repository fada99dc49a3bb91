//! Time, injected: nothing below the command line asks the machine for it.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// 2026-01-01T00:00:00Z. A machine whose clock is before it has lost its time. Seconds since 1970.
pub const EARLIEST: i64 = 1_767_225_600;

/// Tells the time in whole seconds since 1970.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> i64;
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
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at `now`, in seconds since 1970.
    pub fn at(now: i64) -> Self {
        Self(AtomicI64::new(now))
    }

    /// Jumps to `now`, forwards or back.
    pub fn set(&self, now: i64) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}
