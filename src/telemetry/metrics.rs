//! What this process counts. Every series is there from the start at 0, and every label is from a list that is closed in this
//! program, so that nothing that comes from outside can become one (threat 25).

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::ConstGauge, histogram::Histogram, info::Info},
    registry::Registry,
};

use super::forwarding::{self, ForwardingFaults, Listener};
use crate::{store::GuessPool, verifier::Verdict};

/// What every name begins with.
pub(super) const PREFIX: &str = "countersign";

/// Seconds. The last one is beyond the verifier's patience.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// What a verifier asks of its store.
const OPERATIONS: [&str; 13] = [
    "key_set",
    "token_for_code",
    "take_guess",
    "guesses_taken",
    "give_back",
    "try_number",
    "wrong_numbers",
    "first_attempt",
    "deployment",
    "standing",
    "use_once",
    "ready",
    "heartbeat",
];
/// What came of it.
const OUTCOMES: [&str; 4] = ["done", "failed", "busy", "given_up"];

pub(super) type Labels<const N: usize> = [(&'static str, &'static str); N];

/// In which form a code was shown.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// As a token: text, link or digits.
    Token,
    /// As a spoken code.
    Code,
}

impl Form {
    const ALL: [Self; 2] = [Self::Token, Self::Code];

    fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Code => "code",
        }
    }
}

/// Counts of one process since it started.
pub struct Metrics {
    registry: Registry,
    checks: Family<Labels<2>, Counter>,
    check_duration: Histogram,
    limited: Counter,
    unreadable: Counter,
    operations: Family<Labels<2>, Counter>,
    operation_duration: Family<Labels<1>, Histogram, fn() -> Histogram>,
    without_record: Counter,
    guesses_refused: Family<Labels<1>, Counter>,
    forwarding_faults: forwarding::Counts,
    housekept: AtomicI64,
}

impl Metrics {
    /// Of a process that starts at `now`, in seconds since 1970.
    pub fn starting(now: i64) -> Self {
        let metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            checks: Family::default(),
            check_duration: histogram(),
            limited: Counter::default(),
            unreadable: Counter::default(),
            operations: Family::default(),
            operation_duration: Family::new_with_constructor(histogram),
            without_record: Counter::default(),
            guesses_refused: Family::default(),
            forwarding_faults: Family::default(),
            housekept: AtomicI64::default(),
        };
        metrics.every_series().registered(now)
    }

    fn every_series(self) -> Self {
        for form in Form::ALL {
            for verdict in Verdict::ALL {
                drop(self.checks.get_or_create(&check(form, verdict)));
            }
        }
        for pool in GuessPool::ALL {
            drop(self.guesses_refused.get_or_create(&[("pool", pool.as_str())]));
        }
        for labels in forwarding::every() {
            drop(self.forwarding_faults.get_or_create(&labels));
        }
        for operation in OPERATIONS {
            drop(self.operation_duration.get_or_create(&[("operation", operation)]));
            for outcome in OUTCOMES {
                drop(self.operations.get_or_create(&operated(operation, outcome)));
            }
        }
        self
    }

    fn registered(mut self, now: i64) -> Self {
        let to = &mut self.registry;
        to.register("build", "The version of this program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        to.register("start_time_seconds", "When this process started, since 1970", ConstGauge::new(now));
        to.register("checks", "Checks that were answered, by the form of the code and the verdict", self.checks.clone());
        to.register("check_duration_seconds", "How long the answer to a check took", self.check_duration.clone());
        let limited = "Checks refused because too many wrong codes came from one address";
        to.register("checks_limited", limited, self.limited.clone());
        let unreadable = "Requests for a check that could not be read as one, or were another site's";
        to.register("checks_unreadable", unreadable, self.unreadable.clone());
        to.register("store_operations", "What was asked of the store for checks, and what came of it", self.operations.clone());
        let took = "How long the store took, until it was done, failed, or nobody waited any more";
        to.register("store_operation_duration_seconds", took, self.operation_duration.clone());
        let stolen = "Well-signed tokens that the store has no record of: treat the signing key as stolen";
        to.register("tokens_without_record", stolen, self.without_record.clone());
        let spent = "Codes that were tried while no place in the budget of wrong guesses was left for their address";
        to.register("guesses_refused", spent, self.guesses_refused.clone());
        let faults = "Requests by which a proxy shows that it is not set up as the limits by address need it to be";
        to.register("forwarding_faults", faults, self.forwarding_faults.clone());
        self
    }

    /// A check was answered.
    pub fn checked(&self, form: Form, verdict: Verdict, took: Duration) {
        self.checks.get_or_create(&check(form, verdict)).inc();
        self.check_duration.observe(took.as_secs_f64());
    }

    /// An address had to wait.
    pub fn limited(&self) {
        self.limited.inc();
    }

    /// What was sent is no check.
    pub fn unreadable(&self) {
        self.unreadable.inc();
    }

    /// Where a listener counts what is wrong with its proxies.
    pub fn forwarding(&self, listener: Listener) -> ForwardingFaults {
        ForwardingFaults::of(listener, self.forwarding_faults.clone())
    }

    /// Housekeeping went through whole at `now`, in seconds since 1970.
    pub fn housekept(&self, now: i64) {
        self.housekept.store(now, Ordering::Relaxed);
    }

    /// When housekeeping went through whole for the last time; 0 if it never did.
    pub(super) fn last_housekept(&self) -> i64 {
        self.housekept.load(Ordering::Relaxed)
    }

    /// The store was asked for one of [`OPERATIONS`], and one of [`OUTCOMES`] came of it.
    pub(super) fn operated(&self, operation: &'static str, outcome: &'static str, took: Duration) {
        self.operations.get_or_create(&operated(operation, outcome)).inc();
        self.operation_duration.get_or_create(&[("operation", operation)]).observe(took.as_secs_f64());
    }

    pub(super) fn without_record(&self) {
        self.without_record.inc();
    }

    pub(super) fn guess_refused(&self, pool: GuessPool) {
        self.guesses_refused.get_or_create(&[("pool", pool.as_str())]).inc();
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

fn check(form: Form, verdict: Verdict) -> Labels<2> {
    [("form", form.as_str()), ("verdict", verdict.as_str())]
}

fn operated(operation: &'static str, outcome: &'static str) -> Labels<2> {
    [("operation", operation), ("outcome", outcome)]
}
