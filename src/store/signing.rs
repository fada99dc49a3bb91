//! Where a store meets the signer of its ledger: in the transaction of each group of acts, and once it is durable.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use super::{CheckpointRow, StoreError};
use crate::ledger::{Frontier, Hash, VerifierKey};

/// What a signer is shown of a ledger that a group of acts has just grown, all of it in their transaction.
#[derive(Debug)]
pub struct Growth {
    /// The newest checkpoint that is kept.
    pub newest: Option<CheckpointRow>,
    /// The tree that the signer knows and the one under the newest checkpoint, where that is of more entries; both of the kept nodes.
    pub between: Option<(Frontier, Frontier)>,
    /// What others appended behind the newest checkpoint, in order: bytes of whole entries.
    pub others: Vec<Vec<u8>>,
    /// What this process appended behind that: hashes of leaves, as it handed them in.
    pub own: Vec<Hash>,
    /// All of it as the kept nodes have it.
    pub whole: Frontier,
}

/// A checkpoint that is to be kept in the transaction.
#[derive(Debug)]
pub struct NewCheckpoint {
    /// The signed note.
    pub note: String,
    /// Who signed it.
    pub by: VerifierKey,
    /// What it covers.
    pub tree: Frontier,
}

/// A checkpoint that is kept.
#[derive(Debug)]
pub struct KeptCheckpoint {
    /// As it was inserted.
    pub row: CheckpointRow,
    /// What it covers.
    pub tree: Frontier,
}

/// Signs what groups of acts append. Called where the ledger is locked: it waits for nothing.
pub trait CheckpointSigner: Send + Sync {
    /// How many entries it knows; `None` while it signs nothing.
    fn known(&self) -> Option<u64>;

    /// Signs a ledger that grew out of what it knows, and nothing else.
    fn sign(&self, growth: &Growth) -> Option<NewCheckpoint>;

    /// A transaction with a checkpoint is durable.
    fn kept(&self, kept: KeptCheckpoint);

    /// Writes down a checkpoint that was kept. Before those acts are answered, and outside of their transaction.
    fn remember(&self, newest: &CheckpointRow);

    /// A group could not be signed: it signs nothing more before the whole ledger was looked at.
    fn give_up(&self);
}

/// Called once the transaction has ended.
pub(super) type Answer = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

/// An act that was run in the transaction.
pub(super) struct Done {
    /// Whether there is an entry of it.
    pub appended: bool,
    /// Whether it was taken back for want of a checkpoint.
    pub is_unsigned: bool,
    pub answer: Answer,
}

/// Answers every act of a transaction that has ended, those under a new checkpoint once that is written down.
pub(super) fn answer_all(committed: &Result<(), StoreError>, acts: Vec<Done>, kept: Option<(&Signing, KeptCheckpoint)>) {
    let kept = kept.filter(|_| committed.is_ok());
    let (waiting, answered): (Vec<Done>, Vec<Done>) = acts.into_iter().partition(|act| kept.is_some() && act.appended);
    for act in answered {
        let unsigned = committed.is_ok() && act.is_unsigned;
        (act.answer)(if unsigned { Err(&StoreError::Unsigned) } else { committed.as_ref().copied() });
    }
    if let Some((signing, kept)) = kept {
        signing.kept(kept, waiting.into_iter().map(|act| act.answer).collect());
    }
}

/// Answers that wait until a checkpoint is written down.
struct Waiting {
    newest: CheckpointRow,
    answers: Vec<Answer>,
}

/// A signer at work. What it keeps on its own disk is written by a thread of its own, so that the next group does not wait for it:
/// of several groups, the newest checkpoint is written once.
#[derive(Clone)]
pub(super) struct Signing {
    pub signer: Arc<dyn CheckpointSigner>,
    waiting: Sender<Waiting>,
}

impl Signing {
    fn start(signer: Arc<dyn CheckpointSigner>) -> Result<Self, StoreError> {
        let (waiting, received) = channel();
        let remembering = signer.clone();
        let started = thread::Builder::new().name("store-signed".into()).spawn(move || remember(&*remembering, &received));
        started.map_err(|error| StoreError::Unusable(format!("cannot start its threads ({error})")))?;
        Ok(Self { signer, waiting })
    }

    /// The transaction is durable. Its acts are answered once the checkpoint is written down as well.
    pub fn kept(&self, kept: KeptCheckpoint, answers: Vec<Answer>) {
        let newest = kept.row.clone();
        self.signer.kept(kept);
        // The thread ends when nobody can send any more.
        let _ = self.waiting.send(Waiting { newest, answers });
    }
}

fn remember(signer: &dyn CheckpointSigner, waiting: &Receiver<Waiting>) {
    while let Ok(first) = waiting.recv() {
        let Waiting { mut newest, mut answers } = first;
        for later in waiting.try_iter() {
            newest = later.newest;
            answers.extend(later.answers);
        }
        signer.remember(&newest);
        // Also where it could not be written down: the acts are durable, and nothing more is signed.
        for answer in answers {
            answer(Ok(()));
        }
    }
}

/// The signer of a store, where it has one.
#[derive(Default)]
pub(super) struct Signed(Mutex<Option<Signing>>);

impl Signed {
    pub fn by(&self, signer: Arc<dyn CheckpointSigner>) -> Result<(), StoreError> {
        let signing = Signing::start(signer)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(signing);
        Ok(())
    }

    pub fn now(&self) -> Option<Signing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
