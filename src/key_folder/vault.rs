//! The private halves of signing keys, as files named by their ids.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretString;

use super::{
    KeyFolderError,
    files::{blocking, create_private, read_private, unwritable},
    hold,
};
use crate::{
    files::{FileError, FolderLock, destroy, folder_of, reason},
    issuer::{KeyVault, VaultError},
    keyring::{KeyId, PublicKeys, SigningKey},
};

/// `private/<kid>.pem` of a key folder.
pub struct FolderVault {
    pub(super) private: PathBuf,
    pub(super) passphrase: Option<SecretString>,
    pub(super) holding: Holding,
}

/// How the folder is held while it is changed.
pub(super) enum Holding {
    /// All the time, by the command that uses the vault.
    Command(#[allow(dead_code, reason = "it is held, not used")] Arc<FolderLock>),
    /// By each change, which waits this long for a command.
    Change(Duration),
}

impl Holding {
    /// For the service, whose next round tries again.
    pub const BY_CHANGE: Self = Self::Change(Duration::from_secs(1));
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
        let held = || match self.holding {
            Holding::Command(_) => act(),
            Holding::Change(patience) => hold(folder_of(&self.private), patience).and_then(|_lock| act()),
        };
        blocking(held).map_err(sentence)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{entropy::SystemEntropy, key_folder::KeyFolder};

    /// On a machine with one core every check would wait with it.
    #[test]
    fn a_wait_for_a_command_holds_up_no_other_task() {
        let place = tempfile::tempdir().unwrap();
        let keys = KeyFolder::at(place.path().join("keys"));
        let issuer = "verify.example.org".parse().unwrap();
        keys.init(&issuer, 1_795_000_000, &SystemEntropy, None).unwrap();
        let vault = FolderVault { holding: Holding::Change(FolderLock::PATIENCE), ..keys.vault(None) };
        let id = *vault.ids().unwrap().first().unwrap();
        let command = keys.hold().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let destroyed = runtime.block_on(async {
            tokio::spawn(async move {
                // Runs on the one thread there is, if that is free.
                tokio::spawn(async move { drop(command) });
                vault.destroy(id)
            })
            .await
        });
        destroyed.unwrap().unwrap();
        assert!(!keys.vault(None).ids().unwrap().contains(&id));
    }
}
