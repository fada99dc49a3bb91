//! Replaces the ledger's key, in steps of which each can be the last: the next attempt finishes what was begun.
//!
//! The new private half is durable beside the old one; the change is in the ledger; a checkpoint over it, by both keys where
//! the old one can vouch, is on this machine's disk and in the store; only then the new one takes the old one's place.

use std::sync::Arc;

use super::{LedgerKey, LedgerVault, NotaryError, VaultError, draw_key, survey::Survey};
use crate::{
    authority::{Actor, ActorName, is_short_text},
    clock::Clock,
    entropy::{Entropy, NoEntropy},
    ledger::{Checkpoint, CheckpointError, Event, KeyCause, KeyChange, VerifierKey},
    store::{LedgerStore, StoreError},
};

/// How often a change is tried while a running service signs checkpoints in between.
const TRIES: usize = 8;

/// The ledger's key was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// The old key has to be named.
    #[error("there is no ledger.vkey in the key folder, which names the key to be replaced; put it back, the overseer has it too")]
    NoName,
    /// It is not lost.
    #[error(
        "the ledger's key {0} is here and in force, so it is not lost; to replace it all the same, run this without --lost, and else give \
         that one to the overseer"
    )]
    NotLost(String),
    /// It is lost.
    #[error("private/ledger.pem is not the ledger's key {0}; put that one back, or name --lost if it is gone")]
    Lost(String),
    /// What would be destroyed is of somewhere else.
    #[error(
        "private/ledger.pem holds {held}, which is not a key of this store's ledger; move it away first, since it would be destroyed, and \
         put {newest} back, or name --lost if that is gone"
    )]
    Stranger {
        /// What is here.
        held: String,
        /// What should be.
        newest: String,
    },
    /// Nothing was lost.
    #[error(
        "the store has all that this machine signed, so nothing was lost with an older copy of it, and its key {0} need not be replaced; if \
         the key folder is the older one, bring the newest ledger.vkey to it, with private/ledger.pem, or name --lost if that is gone"
    )]
    NotRestored(String),
    /// The reason of a change is not one.
    #[error("the reason must be 1 to 64 printable ASCII characters; it is published")]
    Reason,
    /// The named key did not sign so far.
    #[error(
        "ledger.vkey of the key folder is not the key that signed the newest checkpoint ({0}); put the one back that the overseer has, \
         and run this again"
    )]
    OtherName(CheckpointError),
    /// Others were faster.
    #[error("the ledger was signed or its key replaced at the same moment; run this again")]
    Overtaken,
    /// The ledger is not in order.
    #[error(transparent)]
    Ledger(#[from] NotaryError),
    /// Key folder.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// A change that is done.
#[derive(Debug, PartialEq, Eq)]
pub struct Renewed {
    /// What the ledger says.
    pub change: KeyChange,
    /// Whether the key before signed for it.
    pub vouched: bool,
    /// Whether it was begun before.
    pub resumed: bool,
}

/// The keys of the vault, read once.
struct Held {
    published: Option<VerifierKey>,
    current: Option<LedgerKey>,
    next: Option<LedgerKey>,
}

impl Held {
    fn read(vault: &dyn LedgerVault) -> Result<Self, VaultError> {
        Ok(Self { published: vault.published()?, current: vault.current()?, next: vault.next()? })
    }

    /// The key that this machine says is in force.
    fn name(&self) -> Option<&VerifierKey> {
        self.published.as_ref().or(self.current.as_ref().map(LedgerKey::name))
    }

    fn names(&self) -> Vec<&VerifierKey> {
        self.published.iter().chain([&self.current, &self.next].into_iter().flatten().map(LedgerKey::name)).collect()
    }

    fn key(&self, name: &VerifierKey) -> Option<&LedgerKey> {
        [&self.next, &self.current].into_iter().flatten().find(|key| key.name() == name)
    }

    /// The newest change, if its key is here and something behind its entry is left to do.
    fn unfinished<'a>(&self, survey: &'a Survey) -> Option<&'a KeyChange> {
        let in_place = |name: &VerifierKey| self.current.as_ref().is_some_and(|key| key.name() == name) && self.name() == Some(name);
        let begun = |change: &&KeyChange| survey.uncovered().is_some() || !in_place(&change.new);
        survey.keys.change().filter(|change| self.key(&change.new).is_some()).filter(begun)
    }
}

/// What it takes to replace the ledger's key.
pub struct Renewal {
    store: Arc<dyn LedgerStore>,
    vault: Arc<dyn LedgerVault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    put_back: Option<VerifierKey>,
}

impl Renewal {
    /// Of the ledger in a store, whose key is in a vault.
    pub fn new(store: Arc<dyn LedgerStore>, vault: Arc<dyn LedgerVault>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, vault, clock, entropy, put_back: None }
    }

    /// The store was put back and is bound to this key, which may have been replaced since the copy was made.
    #[must_use]
    pub fn put_back(self, bound_to: VerifierKey) -> Self {
        Self { put_back: Some(bound_to), ..self }
    }

    /// Replaces the key, or finishes a change that was begun, whatever its cause was. Said to be stolen, the key is always
    /// replaced by one that is made now: what was here before may be in a thief's hands.
    pub async fn renew(&self, cause: KeyCause, reason: Option<&str>) -> Result<Renewed, RenewalError> {
        if reason.is_some_and(|reason| !is_short_text(reason)) {
            return Err(RenewalError::Reason);
        }
        let mut held = Held::read(&*self.vault)?;
        let survey = self.survey(&held).await?;
        let begun = held.unfinished(&survey);
        if let Some(change) = begun
            && self.may_finish(change, cause, &survey).await?
        {
            return self.finish(&held, change.clone(), cause, true).await;
        }
        if let Some(change) = self.done_before(cause, &survey, &held).await? {
            return self.renewed(change, true).await;
        }
        self.allow(cause, &survey, &held).await?;
        if begun.is_some() {
            self.vault.take_over()?;
            held = Held::read(&*self.vault)?;
        }
        self.make_next(cause, &survey, &mut held)?;
        let change = self.record(&held, survey.keys.newest(), cause, reason).await?;
        self.finish(&held, change, cause, false).await
    }

    async fn survey(&self, held: &Held) -> Result<Survey, RenewalError> {
        let only = self.put_back.as_ref().or(held.name()).ok_or(RenewalError::NoName)?;
        let survey = Survey::read(&*self.store, &*self.vault, only, &held.names()).await.map_err(|error| match error {
            NotaryError::Foreign(error) if self.put_back.is_none() => RenewalError::OtherName(error),
            error => error.into(),
        })?;
        survey.extends_stored(&*self.store).await?;
        Ok(survey)
    }

    /// Whether the store has all that this machine signed, and if not, why.
    async fn fits(&self, survey: &Survey) -> Result<Result<(), NotaryError>, StoreError> {
        match survey.extends_last(&*self.store).await {
            Err(NotaryError::Store(error)) => Err(error),
            fits => Ok(fits),
        }
    }

    /// Whether a change that was begun is finished with its own key, or given up for one more change.
    async fn may_finish(&self, change: &KeyChange, cause: KeyCause, survey: &Survey) -> Result<bool, RenewalError> {
        if cause == KeyCause::Stolen {
            return Ok(false);
        }
        match self.fits(survey).await? {
            Ok(()) => Ok(true),
            // One key never signs two ledgers; this one signed none yet.
            Err(_) if change.cause == KeyCause::Restored && !survey.last_is_by(&change.new) => Ok(true),
            Err(_) if cause == KeyCause::Restored => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The newest change, where a command is repeated that ended behind its last step: it was for this cause, and its own
    /// checkpoint is the newest.
    async fn done_before(&self, cause: KeyCause, survey: &Survey, held: &Held) -> Result<Option<KeyChange>, RenewalError> {
        let same = |change: &&KeyChange| change.cause == cause && cause != KeyCause::Stolen && held.key(&change.new).is_some();
        let Some(change) = survey.keys.change().filter(same) else { return Ok(None) };
        let covering = self.store.first_checkpoint(change.number.cast_signed()).await?;
        let is_newest = covering.is_some_and(|row| row.size.cast_unsigned() == survey.signed());
        Ok((is_newest && self.fits(survey).await?.is_ok()).then(|| change.clone()))
    }

    /// Whether the cause is so, and nothing is destroyed that belongs elsewhere.
    async fn allow(&self, cause: KeyCause, survey: &Survey, held: &Held) -> Result<(), RenewalError> {
        let newest = survey.keys.newest();
        let is_strange = |key: &&LedgerKey| !survey.keys.names(key.name()) && !survey.last_is_by(key.name());
        if let Some(key) = held.current.as_ref().filter(is_strange)
            && held.unfinished(survey).is_none()
        {
            return Err(RenewalError::Stranger { held: key.name().to_string(), newest: newest.to_string() });
        }
        let fits = self.fits(survey).await?;
        let here = held.key(newest).is_some();
        match cause {
            KeyCause::Restored if fits.is_ok() && matches!(survey.last, Ok(Some(_))) => Err(RenewalError::NotRestored(newest.to_string())),
            KeyCause::Restored => Ok(()),
            KeyCause::Lost if here => Err(RenewalError::NotLost(newest.to_string())),
            KeyCause::Renewed if !here => Err(RenewalError::Lost(newest.to_string())),
            _ => Ok(fits?),
        }
    }

    /// Makes the new key. One that was made before, and is in no entry, is taken only where nobody else can have it and it
    /// signed nothing that was lost.
    fn make_next(&self, cause: KeyCause, survey: &Survey, held: &mut Held) -> Result<(), RenewalError> {
        let may_take = |next: &LedgerKey| matches!(cause, KeyCause::Renewed | KeyCause::Lost) && !survey.keys.names(next.name());
        if held.next.as_ref().is_some_and(may_take) {
            return Ok(());
        }
        if held.next.is_some() {
            self.vault.discard_next()?;
        }
        self.vault.prepare(&draw_key(&*self.entropy)?)?;
        held.next = self.vault.next()?;
        Ok(())
    }

    /// Puts the change into the ledger.
    async fn record(&self, held: &Held, old: &VerifierKey, cause: KeyCause, reason: Option<&str>) -> Result<KeyChange, RenewalError> {
        let new = held.next.as_ref().ok_or(RenewalError::Overtaken)?.name();
        for _ in 0..=TRIES {
            let mut survey = self.survey(held).await?;
            if let Some(change) = survey.keys.change().filter(|change| change.new == *new) {
                return Ok(change.clone());
            }
            if survey.keys.newest() != old {
                return Err(RenewalError::Overtaken);
            }
            if cause != KeyCause::Restored {
                survey.settle(&*self.store, &*self.vault).await?;
            }
            let (signed, old, new) = (survey.signed(), Box::new(old.clone()), Box::new(new.clone()));
            let size = survey.last.as_ref().ok().and_then(Option::as_ref).map_or(signed, |(last, _)| last.size.max(signed));
            let (reason, by) = (reason.map(str::to_owned), ActorName::from(&Actor::Operator));
            let entry = Event::LedgerKeyChanged { old: old.clone(), new: new.clone(), size, cause, reason, by }.at(self.clock.now());
            // Found in the ledger by the next round.
            self.store.change_ledger_key(&old, &new, signed, entry).await?;
        }
        Err(RenewalError::Overtaken)
    }

    /// Everything behind the entry. `asked` is the cause that is named now.
    async fn finish(&self, held: &Held, change: KeyChange, asked: KeyCause, resumed: bool) -> Result<Renewed, RenewalError> {
        let mut survey = self.survey(held).await?;
        match self.fits(&survey).await? {
            // The checkpoint may be on the disk already.
            Ok(()) => survey.settle(&*self.store, &*self.vault).await?,
            Err(_) if change.cause == KeyCause::Restored => {}
            Err(error) => return Err(error.into()),
        }
        if survey.uncovered().is_some() {
            self.cover(&survey, held, &change, asked).await?;
        }
        self.vault.take_over()?;
        self.renewed(change, resumed).await
    }

    /// The first checkpoint behind the change.
    async fn cover(&self, survey: &Survey, held: &Held, change: &KeyChange, asked: KeyCause) -> Result<(), RenewalError> {
        let new = held.key(&change.new).ok_or(RenewalError::Overtaken)?;
        let checkpoint = Checkpoint { size: survey.size, root: self.store.root(survey.size).await? };
        let mut note = new.sign(&checkpoint);
        if [change.cause, asked] == [KeyCause::Renewed; 2] {
            let old = held.key(&change.old).ok_or_else(|| RenewalError::Lost(change.old.to_string()))?;
            note = old.cosign(&note).map_err(NotaryError::Foreign)?;
        }
        if survey.last.is_err() {
            self.vault.set_last_aside()?;
        }
        self.vault.remember(&note)?;
        if self.store.keep_checkpoint(checkpoint.size, note, new.name()).await? { Ok(()) } else { Err(RenewalError::Overtaken) }
    }

    async fn renewed(&self, change: KeyChange, resumed: bool) -> Result<Renewed, RenewalError> {
        let covering = self.store.first_checkpoint(change.number.cast_signed()).await?;
        let vouched = covering.is_some_and(|row| change.old.open(&row.note).is_ok());
        Ok(Renewed { change, vouched, resumed })
    }
}
