//! What the handlers of each side work with.

use std::{net::IpAddr, sync::Arc};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    code_places::{self, AtOnce, OfNetwork, Places},
    current::{Current, Site},
    forms::Forms,
    guessers::{self, Guessers, History, Turn},
    limits::Networks,
    problem::Problem,
    shares::Shares,
};
use crate::{
    clock::Clock,
    entropy::Entropy,
    health::Health,
    issuer::{Desk, Feed, Notary, Passkeys, Registry},
    telemetry::{Form, Metrics, Scrape},
    verifier::{Answer, Check, Cost, Readiness, Share, Shown, Verdict, Verifier},
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
    pub guessers: Arc<Guessers>,
    /// The key of forms for browsers without our program.
    pub forms: Forms,
    /// A place for each check by spoken code under way.
    pub places: Arc<Places>,
    /// Whether the process is about to stop.
    pub phase: watch::Receiver<Phase>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The pages.
    pub site: Current<Site>,
    /// The origins of our own pages: where people reach them, and where links lead.
    pub origins: [String; 2],
}

impl PublicApp {
    /// Checks. An address that guessed too many codes wrong is asked to wait, unless what it gives is right and has a number. QR
    /// checks are never limited by that, and never wait for checks by code.
    pub async fn limited(self: &Arc<Self>, peer: IpAddr, check: Check) -> Result<Answer, Problem> {
        let asked = Instant::now();
        if matches!(check.shown, Shown::Code(Ok(_))) {
            return self.code(peer, check, asked).await;
        }
        let form = if matches!(check.shown, Shown::Token(_)) { Form::Token } else { Form::Code };
        let answer = self.verifier.verify(check, Share::Whole).await;
        self.metrics.checked(form, answer.verdict, asked.elapsed());
        Ok(answer)
    }

    async fn code(self: &Arc<Self>, peer: IpAddr, check: Check, asked: Instant) -> Result<Answer, Problem> {
        let may_ask = |history| history != History::AtLimit || check.challenge.is_some();
        if !may_ask(self.guessers.history(peer, self.seconds())) {
            return Err(self.too_many());
        }
        let Ok((mut turn, places)) = timeout(code_places::PATIENCE, self.turn(peer)).await else {
            self.metrics.checked(Form::Code, Verdict::CannotCheck, asked.elapsed());
            return Ok(self.verifier.cannot_check());
        };
        let history = turn.history();
        if !may_ask(history) {
            return Err(self.too_many());
        }
        // In a task of its own: a client that hangs up would otherwise leave its guess in the store's queue, spend the budget
        // of all, and neither hold its places nor be counted.
        let app = self.clone();
        let checked = tokio::spawn(async move {
            turn.costs(Cost::Miss);
            let answer = app.verifier.verify(check, history.share()).await;
            turn.costs(answer.cost);
            drop((turn, places));
            app.metrics.checked(Form::Code, answer.verdict, asked.elapsed());
            answer
        });
        let answer = checked.await.map_err(|_| Problem::unavailable())?;
        if history == History::AtLimit && matches!(answer.cost, Cost::Miss | Cost::Refused) { Err(self.too_many()) } else { Ok(answer) }
    }

    /// Waits until it is this address's turn, and counts its check before it is made.
    async fn turn(&self, peer: IpAddr) -> (Turn, (AtOnce, OfNetwork)) {
        let network = self.places.of_network(peer).await;
        let turn = self.guessers.begin(peer, self.seconds());
        let at_once = self.places.at_once(turn.history()).await;
        (turn, (at_once, network))
    }

    fn too_many(&self) -> Problem {
        self.metrics.limited();
        Problem::too_many(guessers::WINDOW)
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
    /// Tells apart those who begin a sign-in. Drawn at the start, so another issuer counts for itself.
    pub networks: Networks,
    /// The signed ledger.
    pub notary: Arc<Notary>,
    /// What changed, for open consoles.
    pub feed: Feed,
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
    /// What Prometheus reads.
    pub scrape: Arc<Scrape>,
    /// What of this side fails now.
    pub issuer_health: Arc<Health>,
    /// What one person may have at once.
    pub shares: Shares,
    /// Whether the process is about to stop.
    pub phase: watch::Receiver<Phase>,
}
