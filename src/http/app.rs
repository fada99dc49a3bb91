//! What the handlers of each side work with.

use std::{net::IpAddr, sync::Arc};

use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};

use super::{
    current::{Current, Site},
    limits::Misses,
    problem::Problem,
};
use crate::{
    clock::Clock,
    entropy::Entropy,
    health::Health,
    issuer::{Desk, Notary, Passkeys, Registry},
    telemetry::{Form, Metrics, Scrape},
    verifier::{Answer, Check, Readiness, Shown, Verdict, Verifier},
};

/// How far a process is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is there for everybody.
    Serving,
    /// It serves all who come, and tells who asks for readiness to go elsewhere.
    Leaving,
    /// It takes nobody new and finishes what is under way.
    Ending,
}

/// Checks by spoken code that may be under way at once. Each takes a place in the guess budget, which is a write: were there
/// no bound, guesses from a thousand addresses would stand in the store's queue in front of QR checks.
pub const CODES_AT_ONCE: usize = 64;

/// What the public handlers work with.
pub struct PublicApp {
    /// Answers checks.
    pub verifier: Verifier,
    /// Whether they can be answered.
    pub readiness: Arc<Readiness>,
    /// The time since the machine started, for limits.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for numbers on the plain form.
    pub entropy: Arc<dyn Entropy>,
    /// Wrong codes by address.
    pub misses: Misses,
    /// A permit for each check by spoken code under way.
    pub codes: Arc<Semaphore>,
    /// Whether the process is about to stop.
    pub phase: watch::Receiver<Phase>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The pages.
    pub site: Current<Site>,
    /// The origins of our own pages.
    pub origins: Vec<String>,
}

impl PublicApp {
    /// Checks, unless this address has tried too many codes that name nothing. QR checks are never limited by that, and never
    /// wait for checks by code.
    pub async fn limited(self: &Arc<Self>, peer: IpAddr, check: Check) -> Result<Answer, Problem> {
        let asked = Instant::now();
        if !matches!(check.shown, Shown::Code(Ok(_))) {
            let form = if matches!(check.shown, Shown::Token(_)) { Form::Token } else { Form::Code };
            let answer = self.verifier.verify(check).await;
            self.metrics.checked(form, answer.verdict, asked.elapsed());
            return Ok(answer);
        }
        self.misses.allow(peer, self.seconds()).map_err(|wait| {
            self.metrics.limited();
            Problem::too_many(wait)
        })?;
        let Ok(permit) = self.codes.clone().try_acquire_owned() else {
            self.metrics.checked(Form::Code, Verdict::CannotCheck, asked.elapsed());
            return Ok(self.verifier.cannot_check());
        };
        // In a task of its own: a client that hangs up would otherwise leave its guess in the store's queue, spend the budget
        // of all, and neither hold its permit nor be counted.
        let app = self.clone();
        let checked = tokio::spawn(async move {
            let answer = app.verifier.verify(check).await;
            app.metrics.checked(Form::Code, answer.verdict, asked.elapsed());
            if answer.verdict.is_miss() {
                app.misses.missed(peer, app.seconds());
            }
            drop(permit);
            answer
        });
        checked.await.map_err(|_| Problem::unavailable())
    }

    /// For limits: setting the wall clock neither lifts one nor makes it last.
    fn seconds(&self) -> i64 {
        i64::try_from(self.clock.since_boot().as_secs()).unwrap_or(i64::MAX)
    }
}

/// What the private handlers work with.
pub struct PrivateApp {
    /// People and authorisations.
    pub registry: Registry,
    /// Passkeys and sessions.
    pub passkeys: Passkeys,
    /// Tokens.
    pub desk: Desk,
    /// The signed ledger.
    pub notary: Arc<Notary>,
    /// The time, for clocks that are wrong.
    pub clock: Arc<dyn Clock>,
    /// The address that people type.
    pub public_url: String,
    /// What links begin with.
    pub link_url: String,
    /// The origin of the console.
    pub console_url: String,
    /// Who runs the service.
    pub organisation: Current<String>,
    /// What Prometheus is told.
    pub scrape: Arc<Scrape>,
    /// What of this side fails now.
    pub issuer_health: Arc<Health>,
    /// Whether the process is about to stop.
    pub phase: watch::Receiver<Phase>,
}
