//! A deployment's keys without any machinery: records as the store keeps them, private halves in memory, sets signed by a
//! root key. Whatever the policy must never do is asserted where it would happen.

use std::collections::{BTreeMap, BTreeSet};

use countersign::keyring::{
    IssuerName, KeyId, KeySet, PublicKeys, PublishedKey, Revocation, SigningKey,
    rotation::{KeyRecord, NextSet, Policy, Stage, Step, Warning, plan},
};
use zeroize::Zeroizing;

use crate::world::Numbers;

/// A set that came into use.
pub struct Publication {
    /// When it did.
    pub at: i64,
    /// When it was put together; what was revoked later is not in it.
    pub asked_at: i64,
    pub keys: PublicKeys,
}

impl Publication {
    pub fn entry(&self, id: KeyId) -> Option<&PublishedKey> {
        self.keys.set().keys().iter().find(|key| key.key.id() == id)
    }
}

pub struct Custody {
    pub issuer: IssuerName,
    pub policy: Policy,
    pub now: i64,
    pub records: Vec<KeyRecord>,
    pub sets: Vec<Publication>,
    /// Keys that had to sign at once, because no other could.
    pub hasty: BTreeSet<KeyId>,
    /// Keys that were revoked, as the thief has them.
    pub stolen: Vec<(PublishedKey, SigningKey)>,
    vault: BTreeMap<KeyId, SigningKey>,
    root: SigningKey,
    asked: Option<KeySet>,
}

impl Custody {
    /// Begins with a first set.
    pub fn begin(policy: Policy, now: i64, numbers: &mut Numbers) -> Self {
        let mut custody = Self {
            issuer: "verify.example.org".parse().unwrap(),
            policy,
            now,
            records: Vec::new(),
            sets: Vec::new(),
            hasty: BTreeSet::new(),
            stolen: Vec::new(),
            vault: BTreeMap::new(),
            root: draw(numbers),
            asked: None,
        };
        custody.ask(numbers);
        custody.publish();
        custody
    }

    pub fn newest(&self) -> &Publication {
        self.sets.last().unwrap()
    }

    /// What somebody has who fetched it then.
    pub fn fetched(&self, at: i64) -> &Publication {
        self.sets.iter().rev().find(|set| set.at <= at).unwrap_or(&self.sets[0])
    }

    pub fn first_published(&self, id: KeyId) -> i64 {
        self.sets.iter().find(|set| set.entry(id).is_some()).unwrap().at
    }

    pub fn record(&self, id: KeyId) -> &KeyRecord {
        self.records.iter().find(|record| record.id == id).unwrap()
    }

    pub fn active(&self) -> Option<&KeyRecord> {
        let mut active = self.records.iter().filter(|record| record.stage == Stage::Active);
        let found = active.next();
        assert_eq!(active.next(), None, "one key signs for everybody");
        found
    }

    /// The key that signs now, and what the newest set says of it.
    pub fn signs(&self) -> (&SigningKey, &PublishedKey) {
        let active = self.active().expect("a key signs at any time");
        assert_eq!(active.revoked, None);
        let published = self.newest().entry(active.id).expect("what signs is published");
        (self.vault.get(&active.id).expect("what signs is here"), published)
    }

    /// Puts the next set together and makes the keys that it lacks.
    pub fn ask(&mut self, numbers: &mut Numbers) {
        let next = self.next_set();
        let new: Vec<SigningKey> = (0..next.wanted()).map(|_| draw(numbers)).collect();
        let set = next.with(self.issuer.clone(), new.iter().map(SigningKey::public).collect()).unwrap();
        self.vault.extend(new.into_iter().map(|key| (key.public().id(), key)));
        // What the root signs is what it reads.
        self.asked = Some(KeySet::read_request(&set.request()).unwrap());
        assert_eq!(self.asked, Some(set));
    }

    pub fn has_asked(&self) -> bool {
        self.asked.is_some()
    }

    fn next_set(&self) -> NextSet<'_> {
        let current = self.sets.last().map(|set| set.keys.set());
        let version = current.map_or(0, KeySet::version) + 1;
        NextSet { version, current, records: &self.records, policy: &self.policy, now: self.now }
    }

    /// Signs what was asked for and brings it into use, as the store does.
    pub fn publish(&mut self) {
        let set = self.asked.take().unwrap();
        if let Some(last) = self.sets.last() {
            set.check_follows(last.keys.set()).unwrap();
        }
        for key in set.keys() {
            let (id, revoked) = (key.key.id(), key.revoked.clone());
            match self.records.iter().find(|record| record.id == id) {
                Some(record) => assert!(revoked.is_none() || record.revoked == revoked, "nothing is revoked that was not"),
                None => self.records.push(KeyRecord { id, stage: Stage::Pending, since: self.now, revoked }),
            }
        }
        let named: BTreeSet<KeyId> = set.keys().iter().map(|key| key.key.id()).collect();
        for record in self.records.iter_mut().filter(|record| record.stage == Stage::Pending && !named.contains(&record.id)) {
            (record.stage, record.since) = (Stage::Removed, self.now);
        }
        let keys = PublicKeys::open(&set.sign(&self.root), &self.root.public(), &self.issuer, self.now, set.version()).unwrap();
        self.sets.push(Publication { at: self.now, asked_at: set.issued_at(), keys });
    }

    /// Revokes a key in the store; a thief has it from now on.
    pub fn revoke(&mut self, id: KeyId) {
        let stolen = self.newest().entry(id).cloned().zip(self.vault.get(&id));
        self.stolen.extend(stolen.map(|(published, key)| (published, copy(key))));
        let now = self.now;
        let record = self.records.iter_mut().find(|record| record.id == id && record.revoked.is_none()).unwrap();
        if record.stage < Stage::Retired {
            (record.stage, record.since) = (Stage::Retired, now);
        }
        record.revoked = Some(Revocation { revoked_at: now, reason: "stolen".into() });
    }

    /// Carries out what the policy asks for now.
    pub fn rotate(&mut self) -> Vec<Warning> {
        let at_hand = self.vault.keys().copied().collect();
        let plan = plan(self.newest().keys.set(), &self.records, &at_hand, &self.policy, self.now);
        for step in &plan.steps {
            match step {
                Step::Activate(id) => self.activate(*id),
                Step::Remove(id) => self.moved(*id, Stage::Retired, Stage::Removed),
            }
        }
        for id in &plan.destroy {
            assert!(self.record(*id).stage >= Stage::Retired, "only what is spent is destroyed");
            self.vault.remove(id).expect("only what is here is destroyed");
        }
        for record in &self.records {
            let kept = self.vault.contains_key(&record.id);
            let is_past = record.revoked.is_some() || record.since + self.policy.grace <= self.now;
            assert!(record.stage < Stage::Retired || !is_past || !kept, "the private half of a spent key is destroyed after its grace");
            assert!(record.stage != Stage::Retired || is_past || kept, "and not before");
        }
        self.nobody_waits_in_vain();
        plan.warnings
    }

    fn activate(&mut self, id: KeyId) {
        self.was_published_in_time(id);
        if let Some(last) = self.active().map(|record| record.id) {
            self.moved(last, Stage::Active, Stage::Retired);
        }
        self.moved(id, Stage::Pending, Stage::Active);
    }

    /// A key begins to sign only when it was published for so long, unless none that was can sign.
    fn was_published_in_time(&mut self, id: KeyId) {
        if !self.is_known(id) {
            assert_eq!(self.who_could().count(), 0, "another key was published for long enough");
            assert!(self.active().is_none_or(|active| !self.can_sign(active, 1)), "the active key can still sign");
            let waiting = self.records.iter().filter(|record| record.stage == Stage::Pending && self.can_sign(record, self.policy.retired));
            assert!(waiting.map(|record| record.since).min() >= Some(self.first_published(id)), "another key was published before it");
            self.hasty.insert(id);
        }
    }

    fn nobody_waits_in_vain(&self) {
        let over = |active: &KeyRecord| self.now >= active.since + self.policy.active || !self.can_sign(active, self.policy.retired);
        if self.active().is_none_or(over) {
            assert_eq!(self.who_could().count(), 0, "it was another key's turn");
        }
    }

    fn is_known(&self, id: KeyId) -> bool {
        self.first_published(id) + self.policy.published <= self.now
    }

    fn can_sign(&self, record: &KeyRecord, for_long: i64) -> bool {
        let covers = self.newest().entry(record.id).is_some_and(|key| key.covers(self.now, self.now + for_long));
        covers && record.revoked.is_none() && self.vault.contains_key(&record.id)
    }

    /// Keys that wait, last for a token that is prepared for later, and have been published for long enough.
    fn who_could(&self) -> impl Iterator<Item = &KeyRecord> {
        let waits = |record: &&KeyRecord| record.stage == Stage::Pending && self.is_known(record.id);
        self.records.iter().filter(waits).filter(|record| self.can_sign(record, self.policy.retired))
    }

    fn moved(&mut self, id: KeyId, from: Stage, to: Stage) {
        let now = self.now;
        let record = self.records.iter_mut().find(|record| record.id == id).unwrap();
        assert_eq!(record.stage, from, "keys move forward, one step at a time");
        (record.stage, record.since) = (to, now);
    }
}

fn draw(numbers: &mut Numbers) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new(std::array::from_fn(|_| numbers.byte())))
}

fn copy(key: &SigningKey) -> SigningKey {
    SigningKey::from_pem(&key.to_pem(None).unwrap(), None).unwrap()
}
