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
    #[error("the ledger's key is here and not lost; run this without --lost")]
    NotLost,
    /// It is lost.
    #[error("private/ledger.pem is not the ledger's key {0}; put that one back, or name --lost if it is gone")]
    Lost(String),
    /// Nothing was lost.
    #[error("the store has all that this machine signed; run this without --restored")]
    NotRestored,
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
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl From<StoreError> for RenewalError {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<VaultError> for RenewalError {
    fn from(error: VaultError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<CheckpointError> for RenewalError {
    fn from(error: CheckpointError) -> Self {
        Self::Ledger(NotaryError::Foreign(error))
    }
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

/// What it takes to replace the ledger's key.
pub struct Renewal {
    store: Arc<dyn LedgerStore>,
    vault: Arc<dyn LedgerVault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Renewal {
    /// Of the ledger in a store, whose key is in a vault.
    pub fn new(store: Arc<dyn LedgerStore>, vault: Arc<dyn LedgerVault>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, vault, clock, entropy }
    }

    /// Replaces the key, or finishes a change that was begun, whatever its cause was.
    pub async fn renew(&self, cause: KeyCause, reason: Option<&str>) -> Result<Renewed, RenewalError> {
        if reason.is_some_and(|reason| !is_short_text(reason)) {
            return Err(RenewalError::Reason);
        }
        let named = match self.vault.published()? {
            Some(published) => published,
            None => self.vault.current()?.ok_or(RenewalError::NoName)?.name().clone(),
        };
        let survey = self.survey(&named).await?;
        if let Some(change) = survey.keys.change().filter(|change| change.new != named)
            && self.holds(&change.new)?
        {
            return self.finish(&named, change.clone(), true).await;
        }
        self.allow(cause, &survey).await?;
        let change = self.record(&named, cause, reason).await?;
        self.finish(&named, change, false).await
    }

    async fn survey(&self, named: &VerifierKey) -> Result<Survey, RenewalError> {
        let survey = Survey::read(&*self.store, &*self.vault, named).await.map_err(|error| match error {
            NotaryError::Foreign(error) => RenewalError::OtherName(error),
            error => error.into(),
        })?;
        survey.extends_stored(&*self.store).await?;
        Ok(survey)
    }

    /// Whether the private half is here, in its place or beside it.
    fn holds(&self, name: &VerifierKey) -> Result<bool, VaultError> {
        Ok([self.vault.current()?, self.vault.next()?].into_iter().flatten().any(|key| key.name() == name))
    }

    /// Whether the cause is so.
    async fn allow(&self, cause: KeyCause, survey: &Survey) -> Result<(), RenewalError> {
        let fits = survey.extends_last(&*self.store).await;
        let here = self.vault.current()?.is_some_and(|key| key.name() == survey.keys.newest());
        match cause {
            KeyCause::Restored if fits.is_ok() && survey.last.is_some() => Err(RenewalError::NotRestored),
            KeyCause::Restored => Ok(()),
            KeyCause::Lost if here => Err(RenewalError::NotLost),
            KeyCause::Renewed | KeyCause::Stolen if !here => Err(RenewalError::Lost(survey.keys.newest().to_string())),
            _ => Ok(fits?),
        }
    }

    /// Makes the new key and puts the change into the ledger.
    async fn record(&self, named: &VerifierKey, cause: KeyCause, reason: Option<&str>) -> Result<KeyChange, RenewalError> {
        let new = if let Some(prepared) = self.vault.next()? {
            prepared
        } else {
            self.vault.prepare(&draw_key(&*self.entropy)?)?;
            self.vault.next()?.ok_or(RenewalError::Overtaken)?
        };
        for _ in 0..TRIES {
            let mut survey = self.survey(named).await?;
            if cause != KeyCause::Restored {
                survey.settle(&*self.store, &*self.vault).await?;
            }
            let (signed, old, new) = (survey.signed(), Box::new(survey.keys.newest().clone()), Box::new(new.name().clone()));
            let size = survey.last.as_ref().map_or(signed, |(last, _)| last.size.max(signed));
            let (reason, by) = (reason.map(str::to_owned), ActorName::from(&Actor::Operator));
            let entry = Event::LedgerKeyChanged { old: old.clone(), new: new.clone(), size, cause, reason, by }.at(self.clock.now());
            if self.store.change_ledger_key(&old, &new, signed, entry).await? {
                let survey = self.survey(named).await?;
                return survey.keys.change().filter(|change| change.new == *new).cloned().ok_or(RenewalError::Overtaken);
            }
        }
        Err(RenewalError::Overtaken)
    }

    /// Everything behind the entry.
    async fn finish(&self, named: &VerifierKey, change: KeyChange, resumed: bool) -> Result<Renewed, RenewalError> {
        let survey = self.survey(named).await?;
        if survey.uncovered().is_some() {
            self.cover(&survey, &change).await?;
        }
        self.vault.take_over()?;
        let covering = self.store.first_checkpoint(change.number.cast_signed()).await?;
        let vouched = covering.is_some_and(|row| change.old.open(&row.note).is_ok());
        Ok(Renewed { change, vouched, resumed })
    }

    /// The first checkpoint behind the change.
    async fn cover(&self, survey: &Survey, change: &KeyChange) -> Result<(), RenewalError> {
        if change.cause != KeyCause::Restored {
            survey.extends_last(&*self.store).await?;
        }
        let [next, current] = [self.vault.next()?, self.vault.current()?];
        let new = [&next, &current].into_iter().flatten().find(|key| *key.name() == change.new).ok_or(RenewalError::Overtaken)?;
        let checkpoint = Checkpoint { size: survey.size, root: self.store.root(survey.size).await? };
        let mut note = new.sign(&checkpoint);
        if change.cause == KeyCause::Renewed {
            let old = current.as_ref().filter(|key| *key.name() == change.old);
            note = old.ok_or_else(|| RenewalError::Lost(change.old.to_string())).and_then(|old: &LedgerKey| Ok(old.cosign(&note)?))?;
        }
        self.vault.remember(&note)?;
        if self.store.keep_checkpoint(checkpoint.size, note, new.name()).await? { Ok(()) } else { Err(RenewalError::Overtaken) }
    }
}
