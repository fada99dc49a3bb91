//! A ledger in the making: real events of a few people, one after the other.

use std::collections::BTreeSet;

use countersign::{
    authority::{AccessHash, Act, ActorName, Attempt, AuthorisationId, Callsign, Role, Scope, TokenSelection, Why},
    keyring::{KeyId, PublicKey, SigningKey},
    ledger::{Audit, Checkpoint, Entry, Event, KeyCause, KeyChange, Report, Succession, VerifierKey, ledger_key},
    token::{Channel, Cti, TokenHash},
};
use zeroize::Zeroizing;

use crate::grove::Tree;

/// Before the first entry; a whole minute.
const START: i64 = 1_795_000_020;
pub const MINUTE: i64 = 60;
pub const DAY: i64 = 86_400;
/// How long the links of this book last.
pub const LINK_LASTS: i64 = 1_800;

pub fn signing_key() -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([5; 32]))
}

/// The true key of the ledger.
pub fn key() -> VerifierKey {
    ledger_key(&"verify.example.org".parse().unwrap(), signing_key().public()).unwrap()
}

/// What a tree of these leaves is.
pub fn head(leaves: &[Vec<u8>]) -> Checkpoint {
    let tree = Tree::of(leaves);
    Checkpoint { size: tree.frontier.size(), root: tree.frontier.root() }
}

/// What the true key signs for these leaves.
pub fn checkpoint(leaves: &[Vec<u8>]) -> String {
    head(leaves).sign(&key(), &signing_key())
}

/// A key of the ledger by its number; the first one is 5.
pub fn numbered(number: u8) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([number; 32]))
}

pub fn named(number: u8) -> VerifierKey {
    ledger_key(&"verify.example.org".parse().unwrap(), numbered(number).public()).unwrap()
}

/// What these keys of the ledger sign together for these leaves.
pub fn signed_by(leaves: &[Vec<u8>], keys: &[u8]) -> String {
    let (first, others) = keys.split_first().unwrap();
    let note = head(leaves).sign(&named(*first), &numbered(*first));
    others.iter().fold(note, |note, other| Checkpoint::cosign(&note, &named(*other), &numbered(*other)).unwrap())
}

/// The operator replaced one key of the ledger by another.
pub fn rekeyed(old: u8, new: u8, size: u64, cause: KeyCause) -> Event {
    let (old, new, by) = (Box::new(named(old)), Box::new(named(new)), actor("*operator"));
    Event::LedgerKeyChanged { old, new, size, cause, reason: None, by }
}

pub fn callsign(name: &str) -> Callsign {
    name.parse().unwrap()
}

pub fn actor(name: &str) -> ActorName {
    name.parse().unwrap()
}

pub fn permit(number: u64) -> AuthorisationId {
    AuthorisationId(number.to_be_bytes())
}

pub fn cti(number: u64) -> Cti {
    Cti(number.to_be_bytes())
}

/// A key that signs tokens.
pub fn token_key(number: u8) -> KeyId {
    KeyId::from_bytes([number; 32])
}

pub fn enrolled(name: &str, role: Role, by: &str) -> Event {
    Event::OfficerEnrolled { callsign: callsign(name), role, by: actor(by) }
}

pub fn suspended(name: &str, by: &str) -> Event {
    Event::OfficerSuspended { callsign: callsign(name), by: actor(by) }
}

pub fn reinstated(name: &str, by: &str) -> Event {
    Event::OfficerReinstated { callsign: callsign(name), reason: "a slip".parse().unwrap(), by: actor(by) }
}

/// One for each name.
pub fn credential(name: &str, by: &str) -> Event {
    Event::credential_made(callsign(name), access(name), Scope::ALL.into(), START + 30 * DAY, actor(by))
}

fn access(name: &str) -> AccessHash {
    AccessHash::of(name.as_bytes())
}

pub fn passkey(name: &str, owner: &str, link: &str) -> Event {
    Event::PasskeyRegistered { callsign: callsign(owner), passkey: access(name).id(), link: access(link).id() }
}

/// The passkey or credential of that name.
pub fn closed(name: &str, owner: &str, by: &str) -> Event {
    Event::AccessRevoked { callsign: callsign(owner), access: access(name).id(), by: actor(by), withdrawn: Some(0) }
}

/// The same, from before a revocation withdrew tokens.
pub fn only_closed(name: &str, owner: &str, by: &str) -> Event {
    Event::AccessRevoked { callsign: callsign(owner), access: access(name).id(), by: actor(by), withdrawn: None }
}

pub fn copied(name: &str, owner: &str) -> Event {
    Event::PasskeyCounterRegressed { callsign: callsign(owner), passkey: access(name).id() }
}

/// `what` as [`TokenSelection`] is written; an authorisation by its number.
pub fn swept(what: &str, withdrawn: u64, by: &str) -> Event {
    let tokens = match what.parse() {
        Ok(number) => TokenSelection::Authorisation(permit(number)),
        Err(_) => what.parse().unwrap(),
    };
    Event::TokensWithdrawn { tokens, withdrawn, by: actor(by) }
}

/// A person tried to approve an authorisation.
pub fn tried(by: &str, why: Why) -> Event {
    Event::act_refused(callsign(by), Attempt::on(Act::Approve, permit(1)), why)
}

/// What the first authorisation is changed to.
pub fn reviewed(number: u64, by: &str, channel: Channel, until: i64, max_tokens: u32) -> Event {
    Event::AuthorisationReviewed { authorisation: permit(number), by: callsign(by), channels: [channel].into(), until, max_tokens }
}

/// A request that, unless said otherwise, is falcon's, for three tokens within a month, not online.
pub struct Ask {
    pub number: u64,
    pub by: &'static str,
    pub from: i64,
    pub until: i64,
    pub max_tokens: u32,
}

impl Ask {
    pub fn number(number: u64) -> Self {
        Self { number, by: "falcon", from: START, until: START + 30 * DAY, max_tokens: 3 }
    }

    pub fn event(&self) -> Event {
        let channels = BTreeSet::from([Channel::InPerson, Channel::Telephone]);
        let Self { number, by, from, until, max_tokens } = *self;
        Event::AuthorisationAsked { authorisation: permit(number), by: callsign(by), channels, from, until, max_tokens }
    }
}

pub fn approved(number: u64, by: &str) -> Event {
    Event::AuthorisationApproved { authorisation: permit(number), by: callsign(by) }
}

pub fn refused(number: u64, by: &str) -> Event {
    Event::AuthorisationRefused { authorisation: permit(number), by: callsign(by) }
}

pub fn taken_back(number: u64, by: &str) -> Event {
    Event::AuthorisationWithdrawn { authorisation: permit(number), by: callsign(by) }
}

/// A token that, unless said otherwise, is falcon's first, under the first authorisation, by the first key, in person,
/// for five minutes.
pub struct Issue {
    pub number: u64,
    pub under: u64,
    pub by: &'static str,
    pub key: u8,
    pub channel: Channel,
    pub iat: i64,
    pub nbf: Option<i64>,
    pub exp: i64,
    /// The name of the passkey or credential.
    pub with: Option<&'static str>,
}

impl Issue {
    pub fn at(iat: i64) -> Self {
        Self { number: 1, under: 1, by: "falcon", key: 1, channel: Channel::InPerson, iat, nbf: None, exp: iat + 300, with: None }
    }

    pub fn event(&self) -> Event {
        let Self { number, under, by, key, channel, iat, nbf, exp, with } = *self;
        let access = with.map(|name| access(name).id());
        let (sha256, kid) = (TokenHash([number.to_be_bytes()[7]; 32]), token_key(key).prefix());
        Event::TokenIssued { cti: cti(number), kid, sha256, channel, iat, nbf, exp, by: callsign(by), access, authorisation: permit(under) }
    }
}

pub fn speakable(number: u64, by: &str) -> Event {
    Event::TokenMadeSpeakable { cti: cti(number), by: callsign(by) }
}

pub fn withdrawn(number: u64, by: &str) -> Event {
    Event::TokenWithdrawn { cti: cti(number), by: callsign(by) }
}

pub fn checked(number: u64, first_checked_at: i64) -> Event {
    Event::FirstCheckReported { cti: cti(number), first_checked_at }
}

pub fn published(version: u64) -> Event {
    Event::KeySetPublished { version, hash: [8; 32] }
}

pub fn activated(key: u8) -> Event {
    Event::KeyActivated { key: token_key(key) }
}

pub fn retired(key: u8) -> Event {
    Event::KeyRetired { key: token_key(key) }
}

pub fn removed(key: u8) -> Event {
    Event::KeyRemoved { key: token_key(key) }
}

pub fn revoked(key: u8, by: &str) -> Event {
    Event::KeyRevoked { key: token_key(key), reason: "stolen".into(), by: actor(by) }
}

/// A purge mark that was put from one time to another.
pub fn corrected(purged_from: i64, purged_to: i64, by: &str) -> Event {
    Event::ClockCorrected { purged_from, purged_to, withdrawn: 2, by: actor(by) }
}

/// Entries, and the time of the last.
pub struct Book {
    pub entries: Vec<Entry>,
    pub now: i64,
}

impl Book {
    pub fn empty() -> Self {
        Self { entries: Vec::new(), now: START }
    }

    /// People of every role.
    pub fn with_people() -> Self {
        let mut book = Self::empty();
        book.add(enrolled("otter", Role::Administrator, "*operator"));
        for (name, role) in [
            ("falcon", Role::Officer),
            ("kestrel", Role::Officer),
            ("heron", Role::Approver),
            ("kite", Role::Approver),
            ("owl", Role::Overseer),
        ] {
            book.add(enrolled(name, role, "otter"));
        }
        book
    }

    /// People, a key that signs, and falcon's first authorisation, which heron approved.
    pub fn opened() -> Self {
        let mut book = Self::with_people();
        for event in [published(1), activated(1), Ask::number(1).event(), approved(1, "heron")] {
            book.add(event);
        }
        book
    }

    /// Adds what happens a minute later.
    pub fn add(&mut self, event: Event) -> &mut Self {
        self.after(MINUTE, event)
    }

    /// Adds what happens some seconds later.
    pub fn after(&mut self, seconds: i64, event: Event) -> &mut Self {
        self.now += seconds;
        self.entries.push(event.at(self.now));
        self
    }

    /// Adds a link of that name for a person.
    pub fn offer(&mut self, name: &str, owner: &str, by: &str) -> &mut Self {
        let expires_at = self.now + MINUTE + LINK_LASTS;
        self.add(Event::LinkMade { callsign: callsign(owner), link: access(name).id(), expires_at, by: actor(by) })
    }

    /// Adds a token that is issued a minute later, changed as asked.
    pub fn issue(&mut self, change: impl FnOnce(&mut Issue)) -> &mut Self {
        let mut issue = Issue::at(self.now + MINUTE);
        change(&mut issue);
        self.add(issue.event())
    }

    pub fn leaves(&self) -> Vec<Vec<u8>> {
        self.entries.iter().map(Entry::canonical_bytes).collect()
    }

    /// What an audit says, with a checkpoint behind the last entry, by every key that the ledger had.
    pub fn report(&self) -> Report {
        let changes = (1..).zip(&self.entries).filter_map(|(number, entry)| KeyChange::of(number, entry)).collect();
        let keys = Succession::new(key(), changes);
        let (mut audit, leaves) = (Audit::of(&keys, keys.newest().clone(), vec![]), self.leaves());
        for leaf in &leaves {
            audit.entry(leaf);
        }
        let newest = (5..=9).find(|number| numbered(*number).public() == public(keys.newest())).unwrap();
        let note = head(&leaves).sign(keys.newest(), &numbered(newest));
        let others = (5..=9).filter(|number| *number != newest);
        audit.checkpoint(&others.fold(note, |note, other| Checkpoint::cosign(&note, &named(other), &numbered(other)).unwrap()));
        audit.finish()
    }
}

/// The public half, whatever the name.
fn public(name: &VerifierKey) -> PublicKey {
    (5..=9).map(|number| numbered(number).public()).find(|key| name.to_string().ends_with(&encoded(key))).unwrap()
}

fn encoded(key: &PublicKey) -> String {
    let named = VerifierKey::new("a".into(), key.clone()).unwrap().to_string();
    named.rsplit_once('+').map_or_else(|| named.clone(), |(_, key)| key.to_owned())
}
