//! Which key checkpoints are signed by, and how one that is known leads to the others.

use super::{Checkpoint, CheckpointError, Entry, Event, KeyCause, Proof, ProofError, VerifierKey};

/// A change of the ledger's key that stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// Its entry, counted from 1.
    pub number: u64,
    /// The key before.
    pub old: VerifierKey,
    /// The key from this entry on.
    pub new: VerifierKey,
    /// Why.
    pub cause: KeyCause,
}

impl KeyChange {
    /// What an entry says, if it is one about the ledger's key.
    pub fn of(number: u64, entry: &Entry) -> Option<Self> {
        let Event::LedgerKeyChanged { old, new, cause, .. } = &entry.event else { return None };
        Some(Self { number, old: (**old).clone(), new: (**new).clone(), cause: *cause })
    }
}

/// The keys of a ledger, as its own entries name them.
#[derive(Clone, Debug)]
pub struct Succession {
    first: VerifierKey,
    changes: Vec<KeyChange>,
}

impl Succession {
    /// From the changes in their order; `only` is the key of a ledger in which it never changed.
    pub fn new(only: VerifierKey, changes: Vec<KeyChange>) -> Self {
        Self { first: changes.first().map_or(only, |change| change.old.clone()), changes }
    }

    /// The key of the first checkpoint.
    pub fn first(&self) -> &VerifierKey {
        &self.first
    }

    /// The key in force now.
    pub fn newest(&self) -> &VerifierKey {
        self.changes.last().map_or(&self.first, |change| &change.new)
    }

    /// The newest change.
    pub fn change(&self) -> Option<&KeyChange> {
        self.changes.last()
    }

    /// The key of a checkpoint that covers so many entries.
    fn of_size(&self, size: u64) -> &VerifierKey {
        self.changes.iter().rev().find(|change| change.number <= size).map_or(&self.first, |change| &change.new)
    }

    /// Reads a checkpoint that the key of its size signed.
    pub fn open(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let fits = self.keys().find_map(|key| {
            let opened = Checkpoint::open(note, key).ok();
            opened.filter(|checkpoint| self.of_size(checkpoint.size) == key)
        });
        fits.map_or_else(|| self.open_any(note).and(Err(CheckpointError::AnotherTime)), Ok)
    }

    /// Reads a checkpoint that any of the keys signed.
    pub fn open_any(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let opened = self.keys().find_map(|key| Checkpoint::open(note, key).ok());
        opened.map_or_else(|| Checkpoint::open(note, self.newest()), Ok)
    }

    /// The key that signed a checkpoint, which was in force at its size.
    pub fn signer(&self, note: &str) -> Result<&VerifierKey, CheckpointError> {
        self.open(note).map(|checkpoint| self.of_size(checkpoint.size))
    }

    /// Whether a key is one of them.
    pub fn names(&self, key: &VerifierKey) -> bool {
        self.keys().any(|named| named == key)
    }

    fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        std::iter::once(&self.first).chain(self.changes.iter().map(|change| &change.new))
    }
}

/// A change of the key with what shows it to somebody who has one of both keys.
#[derive(Clone, Debug)]
pub struct Handover {
    /// What is shown.
    pub change: KeyChange,
    /// Covers the change.
    pub checkpoint: Checkpoint,
    /// Who signed that: the new key, or, where it was replaced before it signed anything, the one that came after it.
    pub by: VerifierKey,
    /// Whether the key before signed that checkpoint too.
    pub vouched: bool,
}

impl Handover {
    /// Reads proofs of all changes, oldest first, that each stands under a checkpoint by its new key or by one of a later change.
    pub fn all(proofs: &[Proof]) -> Result<Vec<Self>, ProofError> {
        let change = |proof: &Proof| {
            let named = Entry::parse(&proof.leaf).ok().and_then(|entry| KeyChange::of(proof.index.saturating_add(1), &entry));
            named.filter(|change| change.old.name() == change.new.name()).ok_or(ProofError::Malformed)
        };
        let changes = proofs.iter().map(change).collect::<Result<Vec<_>, _>>()?;
        let open = |(n, proof): (usize, &Proof)| {
            let change = &changes[n];
            let signed = |later: &&KeyChange| later.new.open(&proof.checkpoint).is_ok();
            let by = changes[n..].iter().rev().find(signed).map_or(&change.new, |later| &later.new).clone();
            let (_, checkpoint) = proof.verify(&by)?;
            let vouched = change.old.open(&proof.checkpoint).is_ok();
            Ok(Self { change: change.clone(), checkpoint, by, vouched })
        };
        proofs.iter().enumerate().map(open).collect()
    }
}

/// The keys that one known key leads to.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// The known one, those before it, and those behind it that are vouched for, which come last.
    keys: Vec<VerifierKey>,
    /// How the newer ones of them came.
    pub followed: Vec<Handover>,
    /// The change behind them that nobody vouches for.
    pub stopped: Option<Handover>,
}

impl Lineage {
    /// Follows `known` both ways. A key before is named under the signature of one behind it that is known already; a key behind
    /// needs the signature of the one before.
    pub fn of(known: &VerifierKey, handovers: &[Handover]) -> Self {
        let mut lineage = Self { keys: vec![known.clone()], followed: Vec::new(), stopped: None };
        let mut key = known;
        for Handover { change, by, .. } in handovers.iter().rev() {
            if change.new == *key && lineage.keys.contains(by) {
                key = &change.old;
                lineage.keys.push(key.clone());
            }
        }
        lineage.keys.reverse();
        key = known;
        for handover in handovers {
            if handover.change.old != *key || lineage.stopped.is_some() {
                continue;
            }
            if handover.vouched {
                key = &handover.change.new;
                lineage.keys.push(key.clone());
                lineage.followed.push(handover.clone());
            } else {
                lineage.stopped = Some(handover.clone());
            }
        }
        lineage
    }

    /// Reads a checkpoint of today. A key that was replaced signs none any more, in any hands.
    pub fn open_newest(&self, note: &str) -> Option<Checkpoint> {
        self.keys.last().and_then(|key| Checkpoint::open(note, key).ok())
    }

    /// Reads a checkpoint of any time.
    pub fn open_kept(&self, note: &str) -> Option<Checkpoint> {
        self.keys.iter().find_map(|key| Checkpoint::open(note, key).ok())
    }
}

/// The keys of a ledger under audit, by one that the auditor has from elsewhere.
pub(super) struct Trust {
    given: VerifierKey,
    in_force: VerifierKey,
    /// Whether the given key has been in force yet.
    reached: bool,
    /// Whether it signed a checkpoint that fits.
    signed: bool,
    changed: bool,
    uncovered: Vec<Uncovered>,
}

/// A change under no checkpoint yet.
struct Uncovered {
    number: u64,
    old: VerifierKey,
    /// Whether the given key is an older one, so that only the signature of the key before leads on from it.
    given_is_older: bool,
}

/// A change for which the key before did not sign.
pub(super) struct Unvouched {
    pub number: u64,
    /// Whether the auditor's key is an older one, which then leads no further.
    pub is_fault: bool,
}

impl Trust {
    pub(super) fn new(first: VerifierKey, given: VerifierKey) -> Self {
        let reached = first == given;
        Self { given, in_force: first, reached, signed: false, changed: false, uncovered: Vec::new() }
    }

    pub(super) fn in_force(&self) -> &VerifierKey {
        &self.in_force
    }

    pub(super) fn change(&mut self, KeyChange { number, new, .. }: KeyChange) {
        let old = std::mem::replace(&mut self.in_force, new);
        self.uncovered.push(Uncovered { number, old, given_is_older: self.reached });
        self.reached |= self.in_force == self.given;
        self.changed = true;
    }

    /// Takes a checkpoint that fits under the key in force.
    pub(super) fn checkpoint(&mut self, note: &str) -> Vec<Unvouched> {
        self.signed |= self.in_force == self.given;
        let mut unvouched = Vec::new();
        for Uncovered { number, old, given_is_older } in std::mem::take(&mut self.uncovered) {
            if old.open(note).is_ok() {
                self.signed |= old == self.given;
            } else {
                unvouched.push(Unvouched { number, is_fault: given_is_older });
            }
        }
        unvouched
    }

    /// Whether the key changed, and the given one signed nothing.
    pub(super) fn given_signed_nothing(&self) -> bool {
        self.changed && !self.signed
    }
}
