//! People come in by passkey: registered with a one-time link, used to sign in and to confirm each issue.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    Link, Refused, SessionToken,
    refusals::Refusals,
    relying_party::{Answer, Challenge, NotConfirmed, RelyingParty},
    seldom::Seldom,
};
use crate::{
    authority::{AccessHash, AccessId, Act, Attempt, Callsign, Officer, Why},
    clock::Clock,
    entropy::Entropy,
    health::alarm,
    ledger::Event,
    store::{IssuerStore, PasskeyUse},
};

/// As the log names it.
const KIND: &str = "passkey_counter";

/// Keeps passkeys and sessions.
pub struct Passkeys {
    store: Arc<dyn IssuerStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    party: RelyingParty,
    refusals: Refusals,
    regressed: Seldom<AccessId>,
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
        Self { store, clock, entropy, party, refusals, regressed: Seldom::default() }
    }

    /// Begins to register a passkey for whoever holds the link.
    pub async fn begin_registration(&self, link: &Link) -> Result<Challenge, Refused> {
        let now = self.clock.now();
        let officer = self.store.link(link.hash(), now).await?.ok_or(Refused::LinkOver)?;
        let known = self.store.passkeys(officer.callsign.clone()).await?;
        let handle = self.draw()?;
        self.party.register(self.ceremony()?, (link.hash(), &officer.callsign, handle), &known, now).map_err(|_| Refused::NotConfirmed)
    }

    /// Registers the passkey and uses the link up.
    pub async fn register(&self, link: &Link, answer: &Answer) -> Result<Officer, Refused> {
        let now = self.clock.now();
        let officer = self.store.link(link.hash(), now).await?.ok_or(Refused::LinkOver)?;
        let registered = self.party.registered(answer, link.hash(), officer.callsign.clone(), now);
        let passkey = registered.map_err(|_| Refused::NotConfirmed)?;
        let (callsign, passkey_id, link_id) = (officer.callsign.clone(), passkey.hash.id(), link.hash().id());
        let entry = Event::PasskeyRegistered { callsign, passkey: passkey_id, link: link_id }.at(now);
        // False as well where the same authenticator's passkey is known, which a good browser does not let happen.
        if self.store.register_passkey(link.hash(), passkey, entry).await? { Ok(officer) } else { Err(Refused::LinkOver) }
    }

    /// Begins a sign-in, of whom is not known yet.
    pub fn begin_sign_in(&self) -> Result<Challenge, Refused> {
        self.party.sign_in(self.ceremony()?, self.clock.now()).map_err(|_| Refused::SignIn)
    }

    /// Opens a session. Whatever is wrong, the refusal is the same: nobody learns whose passkeys we know.
    pub async fn sign_in(&self, answer: &Answer) -> Result<Opened, Refused> {
        let now = self.clock.now();
        let hash = RelyingParty::claimed(answer).map_err(|_| Refused::SignIn)?;
        let found = self.store.passkey(hash).await?;
        let used = self.party.signed_in(answer, found.as_ref().map(|(row, _)| row), now);
        let used = self.good(used, now).await.ok_or(Refused::SignIn)?;
        let Some((_, officer)) = found else { return Err(Refused::SignIn) };
        let token = SessionToken::draw(&*self.entropy)?;
        if self.store.open_session(token.hash(), used.clone(), now).await? {
            return Ok(Opened { token, officer });
        }
        self.overtaken(&used, now).await?;
        if officer.suspended_at.is_some() {
            self.refusals.record(&officer.callsign, Attempt::to(Act::SignIn), Why::Suspended).await;
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
        self.party.confirm(self.ceremony()?, session.hash(), rows, self.clock.now()).map_err(|_| Refused::NotConfirmed)
    }

    /// Confirms one issue: a phone that was left signed in issues nothing in a thief's hand (threat 27). By which passkey.
    pub async fn confirm(&self, session: &SessionToken, answer: &Answer) -> Result<AccessHash, Refused> {
        let now = self.clock.now();
        let used = self.good(self.party.confirmed(answer, session.hash(), now), now).await.ok_or(Refused::NotConfirmed)?;
        if self.store.use_passkey(session.hash(), used.clone(), now).await? {
            return Ok(used.hash);
        }
        self.overtaken(&used, now).await?;
        Err(Refused::NotConfirmed)
    }

    /// The use, if the answer is good.
    async fn good(&self, used: Result<PasskeyUse, NotConfirmed>, now: i64) -> Option<PasskeyUse> {
        if let Err(NotConfirmed::CounterRegressed { owner, passkey }) = &used {
            self.suspect(owner, *passkey, now).await;
        }
        used.ok()
    }

    /// The store did not take a use: another was first. Of one counter no authenticator makes two.
    async fn overtaken(&self, used: &PasskeyUse, now: i64) -> Result<(), Refused> {
        if let Some((kept, owner)) = self.store.passkey(used.hash).await?
            && RelyingParty::is_same_counter(used, &kept)
        {
            self.suspect(&owner.callsign, used.hash.id(), now).await;
        }
        Ok(())
    }

    /// There may be a copy of a passkey. That is for the ledger and for the people on duty; who answered sees what they would
    /// see of any answer that is wrong.
    async fn suspect(&self, owner: &Callsign, passkey: AccessId, now: i64) {
        if !self.regressed.is_due(&passkey, now) {
            return;
        }
        let sentence = format!("passkey {passkey} was used with a counter that it used before, so there may be a copy of it; revoke it");
        alarm(KIND, &sentence);
        if let Err(error) = self.store.record(Event::PasskeyCounterRegressed { callsign: owner.clone(), passkey }.at(now)).await {
            tracing::error!(kind = KIND, %error, "a used counter could not be written to the ledger");
            self.regressed.forget(&passkey);
        }
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
