//! Tells that something changed, and of what kind, so that those who look at it read it again. What changed is in the ledger, wherever
//! did it and in whichever process, so one look at its end serves all who wait.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::Serialize;
use tokio::{
    sync::{Mutex, broadcast},
    time::{MissedTickBehavior, interval},
};

use super::{Notary, Refused};
use crate::{
    authority::{AuthorisationId, Callsign, Officer, Role},
    health::Recurring,
    ledger::{Entry, Event},
    store::{EntryRow, IssuerStore, LedgerStore, StoreError},
    token::Cti,
};

/// How often the ledger's end is looked at while somebody waits.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Changes that a slow listener may be behind; one that is further behind reads everything again.
const MOST_WAITING: usize = 64;
/// Entries that are looked at one by one; of more at once everything counts as changed.
const MOST: usize = 100;

/// What is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Requests and authorisations.
    Authorisations,
    /// Codes.
    Tokens,
    /// People and their ways in.
    People,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Authorisations, Self::Tokens, Self::People];

    /// Whether a person of this role has such a list.
    pub fn is_for(self, role: Role) -> bool {
        match self {
            Self::Authorisations | Self::Tokens => role != Role::Overseer,
            Self::People => role.may_administer(),
        }
    }
}

/// Whom it concerns, beside those who see everything of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    /// Everybody.
    All,
    /// These.
    These(BTreeSet<Callsign>),
}

/// What changed since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change(BTreeMap<Kind, Option<BTreeSet<Callsign>>>);

impl Change {
    fn add(&mut self, kind: Kind, whom: Whom) {
        match (self.0.entry(kind).or_insert_with(|| Some(BTreeSet::new())), whom) {
            (all, Whom::All) => *all = None,
            (Some(before), Whom::These(more)) => before.extend(more),
            (None, Whom::These(_)) => {}
        }
    }

    fn everything() -> Self {
        Self(Kind::ALL.map(|kind| (kind, None)).into())
    }

    /// What of it this person reads again: nobody learns of what others do, but those who see it anyway.
    pub fn for_person(&self, officer: &Officer) -> BTreeSet<Kind> {
        let sees_all = |kind: Kind| match kind {
            Kind::Authorisations => officer.role.oversees_authorisations(),
            Kind::Tokens | Kind::People => officer.role.may_administer(),
        };
        let concerns = |kind: Kind, whom: &Option<BTreeSet<Callsign>>| {
            kind.is_for(officer.role) && (sees_all(kind) || whom.as_ref().is_none_or(|whom| whom.contains(&officer.callsign)))
        };
        self.0.iter().filter(|(kind, whom)| concerns(**kind, whom)).map(|(kind, _)| *kind).collect()
    }

    /// Everything that somebody of this role reads.
    pub fn all_for(role: Role) -> BTreeSet<Kind> {
        Kind::ALL.into_iter().filter(|kind| kind.is_for(role)).collect()
    }
}

/// Looks at the ledger's end for as long as somebody waits.
pub struct Feed {
    looker: Arc<Looker>,
}

struct Looker {
    store: Arc<dyn IssuerStore>,
    ledger: Arc<dyn LedgerStore>,
    waiting: broadcast::Sender<Arc<Change>>,
    /// Whether it looks.
    looking: Mutex<bool>,
}

static LOOKS: Recurring = Recurring::new("changes");

impl Feed {
    /// Of the ledger that this notary signs.
    pub fn new(store: Arc<dyn IssuerStore>, notary: &Notary) -> Self {
        let looker =
            Looker { store, ledger: notary.ledger().clone(), waiting: broadcast::Sender::new(MOST_WAITING), looking: Mutex::default() };
        Self { looker: Arc::new(looker) }
    }

    /// Tells of every change from now on.
    pub async fn subscribe(&self) -> Result<Waiting, Refused> {
        let mut looking = self.looker.looking.lock().await;
        let waiting = self.looker.waiting.subscribe();
        if !*looking {
            let end = self.looker.ledger.head().await?.size;
            *looking = true;
            tokio::spawn(self.looker.clone().look(end.cast_signed()));
        }
        Ok(Waiting(waiting))
    }
}

/// Somebody who waits for changes.
pub struct Waiting(broadcast::Receiver<Arc<Change>>);

impl Waiting {
    /// The next change. Who was too slow reads everything again.
    pub async fn next(&mut self) -> Arc<Change> {
        match self.0.recv().await {
            Ok(change) => change,
            Err(broadcast::error::RecvError::Lagged(_)) => Arc::new(Change::everything()),
            // It ends when nobody waits, so not while this does.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Looker {
    async fn look(self: Arc<Self>, mut end: i64) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let mut looking = self.looking.lock().await;
            if self.waiting.receiver_count() == 0 {
                *looking = false;
                return;
            }
            drop(looking);
            match self.since(&mut end).await {
                Ok(None) => LOOKS.ok(),
                Ok(Some(change)) => {
                    LOOKS.ok();
                    let _ = self.waiting.send(Arc::new(change));
                }
                Err(error) => LOOKS.failed(&error),
            }
        }
    }

    /// What changed behind the entry with this number, which becomes that of the last.
    async fn since(&self, end: &mut i64) -> Result<Option<Change>, StoreError> {
        let rows = self.ledger.entries(*end).await?;
        let Some(last) = rows.last().map(|row| row.number) else { return Ok(None) };
        let change = if rows.len() > MOST {
            *end = self.ledger.head().await?.size.cast_signed().max(last);
            return Ok(Some(Change::everything()));
        } else {
            self.read(&rows).await?
        };
        *end = last;
        Ok((!change.0.is_empty()).then_some(change))
    }

    async fn read(&self, rows: &[EntryRow]) -> Result<Change, StoreError> {
        let mut change = Change::default();
        for row in rows {
            // One that somebody broke is the audit's to report.
            let Ok(Entry { event, .. }) = Entry::parse(&row.leaf) else { continue };
            for (kind, whom) in self.changed_by(&event).await? {
                change.add(kind, whom);
            }
        }
        Ok(change)
    }

    async fn changed_by(&self, event: &Event) -> Result<Vec<(Kind, Whom)>, StoreError> {
        use Kind::{Authorisations, People, Tokens};
        let nobody_else = || Whom::These(BTreeSet::new());
        Ok(match event {
            Event::OfficerEnrolled { .. }
            | Event::LinkMade { .. }
            | Event::CredentialMade { .. }
            | Event::PasskeyRegistered { .. }
            | Event::PasskeyCounterRegressed { .. } => vec![(People, nobody_else())],
            // Whose authorisations it touches would take long to find out, and it is rare.
            Event::OfficerSuspended { .. } | Event::OfficerReinstated { .. } => {
                vec![(People, nobody_else()), (Authorisations, Whom::All), (Tokens, Whom::All)]
            }
            Event::AccessRevoked { .. } => vec![(People, nobody_else()), (Tokens, Whom::All)],
            Event::TokensWithdrawn { .. } | Event::KeyRevoked { .. } | Event::ClockCorrected { .. } => vec![(Tokens, Whom::All)],
            Event::AuthorisationAsked { authorisation, .. }
            | Event::AuthorisationApproved { authorisation, .. }
            | Event::AuthorisationRefused { authorisation, .. } => vec![(Authorisations, self.of_authorisation(*authorisation).await?)],
            Event::AuthorisationReviewed { authorisation, .. } | Event::AuthorisationWithdrawn { authorisation, .. } => {
                let whom = self.of_authorisation(*authorisation).await?;
                vec![(Authorisations, whom.clone()), (Tokens, whom)]
            }
            Event::TokenIssued { authorisation, .. } => vec![(Tokens, self.of_authorisation(*authorisation).await?)],
            Event::TokenMadeSpeakable { cti, .. } | Event::TokenWithdrawn { cti, .. } | Event::FirstCheckReported { cti, .. } => {
                vec![(Tokens, self.of_token(*cti).await?)]
            }
            Event::ActRefused { .. }
            | Event::KeySetPublished { .. }
            | Event::KeyActivated { .. }
            | Event::KeyRetired { .. }
            | Event::KeyRemoved { .. }
            | Event::LedgerKeyChanged { .. } => vec![],
        })
    }

    async fn of_authorisation(&self, id: AuthorisationId) -> Result<Whom, StoreError> {
        let found = self.store.authorisation(id).await?;
        Ok(Whom::These(found.into_iter().flat_map(|a| [Some(a.asked_by), a.decided_by]).flatten().collect()))
    }

    async fn of_token(&self, cti: Cti) -> Result<Whom, StoreError> {
        let found = self.store.token(cti).await?;
        Ok(Whom::These(found.into_iter().flat_map(|token| [Some(token.officer), token.approver]).flatten().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(callsign: &str, role: Role) -> Officer {
        Officer { callsign: callsign.parse().unwrap(), role, enrolled_at: 0, suspended_at: None }
    }

    #[test]
    fn a_change_reaches_those_whom_it_concerns() {
        let mut change = Change::default();
        change.add(Kind::Authorisations, Whom::These(["falcon".parse().unwrap()].into()));
        change.add(Kind::People, Whom::These([].into()));
        let heard = |callsign, role| change.for_person(&person(callsign, role)).into_iter().collect::<Vec<_>>();
        assert_eq!(heard("falcon", Role::Officer), [Kind::Authorisations]);
        assert_eq!(heard("kite", Role::Officer), []);
        assert_eq!(heard("heron", Role::Approver), [Kind::Authorisations]);
        assert_eq!(heard("otter", Role::Administrator), [Kind::Authorisations, Kind::People]);
        assert_eq!(heard("owl", Role::Overseer), []);
        change.add(Kind::Tokens, Whom::All);
        change.add(Kind::Tokens, Whom::These([].into()));
        assert_eq!(change.for_person(&person("kite", Role::Officer)), [Kind::Tokens].into());
        assert_eq!(Change::everything().for_person(&person("kite", Role::Officer)), Change::all_for(Role::Officer));
        assert_eq!(Change::all_for(Role::Overseer), [].into());
    }
}
