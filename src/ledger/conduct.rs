//! Whether every act was allowed at the moment when it happened, told from the entries alone.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Entry, Event};
use crate::{
    authority::{ActorName, AuthorisationId, Callsign, Role, State},
    hex,
    keyring::{KeyId, KidPrefix},
    token::{Channel, Cti, Window},
};

/// An approval that comes sooner can hardly have been thought about. Seconds.
const HASTY: i64 = 10;
/// A first check is reported within a minute; with the check's own whole minute and the machine's pace, this is late. Seconds.
const LATE: i64 = 180;
/// Clocks of several processes of one machine, and acts that overtake one another. Seconds.
const JITTER: i64 = 60;

/// Something to say about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// It may not be.
    Fault(String),
    /// It may be, and somebody should look.
    Unusual(String),
}

struct Person {
    role: Role,
    suspended_at: Option<i64>,
}

struct Permit {
    asked_by: Callsign,
    asked_at: i64,
    channels: BTreeSet<Channel>,
    from: i64,
    until: i64,
    left: u32,
    state: State,
    decided_by: Option<Callsign>,
    withdrawn_at: Option<i64>,
}

struct Issued {
    authorisation: AuthorisationId,
    kid: KidPrefix,
    window: (i64, i64),
    withdrawn_at: Option<i64>,
    speakable: bool,
    checked: bool,
}

#[derive(Default)]
struct Keys {
    /// Whether the ledger tells of keys at all: the first entries of an early store do not.
    told: bool,
    active: Option<KeyId>,
    spent: HashSet<KeyId>,
    removed: HashSet<KeyId>,
    revoked: HashMap<KeyId, i64>,
    version: Option<u64>,
}

/// Everything that the entries so far say.
#[derive(Default)]
pub(super) struct Conduct {
    last: Option<i64>,
    people: HashMap<Callsign, Person>,
    credentials: HashSet<[u8; 8]>,
    permits: HashMap<AuthorisationId, Permit>,
    tokens: HashMap<Cti, Issued>,
    approvals: HashSet<(Callsign, Callsign)>,
    keys: Keys,
}

type Remarks = Vec<Remark>;

fn fault(remarks: &mut Remarks, wrong: bool, what: impl FnOnce() -> String) {
    if wrong {
        remarks.push(Remark::Fault(what()));
    }
}

fn unusual(remarks: &mut Remarks, is: bool, what: impl FnOnce() -> String) {
    if is {
        remarks.push(Remark::Unusual(what()));
    }
}

impl Conduct {
    /// Takes the next entry.
    pub(super) fn follow(&mut self, Entry { at, event }: &Entry) -> Remarks {
        let mut remarks = Remarks::new();
        let back = self.last.map_or(0, |last| last.saturating_sub(*at));
        unusual(&mut remarks, back > JITTER, || format!("the clock was set back by {back} seconds"));
        self.last = Some(*at);
        match event {
            Event::OfficerEnrolled { .. } | Event::OfficerSuspended { .. } | Event::CredentialMade { .. } => {
                self.person(&mut remarks, event, *at);
            }
            Event::AuthorisationAsked { .. } => self.asked(&mut remarks, event, *at),
            Event::AuthorisationApproved { authorisation, by } => {
                self.decided(&mut remarks, *authorisation, by, State::Approved, *at);
            }
            Event::AuthorisationRefused { authorisation, by } => {
                self.decided(&mut remarks, *authorisation, by, State::Refused, *at);
            }
            Event::AuthorisationWithdrawn { authorisation, by } => self.taken_back(&mut remarks, *authorisation, by, *at),
            Event::TokenIssued { .. } => self.issued(&mut remarks, event, *at),
            Event::TokenMadeSpeakable { cti, by } => {
                self.touched(&mut remarks, *cti, by);
                let before = self.tokens.get_mut(cti).is_some_and(|token| std::mem::replace(&mut token.speakable, true));
                fault(&mut remarks, before, || format!("token {cti} was made speakable before"));
            }
            Event::TokenWithdrawn { cti, by } => self.withdrawn(&mut remarks, *cti, by, *at),
            Event::FirstCheckReported { cti, first_checked_at } => self.checked(&mut remarks, *cti, *first_checked_at, *at),
            Event::KeySetPublished { version, .. } => {
                let older = self.keys.version.replace(*version).is_some_and(|last| last >= *version);
                fault(&mut remarks, older, || format!("key set {version} was published after a newer one"));
            }
            Event::KeyActivated { key } => self.keys.activated(&mut remarks, *key),
            Event::KeyRetired { key } => self.keys.retired(&mut remarks, *key),
            Event::KeyRemoved { key } => self.keys.removed(&mut remarks, *key),
            Event::KeyRevoked { key, reason, by } => {
                self.administrates(&mut remarks, by);
                unusual(&mut remarks, true, || format!("key {key} was revoked by {by}: {reason}"));
                self.keys.revoked(&mut remarks, *key, *at);
            }
        }
        remarks
    }

    fn has_role(&self, callsign: &Callsign, fits: impl Fn(Role) -> bool) -> bool {
        self.people.get(callsign).is_some_and(|person| fits(person.role))
    }

    fn is_suspended(&self, callsign: &Callsign) -> bool {
        self.people.get(callsign).is_some_and(|person| person.suspended_at.is_some())
    }

    /// Who acts in the moment of their suspension may be just too late to be stopped.
    fn acts(&self, remarks: &mut Remarks, by: &Callsign) {
        unusual(remarks, self.is_suspended(by), || format!("{by} acted just after being suspended"));
    }

    fn administrates(&self, remarks: &mut Remarks, by: &ActorName) {
        let ActorName::Person(callsign) = by else { return };
        fault(remarks, !self.has_role(callsign, Role::may_administer), || format!("{callsign} was no administrator"));
        self.acts(remarks, callsign);
    }

    fn person(&mut self, remarks: &mut Remarks, event: &Event, at: i64) {
        match event {
            Event::OfficerEnrolled { callsign, role, by } => {
                self.administrates(remarks, by);
                let before = self.people.insert(callsign.clone(), Person { role: *role, suspended_at: None });
                fault(remarks, before.is_some(), || format!("{callsign} was enrolled before"));
            }
            Event::OfficerSuspended { callsign, by } => {
                self.administrates(remarks, by);
                let stood = self.people.get_mut(callsign).is_some_and(|person| person.suspended_at.replace(at).is_none());
                fault(remarks, !stood, || format!("{callsign} was nobody who could be suspended"));
            }
            Event::CredentialMade { callsign, credential, by, .. } => {
                self.administrates(remarks, by);
                let new = self.credentials.insert(*credential);
                fault(remarks, !new, || format!("the credential {} was made before", hex::encode(credential)));
                fault(remarks, !self.people.contains_key(callsign), || format!("{callsign} was not enrolled"));
            }
            _ => {}
        }
    }

    fn asked(&mut self, remarks: &mut Remarks, event: &Event, at: i64) {
        let Event::AuthorisationAsked { authorisation, by, channels, from, until, max_tokens } = event else { return };
        fault(remarks, !self.has_role(by, Role::may_ask_and_issue), || format!("{by} was no officer and could not ask"));
        self.acts(remarks, by);
        let permit = Permit {
            asked_by: by.clone(),
            asked_at: at,
            channels: channels.clone(),
            from: *from,
            until: *until,
            left: *max_tokens,
            state: State::Asked,
            decided_by: None,
            withdrawn_at: None,
        };
        let before = self.permits.insert(*authorisation, permit);
        fault(remarks, before.is_some(), || format!("authorisation {authorisation} was asked for before"));
    }

    fn decided(&mut self, remarks: &mut Remarks, id: AuthorisationId, by: &Callsign, state: State, at: i64) {
        fault(remarks, !self.has_role(by, Role::may_decide), || format!("{by} was no approver"));
        fault(remarks, self.is_suspended(by), || format!("{by} was suspended and could not decide"));
        let Some(permit) = self.permits.get_mut(&id) else {
            return fault(remarks, true, || format!("authorisation {id} was never asked for"));
        };
        fault(remarks, permit.state != State::Asked, || format!("authorisation {id} was decided before"));
        fault(remarks, permit.asked_by == *by, || format!("{by} decided about their own request {id}"));
        permit.state = state;
        permit.decided_by = Some(by.clone());
        if state == State::Approved {
            let after = at.saturating_sub(permit.asked_at);
            unusual(remarks, after < HASTY, || format!("{by} approved authorisation {id} after {after} seconds"));
            let pair = (permit.asked_by.clone(), by.clone());
            let mutual = self.approvals.contains(&(by.clone(), permit.asked_by.clone()));
            let new = self.approvals.insert(pair);
            unusual(remarks, mutual && new, || format!("{by} and {} approve each other's requests", permit.asked_by));
        }
    }

    fn taken_back(&mut self, remarks: &mut Remarks, id: AuthorisationId, by: &Callsign, at: i64) {
        self.acts(remarks, by);
        let oversees = self.has_role(by, Role::oversees_authorisations);
        let Some(permit) = self.permits.get_mut(&id) else {
            return fault(remarks, true, || format!("authorisation {id} was never asked for"));
        };
        fault(remarks, !oversees && permit.asked_by != *by, || format!("authorisation {id} was not {by}'s to withdraw"));
        let open = matches!(permit.state, State::Asked | State::Approved);
        fault(remarks, !open, || format!("authorisation {id} could not be withdrawn any more"));
        permit.state = State::Withdrawn;
        permit.withdrawn_at = Some(at);
    }

    /// The heart of it: at this moment there was an authorisation, approved by another person, and neither was suspended.
    fn issued(&mut self, remarks: &mut Remarks, event: &Event, at: i64) {
        let Event::TokenIssued { cti, kid, channel, iat, nbf, exp, by, authorisation, .. } = event else { return };
        let (start, end) = (nbf.unwrap_or(*iat), *exp);
        unusual(remarks, *iat != at, || format!("token {cti} says that it was issued at another time"));
        fault(remarks, Window::new(*iat, *nbf, *exp).is_err(), || format!("token {cti} lived too long or was prepared too early"));
        fault(remarks, !self.keys.sign(*kid), || format!("token {cti} was not signed by the active key"));
        fault(remarks, self.is_suspended(by), || format!("token {cti} was issued to {by}, who was suspended"));
        let issued =
            Issued { authorisation: *authorisation, kid: *kid, window: (start, end), withdrawn_at: None, speakable: false, checked: false };
        fault(remarks, self.tokens.insert(*cti, issued).is_some(), || format!("token {cti} was issued before"));
        let Some(permit) = self.permits.get(authorisation) else {
            return fault(remarks, true, || format!("token {cti} was issued under {authorisation}, which was never asked for"));
        };
        let refused = match &permit.decided_by {
            _ if permit.state != State::Approved => Some(format!("was {}", permit.state.as_str())),
            Some(approver) if self.is_suspended(approver) => Some(format!("was approved by {approver}, who was suspended")),
            _ if permit.asked_by != *by => Some(format!("was {}'s, not {by}'s", permit.asked_by)),
            _ if !permit.channels.contains(channel) => Some(format!("did not cover {}", channel.as_str())),
            _ if start < permit.from || permit.until < end => Some("did not cover its time".to_owned()),
            _ if permit.left == 0 => Some("was used up".to_owned()),
            _ => None,
        };
        if let Some(why) = refused {
            remarks.push(Remark::Fault(format!("token {cti} was issued under {authorisation}, which {why}")));
        }
        if let Some(permit) = self.permits.get_mut(authorisation) {
            permit.left = permit.left.saturating_sub(1);
        }
    }

    /// Only a token's officer, the approver of its authorisation and administrators may touch it.
    fn touched(&self, remarks: &mut Remarks, cti: Cti, by: &Callsign) {
        self.acts(remarks, by);
        let Some(token) = self.tokens.get(&cti) else {
            return fault(remarks, true, || format!("token {cti} was never issued"));
        };
        let permit = self.permits.get(&token.authorisation);
        let own = permit.is_some_and(|permit| permit.asked_by == *by || permit.decided_by.as_ref() == Some(by));
        fault(remarks, !own && !self.has_role(by, Role::may_administer), || format!("token {cti} was not {by}'s to touch"));
    }

    fn withdrawn(&mut self, remarks: &mut Remarks, cti: Cti, by: &Callsign, at: i64) {
        self.touched(remarks, cti, by);
        let before = self.tokens.get_mut(&cti).and_then(|token| token.withdrawn_at.replace(at));
        fault(remarks, before.is_some(), || format!("token {cti} was withdrawn before"));
    }

    fn checked(&mut self, remarks: &mut Remarks, cti: Cti, minute: i64, at: i64) {
        let Some(token) = self.tokens.get_mut(&cti) else {
            return fault(remarks, true, || format!("token {cti} was checked, but never issued"));
        };
        fault(remarks, std::mem::replace(&mut token.checked, true), || format!("token {cti} was first checked before"));
        let (start, end) = token.window;
        let outside = start.saturating_sub(minute) >= 2 * JITTER || minute.saturating_sub(end) > JITTER;
        unusual(remarks, outside, || format!("token {cti} was checked outside of its time"));
        let after = self.tokens.get(&cti).is_some_and(|token| self.ends_of(token).any(|withdrawn| withdrawn < minute));
        unusual(remarks, after, || format!("token {cti} was checked after it was withdrawn"));
        let later = at.saturating_sub(minute);
        unusual(remarks, later > LATE, || format!("the check of token {cti} was reported {later} seconds later"));
    }

    /// When a token was withdrawn: itself, with its authorisation, its officer, or its key.
    fn ends_of(&self, token: &Issued) -> impl Iterator<Item = i64> {
        let permit = self.permits.get(&token.authorisation);
        let officer = permit.and_then(|permit| self.people.get(&permit.asked_by));
        let key = self.keys.revoked.iter().find(|(key, _)| key.prefix() == token.kid).map(|(_, at)| *at);
        let with = [permit.and_then(|permit| permit.withdrawn_at), officer.and_then(|officer| officer.suspended_at), key];
        token.withdrawn_at.into_iter().chain(with.into_iter().flatten())
    }
}

impl Keys {
    fn sign(&self, kid: KidPrefix) -> bool {
        !self.told || self.active.is_some_and(|key| key.prefix() == kid)
    }

    fn activated(&mut self, remarks: &mut Remarks, key: KeyId) {
        self.told = true;
        fault(remarks, self.spent.contains(&key), || format!("key {key} was used again after it was retired or revoked"));
        let other = self.active.replace(key);
        fault(remarks, other.is_some(), || format!("key {key} was made the active one beside another"));
    }

    fn retired(&mut self, remarks: &mut Remarks, key: KeyId) {
        fault(remarks, self.active != Some(key), || format!("key {key} was retired, but was not the active one"));
        self.active = self.active.filter(|active| *active != key);
        self.spent.insert(key);
    }

    fn removed(&mut self, remarks: &mut Remarks, key: KeyId) {
        fault(remarks, !self.spent.contains(&key), || format!("key {key} was removed before it was retired"));
        fault(remarks, !self.removed.insert(key), || format!("key {key} was removed twice"));
    }

    fn revoked(&mut self, remarks: &mut Remarks, key: KeyId, at: i64) {
        fault(remarks, self.revoked.insert(key, at).is_some(), || format!("key {key} was revoked before"));
        self.active = self.active.filter(|active| *active != key);
        self.spent.insert(key);
    }
}
