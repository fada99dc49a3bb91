//! Tells the ledger when a person tried what they may not.

use std::sync::Arc;

use super::{Refused, seldom::Seldom};
use crate::{
    authority::{Act, Attempt, Callsign, Officer, Why},
    clock::Clock,
    health::Recurring,
    ledger::Event,
    store::IssuerStore,
};

/// Refusals on their way to the ledger.
pub(super) struct Refusals {
    store: Arc<dyn IssuerStore>,
    clock: Arc<dyn Clock>,
    // As many as there are people, acts and reasons.
    told: Seldom<(Callsign, Act, Why)>,
}

static NOT_WRITTEN: Recurring = Recurring::new("refusals");

impl Refusals {
    pub(super) fn new(store: Arc<dyn IssuerStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, told: Seldom::default() }
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
        if !self.told.is_due(&what, now) {
            return;
        }
        match self.store.record(Event::act_refused(by.clone(), attempt, why).at(now)).await {
            Ok(()) => NOT_WRITTEN.ok(),
            Err(error) => {
                NOT_WRITTEN.failed(&format!("a refusal could not be written to the ledger: {error}"));
                self.told.forget(&what);
            }
        }
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
