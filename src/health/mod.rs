//! What keeps a process from doing its work now: for readiness, and for the log.

mod recurring;

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use self::recurring::{ALARM, LIFECYCLE, Recurring, alarm};

/// A part of a side that can fail without ending the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The wall clock.
    Clock,
    /// Writing to the store.
    Store,
    /// The published key set as a verifier knows it.
    KeySet,
    /// The key that signs tokens.
    SigningKeys,
    /// Checkpoints of the ledger.
    Ledger,
    /// Dropping what is past its time.
    Purge,
    /// Uses in the ledger.
    FirstChecks,
    /// How long spoken codes have to be.
    SpokenWords,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 8] =
        [Self::Clock, Self::Store, Self::KeySet, Self::SigningKeys, Self::Ledger, Self::Purge, Self::FirstChecks, Self::SpokenWords];

    /// As metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Store => "store",
            Self::KeySet => "key_set",
            Self::SigningKeys => "signing_keys",
            Self::Ledger => "ledger",
            Self::Purge => "purge",
            Self::FirstChecks => "first_checks",
            Self::SpokenWords => "spoken_words",
        }
    }
}

/// The parts of one side that fail at this moment, and when its store last took a write.
pub struct Health {
    failing: Mutex<BTreeMap<Part, String>>,
    /// Since the machine started.
    written: Mutex<Option<Duration>>,
    logs: [Recurring; Part::ALL.len()],
}

impl Default for Health {
    fn default() -> Self {
        Self { failing: Mutex::default(), written: Mutex::default(), logs: Part::ALL.map(|part| Recurring::new(part.as_str())) }
    }
}

impl Health {
    /// It works, or works again.
    pub fn ok(&self, part: Part) {
        self.failing().remove(&part);
        self.log(part).ok();
    }

    /// It fails. The sentence is for the operator.
    pub fn failed(&self, part: Part, error: &dyn Display) {
        self.failing().insert(part, error.to_string());
        self.log(part).failed(error);
    }

    /// It fails in a way that somebody has to look at now.
    pub fn alarm(&self, part: Part, error: &dyn Display) {
        self.failing().insert(part, error.to_string());
        self.log(part).alarm(error);
    }

    /// The parts that fail now, each with its sentence.
    pub fn failing_parts(&self) -> BTreeMap<Part, String> {
        self.failing().clone()
    }

    /// Whether this part fails now.
    pub fn fails(&self, part: Part) -> bool {
        self.failing().contains_key(&part)
    }

    /// Whether nothing fails.
    pub fn is_ready(&self) -> bool {
        self.failing().is_empty()
    }

    /// The store took a write that was made to try it, so long after the start of the machine.
    pub fn wrote(&self, since_boot: Duration) {
        *self.written() = Some(since_boot);
    }

    /// How long before `since_boot` it last did; `None` if it never did.
    pub fn written_ago(&self, since_boot: Duration) -> Option<Duration> {
        self.written().map(|at| since_boot.saturating_sub(at))
    }

    /// Whether it did within this time before `since_boot`, and no write failed since.
    pub fn takes_writes(&self, since_boot: Duration, within: Duration) -> bool {
        !self.fails(Part::Store) && self.written_ago(since_boot).is_some_and(|ago| ago <= within)
    }

    fn log(&self, part: Part) -> &Recurring {
        &self.logs[part as usize]
    }

    fn failing(&self) -> MutexGuard<'_, BTreeMap<Part, String>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn written(&self) -> MutexGuard<'_, Option<Duration>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_fails_and_recovers_alone() {
        let health = Health::default();
        assert!(health.is_ready());
        health.failed(Part::Store, &"full");
        health.alarm(Part::Ledger, &"changed");
        health.failed(Part::Store, &"still full");
        assert_eq!(health.failing_parts(), [(Part::Store, "still full".to_owned()), (Part::Ledger, "changed".to_owned())].into());
        assert!(health.fails(Part::Store) && !health.fails(Part::Clock));
        health.ok(Part::Store);
        health.ok(Part::Clock);
        assert!(!health.fails(Part::Store));
        assert!(!health.is_ready());
        health.ok(Part::Ledger);
        assert!(health.is_ready());
    }

    #[test]
    fn parts_are_listed_in_their_order() {
        for (index, part) in Part::ALL.into_iter().enumerate() {
            assert_eq!(part as usize, index);
        }
    }
}
