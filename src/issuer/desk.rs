//! Tokens: issued under an authorisation, made speakable, watched, withdrawn.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;

use super::{Custodian, Refused, silent::SilentTokens};
use crate::{
    authority::{Authorisation, AuthorisationId, Officer, Role, State},
    clock::Clock,
    entropy::Entropy,
    keyring::{IssuerName, KidPrefix},
    ledger::Event,
    store::{IssueRefusal, IssuerStore, NewToken, Speakable, TokenRecord},
    token::{Approach, Channel, Claims, Cti, LEEWAY, SpokenCode, SpokenSize, Token, Window},
};

/// How often another cti is drawn when a code is taken; with 2^40 codes and a few hundred live, once is already rare.
const DRAWS: usize = 8;

/// What a deployment fixes.
#[derive(Clone, Debug)]
pub struct DeskSettings {
    /// The name bound into every signature.
    pub issuer: IssuerName,
    /// How long spoken codes are.
    pub spoken: SpokenSize,
    /// The most speakable tokens that may be live at once.
    pub max_live: u32,
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

/// A token fresh from the desk.
#[derive(Debug)]
pub struct Issued {
    /// Its bytes.
    pub token: Token,
    /// What it says.
    pub claims: Claims,
    /// Its spoken code, if it may be spoken.
    pub spoken: Option<SpokenCode>,
}

/// Where a token stands for its officer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// Nobody checked it yet.
    Live,
    /// Somebody checked it.
    Checked,
    /// It ran out unchecked.
    Expired,
    /// It was withdrawn.
    Withdrawn,
}

/// Where a token stands, with the minute of its first check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TokenStatus {
    /// Where it stands.
    pub state: TokenState,
    /// Seconds since 1970, in whole minutes.
    pub first_checked_at: Option<i64>,
    /// Nothing of this will change any more.
    #[serde(skip)]
    pub is_over: bool,
}

/// Issues tokens, signed with the key that the custodian has out.
pub struct Desk {
    store: Arc<dyn IssuerStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    custodian: Arc<Custodian>,
    settings: DeskSettings,
    silent: SilentTokens,
}

impl Desk {
    /// Opens the desk.
    pub fn new(
        store: Arc<dyn IssuerStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        custodian: Arc<Custodian>,
        settings: DeskSettings,
    ) -> Self {
        Self { store, clock, entropy, custodian, settings, silent: SilentTokens::default() }
    }

    /// Issues a token: signs it, records it with its ledger entry, and only then shows it.
    pub async fn issue(&self, officer: &Officer, request: IssueRequest) -> Result<Issued, Refused> {
        if !officer.role.may_ask_and_issue() {
            return Err(Refused::NotAllowed("only officers and approvers issue tokens"));
        }
        let now = self.clock.now();
        let channel = request.approach.channel;
        let authorisation = self.authorisation(officer, request.authorisation, channel, request.not_before.unwrap_or(now)).await?;
        let window = window(&request, &authorisation, now)?;
        let speak = request.spoken.unwrap_or(channel == Channel::Telephone);
        for _ in 0..DRAWS {
            let mut cti = [0; 8];
            self.entropy.fill(&mut cti)?;
            let claims = Claims::new(Cti(cti), window, request.approach.clone())?;
            let ring = self.custodian.ring()?;
            let (key, published) = ring.active(now)?;
            let token = Token::sign(&claims, key, published, &self.settings.issuer)?;
            let issued = Issued { spoken: speak.then(|| SpokenCode::of(&token, self.settings.spoken)), token, claims };
            match self.record(officer, authorisation.id, published.key.id().prefix(), &issued, now).await {
                Ok(()) => return Ok(issued),
                Err(IssueRefusal::CodeTaken) => {}
                // Another process rotated or revoked; whoever may sign now is found in the store.
                Err(IssueRefusal::KeyNotActive) => self.custodian.refresh().await?,
                Err(IssueRefusal::NotAuthorised) => return Err(self.why_not(&authorisation, &issued.claims).await?),
                Err(IssueRefusal::TooManyLive) => return Err(Refused::TooManyLive),
                Err(IssueRefusal::Store(error)) => return Err(error.into()),
            }
        }
        Err(Refused::TooManyLive)
    }

    async fn record(
        &self,
        officer: &Officer,
        authorisation: AuthorisationId,
        kid: KidPrefix,
        issued: &Issued,
        now: i64,
    ) -> Result<(), IssueRefusal> {
        let Issued { token, claims, spoken } = issued;
        let window = claims.window();
        let record = NewToken {
            cti: claims.cti(),
            hash: token.hash(),
            kid,
            authorisation,
            officer: officer.callsign.clone(),
            channel: claims.approach().channel,
            issued_at: window.issued_at(),
            starts_at: window.start(),
            expires_at: window.expires_at(),
            speakable: spoken.map(|code| self.speakable(code, token)),
        };
        let entry = Event::token_issued(claims, kid, token.hash(), officer.callsign.clone(), authorisation).at(now);
        self.store.issue_and_record(record, entry).await?;
        if spoken.is_none() {
            self.silent.keep(claims, token, now);
        }
        Ok(())
    }

    fn speakable(&self, code: SpokenCode, token: &Token) -> Speakable {
        Speakable { code, token: token.clone(), max_live: self.settings.max_live }
    }

    /// Switches on the spoken code of a live token.
    pub async fn make_speakable(&self, officer: &Officer, cti: Cti) -> Result<SpokenCode, Refused> {
        self.find(officer, cti).await?;
        let token = self.silent.find(cti).ok_or(Refused::CannotSpeak)?;
        let code = SpokenCode::of(&token, self.settings.spoken);
        let entry = Event::TokenMadeSpeakable { cti, by: officer.callsign.clone() }.at(self.clock.now());
        match self.store.make_speakable(cti, self.speakable(code, &token), entry).await {
            Ok(()) => Ok(code),
            Err(IssueRefusal::TooManyLive) => Err(Refused::TooManyLive),
            Err(IssueRefusal::Store(error)) => Err(error.into()),
            Err(IssueRefusal::NotAuthorised | IssueRefusal::KeyNotActive | IssueRefusal::CodeTaken) => Err(Refused::CannotSpeak),
        }
    }

    /// Withdraws a token at once. Again is as good as once.
    pub async fn withdraw(&self, officer: &Officer, cti: Cti) -> Result<(), Refused> {
        self.find(officer, cti).await?;
        let entry = Event::TokenWithdrawn { cti, by: officer.callsign.clone() }.at(self.clock.now());
        self.store.withdraw_token(cti, entry).await?;
        Ok(())
    }

    /// Where a token stands.
    pub async fn status(&self, officer: &Officer, cti: Cti) -> Result<TokenStatus, Refused> {
        let record = self.find(officer, cti).await?;
        // Until the leeway is over it can still be checked, so until then it is live.
        let past = record.expires_at + LEEWAY <= self.clock.now();
        let state = match record {
            TokenRecord { withdrawn_at: Some(_), .. } => TokenState::Withdrawn,
            TokenRecord { first_checked_at: Some(_), .. } => TokenState::Checked,
            _ if past => TokenState::Expired,
            _ => TokenState::Live,
        };
        Ok(TokenStatus { state, first_checked_at: record.first_checked_at, is_over: past || state == TokenState::Withdrawn })
    }

    /// Tells of checks as they happen in this process; others are found by asking again.
    pub fn marks(&self) -> broadcast::Receiver<Cti> {
        self.store.marks()
    }

    /// Only a token's officer, the approver of its authorisation and administrators may touch it; for others it does not exist.
    async fn find(&self, officer: &Officer, cti: Cti) -> Result<TokenRecord, Refused> {
        let asked = |record: &TokenRecord| record.officer == officer.callsign;
        let may = |record: &TokenRecord| match officer.role {
            Role::Administrator => true,
            Role::Approver => asked(record) || record.approver.as_ref() == Some(&officer.callsign),
            Role::Officer => asked(record),
            // Whatever they did in another role.
            Role::Overseer => false,
        };
        let found = self.store.token(cti).await?.filter(may);
        found.ok_or_else(|| Refused::Unknown { what: "token of yours", id: cti.to_string() })
    }

    async fn authorisation(
        &self,
        officer: &Officer,
        named: Option<AuthorisationId>,
        channel: Channel,
        start: i64,
    ) -> Result<Authorisation, Refused> {
        if let Some(id) = named {
            let found = self.store.authorisation(id).await?.filter(|a| a.asked_by == officer.callsign);
            return found.ok_or_else(|| Refused::Unknown { what: "authorisation of yours", id: id.to_string() });
        }
        let mut live = self.store.authorisations(Some(officer.callsign.clone())).await?;
        live.retain(|a| a.is_live_for(channel, start));
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
