//! When keys begin and cease to sign: keys, a policy and a time in, steps out. Pure.
//!
//! The policy in prose. One key signs for everybody, so that no token tells whose it is. It signs for [`Policy::active`];
//! then the next key of the set takes over, which was published for [`Policy::published`] before, so that whoever keeps a
//! copy of the set has it. A key that ceased to sign never signs again, and its private half is destroyed at once; its
//! public half stays published for [`Policy::retired`], as long as a token of it could be shown. Only where no key can
//! sign at all (at the very beginning, or after a revocation) does one take over that was published a moment ago.

use std::{collections::BTreeSet, fmt};

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
    /// How long before keys or set run out people are warned.
    pub warning: i64,
    /// How late a rotation may come, because the machine was off, before keys are switched early to make up for it.
    pub slack: i64,
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
}

/// What the policy asks for at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Moves, in this order.
    pub steps: Vec<Step>,
    /// Private halves that are of no use to anybody but a thief.
    pub destroy: Vec<KeyId>,
    /// What people have to do.
    pub warnings: Vec<Warning>,
}

/// Whose turn it is. `at_hand` are the keys whose private half is here; `now` is in seconds since 1970.
pub fn plan(set: &KeySet, records: &[KeyRecord], at_hand: &BTreeSet<KeyId>, policy: &Policy, now: i64) -> Plan {
    let shelf = Shelf { set, records, at_hand, policy, now };
    let activate = shelf.due().then(|| shelf.successor()).flatten();
    let over = |record: &&KeyRecord| record.stage == Stage::Retired && record.since + policy.retired <= now;
    let steps = activate.into_iter().map(|key| Step::Activate(key.id)).chain(records.iter().filter(over).map(|r| Step::Remove(r.id)));
    let spent = |record: &&KeyRecord| record.stage >= Stage::Retired || activate.is_some() && record.stage == Stage::Active;
    Plan {
        steps: steps.collect(),
        destroy: records.iter().filter(spent).map(|r| r.id).filter(|id| at_hand.contains(id)).collect(),
        warnings: shelf.warnings(activate),
    }
}

struct Shelf<'a> {
    set: &'a KeySet,
    records: &'a [KeyRecord],
    at_hand: &'a BTreeSet<KeyId>,
    policy: &'a Policy,
    now: i64,
}

impl<'a> Shelf<'a> {
    fn published(&self, record: &KeyRecord) -> Option<&'a PublishedKey> {
        self.set.keys().iter().find(|key| key.key.id() == record.id)
    }

    /// Could sign a token now that lives until `end`.
    fn can_sign(&self, record: &KeyRecord, end: i64) -> bool {
        let covers = |key: &PublishedKey| key.revoked.is_none() && key.covers(self.now, end);
        record.revoked.is_none() && self.at_hand.contains(&record.id) && self.published(record).is_some_and(covers)
    }

    fn active(&self) -> Option<&'a KeyRecord> {
        self.records.iter().find(|record| record.stage == Stage::Active)
    }

    /// The active key has had its time, or would not last for a token that is prepared for later.
    fn due(&self) -> bool {
        let now = self.now;
        self.active().is_none_or(|key| now >= key.since + self.policy.active || !self.can_sign(key, now + self.policy.retired))
    }

    /// Keys that wait and can sign, in the order in which the set planned them.
    fn waiting(&self) -> Vec<&'a KeyRecord> {
        let can = |record: &&KeyRecord| record.stage == Stage::Pending && self.can_sign(record, self.now + self.policy.retired);
        let mut waiting: Vec<_> = self.records.iter().filter(can).collect();
        waiting.sort_by_key(|record| (self.published(record).map(|key| key.expires_at), record.id));
        waiting
    }

    fn successor(&self) -> Option<&'a KeyRecord> {
        let waiting = self.waiting();
        let known_for = |long: i64| waiting.iter().copied().find(|record| record.since + long <= self.now);
        let idle = self.active().is_none_or(|key| !self.can_sign(key, self.now + 1));
        known_for(self.policy.published).or_else(|| known_for(0).filter(|_| idle))
    }

    fn warnings(&self, activate: Option<&KeyRecord>) -> Vec<Warning> {
        let signs = self.active().filter(|key| self.can_sign(key, self.now + 1)).filter(|_| activate.is_none());
        let ends = match (activate, signs) {
            (None, None) => None,
            (Some(_), _) => Some(self.now),
            (None, Some(key)) => Some((key.since + self.policy.active).max(self.now)),
        };
        let turns = i64::try_from(self.waiting().len()).unwrap_or(i64::MAX);
        let keys = match ends {
            None => Some(Warning::NoKey),
            Some(ends) => {
                let left = ends - self.now + turns.saturating_mul(self.policy.active);
                (left <= self.policy.warning).then_some(Warning::KeysEnd(left))
            }
        };
        let left = self.set.expires_at() - self.now;
        let set = (left <= self.policy.warning).then_some(Warning::SetEnds(left));
        let untold = |record: &&KeyRecord| record.revoked.is_some() && self.published(record).is_some_and(|key| key.revoked.is_none());
        let untold = self.records.iter().filter(untold).map(|record| Warning::Unpublished(record.id));
        keys.into_iter().chain(set).chain(untold).collect()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let next = "sign the next set with `countersign keys publish`";
        match self {
            Self::SetEnds(left) => write!(f, "the key set runs out {}; {next}", In(*left)),
            Self::KeysEnd(left) => write!(f, "the signing keys run out {}; {next}", In(*left)),
            Self::NoKey => write!(f, "no published, unrevoked key with its private half can sign; {next}"),
            Self::Unpublished(key) => write!(f, "the published set does not say yet that {key} is revoked; {next}"),
        }
    }
}

/// A span that people read.
struct In(i64);

impl fmt::Display for In {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 86_400, self.0 / 3_600) {
            (_, hours) if hours < 1 => f.write_str("within the hour"),
            (days, hours) if days < 2 => write!(f, "in {hours} hours"),
            (days, _) => write!(f, "in {days} days"),
        }
    }
}

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

impl NextSet<'_> {
    /// How many keys have to be made so that the set has enough for its whole life.
    pub fn wanted(&self) -> usize {
        let turns = (self.ends() - self.begins() + self.policy.active - 1) / self.policy.active;
        usize::try_from(turns).unwrap_or(0).saturating_sub(self.in_line().len())
    }

    /// Puts it together: whatever is still needed of the current set, revocations carried over, and the `new` keys.
    pub fn with(&self, issuer: IssuerName, new: Vec<PublicKey>) -> Result<KeySet, KeySetError> {
        let fresh = new.into_iter().map(|key| PublishedKey { key, not_before: self.now, expires_at: self.now + 1, revoked: None });
        let in_turn = self.in_line().into_iter().cloned().chain(fresh).zip(1..).map(|(key, turn): (PublishedKey, i64)| {
            let ends = self.begins() + turn * self.policy.active + self.policy.retired + self.policy.slack;
            PublishedKey { expires_at: key.expires_at.max(ends), ..key }
        });
        let keys = self.past().into_iter().chain(in_turn).collect();
        KeySet::new(issuer, self.version, self.now, self.ends(), keys)
    }

    fn ends(&self) -> i64 {
        self.now + MAX_SET_LIFETIME
    }

    /// When the first key in line began to sign. One that is overdue counts as if its time ended now.
    fn begins(&self) -> i64 {
        let active = self.records.iter().find(|record| record.stage == Stage::Active);
        active.map_or(self.now, |record| record.since.max(self.now - self.policy.active))
    }

    fn published(&self, record: &KeyRecord) -> Option<&PublishedKey> {
        self.current?.keys().iter().find(|key| key.key.id() == record.id)
    }

    /// The active key and those that wait, in their order.
    fn in_line(&self) -> Vec<&PublishedKey> {
        let mut line: Vec<_> = self
            .records
            .iter()
            .filter(|record| record.stage <= Stage::Active && record.revoked.is_none())
            .filter_map(|record| Some((record, self.published(record)?)))
            .collect();
        line.sort_by_key(|(record, key)| (std::cmp::Reverse(record.stage), key.expires_at, record.id));
        line.into_iter().map(|(_, key)| key).collect()
    }

    /// Keys that sign no more, but of which a token may be shown; a revoked one for as long as a thief could use it.
    fn past(&self) -> Vec<PublishedKey> {
        let needed = |record: &&KeyRecord| {
            record.stage == Stage::Retired
                || record.revoked.is_some() && self.published(record).is_some_and(|key| self.now < key.expires_at)
        };
        let carried = |record: &KeyRecord| Some(PublishedKey { revoked: record.revoked.clone(), ..self.published(record)?.clone() });
        self.records.iter().filter(needed).filter_map(carried).collect()
    }
}
