//! The private halves of signing keys, as files named by their ids.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretString;

use super::{
    KeyFolderError,
    files::{create_private, read_private, unwritable},
    hold,
};
use crate::{
    files::{FileError, FolderLock, destroy, folder_of, reason},
    issuer::{KeyVault, VaultError},
    keyring::{KeyId, PublicKeys, SigningKey},
};

/// How long the service waits for a command; its next round tries again.
const PATIENCE: Duration = Duration::from_secs(1);

/// `private/<kid>.pem` of a key folder.
pub struct FolderVault {
    pub(super) private: PathBuf,
    pub(super) passphrase: Option<SecretString>,
    /// Where the command that uses it holds the folder; else each change holds it.
    pub(super) held: Option<Arc<FolderLock>>,
}

impl FolderVault {
    fn path(&self, id: KeyId) -> PathBuf {
        self.private.join(format!("{id}.pem"))
    }

    /// Reads every key of the set that is here, so that a file which cannot be read is not found out only when its turn has
    /// come. How many there are.
    pub fn check(&self, keys: &PublicKeys) -> Result<usize, KeyFolderError> {
        let here: Vec<KeyId> = keys.set().keys().iter().map(|key| key.key.id()).filter(|id| self.path(*id).exists()).collect();
        here.iter().try_for_each(|id| self.read(*id).map(drop))?;
        Ok(here.len())
    }

    fn change(&self, act: impl FnOnce() -> Result<(), KeyFolderError>) -> Result<(), VaultError> {
        let lock = || if self.held.is_some() { Ok(None) } else { hold(folder_of(&self.private), PATIENCE).map(Some) };
        lock().and_then(|_lock| act()).map_err(sentence)
    }

    fn read(&self, id: KeyId) -> Result<SigningKey, KeyFolderError> {
        let path = self.path(id);
        let key = read_private(&path, self.passphrase.as_ref())?;
        if key.public().id() == id { Ok(key) } else { Err(KeyFolderError::Misnamed(path)) }
    }
}

impl KeyVault for FolderVault {
    fn ids(&self) -> Result<BTreeSet<KeyId>, VaultError> {
        // A machine to which no keys were brought yet.
        if !self.private.exists() {
            return Ok(BTreeSet::new());
        }
        let entries = fs::read_dir(&self.private)
            .map_err(|error| FileError::Unreadable { path: self.private.clone(), reason: reason(&error) }.to_string())
            .map_err(VaultError)?;
        // Root and ledger keys are not named by an id.
        let named = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".pem")?.parse().ok());
        Ok(named.collect())
    }

    fn load(&self, id: KeyId) -> Result<SigningKey, VaultError> {
        self.read(id).map_err(sentence)
    }

    fn add(&self, key: &SigningKey) -> Result<(), VaultError> {
        self.change(|| create_private(&self.path(key.public().id()), key, self.passphrase.as_ref()))
    }

    fn destroy(&self, id: KeyId) -> Result<(), VaultError> {
        self.change(|| destroy(&self.path(id)).map_err(|error| unwritable(&self.path(id), &error)))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is mapped over")]
fn sentence(error: KeyFolderError) -> VaultError {
    VaultError(error.to_string())
}
