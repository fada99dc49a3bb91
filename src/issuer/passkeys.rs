//! People come in by passkey: registered with a one-time link, used to sign in and to confirm each issue.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{
    Link, Refused, SessionToken,
    refusals::Refusals,
    relying_party::{Answer, Begun, CeremonyName, Challenge, Counters, NotConfirmed, RelyingParty},
    seldom::Seldom,
};
use crate::{
    authority::{Access, AccessHash, AccessId, AccessKind, AccessName, Act, Attempt, Callsign, Officer, Why},
    clock::Clock,
    entropy::Entropy,
    health::alarm,
    ledger::Event,
    store::{Ceremony, CeremonyKind, Confirmation, IssuerStore, NewCeremony, OpenSession, PasskeyUse, SESSION_LONGEST, Share},
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
    /// Whose it is, and how long it lasts.
    pub session: OpenSession,
}

impl Passkeys {
    /// For the console at the address of `party`.
    pub fn new(store: Arc<dyn IssuerStore>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, party: RelyingParty) -> Self {
        let refusals = Refusals::new(store.clone(), clock.clone());
        Self { store, clock, entropy, party, refusals, regressed: Seldom::default() }
    }

    /// Begins to register a passkey for anybody who holds the link.
    pub async fn begin_registration(&self, link: &Link) -> Result<Challenge, Refused> {
        let now = self.clock.now();
        let officer = self.store.link(link.hash(), now).await?.ok_or(Refused::LinkOver)?;
        let known = self.store.passkeys(officer.callsign.clone()).await?;
        let begun = self.party.register(self.draw_name()?, &officer.callsign, &known).map_err(|_| Refused::NotConfirmed)?;
        let kind = CeremonyKind::Register;
        let share = share(kind, &link.hash().0, officer.callsign.as_str().as_bytes());
        self.keep(kind, Some(link.hash()), share, (begun, Counters::new()), now).await
    }

    /// Registers the passkey and uses the link up. Its name, where it has one, may be given later as well.
    pub async fn register(&self, link: &Link, answer: &Answer, name: Option<AccessName>) -> Result<Officer, Refused> {
        let now = self.clock.now();
        let officer = self.store.link(link.hash(), now).await?.ok_or(Refused::LinkOver)?;
        let begun = self.taken(answer, CeremonyKind::Register, now).await?.filter(|begun| begun.bound == Some(link.hash()));
        let Ceremony { challenge, .. } = begun.ok_or(Refused::NotConfirmed)?;
        let known = self.store.passkeys(officer.callsign.clone()).await?;
        let registered = self.party.registered(answer, &challenge, officer.callsign.clone(), &known);
        let passkey = registered.map_err(|_| Refused::NotConfirmed)?;
        let (callsign, passkey_id, link_id) = (officer.callsign.clone(), passkey.hash.id(), link.hash().id());
        let entry = Event::PasskeyRegistered { callsign, passkey: passkey_id, link: link_id }.at(now);
        // False as well where the same authenticator's passkey is known, which a good browser does not let happen.
        if !self.store.register_passkey(link.hash(), passkey, entry).await? {
            return Err(Refused::LinkOver);
        }
        if let Some(name) = name {
            self.name(&officer, passkey_id, name).await?;
        }
        Ok(officer)
    }

    /// The passkeys of a person.
    pub async fn of(&self, officer: &Officer) -> Result<Vec<Access>, Refused> {
        let all = self.store.accesses(officer.callsign.clone()..=officer.callsign.clone()).await?;
        Ok(all.into_iter().map(|(_, access)| access).filter(|access| access.kind == AccessKind::Passkey).collect())
    }

    /// Gives one of a person's own passkeys a name. It opens nothing and closes nothing, so it is no event of the ledger.
    pub async fn name(&self, officer: &Officer, id: AccessId, name: AccessName) -> Result<(), Refused> {
        if self.store.name_passkey(id, officer.callsign.clone(), name).await? {
            return Ok(());
        }
        Err(Refused::Unknown { what: "passkey of yours", id: id.to_string() })
    }

    /// Begins a sign-in, of whom is not known yet. `address` and `site` tell who asks from others, and say nothing else of them:
    /// who begins too many ends their own.
    pub async fn begin_sign_in(&self, address: u64, site: u64) -> Result<Challenge, Refused> {
        let kind = CeremonyKind::SignIn;
        let begun = self.party.sign_in(self.draw_name()?).map_err(|_| Refused::SignIn)?;
        let share = share(kind, &address.to_be_bytes(), &site.to_be_bytes());
        self.keep(kind, None, share, (begun, Counters::new()), self.clock.now()).await
    }

    /// Opens a session. Whatever is wrong, the refusal is the same: nobody learns whose passkeys we know.
    pub async fn sign_in(&self, answer: &Answer) -> Result<Opened, Refused> {
        let now = self.clock.now();
        let hash = RelyingParty::claimed(answer).map_err(|_| Refused::SignIn)?;
        let found = self.store.passkey(hash).await?;
        let begun = self.taken(answer, CeremonyKind::SignIn, now).await?.ok_or(Refused::SignIn)?;
        let used = self.party.signed_in(answer, &begun.challenge, found.as_ref().map(|(row, _)| row));
        let used = self.good(used, now).await.ok_or(Refused::SignIn)?;
        let Some((_, officer)) = found else { return Err(Refused::SignIn) };
        let token = SessionToken::draw(&*self.entropy)?;
        if self.store.open_session(token.hash(), used.clone(), now).await? {
            return Ok(Opened { token, session: OpenSession { officer, ends_at: now + SESSION_LONGEST } });
        }
        self.overtaken(&used, now).await?;
        if officer.suspended_at.is_some() {
            self.refusals.record(&officer.callsign, Attempt::to(Act::SignIn), Why::Suspended).await;
        }
        Err(Refused::SignIn)
    }

    /// The session, if it is not over. Where the person did something just now, its idle time begins again.
    pub async fn recognise(&self, session: &SessionToken, attended: bool) -> Result<Option<OpenSession>, Refused> {
        Ok(self.store.session(session.hash(), attended, self.clock.now()).await?)
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
        let begun = self.party.confirm(self.draw_name()?, &rows).map_err(|_| Refused::NotConfirmed)?;
        let kind = CeremonyKind::Confirm;
        let share = share(kind, &session.hash().0, officer.callsign.as_str().as_bytes());
        self.keep(kind, Some(session.hash()), share, begun, self.clock.now()).await
    }

    /// Checks what confirms one issue: a phone that was left signed in issues nothing in a thief's hand (threat 27). The issue
    /// itself takes it, so that whatever ends the process between loses none. A wrong answer ends its ceremony.
    pub async fn confirmation(&self, officer: &Officer, session: &SessionToken, answer: &Answer) -> Result<Confirmation, Refused> {
        let (now, ceremony) = (self.clock.now(), AccessHash::of(answer.ceremony.as_bytes()));
        let begun = self.store.confirmation(ceremony, now).await?.filter(|begun| begun.bound == Some(session.hash()));
        let checked = match begun {
            Some(Ceremony { challenge, counters, .. }) => {
                self.party.confirmed(answer, &challenge, &counters, &self.store.passkeys(officer.callsign.clone()).await?)
            }
            None => Err(NotConfirmed::Wrong),
        };
        if let Some(used) = self.good(checked, now).await {
            return Ok(Confirmation { ceremony, session: session.hash(), used });
        }
        self.store.end_ceremony(ceremony).await?;
        Err(Refused::NotConfirmed)
    }

    /// An issue did not take its confirmation.
    pub async fn not_taken(&self, confirmation: &Confirmation) -> Result<(), Refused> {
        self.overtaken(&confirmation.used, self.clock.now()).await
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

    /// Keeps a ceremony that was begun, and gives what goes to the authenticator.
    async fn keep(
        &self,
        kind: CeremonyKind,
        bound: Option<AccessHash>,
        share: Share,
        ((shown, challenge), counters): (Begun, Counters),
        begun_at: i64,
    ) -> Result<Challenge, Refused> {
        let (hash, ceremony) = (AccessHash::of(shown.ceremony.as_bytes()), Ceremony { bound, challenge, counters });
        self.store.begin_ceremony(NewCeremony { hash, kind, ceremony, share, begun_at }).await?;
        Ok(shown)
    }

    /// An answer ends its ceremony, whatever comes of it: the same answer again finds none.
    async fn taken(&self, answer: &Answer, kind: CeremonyKind, now: i64) -> Result<Option<Ceremony>, Refused> {
        Ok(self.store.take_ceremony(AccessHash::of(answer.ceremony.as_bytes()), kind, now).await?)
    }

    fn draw_name(&self) -> Result<CeremonyName, Refused> {
        let mut name = CeremonyName([0; 16]);
        self.entropy.fill(&mut name.0)?;
        Ok(name)
    }
}

/// A link or session of a person, or an address of a site, as the store tells it from others.
fn share(kind: CeremonyKind, own: &[u8], together: &[u8]) -> Share {
    let hash = |what: &[u8]| Sha256::new_with_prefix(kind.as_str()).chain_update([0]).chain_update(what).finalize().into();
    Share { own: hash(own), together: hash(together) }
}
