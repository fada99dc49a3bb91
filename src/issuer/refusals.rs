//! Tells the ledger when a person tried what they may not.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Refused;
use crate::{
    authority::{Act, Attempt, Callsign, Officer, Why},
    clock::Clock,
    ledger::Event,
    store::IssuerStore,
};

/// The same person with the same act for the same reason is told of once in so long, so that nobody can fill the ledger by
/// trying again. Seconds.
const ONCE_IN: i64 = 60;

/// Refusals on their way to the ledger.
pub(super) struct Refusals {
    store: Arc<dyn IssuerStore>,
    clock: Arc<dyn Clock>,
    // As many as there are people, acts and reasons.
    told: Mutex<HashMap<(Callsign, Act, Why), i64>>,
}

impl Refusals {
    pub(super) fn new(store: Arc<dyn IssuerStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, told: Mutex::default() }
    }

    /// Lets a person go on who `may`, or refuses them so.
    pub(super) async fn allow(&self, officer: &Officer, may: bool, attempt: Attempt, refused: Refused) -> Result<(), Refused> {
        if may { Ok(()) } else { self.told(&officer.callsign, attempt, Err(refused)).await }
    }

    /// Gives the outcome back, after the ledger knows of it if it is a refusal that somebody should look at.
    pub(super) async fn told<T>(&self, by: &Callsign, attempt: Attempt, outcome: Result<T, Refused>) -> Result<T, Refused> {
        if let Err(refused) = &outcome
            && let Some(why) = why(refused)
        {
            self.tell(by, attempt, why).await;
        }
        outcome
    }

    /// Writes the entry. If it cannot be written the act is refused all the same, so the failure is for the log.
    pub(super) async fn tell(&self, by: &Callsign, attempt: Attempt, why: Why) {
        let (now, what) = (self.clock.now(), (by.clone(), attempt.act, why));
        if !self.is_new(&what, now) {
            return;
        }
        if let Err(error) = self.store.record(Event::act_refused(by.clone(), attempt, why).at(now)).await {
            tracing::error!(%error, "a refusal could not be written to the ledger");
            // Nobody was told, so the next attempt is.
            self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&what);
        }
    }

    fn is_new(&self, what: &(Callsign, Act, Why), now: i64) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let new = told.get(what).is_none_or(|last| !(*last..last.saturating_add(ONCE_IN)).contains(&now));
        if new {
            told.insert(what.clone(), now);
        }
        new
    }
}

/// Mistakes, things that ran out and our own failures are no attempt at anything.
fn why(refused: &Refused) -> Option<Why> {
    match refused {
        Refused::NotAllowed(_) => Some(Why::NotAllowed),
        Refused::Suspended => Some(Why::Suspended),
        Refused::OwnRequest => Some(Why::OwnRequest),
        Refused::Hidden { .. } => Some(Why::NotTheirs),
        Refused::NotAuthorised(_) => Some(Why::NotAuthorised),
        _ => None,
    }
}
