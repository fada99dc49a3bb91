//! The overseer's check of a whole ledger, one entry after the other, with nothing but its lines and a public key.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Checkpoint, Entry, Event, Frontier, Hash, KeyCause, KeyChange, NodeId, Succession, VerifierKey,
    conduct::{Conduct, Remark},
    leaf_hash,
    succession::{Trust, Unvouched},
};

/// What was found at an entry, or about the whole where none is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Entries count from 1.
    pub entry: Option<u64>,
    /// In a sentence without its end.
    pub what: String,
}

/// A stretch of time without an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Silence {
    /// How long it was.
    pub seconds: i64,
    /// The entry that ended it.
    pub before: u64,
}

/// What an audit found. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The origin of its checkpoints.
    pub ledger: String,
    /// How many entries there are.
    pub entries: u64,
    /// When the first and the last were made.
    pub period: Option<(i64, i64)>,
    /// How many of each kind.
    pub counts: BTreeMap<String, u64>,
    /// How many checkpoints were signed.
    pub checkpoints: u64,
    /// How many entries stand under one.
    pub signed: u64,
    /// The sizes of the checkpoints that were kept outside and agree.
    pub kept: Vec<u64>,
    /// The longest stretch of time without an entry.
    pub longest_silence: Option<Silence>,
    /// What may be, and somebody should look at; the first [`FINDINGS`] of it.
    pub unusual: Vec<Finding>,
    /// How much of that there is.
    pub unusual_count: u64,
    /// What may not be; the first [`FINDINGS`] of it.
    pub faults: Vec<Finding>,
    /// How many of those there are.
    pub fault_count: u64,
}

/// How many findings of a sort are kept: a file of nothing but faults must not fill the memory.
pub const FINDINGS: usize = 10_000;

/// A ledger under audit.
pub struct Audit {
    trust: Trust,
    kept: Vec<Checkpoint>,
    compared: usize,
    signed: HashSet<u64>,
    /// Checkpoints that stand behind the newest entry and were looked at, by SHA-256: one that stands there again costs no signature.
    judged: HashSet<[u8; 32]>,
    frontier: Frontier,
    conduct: Conduct,
    report: Report,
}

impl Audit {
    /// Begins with an empty ledger whose key never changes. `kept` are checkpoints that were kept outside.
    pub fn new(key: VerifierKey, kept: Vec<Checkpoint>) -> Self {
        Self::of(&Succession::new(key.clone(), Vec::new()), key, kept)
    }

    /// Begins with an empty ledger. `key` is the one that the auditor has from elsewhere, whichever of the ledger's it is. The
    /// keys that the ledger names are believed as far as that one leads to them.
    pub fn of(keys: &Succession, key: VerifierKey, mut kept: Vec<Checkpoint>) -> Self {
        kept.sort_by_key(|kept| kept.size);
        let report = Report {
            ledger: key.name().to_owned(),
            entries: 0,
            period: None,
            counts: BTreeMap::new(),
            checkpoints: 0,
            signed: 0,
            kept: Vec::new(),
            longest_silence: None,
            unusual: Vec::new(),
            unusual_count: 0,
            faults: Vec::new(),
            fault_count: 0,
        };
        let trust = Trust::new(keys.first().clone(), key);
        let (signed, judged) = (HashSet::new(), HashSet::new());
        Self { trust, kept, compared: 0, signed, judged, frontier: Frontier::default(), conduct: Conduct::default(), report }
    }

    /// How many entries were taken.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// How many entries of a kind were taken.
    pub fn count(&self, kind: &str) -> u64 {
        self.report.counts.get(kind).copied().unwrap_or_default()
    }

    /// Takes the next entry's bytes. Gives the inner nodes of the tree that it completes.
    pub fn entry(&mut self, leaf: &[u8]) -> Vec<(NodeId, Hash)> {
        let completed = self.frontier.push(leaf_hash(leaf));
        self.judged.clear();
        let number = self.size();
        self.report.entries = number;
        match Entry::parse(leaf) {
            Ok(entry) => self.follow(number, &entry),
            Err(error) => self.fault(Some(number), error.to_string()),
        }
        self.compare_kept();
        completed
    }

    fn follow(&mut self, number: u64, entry: &Entry) {
        *self.report.counts.entry(entry.kind()).or_default() += 1;
        let (first, last) = self.report.period.unwrap_or((entry.at, entry.at));
        let seconds = entry.at.saturating_sub(last);
        if self.report.longest_silence.is_none_or(|longest| seconds > longest.seconds) && seconds > 0 {
            self.report.longest_silence = Some(Silence { seconds, before: number });
        }
        self.report.period = Some((first, entry.at));
        self.key_change(number, entry);
        for remark in self.conduct.follow(entry) {
            match remark {
                Remark::Fault(what) => self.fault(Some(number), what),
                Remark::Unusual(what) => self.unusual(number, what),
            }
        }
    }

    fn key_change(&mut self, number: u64, entry: &Entry) {
        let Some(change) = KeyChange::of(number, entry) else { return };
        let signed = self.report.signed;
        if let Event::LedgerKeyChanged { size, cause, .. } = entry.event
            && cause != KeyCause::Restored
            && size != signed
        {
            let what = format!("the key is said to have been replaced behind a checkpoint of {size} entries, but it signed {signed}");
            self.fault(Some(number), what);
        }
        self.trust.change(change);
    }

    fn vouched(&mut self, unvouched: Vec<Unvouched>) {
        for Unvouched { number, is_fault } in unvouched {
            if is_fault {
                let what = "the key before did not sign for this change of the ledger's key; once the organisation has given you the new \
                            key on paper, name it with --key";
                self.fault(Some(number), what.to_owned());
            } else {
                let what = "the key before did not sign for this change of the ledger's key".to_owned();
                self.unusual(number, what);
            }
        }
    }

    /// Takes a checkpoint, which stands right behind the last entry that it covers.
    pub fn checkpoint(&mut self, note: &str) {
        self.report.checkpoints += 1;
        if !self.judged.insert(Sha256::digest(note).into()) {
            return;
        }
        let number = self.size();
        match Checkpoint::open(note, self.trust.in_force()) {
            Err(error) => self.fault(Some(number), format!("the checkpoint after this entry cannot be believed: {error}")),
            Ok(checkpoint) if checkpoint.size != number => {
                self.fault(Some(number), format!("a checkpoint of {} entries stands after this entry", checkpoint.size));
            }
            Ok(checkpoint) if checkpoint.root != self.frontier.root() => {
                let first = self.report.signed + 1;
                self.fault(
                    Some(number),
                    format!("one of the entries {first} to {number} is not as the checkpoint after them was signed for"),
                );
            }
            Ok(_) => {
                self.report.signed = number;
                // Nothing is asked of the others.
                if self.kept.iter().any(|kept| kept.size == number) {
                    self.signed.insert(number);
                }
                let unvouched = self.trust.checkpoint(note);
                self.vouched(unvouched);
            }
        }
    }

    /// What only the caller of the audit can see.
    pub fn fault(&mut self, entry: Option<u64>, what: String) {
        self.report.fault_count += 1;
        if self.report.faults.len() < FINDINGS {
            self.report.faults.push(Finding { entry, what });
        }
    }

    fn unusual(&mut self, entry: u64, what: String) {
        self.report.unusual_count += 1;
        if self.report.unusual.len() < FINDINGS {
            self.report.unusual.push(Finding { entry: Some(entry), what });
        }
    }

    fn compare_kept(&mut self) {
        let size = self.size();
        while let Some(kept) = self.kept.get(self.compared).copied().filter(|kept| kept.size <= size) {
            self.compared += 1;
            if kept.size == size && kept.root == self.frontier.root() {
                self.report.kept.push(size);
            } else if kept.size == size {
                let what = format!("the first {size} entries are not those of the checkpoint that was kept: one of them was changed since");
                self.fault(Some(size), what);
            }
        }
    }

    /// Ends the audit.
    pub fn finish(mut self) -> Report {
        let size = self.size();
        for kept in self.kept.clone() {
            if kept.size > size {
                self.fault(Some(size), format!("this is the last entry, but a checkpoint of {} was kept: entries are missing", kept.size));
            } else if kept.size > 0 && !self.signed.contains(&kept.size) {
                self.fault(Some(kept.size), "the checkpoint after this entry was kept, but is missing here".to_owned());
            }
        }
        if self.trust.given_signed_nothing() {
            self.fault(None, "no checkpoint here is signed by the key that was given".to_owned());
        }
        if size == 0 {
            self.fault(None, "there is no entry".to_owned());
        } else if self.report.checkpoints == 0 {
            self.fault(None, "no checkpoint was signed; the running service signs one within a minute".to_owned());
        } else if self.report.signed < size {
            let what = format!("from this one on, {} entries are under no good checkpoint yet", size - self.report.signed);
            self.unusual(self.report.signed + 1, what);
        }
        self.report
    }
}

/// A line of an export: an entry as it stands, or a checkpoint as `{"checkpoint": note}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The bytes of an entry.
    Entry(&'a [u8]),
    /// A signed note.
    Checkpoint(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    checkpoint: String,
}

impl<'a> Line<'a> {
    /// Reads a line, without its end. Whatever is no checkpoint is taken for an entry, which the audit then judges.
    pub fn read(line: &'a [u8]) -> Self {
        serde_json::from_slice(line).map_or(Self::Entry(line), |Signed { checkpoint }| Self::Checkpoint(checkpoint))
    }

    /// Writes the line of a checkpoint, without its end.
    pub fn checkpoint(note: &str) -> String {
        // A struct of one string always serializes.
        serde_json::to_string(&Signed { checkpoint: note.to_owned() }).unwrap_or_default()
    }
}
