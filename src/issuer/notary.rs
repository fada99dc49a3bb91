//! Signs the ledger's size and root, so that anybody who keeps a checkpoint outside can tell later whether anything was changed.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{
    LedgerVault, Overseer, Refused, VaultError,
    signer::{Known, Signer},
    survey::{Survey, extends, key_changes},
};
use crate::{
    ledger::{Checkpoint, CheckpointError, Hash, Proof, Succession, VerifierKey},
    store::{LedgerStore, StoreError},
    token::Cti,
};

/// No checkpoint was signed.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// What is in the store does not extend what was signed.
    #[error(
        "the ledger is not the one that was signed before: {0}; stop the service and run `countersign ledger verify`, or, after an older \
         copy of the store was put back, `countersign keys ledger renew --restored`"
    )]
    Changed(&'static str),
    /// The newest checkpoint in the store is not ours.
    #[error("the newest checkpoint in the store cannot be believed: {0}; stop the service and run `countersign ledger verify`")]
    Foreign(CheckpointError),
    /// The last checkpoint of this machine is not of this ledger.
    #[error(
        "private/last.checkpoint of the key folder is no checkpoint of this store's ledger: {0}; see that store and key folder belong \
         together, and, if they do, run `countersign keys ledger renew --restored`, which sets it aside"
    )]
    ForeignLast(CheckpointError),
    /// The key that is in force is not here.
    #[error(
        "private/ledger.pem is not the ledger's key {0}; put that one back, or, if it is gone, run `countersign keys ledger renew --lost`"
    )]
    OtherKey(String),
    /// There is no key.
    #[error("there is no private/ledger.pem in the key folder; put it back, or, if it is gone, run `countersign keys ledger renew --lost`")]
    NoKey,
    /// A change of the key was begun and did not end.
    #[error("a change of the ledger's key was begun and is not finished; run `countersign keys ledger renew` again, with the same option")]
    Unfinished,
    /// Key folder.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signs with the ledger's own key.
pub struct Notary {
    store: Arc<dyn LedgerStore>,
    vault: Arc<dyn LedgerVault>,
    signer: Arc<Signer>,
    /// Held while the whole ledger is looked at: of two at once, the slower would take the faster one's entries for missing.
    looking: Mutex<()>,
}

impl Notary {
    /// Signs the ledger of a store with the key of a vault.
    pub fn new(store: Arc<dyn LedgerStore>, vault: Arc<dyn LedgerVault>) -> Self {
        Self { store, signer: Arc::new(Signer::new(vault.clone())), vault, looking: Mutex::default() }
    }

    /// The ledger that it signs.
    pub(super) fn ledger(&self) -> &Arc<dyn LedgerStore> {
        &self.store
    }

    /// From now on each group of acts of this process is signed in its own transaction, as soon as [`Self::sign`] succeeded once.
    pub fn sign_each_group(&self) -> Result<(), StoreError> {
        self.store.sign_with(self.signer.clone())
    }

    /// Looks at the whole ledger, and signs what was appended without a checkpoint, if there is anything. A log must never sign a
    /// checkpoint that is inconsistent with one before (c2sp.org/tlog-checkpoint): who edits the store must not get our signature
    /// under it.
    pub async fn sign(&self) -> Result<Option<Checkpoint>, NotaryError> {
        let _looking = self.looking.lock().await;
        let signed = self.sign_rest().await;
        self.signer.set_able(signed.is_ok());
        signed
    }

    /// Says why nothing may be issued: what cannot be put under a checkpoint would be kept from every overseer. Signs at once
    /// where the attempt before failed, so that nobody waits for the next round once it is mended.
    pub async fn can_sign(&self) -> Result<(), NotaryError> {
        if self.signer.is_able() { Ok(()) } else { self.sign().await.map(drop) }
    }

    async fn sign_rest(&self) -> Result<Option<Checkpoint>, NotaryError> {
        let (store, vault) = (&*self.store, &*self.vault);
        if self.signer.key().is_none() {
            self.signer.set_key(vault.current()?.map(Arc::new));
        }
        let held = self.signer.key().ok_or(NotaryError::NoKey)?.name().clone();
        // Before the store is read: what it has then is as new or newer.
        let known = self.signer.newest();
        let mut survey = self.survey(&held).await?;
        if let Some((checkpoint, _)) = &known {
            extends(store, *checkpoint, survey.size).await?;
        }
        survey.extends_last(store).await?;
        survey.extends_stored(store).await?;
        if let Some((_, row)) = &known {
            match store.first_checkpoint(row.size).await? {
                Some(found) if found == *row => {}
                Some(found) if found.note == row.note => return Err(NotaryError::Changed("an older checkpoint is gone")),
                _ => return Err(NotaryError::Changed("the newest checkpoint is gone")),
            }
        }
        // The first checkpoint behind a change is signed by those who make the change, with both keys.
        if survey.uncovered().is_some() {
            return Err(NotaryError::Unfinished);
        }
        survey.settle(store, vault).await?;
        if held != *survey.keys.newest() {
            self.signer.set_key(vault.current()?.filter(|key| key.name() == survey.keys.newest()).map(Arc::new));
        }
        let key = self.signer.key().ok_or_else(|| NotaryError::OtherKey(survey.keys.newest().to_string()))?;
        let mut signed = None;
        if survey.size > survey.signed() {
            let checkpoint = Checkpoint { size: survey.size, root: store.root(survey.size).await? };
            let note = key.sign(&checkpoint);
            // Before anybody can see it: of entries that are there already, what this machine signed once, it never forgets.
            vault.remember(&note)?;
            // Not kept: another process signed at the same time.
            signed = store.keep_checkpoint(checkpoint.size, note, key.name()).await?.then_some(checkpoint);
        }
        self.learn(key.name()).await?;
        Ok(signed)
    }

    /// Takes the newest checkpoint of the store for what the next group of acts has to extend.
    async fn learn(&self, key: &VerifierKey) -> Result<(), NotaryError> {
        let Some(row) = self.store.head().await?.checkpoint else {
            self.signer.learn(Known::default());
            return Ok(());
        };
        // By another key: it was replaced a moment ago, and the next look finds that.
        let Ok(checkpoint) = Checkpoint::open(&row.note, key) else { return Ok(()) };
        let tree = self.store.frontier(checkpoint.size).await?;
        if tree.root() != checkpoint.root {
            return Err(NotaryError::Changed("entries that were signed are not the same any more"));
        }
        self.signer.learn(Known { newest: Some(row), tree });
        Ok(())
    }

    /// Where the ledger stands. As long as it has not named its key, the public half that was given out does: a private half
    /// that was made by hand signs nothing, and what the true one signed is not foreign.
    async fn survey(&self, held: &VerifierKey) -> Result<Survey, NotaryError> {
        let survey = Survey::read(&*self.store, &*self.vault, held, &[held]).await;
        let unnamed = match &survey {
            Ok(survey) => survey.stored.is_none() && survey.keys.change().is_none(),
            Err(NotaryError::Foreign(_)) => key_changes(&*self.store).await?.is_empty(),
            Err(_) => false,
        };
        match if unnamed { self.vault.published()? } else { None } {
            Some(published) if published != *held => Err(NotaryError::OtherKey(published.to_string())),
            _ => survey,
        }
    }

    /// The newest checkpoint, for an overseer to keep outside. It covers everything that happened before they asked.
    pub async fn newest(&self, _: &Overseer) -> Result<String, Refused> {
        self.sign().await?;
        let newest = self.store.head().await?.checkpoint;
        newest.map(|row| row.note).ok_or_else(|| Refused::Unknown { what: "checkpoint", id: "yet".into() })
    }

    /// Shows that the first `second` entries begin with the first `first`.
    pub async fn consistency(&self, _: &Overseer, first: u64, second: u64) -> Result<Vec<Hash>, Refused> {
        if first == 0 || first > second || second > self.store.head().await?.size {
            return Err(Refused::Unknown { what: "ledger with the sizes", id: format!("{first} and {second}") });
        }
        Ok(self.store.consistency(first, second).await?)
    }

    /// Proves each change of the ledger's key, oldest first, under the first checkpoint that covers it.
    pub async fn key_changes(&self, _: &Overseer) -> Result<Vec<Proof>, Refused> {
        Ok(handovers(&*self.store).await?)
    }
}

async fn handovers(store: &dyn LedgerStore) -> Result<Vec<Proof>, StoreError> {
    let mut proofs = Vec::new();
    for row in store.ledger_key_changes().await? {
        // What no checkpoint covers yet cannot be shown; the notary signs nothing until it is.
        let Some(checkpoint) = store.first_checkpoint(row.number).await? else { continue };
        let (index, size) = (row.number.cast_unsigned() - 1, checkpoint.size.cast_unsigned());
        proofs.push(Proof { leaf: row.leaf, index, path: store.inclusion(index, size).await?, checkpoint: checkpoint.note });
    }
    Ok(proofs)
}

/// Proves that the entry that issued a token stands under the newest checkpoint; `None` if there is no such entry under it.
/// `only` is the ledger's key where the ledger names none.
pub async fn prove(store: &dyn LedgerStore, only: &VerifierKey, cti: Cti) -> Result<Option<Proof>, NotaryError> {
    let (Some(number), Some(row)) = (store.issued(cti).await?, store.head().await?.checkpoint) else { return Ok(None) };
    let keys = Succession::new(only.clone(), key_changes(store).await?);
    let (index, size) = (number - 1, keys.open(&row.note).map_err(NotaryError::Foreign)?.size);
    if index >= size {
        return Ok(None);
    }
    let leaf = store.entries(index.cast_signed()).await?.into_iter().next().map(|row| row.leaf).unwrap_or_default();
    Ok(Some(Proof { leaf, index, path: store.inclusion(index, size).await?, checkpoint: row.note }))
}
