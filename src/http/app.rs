//! What the handlers of each side work with.

use std::{net::IpAddr, sync::Arc};

use super::{assets::Assets, limits::Misses, problem::Problem};
use crate::{
    clock::Clock,
    entropy::Entropy,
    issuer::{Desk, Notary, Passkeys, Registry},
    page::Pages,
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
            self.misses.allow(peer, self.clock.now()).map_err(Problem::too_many)?;
        }
        let answer = self.verifier.verify(check).await;
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
}
