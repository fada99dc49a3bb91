//! When keys begin and cease to sign: keys, a policy and a time in, steps out. Pure.
//!
//! The policy in prose. One key signs for everybody, so that no token tells whose it is. It signs for [`Policy::active`];
//! then the next key of the set takes over, which was published for [`Policy::published`] before, so that anybody who keeps a
//! copy of the set has it. A key that ceased to sign never signs again. Its private half is destroyed [`Policy::grace`] later,
//! so that a store that is restored within that time still finds the key that signs in it; that of a revoked one at once. Its
//! public half stays published for [`Policy::retired`], as long as a token of it could be shown. A key whose private half is
//! missing here may be on another machine: none takes its place until it is revoked. Only where no key can
//! sign at all (at the very beginning, or after a revocation) does one take over that was published a moment ago.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{IssuerName, KeyId, KeySet, KeySetError, MAX_SET_LIFETIME, PublicKey, PublishedKey, Revocation};

/// How keys are rotated. All in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long a key signs.
    pub active: i64,
    /// How long a key is published before it signs.
    pub published: i64,
    /// How long after it ceased to sign a token of a key may be shown.
    pub retired: i64,
    /// How long after it ceased to sign the private half of a key that was not revoked is destroyed.
    pub grace: i64,
    /// How long before keys or set run out people are warned.
    pub warning: i64,
    /// How late a rotation may come, because the machine was off, before keys are switched early to make up for it.
    pub slack: i64,
}

impl Policy {
    /// For how much longer keys have to last than what is asked of them, so that those of a set which comes at the last
    /// moment were published for long enough: what the slack does not do for.
    fn ahead(&self) -> i64 {
        (self.published - self.slack).max(0)
    }
}

/// Where a key stands. It only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Published, and waits for its turn.
    Pending,
    /// Signs for everybody.
    Active,
    /// Signs no more; its tokens may still be shown.
    Retired,
    /// No token of it can be shown any more; the next set leaves it out.
    Removed,
}

impl Stage {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Removed => "removed",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Active, Self::Retired, Self::Removed].into_iter().find(|stage| stage.as_str() == word)
    }
}

/// A signing key as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Which key.
    pub id: KeyId,
    /// Where it stands.
    pub stage: Stage,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// Set once it was revoked; it is retired at the latest then.
    pub revoked: Option<Revocation>,
}

/// One move of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It signs from now on; the one before it retires.
    Activate(KeyId),
    /// No token of it can be shown any more.
    Remove(KeyId),
}

/// Something that people have to do, and how long they have. Seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Warning {
    /// The set ends.
    SetEnds(i64),
    /// The last key ceases to sign.
    KeysEnd(i64),
    /// No key can sign.
    NoKey,
    /// A key is revoked here, but the published set does not say so.
    Unpublished(KeyId),
    /// The private half of a key that signs or waits is not here: it is on another machine, or lost.
    Elsewhere(KeyId),
}

/// What the policy asks for at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Moves, in this order.
    pub steps: Vec<Step>,
    /// Private halves that are of no use to anybody but a thief.
    pub destroy: Vec<KeyId>,
    /// No key can sign now, so that the first step cannot wait.
    pub is_idle: bool,
    /// What people have to do.
    pub warnings: Vec<Warning>,
}

/// Whose turn it is. `at_hand` are the keys whose private half is here; `now` is in seconds since 1970.
pub fn plan(set: &KeySet, records: &[KeyRecord], at_hand: &BTreeSet<KeyId>, policy: &Policy, now: i64) -> Plan {
    let published = set.keys().iter().map(|key| (key.key.id(), key)).collect();
    let shelf = Shelf { published, ends: set.expires_at(), records, at_hand, policy, now };
    // Which key signs is decided for all machines at once. One that lacks the active key must not take its place.
    let elsewhere = shelf.active().is_some_and(|key| shelf.is_valid(key, now + 1) && !shelf.is_here(key));
    let activate = (!elsewhere && shelf.due()).then(|| shelf.successor()).flatten().filter(|key| shelf.is_here(key));
    let over = |record: &&KeyRecord| !elsewhere && record.stage == Stage::Retired && record.since + policy.retired <= now;
    let steps = activate.into_iter().map(|key| Step::Activate(key.id)).chain(records.iter().filter(over).map(|r| Step::Remove(r.id)));
    let past = |record: &KeyRecord| record.revoked.is_some() || record.since + policy.grace <= now;
    let spent = |record: &&KeyRecord| record.stage >= Stage::Retired && past(record);
    Plan {
        steps: steps.collect(),
        destroy: records.iter().filter(spent).map(|r| r.id).filter(|id| at_hand.contains(id)).collect(),
        is_idle: shelf.is_idle(),
        warnings: shelf.warnings(activate),
    }
}

struct Shelf<'a> {
    published: BTreeMap<KeyId, &'a PublishedKey>,
    /// When the set ends.
    ends: i64,
    records: &'a [KeyRecord],
    at_hand: &'a BTreeSet<KeyId>,
    policy: &'a Policy,
    now: i64,
}

impl<'a> Shelf<'a> {
    fn published(&self, record: &KeyRecord) -> Option<&'a PublishedKey> {
        self.published.get(&record.id).copied()
    }

    /// Could sign a token now that lives until `end`, on the machine that has its private half.
    fn is_valid(&self, record: &KeyRecord, end: i64) -> bool {
        let covers = |key: &PublishedKey| key.revoked.is_none() && key.covers(self.now, end);
        record.revoked.is_none() && self.published(record).is_some_and(covers)
    }

    fn is_here(&self, record: &KeyRecord) -> bool {
        self.at_hand.contains(&record.id)
    }

    fn active(&self) -> Option<&'a KeyRecord> {
        self.records.iter().find(|record| record.stage == Stage::Active)
    }

    /// The active key has had its time, or would not last for a token that is prepared for later.
    fn due(&self) -> bool {
        let now = self.now;
        self.active().is_none_or(|key| now >= key.since + self.policy.active || !self.is_valid(key, now + self.policy.retired))
    }

    /// Keys that wait and are valid, in the order in which the set planned them.
    fn waiting(&self) -> Vec<&'a KeyRecord> {
        let can = |record: &&KeyRecord| record.stage == Stage::Pending && self.is_valid(record, self.now + self.policy.retired);
        let mut waiting: Vec<_> = self.records.iter().filter(can).collect();
        waiting.sort_by_key(|record| (self.published(record).map(|key| key.expires_at), record.id));
        waiting
    }

    fn successor(&self) -> Option<&'a KeyRecord> {
        let waiting = self.waiting();
        let in_turn = waiting.iter().find(|record| record.since + self.policy.published <= self.now);
        in_turn.or_else(|| waiting.iter().filter(|_| self.is_idle()).min_by_key(|record| record.since)).copied()
    }

    fn is_idle(&self) -> bool {
        self.active().is_none_or(|key| !self.is_valid(key, self.now + 1))
    }

    fn warnings(&self, activate: Option<&KeyRecord>) -> Vec<Warning> {
        let active = self.active().filter(|key| self.is_valid(key, self.now + 1));
        let signs = active.filter(|key| self.is_here(key)).filter(|_| activate.is_none());
        let ends = match (activate, signs) {
            (None, None) => None,
            (Some(_), _) => Some(self.now),
            (None, Some(key)) => Some((key.since + self.policy.active).max(self.now)),
        };
        let here = self.waiting().into_iter().filter(|key| self.is_here(key)).count();
        let turns = i64::try_from(here).unwrap_or(i64::MAX);
        let keys = match ends {
            // Where it is elsewhere, the warning below says so.
            None => active.is_none().then_some(Warning::NoKey),
            Some(ends) => {
                let left = ends - self.now + turns.saturating_mul(self.policy.active);
                (left <= self.policy.warning + self.policy.ahead()).then_some(Warning::KeysEnd(left))
            }
        };
        let left = self.ends - self.now;
        let set = (left <= self.policy.warning).then_some(Warning::SetEnds(left));
        let unnamed = |record: &&KeyRecord| record.revoked.is_some() && self.published(record).is_some_and(|key| key.revoked.is_none());
        let unnamed = self.records.iter().filter(unnamed).map(|record| Warning::Unpublished(record.id));
        let elsewhere = self.active().into_iter().chain(self.waiting()).filter(|key| key.revoked.is_none() && !self.is_here(key));
        let elsewhere = elsewhere.map(|record| Warning::Elsewhere(record.id));
        keys.into_iter().chain(set).chain(unnamed).chain(elsewhere).collect()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let next = "sign the next set with `countersign keys publish`";
        match self {
            Self::SetEnds(..=0) => write!(f, "the key set expired, so nothing can be checked or issued; {next}"),
            Self::SetEnds(left) => write!(f, "the key set runs out {}; {next}", In(*left)),
            Self::KeysEnd(left) => write!(f, "the signing keys run out {}; {next}", In(*left)),
            Self::NoKey => write!(f, "no published, unrevoked key with its private half can sign; {next}"),
            Self::Elsewhere(key) => write!(
                f,
                "the private half of {key} is not on this machine; bring it from the machine that has it, or revoke the key if it is lost"
            ),
            Self::Unpublished(key) => write!(f, "the published set does not say yet that {key} is revoked; {next}"),
        }
    }
}

/// A span that people read.
struct In(i64);

impl fmt::Display for In {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 / 3_600 {
            ..1 => f.write_str("within the hour"),
            1 => f.write_str("in an hour"),
            hours @ ..48 => write!(f, "in {hours} hours"),
            hours => write!(f, "in {} days", hours / 24),
        }
    }
}

/// The most keys that a set holds, so that it stays small enough for a phone.
pub const MAX_KEYS: usize = 64;

/// The next set: what it holds, and the keys that it still lacks.
#[derive(Debug)]
pub struct NextSet<'a> {
    /// Its version, higher than that of any set before.
    pub version: u64,
    /// The set that is published now, if there is one.
    pub current: Option<&'a KeySet>,
    /// Its keys as the store knows them.
    pub records: &'a [KeyRecord],
    /// By which policy.
    pub policy: &'a Policy,
    /// Seconds since 1970.
    pub now: i64,
}

/// Leaves out revoked keys where there are too many, the first to end first: a key that is not named is worth as little.
fn within_bounds(mut keys: Vec<PublishedKey>) -> Vec<PublishedKey> {
    while keys.len() > MAX_KEYS {
        let revoked = keys.iter().enumerate().filter(|(_, key)| key.revoked.is_some());
        let Some((place, _)) = revoked.min_by_key(|(_, key)| key.expires_at) else { break };
        keys.remove(place);
    }
    keys
}

impl NextSet<'_> {
    /// How many keys have to be made so that there are enough for the set's whole life, and until those of the one after it
    /// may sign.
    pub fn wanted(&self) -> usize {
        let turns = (self.ends() + self.policy.ahead() - self.lasts() + self.policy.active - 1) / self.policy.active;
        usize::try_from(turns).unwrap_or(0)
    }

    /// Puts it together: whatever is still needed of the current set, every revocation, and the `new` keys. The end of a key
    /// is never moved: anybody who keeps a copy of an older set has to judge its tokens in the same way.
    pub fn with(&self, issuer: IssuerName, new: Vec<PublicKey>) -> Result<KeySet, KeySetError> {
        let ends = |turn: i64| self.lasts() + turn * self.policy.active + self.policy.retired + self.policy.slack;
        let fresh = |(key, turn)| PublishedKey { key, not_before: self.now, expires_at: ends(turn), revoked: None };
        let keys: Vec<_> = self.kept().into_iter().chain(new.into_iter().zip(1..).map(fresh)).collect();
        KeySet::new(issuer, self.version, self.now, self.ends(), within_bounds(keys))
    }

    fn ends(&self) -> i64 {
        self.now + MAX_SET_LIFETIME
    }

    /// Until when the keys of the current set can sign, one after the other. An active one that is overdue ends now.
    fn lasts(&self) -> i64 {
        let active = self.records.iter().find(|record| record.stage == Stage::Active);
        let begins = active.map_or(self.now, |record| record.since.max(self.now - self.policy.active));
        let in_line = self.known().into_iter().filter(|(record, _)| record.stage <= Stage::Active && record.revoked.is_none());
        let turn = |until: i64, key: &PublishedKey| (until + self.policy.active).min(key.expires_at - self.policy.retired);
        in_line.fold(begins, |until, (_, key)| until.max(turn(until, key))).max(self.now)
    }

    /// The keys of the current set, those that wait last and in their order.
    fn known(&self) -> Vec<(&KeyRecord, &PublishedKey)> {
        let keys = self.current.map_or(&[][..], KeySet::keys);
        let published = |record: &KeyRecord| keys.iter().find(|key| key.key.id() == record.id);
        let mut known: Vec<_> = self.records.iter().filter_map(|record| Some((record, published(record)?))).collect();
        known.sort_by_key(|(record, key)| (std::cmp::Reverse(record.stage), key.expires_at, record.id));
        known
    }

    /// Keys that sign, wait, or of which a token may be shown; a revoked one for as long as a thief could use it.
    fn kept(&self) -> Vec<PublishedKey> {
        let needed = |(record, key): &(&KeyRecord, &PublishedKey)| match record.stage {
            Stage::Active | Stage::Retired => true,
            Stage::Pending => self.now < key.expires_at,
            Stage::Removed => self.now < key.expires_at && record.revoked.is_some(),
        };
        let carried = |(record, key): (&KeyRecord, &PublishedKey)| PublishedKey { revoked: record.revoked.clone(), ..key.clone() };
        self.known().into_iter().filter(needed).map(carried).collect()
    }
}

#[cfg(test)]
mod tests;
