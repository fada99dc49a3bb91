//! Tokens: issued under an authorisation, made speakable, watched, withdrawn.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::{
    Custodian, Notary, NotaryError, Refused, TokenStatus,
    once::subject,
    refusals::Refusals,
    standing::{may_touch, standing},
};
use crate::{
    authority::{AccessHash, Act, Attempt, Authorisation, AuthorisationId, Callsign, Officer, Role, State},
    clock::{Clock, ClockWatch},
    entropy::Entropy,
    keyring::{IssuerName, KidPrefix},
    ledger::Event,
    store::{
        Confirmation, IssueRefusal, IssuerStore, Listed, LiveToken, NewToken, Once, Speakable, SpokenRules, StoreError, TokenRecord, Wanted,
    },
    token::{Approach, Channel, Claims, Cti, LEEWAY, ReaderLevel, Reference, SpokenCode, SpokenSize, Token, Window},
};

/// How often another cti is drawn when a code is taken; with 2^40 codes and a few hundred live, once is already rare.
const DRAWS: usize = 8;

/// What a deployment fixes.
#[derive(Clone, Debug)]
pub struct DeskSettings {
    /// The name bound into every signature.
    pub issuer: IssuerName,
    /// How long new spoken codes are, and how many may be live together.
    pub spoken: SpokenRules,
    /// What every page that is out there can read.
    pub reader_level: ReaderLevel,
}

/// What an officer wants to show or speak.
#[derive(Clone, Debug)]
pub struct IssueRequest {
    /// Under which authorisation; the only live one for the channel where it is absent.
    pub authorisation: Option<AuthorisationId>,
    /// What the token says.
    pub approach: Approach,
    /// When it starts, if it is prepared for later. Seconds since 1970.
    pub not_before: Option<i64>,
    /// How long it lives. Seconds.
    pub lifetime: Option<i64>,
    /// Whether its code is to be spoken; by default on the telephone only.
    pub spoken: Option<bool>,
}

/// A person who issues, and by what they were recognised for it.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed<'a> {
    /// Who.
    pub officer: &'a Officer,
    /// The passkey with which they confirmed it, or their program's credential.
    pub access: AccessHash,
    /// What they confirmed it with, by passkey.
    pub confirmation: Option<&'a Confirmation>,
}

/// A token fresh from the desk.
#[derive(Debug)]
pub struct Issued {
    /// Its bytes.
    pub token: Token,
    /// What it says.
    pub claims: Claims,
    /// Its spoken code, if it may be spoken.
    pub spoken: Option<Spoken>,
}

/// A spoken code that was switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// As it is read out.
    pub code: SpokenCode,
    /// As it is read out once six words come into force.
    pub six: SpokenCode,
}

impl Spoken {
    fn of(token: &Token, shortest: SpokenSize) -> Self {
        let six = SpokenCode::of(token, SpokenSize::Six);
        Self { code: six.shortened(shortest), six }
    }
}

/// Issues tokens, signed with the key that the custodian has out.
pub struct Desk {
    store: Arc<dyn IssuerStore>,
    watch: Arc<ClockWatch>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    custodian: Arc<Custodian>,
    notary: Arc<Notary>,
    settings: DeskSettings,
    refusals: Refusals,
}

impl Desk {
    /// Opens the desk.
    pub fn new(
        store: Arc<dyn IssuerStore>,
        watch: Arc<ClockWatch>,
        entropy: Arc<dyn Entropy>,
        custodian: Arc<Custodian>,
        notary: Arc<Notary>,
        settings: DeskSettings,
    ) -> Self {
        let clock = watch.clock().clone();
        let refusals = Refusals::new(store.clone(), clock.clone());
        Self { store, watch, clock, entropy, custodian, notary, settings, refusals }
    }

    /// Issues a token: signs it, records it with its ledger entry, and only then shows it.
    pub async fn issue(&self, by: Confirmed<'_>, request: IssueRequest) -> Result<Issued, Refused> {
        self.issue_once(by, request, None).await
    }

    /// The same, once where there is a key: the same request again gets the same token.
    pub async fn issue_once(&self, by: Confirmed<'_>, request: IssueRequest, once: Option<&Once>) -> Result<Issued, Refused> {
        let attempt = Attempt { authorisation: request.authorisation, ..Attempt::to(Act::Issue) };
        let outcome = self.issue_if_allowed(by, request, once).await;
        self.refusals.recorded(&by.officer.callsign, attempt, outcome).await
    }

    /// The token that the same request got before, from the same claims and the same key, so with the same bytes. Asked before a
    /// confirmation is wanted: the first request used it up.
    pub async fn issued_before(&self, request: &IssueRequest, once: &Once) -> Result<Option<Issued>, Refused> {
        let Some(earlier) = self.store.earlier(once.hash).await? else { return Ok(None) };
        let cti = Cti(subject(&earlier, once)?);
        let (row, ring, now) = (self.store.issued_token(cti).await?, self.custodian.ring(), self.clock.now());
        // As long as the first answer said.
        let shortest = self.store.token(cti).await?.and_then(|record| record.shortest);
        let again = || {
            let (row, ring) = (row?, ring.ok()?);
            let window = Window::new(row.issued_at, request.not_before, row.expires_at).ok()?;
            let claims = Claims::new(cti, window, request.approach.clone()).ok()?;
            let (key, published) = ring.active(now).ok()?;
            let token = Token::sign(&claims, key, published, &self.settings.issuer).ok()?;
            (token.hash() == row.hash).then(|| Issued { spoken: shortest.map(|size| Spoken::of(&token, size)), token, claims })
        };
        again().map(Some).ok_or(Refused::CannotShow(cti))
    }

    async fn issue_if_allowed(&self, by: Confirmed<'_>, request: IssueRequest, once: Option<&Once>) -> Result<Issued, Refused> {
        let officer = by.officer;
        if !officer.role.may_ask_and_issue() {
            return Err(Refused::NotAllowed("only officers and approvers issue tokens; ask one of them"));
        }
        if ReaderLevel::needed(&request.approach) > self.settings.reader_level {
            return Err(Refused::OldReaders);
        }
        let now = self.watch.now().map_err(|_| Refused::Clock)?;
        let channel = request.approach.channel;
        let authorisation = self.authorisation(officer, request.authorisation, channel, request.not_before.unwrap_or(now)).await?;
        let window = window(&request, &authorisation, now)?;
        self.ledger_is_signed().await?;
        let speak = request.spoken.unwrap_or(channel == Channel::Telephone);
        let mut looked = false;
        for _ in 0..DRAWS {
            let mut cti = [0; 8];
            self.entropy.fill(&mut cti)?;
            let claims = Claims::new(Cti(cti), window, request.approach.clone())?;
            let ring = self.custodian.ring()?;
            let (key, published) = ring.active(now)?;
            let token = Token::sign(&claims, key, published, &self.settings.issuer)?;
            match self.record(by, once, authorisation.id, published.key.id().prefix(), (&claims, &token), (speak, now)).await {
                Ok(shortest) => return Ok(Issued { spoken: shortest.map(|size| Spoken::of(&token, size)), token, claims }),
                Err(IssueRefusal::CodeTaken) => {}
                // The same request was under way and came first.
                Err(IssueRefusal::Repeated) => {
                    let before = match once {
                        Some(once) => self.issued_before(&request, once).await?,
                        None => None,
                    };
                    return before.ok_or(Refused::KeyReused);
                }
                Err(IssueRefusal::NotConfirmed) => return Err(Refused::NotConfirmed),
                // Another process rotated or revoked; which key signs now is found in the store.
                Err(IssueRefusal::KeyNotActive) => self.custodian.refresh().await?,
                // What its group found at the end of the ledger is looked at, and may be in order.
                Err(IssueRefusal::Store(StoreError::Unsigned)) if !looked => {
                    self.ledger_is_signed().await?;
                    looked = true;
                }
                Err(IssueRefusal::NotAuthorised) => return Err(self.why_not(&authorisation, &claims).await?),
                Err(IssueRefusal::AccessRevoked) => return Err(Refused::AccessRevoked),
                Err(IssueRefusal::TooManyLive) => return Err(Refused::TooManyLive),
                Err(IssueRefusal::TooManyOfOne) => return Err(Refused::TooManyOfYours(self.settings.spoken.room.person)),
                Err(IssueRefusal::BornExpired) => return Err(Refused::BornExpired),
                Err(IssueRefusal::Store(error)) => return Err(error.into()),
            }
        }
        Err(Refused::TooManyLive)
    }

    /// No code is issued, and none made speakable, that the overseer would not see. What takes something back is never held up.
    async fn ledger_is_signed(&self) -> Result<(), Refused> {
        self.notary.can_sign().await.map_err(|error| match error {
            NotaryError::Store(error) => Refused::Store(error),
            error => Refused::Unsigned(error),
        })
    }

    async fn record(
        &self,
        Confirmed { officer, access, confirmation }: Confirmed<'_>,
        once: Option<&Once>,
        authorisation: AuthorisationId,
        kid: KidPrefix,
        (claims, token): (&Claims, &Token),
        (speak, now): (bool, i64),
    ) -> Result<Option<SpokenSize>, IssueRefusal> {
        let window = claims.window();
        let record = NewToken {
            cti: claims.cti(),
            hash: token.hash(),
            kid,
            authorisation,
            officer: officer.callsign.clone(),
            access,
            channel: claims.approach().channel,
            issued_at: window.issued_at(),
            starts_at: window.start(),
            expires_at: window.expires_at(),
            speakable: speak.then(|| self.speakable(token)),
            confirmation: confirmation.cloned(),
            once: once.cloned(),
        };
        let entry = Event::token_issued(claims, kid, token.hash(), (officer.callsign.clone(), access.id()), authorisation).at(now);
        self.store.issue_and_record(record, entry).await
    }

    fn speakable(&self, token: &Token) -> Speakable {
        Speakable { code: SpokenCode::of(token, SpokenSize::Six), token: token.clone(), rules: self.settings.spoken }
    }

    /// Switches on the spoken code of a live token, for its officer alone, who sends its bytes: the store does not have them, and
    /// takes only the very ones that it recorded.
    pub async fn make_speakable(&self, officer: &Officer, cti: Cti, token: &Token) -> Result<Spoken, Refused> {
        let record = self.find(officer, cti, Act::MakeSpeakable).await?;
        let refused = Refused::NotAllowed("only the officer who issued a code may switch its words on; ask them");
        let own = record.officer == officer.callsign;
        self.refusals.allow(officer, own, Attempt::with(Act::MakeSpeakable, cti), refused).await?;
        self.ledger_is_signed().await?;
        let now = self.watch.now().map_err(|_| Refused::Clock)?;
        let entry = Event::TokenMadeSpeakable { cti, by: officer.callsign.clone() }.at(now);
        let attempt = || self.store.make_speakable(cti, self.speakable(token), entry.clone());
        let made = match attempt().await {
            // As when it is issued.
            Err(IssueRefusal::Store(StoreError::Unsigned)) => {
                self.ledger_is_signed().await?;
                attempt().await
            }
            outcome => outcome,
        };
        match made {
            Ok(shortest) => Ok(Spoken::of(token, shortest)),
            Err(IssueRefusal::TooManyLive) => Err(Refused::TooManyLive),
            Err(IssueRefusal::TooManyOfOne) => Err(Refused::TooManyOfYours(self.settings.spoken.room.person)),
            Err(IssueRefusal::BornExpired) => Err(Refused::BornExpired),
            Err(IssueRefusal::Store(error)) => Err(error.into()),
            Err(_) => Err(Refused::CannotSpeak),
        }
    }

    /// Withdraws a token at once. Again is as good as once.
    pub async fn withdraw(&self, officer: &Officer, cti: Cti) -> Result<(), Refused> {
        self.find(officer, cti, Act::WithdrawToken).await?;
        let entry = Event::TokenWithdrawn { cti, by: officer.callsign.clone() }.at(self.clock.now());
        self.store.withdraw_token(cti, entry).await?;
        Ok(())
    }

    /// Where a token stands.
    pub async fn status(&self, officer: &Officer, cti: Cti) -> Result<TokenStatus, Refused> {
        let record = self.find(officer, cti, Act::ReadToken).await?;
        let now = self.clock.now();
        Ok(standing(&record, self.words_in_force([&record], now).await?, now))
    }

    /// How long codes are now, where that makes a difference to these tokens.
    async fn words_in_force<'a>(&self, tokens: impl IntoIterator<Item = &'a TokenRecord>, now: i64) -> Result<SpokenSize, Refused> {
        if tokens.into_iter().any(|token| token.shortest == Some(SpokenSize::Five)) {
            return Ok(self.store.words_in_force(self.settings.spoken, now).await?);
        }
        Ok(SpokenSize::Six)
    }

    /// A page of the tokens that have not run out, searched and sorted: of those that the person issued or approved, and of all for
    /// administrators.
    pub async fn live(&self, officer: &Officer, wanted: Wanted<Cti>) -> Result<Listed<(LiveToken, TokenStatus), Cti>, Refused> {
        let of = self.lists(officer).await?;
        let now = self.clock.now();
        let Listed { mut items, next } = self.store.sorted_tokens(of, wanted, now - LEEWAY).await?.ok_or(Refused::TooManyToSort)?;
        items.retain(|token| may_touch(officer, &token.record));
        let in_force = self.words_in_force(items.iter().map(|token| &token.record), now).await?;
        let with_status = |token: LiveToken| {
            let status = standing(&token.record, in_force, now);
            (token, status)
        };
        Ok(Listed { items: items.into_iter().map(with_status).collect(), next })
    }

    /// Whose tokens somebody may list: all where it is nobody's in particular.
    async fn lists(&self, officer: &Officer) -> Result<Option<Callsign>, Refused> {
        let refused = Refused::NotAllowed("overseers read the ledger, nothing else; ask an officer or an administrator");
        self.refusals.allow(officer, officer.role != Role::Overseer, Attempt::to(Act::ListTokens), refused).await?;
        Ok((officer.role != Role::Administrator).then(|| officer.callsign.clone()))
    }

    /// What is known of the tokens with a reference that somebody quotes. Each look-up counts against the one who asks.
    pub async fn look_up(&self, officer: &Officer, reference: Reference) -> Result<Vec<(LiveToken, TokenStatus)>, Refused> {
        let refused = Refused::NotAllowed("only approvers and administrators look up references; ask one of them");
        let may = matches!(officer.role, Role::Approver | Role::Administrator);
        self.refusals.allow(officer, may, Attempt::to(Act::LookUpReference), refused).await?;
        let now = self.clock.now();
        let found = self.store.look_up(reference, officer.callsign.clone(), now).await?.ok_or(Refused::TooManyLookUps)?;
        let in_force = self.words_in_force(found.iter().map(|token| &token.record), now).await?;
        let with_status = |token: LiveToken| {
            let status = standing(&token.record, in_force, now);
            (token, status)
        };
        Ok(found.into_iter().map(with_status).collect())
    }

    /// Tells of checks as they happen in this process; others are found by asking again.
    pub fn marks(&self) -> broadcast::Receiver<Cti> {
        self.store.marks()
    }

    /// Only a token's officer, the approver of its authorisation and administrators may touch it; for others it does not exist.
    async fn find(&self, officer: &Officer, cti: Cti, act: Act) -> Result<TokenRecord, Refused> {
        let (what, id) = ("token of yours", cti.to_string());
        match self.store.token(cti).await? {
            Some(record) if may_touch(officer, &record) => Ok(record),
            Some(_) => self.refusals.recorded(&officer.callsign, Attempt::with(act, cti), Err(Refused::Hidden { what, id })).await,
            None => Err(Refused::Unknown { what, id }),
        }
    }

    async fn authorisation(
        &self,
        officer: &Officer,
        named: Option<AuthorisationId>,
        channel: Channel,
        start: i64,
    ) -> Result<Authorisation, Refused> {
        if let Some(id) = named {
            let (what, id_text) = ("authorisation of yours", id.to_string());
            return match self.store.authorisation(id).await? {
                Some(own) if own.asked_by == officer.callsign => Ok(own),
                Some(_) => Err(Refused::Hidden { what, id: id_text }),
                None => Err(Refused::Unknown { what, id: id_text }),
            };
        }
        let live = self.store.live_authorisations(officer.callsign.clone(), channel, start).await?;
        match <[_; 1]>::try_from(live) {
            Ok([only]) => Ok(only),
            Err(live) => Err(Refused::Choose(live)),
        }
    }

    /// The store's statement said no; looks at the authorisation again to say which of its conditions failed.
    async fn why_not(&self, before: &Authorisation, claims: &Claims) -> Result<Refused, Refused> {
        let a = self.store.authorisation(before.id).await?.unwrap_or_else(|| before.clone());
        Ok(Refused::NotAuthorised(if a.state != State::Approved {
            "the authorisation is not approved; ask an approver, or use another"
        } else if !a.channels.contains(&claims.approach().channel) {
            "the authorisation does not cover this channel; ask for one that does"
        } else if !a.contains(claims.window()) {
            "the token would not lie inside the time of the authorisation; choose another time or ask for a longer one"
        } else if a.tokens_issued >= a.max_tokens {
            "all tokens of the authorisation are used up; ask for a new one"
        } else {
            "the officer or the approver of the authorisation is suspended"
        }))
    }
}

/// The token's window: as long as asked, or the channel's usual lifetime cut at the end of the authorisation.
fn window(request: &IssueRequest, authorisation: &Authorisation, now: i64) -> Result<Window, Refused> {
    let start = request.not_before.unwrap_or(now);
    let usual = || request.approach.channel.default_lifetime().min(authorisation.until.saturating_sub(start)).max(1);
    let lifetime = request.lifetime.unwrap_or_else(usual);
    Ok(Window::new(now, request.not_before, start.saturating_add(lifetime))?)
}
