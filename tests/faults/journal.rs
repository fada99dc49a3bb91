//! Everything that anybody was answered for good, and whether it can all be true.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign::clock::{Clock as _, SystemClock};
use serde_json::Value;

/// A token in the journal, by its place.
pub type Key = usize;

/// The machine's time, which the service may believe to be another.
pub fn now() -> i64 {
    SystemClock.now()
}

/// What must never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Two attempts were answered `genuine`.
    TwoFirsts { id: String },
    /// The mark of an acknowledged first use is gone.
    LostMark { id: String },
    /// A token that its officer has in hand is not on record.
    LostIssue { id: String },
    /// An honest token got another answer than it may.
    Wrong { id: String, verdict: String },
    /// No answer within the documented wait.
    Late { id: String },
    /// The store does not open any more, or cannot be read.
    Unusable(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoFirsts { id } => write!(f, "{id} was genuine for two attempts"),
            Self::LostMark { id } => write!(f, "the acknowledged use of {id} is lost"),
            Self::LostIssue { id } => write!(f, "{id} was issued and is not on record"),
            Self::Wrong { id, verdict } => write!(f, "{id} is honest and was answered {verdict}"),
            Self::Late { id } => write!(f, "{id} had no answer in time"),
            Self::Unusable(why) => write!(f, "the store is unusable: {why}"),
        }
    }
}

/// One token and what was said of it.
pub struct Entry {
    pub id: String,
    token: String,
    pub expires_at: i64,
    /// The attempt that was answered `genuine`.
    pub first: Option<String>,
    /// Attempts that were answered that another was first.
    second: HashSet<String>,
    /// Attempts that were sent, for retries.
    sent: Vec<String>,
}

/// The record that all clients share.
#[derive(Default)]
pub struct Journal {
    /// Clocks step: what is honest may be early, late or not allowed yet, but no less used and no less genuine.
    pub clocks_step: AtomicBool,
    entries: Mutex<Vec<Entry>>,
    findings: Mutex<Vec<Finding>>,
}

impl Journal {
    pub fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap()
    }

    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// First uses that were acknowledged.
    pub fn firsts(&self) -> usize {
        self.entries().iter().filter(|entry| entry.first.is_some()).count()
    }

    pub fn issued(&self, answer: &Value) -> Key {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        let mut entries = self.entries();
        entries.push(Entry {
            id: text("id"),
            token: text("token"),
            expires_at: answer["expires_at"].as_i64().unwrap(),
            first: None,
            second: HashSet::new(),
            sent: vec![],
        });
        entries.len() - 1
    }

    pub fn id(&self, key: Key) -> String {
        self.entries()[key].id.clone()
    }

    pub fn token(&self, key: Key) -> String {
        self.entries()[key].token.clone()
    }

    pub fn first(&self, key: Key) -> Option<String> {
        self.entries()[key].first.clone()
    }

    pub fn sent(&self, key: Key, attempt: &str) {
        let mut entries = self.entries();
        let sent = &mut entries[key].sent;
        if !sent.iter().any(|known| known == attempt) {
            sent.push(attempt.to_owned());
        }
    }

    /// All that were sent.
    pub fn attempts(&self, key: Key) -> Vec<String> {
        self.entries()[key].sent.clone()
    }

    /// Some attempt that was sent before, to be sent again.
    pub fn earlier(&self, key: Key, any: usize) -> Option<String> {
        let entries = self.entries();
        let sent = &entries[key].sent;
        (!sent.is_empty()).then(|| sent[any % sent.len()].clone())
    }

    /// Judges an answer to an honest token that has not run out.
    pub fn heard(&self, key: Key, attempt: &str, verdict: &str) {
        let mut entries = self.entries();
        let entry = &mut entries[key];
        let id = entry.id.clone();
        let finding = match verdict {
            "genuine" if entry.second.contains(attempt) => Some(Finding::LostMark { id }),
            "genuine" => match &entry.first {
                None => {
                    entry.first = Some(attempt.to_owned());
                    None
                }
                Some(first) => (first != attempt).then_some(Finding::TwoFirsts { id }),
            },
            "already_checked" if entry.first.as_deref() == Some(attempt) => Some(Finding::LostMark { id }),
            "already_checked" => {
                entry.second.insert(attempt.to_owned());
                None
            }
            "expired" | "not_yet_valid" if self.clocks_step.load(Ordering::Relaxed) => None,
            other => Some(Finding::Wrong { id, verdict: other.to_owned() }),
        };
        drop(entries);
        if let Some(finding) = finding {
            self.found(finding);
        }
    }

    pub fn late(&self, key: Key) {
        let id = self.id(key);
        self.found(Finding::Late { id });
    }

    pub fn found(&self, finding: Finding) {
        self.findings.lock().unwrap().push(finding);
    }

    /// The first thing that was found.
    pub fn verdict(&self) -> Result<(), Finding> {
        self.findings.lock().unwrap().first().cloned().map_or(Ok(()), Err)
    }

    /// Panics with all that was found.
    pub fn assert_sound(&self, when: &str) {
        let findings: Vec<String> = self.findings.lock().unwrap().iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{when}: {findings:#?}");
    }
}
