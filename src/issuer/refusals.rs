//! Records in the ledger what people tried and may not do.

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
    recorded: Seldom<(Callsign, Act, Why)>,
}

static NOT_WRITTEN: Recurring = Recurring::new("refusals");

impl Refusals {
    pub(super) fn new(store: Arc<dyn IssuerStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, recorded: Seldom::default() }
    }

    /// Lets a person go on who `may`, or refuses them so.
    pub(super) async fn allow(&self, officer: &Officer, may: bool, attempt: Attempt, refused: Refused) -> Result<(), Refused> {
        if may { Ok(()) } else { self.recorded(&officer.callsign, attempt, Err(refused)).await }
    }

    /// Gives the outcome back, after it was recorded if it is a refusal that somebody should look at.
    pub(super) async fn recorded<T>(&self, by: &Callsign, attempt: Attempt, outcome: Result<T, Refused>) -> Result<T, Refused> {
        if let Err(refused) = &outcome
            && let Some(why) = why(refused)
        {
            self.record(by, attempt, why).await;
        }
        outcome
    }

    /// Writes the entry. If it cannot be written the act is refused all the same, so the failure is for the log.
    pub(super) async fn record(&self, by: &Callsign, attempt: Attempt, why: Why) {
        let (now, what) = (self.clock.now(), (by.clone(), attempt.act, why));
        if !self.recorded.is_due(&what, now) {
            return;
        }
        match self.store.record(Event::act_refused(by.clone(), attempt, why).at(now)).await {
            Ok(()) => NOT_WRITTEN.ok(),
            Err(error) => {
                NOT_WRITTEN.failed(&format!("a refusal could not be written to the ledger: {error}"));
                self.recorded.forget(&what);
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
