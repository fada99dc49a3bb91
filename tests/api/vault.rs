//! Private halves as PEM in memory, in place of a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use countersign::{
    issuer::{KeyVault, VaultError},
    keyring::{KeyId, SigningKey},
};
use zeroize::Zeroizing;

/// Each as PEM, by the id of its key.
#[derive(Default)]
pub struct MemoryVault(Mutex<BTreeMap<KeyId, Zeroizing<Vec<u8>>>>);

impl MemoryVault {
    pub fn with(keys: &[SigningKey]) -> Self {
        let vault = Self::default();
        for key in keys {
            vault.add(key).unwrap();
        }
        vault
    }
}

impl KeyVault for MemoryVault {
    fn ids(&self) -> Result<BTreeSet<KeyId>, VaultError> {
        Ok(self.0.lock().unwrap().keys().copied().collect())
    }

    fn load(&self, id: KeyId) -> Result<SigningKey, VaultError> {
        let keys = self.0.lock().unwrap();
        let pem = keys.get(&id).ok_or_else(|| VaultError(format!("{id} is not here")))?;
        Ok(SigningKey::from_pem(std::str::from_utf8(pem).unwrap(), None).unwrap())
    }

    fn add(&self, key: &SigningKey) -> Result<(), VaultError> {
        let pem = key.to_pem(None).unwrap();
        self.0.lock().unwrap().insert(key.public().id(), Zeroizing::new(pem.as_bytes().to_vec()));
        Ok(())
    }

    fn destroy(&self, id: KeyId) -> Result<(), VaultError> {
        self.0.lock().unwrap().remove(&id);
        Ok(())
    }
}
