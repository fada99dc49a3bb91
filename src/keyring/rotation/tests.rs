//! Each rule of the policy in prose, at its edges.

mod next_set;
mod turns;
mod warnings;

use zeroize::Zeroizing;

use super::*;
use crate::keyring::SigningKey;

const NOW: i64 = 1_795_000_000;
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
const POLICY: Policy = Policy { active: WEEK, published: DAY, retired: DAY + 660, grace: DAY, warning: WEEK, slack: DAY };

fn public(n: u8) -> PublicKey {
    SigningKey::from_seed(&Zeroizing::new([n; 32])).public()
}

fn id(n: u8) -> KeyId {
    public(n).id()
}

fn issuer() -> IssuerName {
    "verify.example.org".parse().unwrap()
}

fn stolen() -> Revocation {
    Revocation { revoked_at: NOW, reason: "stolen".into() }
}

/// Three keys that were published at [`NOW`], of which the first began to sign then.
struct Case {
    published: Vec<PublishedKey>,
    records: Vec<KeyRecord>,
    at_hand: BTreeSet<KeyId>,
    policy: Policy,
}

impl Case {
    fn new() -> Self {
        let published = |turn: u8| PublishedKey {
            key: public(turn),
            not_before: NOW,
            expires_at: NOW + i64::from(turn) * WEEK + POLICY.retired + POLICY.slack,
            revoked: None,
        };
        let record = |n: u8| KeyRecord { id: id(n), stage: if n == 1 { Stage::Active } else { Stage::Pending }, since: NOW, revoked: None };
        Self {
            published: (1..=3).map(published).collect(),
            records: (1..=3).map(record).collect(),
            at_hand: (1..=3).map(id).collect(),
            policy: POLICY,
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut case = Self::new();
        change(&mut case);
        case
    }

    fn record(&mut self, n: u8) -> &mut KeyRecord {
        self.records.iter_mut().find(|record| record.id == id(n)).unwrap()
    }

    fn published(&mut self, n: u8) -> &mut PublishedKey {
        self.published.iter_mut().find(|key| key.key.id() == id(n)).unwrap()
    }

    fn unpublish(&mut self, n: u8) {
        self.published.retain(|key| key.key.id() != id(n));
    }

    fn lose(&mut self, n: u8) {
        self.at_hand.remove(&id(n));
    }

    /// As the store does; the set does not say so yet.
    fn revoke(&mut self, n: u8) {
        let record = self.record(n);
        (record.stage, record.revoked) = (Stage::Retired, Some(stolen()));
    }

    fn set(&self) -> KeySet {
        KeySet::new(issuer(), 3, NOW, NOW + MAX_SET_LIFETIME, self.published.clone()).unwrap()
    }

    fn plan(&self, now: i64) -> Plan {
        plan(&self.set(), &self.records, &self.at_hand, &self.policy, now)
    }

    /// Which key begins to sign at this moment.
    fn takes_over(&self, now: i64) -> Option<u8> {
        self.plan(now).steps.iter().find_map(|step| match step {
            Step::Activate(key) => (1..=9).find(|n| id(*n) == *key),
            Step::Remove(_) => None,
        })
    }

    fn after<'a>(&'a self, set: &'a KeySet, now: i64) -> NextSet<'a> {
        NextSet { version: 4, current: Some(set), records: &self.records, policy: &self.policy, now }
    }

    fn wanted(&self, now: i64) -> usize {
        self.after(&self.set(), now).wanted()
    }

    /// The set after this, with `new` keys.
    fn following(&self, now: i64, new: &[u8]) -> KeySet {
        self.after(&self.set(), now).with(issuer(), new.iter().copied().map(public).collect()).unwrap()
    }
}

/// A way in which a case is otherwise than usual.
type Change = fn(&mut Case);

/// Ways in which the first key cannot sign any more.
const LOST: [Change; 4] = [
    |case| case.revoke(1),
    |case| case.published(1).revoked = Some(stolen()),
    |case| case.unpublish(1),
    |case| case.published(1).expires_at = NOW + 60,
];
