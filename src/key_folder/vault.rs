//! The private halves of signing keys, as files named by their ids.

use std::{collections::BTreeSet, fs, path::PathBuf};

use secrecy::SecretString;

use super::{
    KeyFolderError,
    files::{create_private, destroy, read_private},
};
use crate::{
    config::{ConfigError, reason},
    issuer::{KeyVault, VaultError},
    keyring::{KeyId, PublicKeys, RingError, SigningKey},
};

/// `private/<kid>.pem` of a key folder.
pub struct FolderVault {
    pub(super) private: PathBuf,
    pub(super) passphrase: Option<SecretString>,
}

impl FolderVault {
    fn path(&self, id: KeyId) -> PathBuf {
        self.private.join(format!("{id}.pem"))
    }

    /// Reads every key of the set that is here, so that a file which cannot be read is not found out only when its turn has
    /// come. At least one of a set that is current at `now` has to be here; of one that expired none can sign anyway.
    pub fn check(&self, keys: &PublicKeys, now: i64) -> Result<(), KeyFolderError> {
        let mut here = keys.set().keys().iter().map(|key| key.key.id()).filter(|id| self.path(*id).exists()).peekable();
        if here.peek().is_none() && keys.is_current(now) {
            return Err(RingError::NoActiveKey.into());
        }
        here.try_for_each(|id| self.read(id).map(drop))
    }

    fn read(&self, id: KeyId) -> Result<SigningKey, KeyFolderError> {
        let path = self.path(id);
        let key = read_private(&path, self.passphrase.as_ref())?;
        if key.public().id() == id { Ok(key) } else { Err(KeyFolderError::Misnamed(path)) }
    }
}

impl KeyVault for FolderVault {
    fn ids(&self) -> Result<BTreeSet<KeyId>, VaultError> {
        let entries = fs::read_dir(&self.private)
            .map_err(|error| ConfigError::Unreadable { path: self.private.clone(), reason: reason(&error) }.to_string())
            .map_err(VaultError)?;
        // Root and ledger keys are not named by an id.
        let named = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".pem")?.parse().ok());
        Ok(named.collect())
    }

    fn load(&self, id: KeyId) -> Result<SigningKey, VaultError> {
        self.read(id).map_err(sentence)
    }

    fn add(&self, key: &SigningKey) -> Result<(), VaultError> {
        create_private(&self.path(key.public().id()), key, self.passphrase.as_ref()).map_err(sentence)
    }

    fn destroy(&self, id: KeyId) -> Result<(), VaultError> {
        destroy(&self.path(id)).map_err(sentence)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is mapped over")]
fn sentence(error: KeyFolderError) -> VaultError {
    VaultError(error.to_string())
}
