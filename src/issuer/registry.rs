//! People, their credentials, and authorisations.

use std::{collections::BTreeSet, sync::Arc};

use super::{Credential, Refused};
use crate::{
    authority::{Actor, Authorisation, AuthorisationId, Callsign, Decision, Officer, Request, Role},
    clock::Clock,
    entropy::Entropy,
    ledger::Event,
    store::{Decided, IssuerStore},
    token::Channel,
};

const SUSPENDED: Refused = Refused::NotAllowed("this person is suspended and may do nothing");

/// The longest that a credential may last. Seconds.
const MAX_CREDENTIAL: i64 = 366 * 86_400;

/// What an officer asks for. Times are seconds since 1970; `from` is now where it is absent.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The organisation's own file number.
    pub reference: String,
    /// By which channels.
    pub channels: BTreeSet<Channel>,
    /// From when.
    pub from: Option<i64>,
    /// Until when.
    pub until: i64,
    /// How many tokens.
    pub max_tokens: u32,
}

/// Keeps who may act, and what a second person allowed.
#[derive(Clone)]
pub struct Registry {
    store: Arc<dyn IssuerStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Registry {
    /// Works on a store.
    pub fn new(store: Arc<dyn IssuerStore>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, clock, entropy }
    }

    /// Enrols a person.
    pub async fn enrol(&self, actor: &Actor, callsign: Callsign, role: Role) -> Result<Officer, Refused> {
        administrates(actor)?;
        let now = self.clock.now();
        let officer = Officer { callsign: callsign.clone(), role, enrolled_at: now, suspended_at: None };
        let entry = Event::OfficerEnrolled { callsign: callsign.clone(), role, by: actor.into() }.at(now);
        if self.store.enrol(officer.clone(), entry).await? { Ok(officer) } else { Err(Refused::Taken(callsign.to_string())) }
    }

    /// Suspends a person: they may do nothing any more, and their live tokens are withdrawn at once.
    pub async fn suspend(&self, actor: &Actor, callsign: Callsign) -> Result<(), Refused> {
        administrates(actor)?;
        let entry = Event::OfficerSuspended { callsign: callsign.clone(), by: actor.into() }.at(self.clock.now());
        if self.store.suspend(callsign.clone(), entry).await? { Ok(()) } else { Err(unknown_person(&callsign)) }
    }

    /// Everybody.
    pub async fn officers(&self, actor: &Actor) -> Result<Vec<Officer>, Refused> {
        administrates(actor)?;
        Ok(self.store.officers().await?)
    }

    /// Makes a credential for a person's program; `lasts` in seconds. It is shown here and never again.
    pub async fn make_credential(&self, actor: &Actor, callsign: Callsign, lasts: i64) -> Result<Credential, Refused> {
        administrates(actor)?;
        if !(1..=MAX_CREDENTIAL).contains(&lasts) {
            return Err(Refused::CredentialLasts);
        }
        let owner = self.person(&callsign).await?;
        let credential = Credential::draw(&*self.entropy)?;
        let hash = credential.hash();
        let now = self.clock.now();
        let entry = Event::credential_made(callsign, &hash, now + lasts, actor.into()).at(now);
        self.store.add_credential(owner.callsign, hash, now + lasts, entry).await?;
        Ok(credential)
    }

    /// The person with this callsign, if they may act.
    pub async fn person(&self, callsign: &Callsign) -> Result<Officer, Refused> {
        let officer = self.store.officer(callsign.clone()).await?.ok_or_else(|| unknown_person(callsign))?;
        may_act(officer).ok_or(SUSPENDED)
    }

    /// The person whose credential this is, if both are good.
    pub async fn recognise(&self, credential: &Credential) -> Result<Option<Officer>, Refused> {
        let found = self.store.officer_by_credential(credential.hash(), self.clock.now()).await?;
        Ok(found.and_then(may_act))
    }

    /// Asks for an authorisation.
    pub async fn ask(&self, officer: &Officer, ask: Ask) -> Result<Authorisation, Refused> {
        if !officer.role.may_ask_and_issue() {
            return Err(Refused::NotAllowed("only officers and approvers ask for authorisations"));
        }
        let now = self.clock.now();
        let frame = (ask.from.unwrap_or(now), ask.until);
        let request = Request::new(&ask.reference, ask.channels, frame, ask.max_tokens, now)?;
        let mut id = [0; 8];
        self.entropy.fill(&mut id)?;
        let asked = Authorisation::asked(AuthorisationId(id), request, officer.callsign.clone(), now);
        let entry = Event::authorisation_asked(&asked).at(now);
        self.store.ask(asked.clone(), entry).await?;
        Ok(asked)
    }

    /// Approves or refuses what another person asked.
    pub async fn decide(&self, officer: &Officer, id: AuthorisationId, decision: Decision) -> Result<Authorisation, Refused> {
        if !officer.role.may_decide() {
            return Err(Refused::NotAllowed("only approvers decide about authorisations"));
        }
        let by = officer.callsign.clone();
        let entry = Event::authorisation_decided(id, decision, by.clone()).at(self.clock.now());
        decided(id, self.store.decide(id, decision, by, entry).await?)
    }

    /// Takes an authorisation back, with all its live tokens. Its asker, any approver and any administrator may.
    pub async fn withdraw(&self, officer: &Officer, id: AuthorisationId) -> Result<Authorisation, Refused> {
        let found = self.store.authorisation(id).await?.ok_or_else(|| unknown_authorisation(id))?;
        let own = officer.role.may_ask_and_issue() && found.asked_by == officer.callsign;
        if !own && !officer.role.oversees_authorisations() {
            return Err(unknown_authorisation(id));
        }
        let entry = Event::AuthorisationWithdrawn { authorisation: id, by: officer.callsign.clone() }.at(self.clock.now());
        decided(id, self.store.withdraw_authorisation(id, entry).await?)
    }

    /// The authorisations that the actor may see.
    pub async fn authorisations(&self, actor: &Actor) -> Result<Vec<Authorisation>, Refused> {
        let asked_by = match actor {
            Actor::Operator => None,
            Actor::Person(officer) if officer.role.oversees_authorisations() => None,
            Actor::Person(officer) if officer.role.may_ask_and_issue() => Some(officer.callsign.clone()),
            Actor::Person(_) => return Err(Refused::NotAllowed("overseers read the ledger, nothing else")),
        };
        Ok(self.store.authorisations(asked_by).await?)
    }
}

fn administrates(actor: &Actor) -> Result<(), Refused> {
    if actor.may_administer() { Ok(()) } else { Err(Refused::NotAllowed("only administrators do this")) }
}

fn may_act(officer: Officer) -> Option<Officer> {
    officer.suspended_at.is_none().then_some(officer)
}

fn unknown_person(callsign: &Callsign) -> Refused {
    Refused::Unknown { what: "person who may act with the callsign", id: callsign.to_string() }
}

fn unknown_authorisation(id: AuthorisationId) -> Refused {
    Refused::Unknown { what: "authorisation", id: id.to_string() }
}

fn decided(id: AuthorisationId, decided: Decided) -> Result<Authorisation, Refused> {
    match decided {
        Decided::Done(authorisation) => Ok(authorisation),
        Decided::Unknown => Err(unknown_authorisation(id)),
        Decided::AlreadyIs(state) => Err(Refused::AlreadyIs(state)),
        Decided::OwnRequest => Err(Refused::OwnRequest),
        Decided::Suspended => Err(SUSPENDED),
    }
}
