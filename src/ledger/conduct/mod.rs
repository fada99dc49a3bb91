//! Whether every act was allowed at the moment when it happened, judged from the entries alone.

mod keys;
mod ledger_key;
mod tokens;
mod ways;

use std::collections::{BTreeSet, HashMap, HashSet};

use self::{keys::Keys, ledger_key::LedgerKeys, ways::Ways};
use super::{Entry, Event};
use crate::{
    authority::{AccessId, Act, ActorName, AuthorisationId, Callsign, Role, State, Why},
    keyring::KidPrefix,
    token::{Channel, Cti},
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
    suspended: bool,
    /// Behind how many entries, and when.
    suspensions: Vec<(u64, i64)>,
}

struct Permit {
    asked_by: Callsign,
    asked_at: i64,
    channels: BTreeSet<Channel>,
    from: i64,
    until: i64,
    max_tokens: u32,
    issued: u32,
    state: State,
    decided_by: Option<Callsign>,
    withdrawn_at: Option<i64>,
    reviews: Vec<Reviewed>,
}

/// What a permit covered from a moment on.
struct Reviewed {
    at: i64,
    channels: BTreeSet<Channel>,
    until: i64,
}

struct Issued {
    /// Behind how many entries.
    order: u64,
    authorisation: AuthorisationId,
    kid: KidPrefix,
    at: i64,
    access: Option<AccessId>,
    channel: Channel,
    window: (i64, i64),
    withdrawn_at: Option<i64>,
    speakable: bool,
    checked: bool,
}

/// Everything that the entries so far say.
#[derive(Default)]
pub(super) struct Conduct {
    last: Option<i64>,
    order: u64,
    people: HashMap<Callsign, Person>,
    ways: Ways,
    permits: HashMap<AuthorisationId, Permit>,
    tokens: HashMap<Cti, Issued>,
    approvals: HashSet<(Callsign, Callsign)>,
    refused: HashMap<(Callsign, Act, Why), i64>,
    keys: Keys,
    ledger_keys: LedgerKeys,
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
        self.order += 1;
        match event {
            Event::OfficerEnrolled { .. } | Event::OfficerSuspended { .. } | Event::OfficerReinstated { .. } => {
                self.person(&mut remarks, event, *at);
            }
            Event::CredentialMade { .. }
            | Event::LinkMade { .. }
            | Event::PasskeyRegistered { .. }
            | Event::PasskeyCounterRegressed { .. }
            | Event::AccessRevoked { .. } => self.way(&mut remarks, event, *at),
            Event::ActRefused { by, act, why, .. } => {
                self.enrolled(&mut remarks, by);
                let before = self.refused.insert((by.clone(), *act, *why), *at);
                fault(&mut remarks, before == Some(*at), || format!("{by} was refused the same twice in one second"));
                let (act, why) = (act.as_words(), why.as_words());
                unusual(&mut remarks, true, || format!("{by} tried to {act} and was refused, because {why}"));
            }
            Event::AuthorisationAsked { .. } => self.asked(&mut remarks, event, *at),
            Event::AuthorisationApproved { authorisation, by } => {
                self.decided(&mut remarks, *authorisation, by, State::Approved, *at);
            }
            Event::AuthorisationRefused { authorisation, by } => {
                self.decided(&mut remarks, *authorisation, by, State::Refused, *at);
            }
            Event::AuthorisationReviewed { .. } => self.reviewed(&mut remarks, event, *at),
            Event::AuthorisationWithdrawn { authorisation, by } => self.taken_back(&mut remarks, *authorisation, by, *at),
            Event::TokenIssued { .. } => self.issued(&mut remarks, event, *at),
            Event::TokenMadeSpeakable { cti, by } => {
                self.touched(&mut remarks, *cti, by);
                let before = self.tokens.get_mut(cti).is_some_and(|token| std::mem::replace(&mut token.speakable, true));
                fault(&mut remarks, before, || format!("token {cti} was made speakable before"));
            }
            Event::TokenWithdrawn { cti, by } => self.withdrawn(&mut remarks, *cti, by, *at),
            Event::TokensWithdrawn { tokens, withdrawn, by } => self.withdrawn_together(&mut remarks, tokens, *withdrawn, by, *at),
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
            Event::LedgerKeyChanged { by, .. } => {
                self.administrates(&mut remarks, by);
                self.ledger_keys.changed(&mut remarks, event);
            }
            Event::ClockCorrected { purged_from, purged_to, withdrawn, by } => {
                self.administrates(&mut remarks, by);
                unusual(&mut remarks, true, || {
                    format!("{by} undid what a clock that was ahead had left; {withdrawn} tokens count as withdrawn")
                });
                let raised = purged_to > purged_from || purged_from > purged_to && purged_to > at;
                fault(&mut remarks, raised, || format!("tokens count as purged up to {purged_to}, which was not the clock's to correct"));
            }
        }
        remarks
    }

    fn has_role(&self, callsign: &Callsign, fits: impl Fn(Role) -> bool) -> bool {
        self.people.get(callsign).is_some_and(|person| fits(person.role))
    }

    fn is_suspended(&self, callsign: &Callsign) -> bool {
        self.people.get(callsign).is_some_and(|person| person.suspended)
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
                let before = self.people.insert(callsign.clone(), Person { role: *role, suspended: false, suspensions: Vec::new() });
                fault(remarks, before.is_some(), || format!("{callsign} was enrolled before"));
            }
            Event::OfficerSuspended { callsign, by } => {
                self.administrates(remarks, by);
                let order = self.order;
                let stood = self.people.get_mut(callsign).is_some_and(|person| {
                    person.suspensions.push((order, at));
                    !std::mem::replace(&mut person.suspended, true)
                });
                fault(remarks, !stood, || format!("{callsign} was nobody who could be suspended"));
            }
            Event::OfficerReinstated { callsign, reason, by } => {
                if by.person() == Some(callsign) {
                    fault(remarks, true, || format!("{callsign} lifted their own suspension"));
                } else {
                    self.administrates(remarks, by);
                }
                let was = self.people.get_mut(callsign).is_some_and(|person| std::mem::replace(&mut person.suspended, false));
                fault(remarks, !was, || format!("{callsign} was not suspended"));
                unusual(remarks, true, || format!("the suspension of {callsign} was lifted by {by}: {}", reason.as_str()));
            }
            _ => {}
        }
    }

    fn enrolled(&self, remarks: &mut Remarks, callsign: &Callsign) {
        fault(remarks, !self.people.contains_key(callsign), || format!("{callsign} was not enrolled"));
    }

    /// A way in that was made, used or closed.
    fn way(&mut self, remarks: &mut Remarks, event: &Event, at: i64) {
        match event {
            Event::CredentialMade { callsign, by, .. } | Event::LinkMade { callsign, by, .. } => {
                self.administrates(remarks, by);
                self.enrolled(remarks, callsign);
            }
            Event::AccessRevoked { by, .. } => self.administrates(remarks, by),
            Event::PasskeyRegistered { callsign, .. } => self.acts(remarks, callsign),
            Event::PasskeyCounterRegressed { callsign, passkey } => {
                unusual(remarks, true, || {
                    format!("passkey {passkey} of {callsign} was used with an old counter; there may be a copy of it")
                });
            }
            _ => {}
        }
        self.ways.follow(remarks, event, at);
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
            max_tokens: *max_tokens,
            issued: 0,
            state: State::Asked,
            decided_by: None,
            withdrawn_at: None,
            reviews: Vec::new(),
        };
        let before = self.permits.insert(*authorisation, permit);
        fault(remarks, before.is_some(), || format!("authorisation {authorisation} was asked for before"));
    }

    fn decides(&self, remarks: &mut Remarks, by: &Callsign) {
        fault(remarks, !self.has_role(by, Role::may_decide), || format!("{by} was no approver"));
        fault(remarks, self.is_suspended(by), || format!("{by} was suspended and could not decide"));
    }

    fn decided(&mut self, remarks: &mut Remarks, id: AuthorisationId, by: &Callsign, state: State, at: i64) {
        self.decides(remarks, by);
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

    fn reviewed(&mut self, remarks: &mut Remarks, event: &Event, at: i64) {
        let Event::AuthorisationReviewed { authorisation: id, by, channels, until, max_tokens } = event else { return };
        self.decides(remarks, by);
        let Some(permit) = self.permits.get_mut(id) else {
            return fault(remarks, true, || format!("authorisation {id} was never asked for"));
        };
        let open = permit.state == State::Approved && at < permit.until;
        fault(remarks, !open, || format!("authorisation {id} was not in force and could not be changed"));
        fault(remarks, permit.asked_by == *by, || format!("{by} decided about their own request {id}"));
        fault(remarks, *max_tokens < permit.issued, || format!("authorisation {id} was changed to fewer tokens than were issued"));
        let same =
            (&permit.channels, permit.until, permit.max_tokens, &permit.decided_by) == (channels, *until, *max_tokens, &Some(by.clone()));
        fault(remarks, same, || format!("authorisation {id} was changed to what it was"));
        permit.decided_by = Some(by.clone());
        (permit.channels, permit.until, permit.max_tokens) = (channels.clone(), *until, *max_tokens);
        permit.reviews.push(Reviewed { at, channels: channels.clone(), until: *until });
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
}
