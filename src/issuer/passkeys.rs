//! People come in by passkey: registered with a one-time link, used to sign in and to confirm each issue.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    Link, Refused, SessionToken,
    refusals::Refusals,
    relying_party::{Answer, Challenge, NotConfirmed, RelyingParty},
};
use crate::{
    authority::{Act, Attempt, Officer, Why},
    clock::Clock,
    entropy::Entropy,
    ledger::Event,
    store::IssuerStore,
};

/// Keeps passkeys and sessions.
pub struct Passkeys {
    store: Arc<dyn IssuerStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    party: RelyingParty,
    refusals: Refusals,
}

/// A session that was just opened.
#[derive(Debug)]
pub struct Opened {
    /// For the cookie.
    pub token: SessionToken,
    /// Whose it is.
    pub officer: Officer,
}

impl Passkeys {
    /// For the console at the address of `party`.
    pub fn new(store: Arc<dyn IssuerStore>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, party: RelyingParty) -> Self {
        let refusals = Refusals::new(store.clone(), clock.clone());
        Self { store, clock, entropy, party, refusals }
    }

    /// Begins to register a passkey for whoever holds the link.
    pub async fn begin_registration(&self, link: &Link) -> Result<Challenge, Refused> {
        let now = self.clock.now();
        let officer = self.store.link(link.hash(), now).await?.ok_or(Refused::LinkOver)?;
        let known = self.store.passkeys(officer.callsign.clone()).await?;
        let handle = self.draw()?;
        self.party
            .register(self.ceremony()?, (link.hash(), &officer.callsign, handle), &known, now)
            .map_err(|NotConfirmed| Refused::NotConfirmed)
    }

    /// Registers the passkey and uses the link up.
    pub async fn register(&self, link: &Link, answer: &Answer) -> Result<Officer, Refused> {
        let now = self.clock.now();
        let officer = self.store.link(link.hash(), now).await?.ok_or(Refused::LinkOver)?;
        let registered = self.party.registered(answer, link.hash(), officer.callsign.clone(), now);
        let passkey = registered.map_err(|NotConfirmed| Refused::NotConfirmed)?;
        let (callsign, passkey_id, link_id) = (officer.callsign.clone(), passkey.hash.id(), link.hash().id());
        let entry = Event::PasskeyRegistered { callsign, passkey: passkey_id, link: link_id }.at(now);
        // False as well where the same authenticator's passkey is known, which a good browser does not let happen.
        if self.store.register_passkey(link.hash(), passkey, entry).await? { Ok(officer) } else { Err(Refused::LinkOver) }
    }

    /// Begins a sign-in, of whom is not known yet.
    pub fn begin_sign_in(&self) -> Result<Challenge, Refused> {
        self.party.sign_in(self.ceremony()?, self.clock.now()).map_err(|NotConfirmed| Refused::SignIn)
    }

    /// Opens a session. Whatever is wrong, the refusal is the same: nobody learns whose passkeys we know.
    pub async fn sign_in(&self, answer: &Answer) -> Result<Opened, Refused> {
        let now = self.clock.now();
        let hash = RelyingParty::claimed(answer).map_err(|NotConfirmed| Refused::SignIn)?;
        let found = self.store.passkey(hash).await?;
        let used = self.party.signed_in(answer, found.as_ref().map(|(row, _)| row), now);
        let (Ok(used), Some((_, officer))) = (used, found) else { return Err(Refused::SignIn) };
        let token = SessionToken::draw(&*self.entropy)?;
        if self.store.open_session(token.hash(), used, now).await? {
            return Ok(Opened { token, officer });
        }
        if officer.suspended_at.is_some() {
            self.refusals.tell(&officer.callsign, Attempt::to(Act::SignIn), Why::Suspended).await;
        }
        Err(Refused::SignIn)
    }

    /// Whose session this is, if it is not over. The person did something just now, so its idle time begins anew.
    pub async fn recognise(&self, session: &SessionToken) -> Result<Option<Officer>, Refused> {
        Ok(self.store.session(session.hash(), true, self.clock.now()).await?)
    }

    /// Whether a session still stands, without moving its end: a screen that is only open is nobody doing anything.
    pub async fn still_stands(&self, session: &SessionToken) -> Result<bool, Refused> {
        Ok(self.store.session(session.hash(), false, self.clock.now()).await?.is_some())
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &SessionToken) -> Result<(), Refused> {
        Ok(self.store.end_session(session.hash()).await?)
    }

    /// Begins the confirmation of an issue.
    pub async fn begin_confirmation(&self, officer: &Officer, session: &SessionToken) -> Result<Challenge, Refused> {
        let rows = self.store.passkeys(officer.callsign.clone()).await?;
        self.party.confirm(self.ceremony()?, session.hash(), rows, self.clock.now()).map_err(|NotConfirmed| Refused::NotConfirmed)
    }

    /// Confirms one issue: a phone that was left signed in issues nothing in a thief's hand (threat 27).
    pub async fn confirm(&self, session: &SessionToken, answer: &Answer) -> Result<(), Refused> {
        let now = self.clock.now();
        let used = self.party.confirmed(answer, session.hash(), now).map_err(|NotConfirmed| Refused::NotConfirmed)?;
        if self.store.use_passkey(session.hash(), used, now).await? { Ok(()) } else { Err(Refused::NotConfirmed) }
    }

    fn ceremony(&self) -> Result<String, Refused> {
        Ok(URL_SAFE_NO_PAD.encode(self.draw()?))
    }

    fn draw(&self) -> Result<[u8; 16], Refused> {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }
}
