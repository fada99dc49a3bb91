//! What the handlers of each side work with.

use std::{net::IpAddr, sync::Arc};

use tokio::time::Instant;

use super::{assets::Assets, limits::Misses, problem::Problem};
use crate::{
    clock::Clock,
    entropy::Entropy,
    issuer::{Desk, Notary, Passkeys, Registry},
    page::Pages,
    telemetry::{Form, Metrics, Scrape},
    verifier::{Answer, Check, Shown, Verifier},
};

/// What the public handlers work with.
pub struct PublicApp {
    /// Answers checks.
    pub verifier: Verifier,
    /// The time, for limits.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for numbers on the plain form.
    pub entropy: Arc<dyn Entropy>,
    /// Wrong codes by address.
    pub misses: Misses,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The page and its files.
    pub assets: Assets,
    /// The plain form and its answers.
    pub pages: Pages,
    /// The origin of our own pages.
    pub origin: String,
}

impl PublicApp {
    /// Checks, unless this address has tried too many codes that name nothing. QR checks are never limited by that.
    pub async fn limited(&self, peer: IpAddr, check: Check) -> Result<Answer, Problem> {
        let by_code = matches!(check.shown, Shown::Code(Ok(_)));
        if by_code {
            self.misses.allow(peer, self.clock.now()).map_err(|wait| {
                self.metrics.limited();
                Problem::too_many(wait)
            })?;
        }
        let form = if matches!(check.shown, Shown::Token(_)) { Form::Token } else { Form::Code };
        let asked = Instant::now();
        let answer = self.verifier.verify(check).await;
        self.metrics.checked(form, answer.verdict, asked.elapsed());
        if by_code && answer.verdict.is_miss() {
            self.misses.missed(peer, self.clock.now());
        }
        Ok(answer)
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
    /// What links begin with.
    pub public_url: String,
    /// The origin of the console.
    pub console_url: String,
    /// Who runs the service.
    pub organisation: String,
    /// What Prometheus is told.
    pub scrape: Arc<Scrape>,
}
