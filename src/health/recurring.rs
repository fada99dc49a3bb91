//! Log lines for what may fail many times a second.

use std::{
    fmt::Display,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// A failure that continues is logged this often.
const EVERY: Duration = Duration::from_mins(1);
/// A success ends a failure only if none came for so long: what fails now and then is one failure, not many.
const QUIET: Duration = Duration::from_secs(10);

/// The target of alarms in the log, which no level silences.
pub const ALARM: &str = "alarm";
/// The target of start, stop and reload in the log.
pub const LIFECYCLE: &str = "lifecycle";

/// One kind of failure: logged when it begins, once a minute with a count while it continues, and when it ends.
pub struct Recurring {
    kind: &'static str,
    /// So that a success costs one load while nothing fails.
    failing: AtomicBool,
    state: Mutex<Option<Failing>>,
}

struct Failing {
    count: u64,
    logged_at: Instant,
    /// Whether that line was an alarm.
    alarmed: bool,
    last: Instant,
}

/// What is to be logged of a failure.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Begins,
    Continues(u64),
    None,
}

impl Recurring {
    /// `kind` names it in the log, such as `store`.
    pub const fn new(kind: &'static str) -> Self {
        Self { kind, failing: AtomicBool::new(false), state: Mutex::new(None) }
    }

    /// It failed.
    pub fn failed(&self, error: &dyn Display) {
        match self.note(Instant::now(), false) {
            Line::Begins => tracing::error!(kind = self.kind, %error, "failed"),
            Line::Continues(count) => tracing::error!(kind = self.kind, %error, count, "still failing"),
            Line::None => {}
        }
    }

    /// It failed in a way that somebody has to look at now.
    pub fn alarm(&self, error: &dyn Display) {
        match self.note(Instant::now(), true) {
            Line::Begins => alarm(self.kind, error),
            Line::Continues(count) => alarm(self.kind, &format!("{error} ({count} times so far)")),
            Line::None => {}
        }
    }

    /// It succeeded.
    pub fn ok(&self) {
        self.ends_after(QUIET);
    }

    /// It is known to work again, so that a success need not prove it.
    pub fn over(&self) {
        self.ends_after(Duration::ZERO);
    }

    fn ends_after(&self, quiet: Duration) {
        if self.failing.load(Ordering::Relaxed)
            && let Some(count) = self.end(Instant::now(), quiet)
        {
            tracing::warn!(kind = self.kind, count, "works again");
        }
    }

    fn note(&self, now: Instant, is_alarm: bool) -> Line {
        let mut state = self.state();
        // Under the lock: set before it, the end of the failure before would take it back.
        self.failing.store(true, Ordering::Relaxed);
        let Some(failing) = state.as_mut() else {
            *state = Some(Failing { count: 1, logged_at: now, alarmed: is_alarm, last: now });
            return Line::Begins;
        };
        failing.count += 1;
        failing.last = now;
        // An alarm does not wait for its minute behind a failure that was none.
        let is_first = is_alarm && !failing.alarmed;
        if !is_first && now - failing.logged_at < EVERY {
            return Line::None;
        }
        (failing.logged_at, failing.alarmed) = (now, is_alarm);
        if is_first { Line::Begins } else { Line::Continues(failing.count) }
    }

    /// How often it failed, if the last time is so long ago.
    fn end(&self, now: Instant, quiet: Duration) -> Option<u64> {
        let mut state = self.state();
        let ended = state.take_if(|failing| now - failing.last >= quiet)?;
        self.failing.store(false, Ordering::Relaxed);
        Some(ended.count)
    }

    fn state(&self) -> MutexGuard<'_, Option<Failing>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs what somebody has to look at now. Its target is never filtered out.
pub fn alarm(kind: &str, error: &dyn Display) {
    tracing::error!(target: ALARM, kind, alarm = true, "ALARM: {error}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_when_it_begins_once_a_minute_and_when_it_ends() {
        let (recurring, start) = (Recurring::new("store"), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(recurring.end(start, QUIET), None, "nothing failed");
        assert_eq!(recurring.note(start, false), Line::Begins);
        for second in 1..60 {
            assert_eq!(recurring.note(after(second), false), Line::None);
        }
        assert_eq!(recurring.note(after(60), false), Line::Continues(61));
        assert_eq!(recurring.note(after(61), false), Line::None);
        assert_eq!(recurring.end(after(70), QUIET), None, "a success between failures ends nothing");
        assert_eq!(recurring.end(after(71), QUIET), Some(62));
        assert_eq!(recurring.end(after(72), QUIET), None);
        assert_eq!(recurring.note(after(73), false), Line::Begins);
    }

    #[test]
    fn an_alarm_does_not_wait_behind_a_failure_that_is_none() {
        let (recurring, start) = (Recurring::new("ledger"), Instant::now());
        let note = |seconds, is_alarm| recurring.note(start + Duration::from_secs(seconds), is_alarm);
        assert_eq!(note(0, false), Line::Begins);
        assert_eq!([note(20, true), note(50, true), note(50, false), note(79, true)], [Line::Begins, Line::None, Line::None, Line::None]);
        assert_eq!(note(80, false), Line::Continues(6));
        assert_eq!([note(81, true), note(82, false), note(140, true)], [Line::Begins, Line::None, Line::None]);
        assert_eq!(note(141, true), Line::Continues(10));
    }

    /// Otherwise a success would not look for a failure that began while the one before ended, and that would never end.
    #[test]
    fn a_failure_that_begins_while_another_ends_is_ended_too() {
        let recurring = Recurring::new("store");
        let times = 0..400_000;
        let now = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in times.clone() {
                    recurring.note(now, false);
                }
            });
            for _ in times.clone() {
                recurring.end(now, Duration::ZERO);
                std::thread::yield_now();
                let state = recurring.state();
                assert_eq!(recurring.failing.load(Ordering::Relaxed), state.is_some());
            }
        });
    }
}
