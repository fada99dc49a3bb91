//! Who may act, and what a second person allowed: authorisations are asked for, decided, reviewed while they last, withdrawn.

use std::{collections::BTreeSet, sync::Arc};

use super::{Refused, refusals::Refusals};
use crate::{
    authority::{Act, Actor, Attempt, Authorisation, AuthorisationId, Callsign, Decision, Officer, Reason, Request, Review},
    clock::Clock,
    entropy::Entropy,
    ledger::Event,
    store::{Answered, AskRefusal, AuthorisationPlace, Decided, IssuerStore, Listed, Once, Only, Page, Wanted},
    token::Channel,
};

/// What an officer asks for. Times are seconds since 1970; `from` is now where it is absent.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The organisation's own file number.
    pub reference: String,
    /// What the officer will do, for those who decide. Never in a token or the ledger.
    pub purpose: String,
    /// By which channels.
    pub channels: BTreeSet<Channel>,
    /// From when.
    pub from: Option<i64>,
    /// Until when.
    pub until: i64,
    /// How many tokens.
    pub max_tokens: u32,
}

/// What an approver changes an authorisation to. Times are seconds since 1970.
#[derive(Clone, Debug)]
pub struct Changed {
    /// By which channels from now on.
    pub channels: BTreeSet<Channel>,
    /// Until when.
    pub until: i64,
    /// How many tokens in all, those before included.
    pub max_tokens: u32,
}

/// Somebody who may read the ledger; made by [`Registry::overseer`] alone.
#[derive(Debug)]
pub struct Overseer(());

/// Keeps who may act, and what a second person allowed.
#[derive(Clone)]
pub struct Registry {
    pub(super) store: Arc<dyn IssuerStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) refusals: Arc<Refusals>,
}

impl Registry {
    /// Works on a store.
    pub fn new(store: Arc<dyn IssuerStore>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let refusals = Arc::new(Refusals::new(store.clone(), clock.clone()));
        Self { store, clock, entropy, refusals }
    }

    /// Asks for an authorisation.
    pub async fn ask(&self, officer: &Officer, ask: Ask) -> Result<Authorisation, Refused> {
        self.ask_once(officer, ask, None).await
    }

    /// The same, once where there is a key: the same request again gets what became of the first.
    pub async fn ask_once(&self, officer: &Officer, ask: Ask, once: Option<Once>) -> Result<Authorisation, Refused> {
        let refused = Refused::NotAllowed("only officers and approvers ask for authorisations; ask one of them");
        self.refusals.allow(officer, officer.role.may_ask_and_issue(), Attempt::to(Act::Ask), refused).await?;
        let now = self.clock.now();
        let frame = (ask.from.unwrap_or(now), ask.until);
        let request = Request::new(&ask.reference, ask.channels, frame, ask.max_tokens, now)?.with_purpose(&ask.purpose)?;
        let mut id = [0; 8];
        self.entropy.fill(&mut id)?;
        let asked = Authorisation::asked(AuthorisationId(id), request, officer.callsign.clone(), now);
        let entry = Event::authorisation_asked(&asked).at(now);
        match self.store.ask(asked.clone(), once.clone(), entry).await {
            Ok(()) => Ok(asked),
            Err(AskRefusal::Repeated) => self.asked_before(once.as_ref()).await,
            Err(AskRefusal::TooMany) => Err(Refused::TooManyAsked),
            Err(AskRefusal::Store(error)) => Err(error.into()),
        }
    }

    async fn asked_before(&self, once: Option<&Once>) -> Result<Authorisation, Refused> {
        let earlier = self.earlier(once).await?.ok_or(Refused::KeyReused)?;
        self.as_it_stands(AuthorisationId(earlier.subject)).await
    }

    async fn as_it_stands(&self, id: AuthorisationId) -> Result<Authorisation, Refused> {
        self.store.authorisation(id).await?.ok_or_else(|| unknown_authorisation(id))
    }

    /// Approves or refuses what another person asked.
    pub async fn decide(&self, officer: &Officer, id: AuthorisationId, decision: Decision) -> Result<Authorisation, Refused> {
        self.decide_once(officer, id, (decision, None), None).await
    }

    /// The same with a reason, and once where there is a key.
    pub async fn decide_once(
        &self,
        officer: &Officer,
        id: AuthorisationId,
        (decision, reason): (Decision, Option<Reason>),
        once: Option<Once>,
    ) -> Result<Authorisation, Refused> {
        let act = match decision {
            Decision::Approve => Act::Approve,
            Decision::Refuse => Act::Refuse,
        };
        let attempt = Attempt::on(act, id);
        self.refusals.allow(officer, officer.role.may_decide(), attempt, DECIDES).await?;
        if self.earlier(once.as_ref()).await?.is_some() {
            return self.as_it_stands(id).await;
        }
        let by = officer.callsign.clone();
        let entry = Event::authorisation_decided(id, decision, by.clone()).at(self.clock.now());
        let done = self.store.decide_once(id, Answered { decision, reason, by }, once.clone(), entry).await;
        let Ok(done) = self.or_earlier(done, once.as_ref()).await? else { return self.as_it_stands(id).await };
        let outcome = decided(id, done);
        self.refusals.recorded(&officer.callsign, attempt, outcome).await
    }

    /// Extends or narrows an authorisation of another person while it is in force. Anybody who reviews it answers for it from
    /// then on; live tokens that it no longer covers are withdrawn.
    pub async fn review(&self, officer: &Officer, id: AuthorisationId, changed: Changed) -> Result<Authorisation, Refused> {
        self.review_once(officer, id, changed, None).await
    }

    /// The same, once where there is a key: the same request again undoes no review that came since.
    pub async fn review_once(
        &self,
        officer: &Officer,
        id: AuthorisationId,
        changed: Changed,
        once: Option<Once>,
    ) -> Result<Authorisation, Refused> {
        let attempt = Attempt::on(Act::Review, id);
        self.refusals.allow(officer, officer.role.may_decide(), attempt, DECIDES).await?;
        let found = self.as_it_stands(id).await?;
        if self.earlier(once.as_ref()).await?.is_some() {
            return Ok(found);
        }
        let now = self.clock.now();
        let review = Review::new(found.from, changed.channels, changed.until, changed.max_tokens, now)?;
        let by = officer.callsign.clone();
        let entry = Event::authorisation_reviewed(id, &review, by.clone()).at(now);
        let done = self.store.review_once(id, review, by, once.clone(), entry).await;
        let Ok(done) = self.or_earlier(done, once.as_ref()).await? else { return self.as_it_stands(id).await };
        let outcome = decided(id, done);
        self.refusals.recorded(&officer.callsign, attempt, outcome).await
    }

    /// Takes an authorisation back, with all its live tokens. Its asker, any approver and any administrator may.
    pub async fn withdraw(&self, officer: &Officer, id: AuthorisationId) -> Result<Authorisation, Refused> {
        let found = self.store.authorisation(id).await?.ok_or_else(|| unknown_authorisation(id))?;
        let own = officer.role.may_ask_and_issue() && found.asked_by == officer.callsign;
        let hidden = Refused::Hidden { what: "authorisation", id: id.to_string() };
        let attempt = Attempt::on(Act::WithdrawAuthorisation, id);
        self.refusals.allow(officer, own || officer.role.oversees_authorisations(), attempt, hidden).await?;
        let by = officer.callsign.clone();
        let entry = Event::AuthorisationWithdrawn { authorisation: id, by: by.clone() }.at(self.clock.now());
        decided(id, self.store.withdraw_authorisation(id, by, entry).await?)
    }

    /// One authorisation that the actor may see, and how many live tokens it has.
    pub async fn authorisation(&self, officer: &Officer, id: AuthorisationId) -> Result<(Authorisation, u32), Refused> {
        let found = self.as_it_stands(id).await?;
        let own = officer.role.may_ask_and_issue() && found.asked_by == officer.callsign;
        let hidden = Refused::Hidden { what: "authorisation", id: id.to_string() };
        let attempt = Attempt::on(Act::ListAuthorisations, id);
        self.refusals.allow(officer, own || officer.role.oversees_authorisations(), attempt, hidden).await?;
        Ok((found, self.store.live_tokens_under(id, self.clock.now()).await?))
    }

    /// A page of the authorisations that the actor may see; what waits for a decision comes first.
    pub async fn authorisations(
        &self,
        actor: &Actor,
        page: Page<AuthorisationPlace>,
    ) -> Result<Listed<Authorisation, AuthorisationPlace>, Refused> {
        let asked_by = self.lists(actor).await?;
        let now = self.clock.now();
        let items = self.store.authorisations(asked_by, page.clone(), now).await?;
        Ok(page.with(items, |last| AuthorisationPlace::of(last, now)))
    }

    /// The same, searched and sorted, or one part of them.
    pub async fn authorisations_sorted(
        &self,
        actor: &Actor,
        only: Option<Only>,
        wanted: Wanted<AuthorisationId>,
    ) -> Result<Listed<Authorisation, AuthorisationId>, Refused> {
        let asked_by = self.lists(actor).await?;
        Ok(self.store.sorted_authorisations(asked_by, only, wanted, self.clock.now()).await?)
    }

    /// Whose authorisations somebody may list: all where it is nobody's in particular.
    async fn lists(&self, actor: &Actor) -> Result<Option<Callsign>, Refused> {
        match actor {
            Actor::Operator => Ok(None),
            Actor::Person(officer) if officer.role.oversees_authorisations() => Ok(None),
            Actor::Person(officer) => {
                let refused = Refused::NotAllowed("overseers read the ledger, nothing else; ask an officer or an administrator");
                self.refusals.allow(officer, officer.role.may_ask_and_issue(), Attempt::to(Act::ListAuthorisations), refused).await?;
                Ok(Some(officer.callsign.clone()))
            }
        }
    }

    /// Sees whether a person may read the ledger.
    pub async fn overseer(&self, officer: &Officer) -> Result<Overseer, Refused> {
        let refused = Refused::NotAllowed("only overseers read the ledger; ask an overseer");
        self.refusals.allow(officer, officer.role.may_read_ledger(), Attempt::to(Act::ReadLedger), refused).await?;
        Ok(Overseer(()))
    }
}

const DECIDES: Refused = Refused::NotAllowed("only approvers decide about authorisations; ask an approver");

pub(super) fn unknown_authorisation(id: AuthorisationId) -> Refused {
    Refused::Unknown { what: "authorisation", id: id.to_string() }
}

fn decided(id: AuthorisationId, decided: Decided) -> Result<Authorisation, Refused> {
    match decided {
        Decided::Done(authorisation) => Ok(authorisation),
        Decided::Unknown => Err(unknown_authorisation(id)),
        Decided::AlreadyIs(state) => Err(Refused::AlreadyIs(state)),
        Decided::OwnRequest => Err(Refused::OwnRequest),
        Decided::Suspended => Err(Refused::Suspended),
        Decided::AskerSuspended(asker) => Err(Refused::AskerSuspended(asker)),
        Decided::Over => Err(Refused::Over),
        Decided::TooFew(issued) => Err(Refused::TooFew(issued)),
    }
}
