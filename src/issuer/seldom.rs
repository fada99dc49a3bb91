//! What is written once in a minute, however often it happens, so that nobody can fill the ledger by trying again.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Seconds.
const ONCE_IN: i64 = 60;

/// When each thing was written last.
pub(super) struct Seldom<K>(Mutex<HashMap<K, i64>>);

impl<K> Default for Seldom<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone> Seldom<K> {
    /// Whether it is to be written at `now`; if so, it is not for the next minute.
    pub(super) fn is_due(&self, what: &K, now: i64) -> bool {
        let mut written = self.written();
        let due = written.get(what).is_none_or(|last| !(*last..last.saturating_add(ONCE_IN)).contains(&now));
        if due {
            written.insert(what.clone(), now);
        }
        due
    }

    /// It was not written after all, so the next time it is.
    pub(super) fn forget(&self, what: &K) {
        self.written().remove(what);
    }

    fn written(&self) -> MutexGuard<'_, HashMap<K, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
