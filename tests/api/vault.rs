//! Private halves as PEM in memory, in place of a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use countersign::{
    issuer::{KeyVault, LedgerKey, LedgerVault, VaultError},
    keyring::{KeyId, SigningKey},
    ledger::{Checkpoint, VerifierKey},
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

/// What a machine holds of the ledger, which outlives the processes on it.
#[derive(Default)]
pub struct MemoryLedger(Mutex<Held>);

#[derive(Default)]
struct Held {
    origin: String,
    published: Option<VerifierKey>,
    current: Option<Pem>,
    next: Option<Pem>,
    last: Option<String>,
    aside: Option<String>,
}

type Pem = Zeroizing<Vec<u8>>;

fn pem(key: &SigningKey) -> Pem {
    Zeroizing::new(key.to_pem(None).unwrap().as_bytes().to_vec())
}

#[allow(dead_code, reason = "each test program uses its own part")]
impl MemoryLedger {
    pub fn with((name, key): (VerifierKey, SigningKey)) -> Self {
        let (origin, current) = (name.name().to_owned(), Some(pem(&key)));
        Self(Mutex::new(Held { origin, published: Some(name), current, ..Held::default() }))
    }

    /// Another private half, or none, in the place of the one that signs.
    pub fn put(&self, key: Option<&SigningKey>) {
        self.0.lock().unwrap().current = key.map(pem);
    }

    /// Another public half, or none, as the one that was given out.
    pub fn publish(&self, name: Option<VerifierKey>) {
        self.0.lock().unwrap().published = name;
    }

    pub fn forget_last(&self) {
        self.0.lock().unwrap().last = None;
    }

    pub fn aside(&self) -> Option<String> {
        self.0.lock().unwrap().aside.clone()
    }

    /// The keys whose private halves are in a copy of all that is here.
    pub fn loot(&self) -> Vec<VerifierKey> {
        let keys = [self.current().unwrap(), self.next().unwrap()];
        keys.into_iter().flatten().map(|key| key.name().clone()).collect()
    }

    fn key(&self, held: impl FnOnce(&Held) -> Option<&Pem>) -> Option<LedgerKey> {
        let all = self.0.lock().unwrap();
        let key = SigningKey::from_pem(std::str::from_utf8(held(&all)?).unwrap(), None).unwrap();
        Some(LedgerKey::new(VerifierKey::new(all.origin.clone(), key.public()).unwrap(), key))
    }
}

impl LedgerVault for MemoryLedger {
    fn published(&self) -> Result<Option<VerifierKey>, VaultError> {
        Ok(self.0.lock().unwrap().published.clone())
    }

    fn current(&self) -> Result<Option<LedgerKey>, VaultError> {
        Ok(self.key(|held| held.current.as_ref()))
    }

    fn next(&self) -> Result<Option<LedgerKey>, VaultError> {
        Ok(self.key(|held| held.next.as_ref()))
    }

    fn prepare(&self, key: &SigningKey) -> Result<(), VaultError> {
        assert!(self.0.lock().unwrap().next.is_none(), "a file is written where none is");
        self.0.lock().unwrap().next = Some(pem(key));
        Ok(())
    }

    fn discard_next(&self) -> Result<(), VaultError> {
        self.0.lock().unwrap().next = None;
        Ok(())
    }

    fn take_over(&self) -> Result<(), VaultError> {
        let mut held = self.0.lock().unwrap();
        if let Some(next) = held.next.take() {
            held.current = Some(next);
        }
        drop(held);
        let name = self.current()?.map(|key| key.name().clone());
        self.0.lock().unwrap().published = name;
        Ok(())
    }

    fn last(&self) -> Result<Option<String>, VaultError> {
        Ok(self.0.lock().unwrap().last.clone())
    }

    fn remember(&self, note: &str) -> Result<(), VaultError> {
        let mut held = self.0.lock().unwrap();
        let size = |note: &String| Checkpoint::open(note, held.published.as_ref()?).ok().map(|checkpoint| checkpoint.size);
        let note = note.to_owned();
        let is_earlier = size(&note).zip(held.last.as_ref().and_then(size)).is_some_and(|(new, there)| new < there);
        if !is_earlier {
            held.last = Some(note);
        }
        Ok(())
    }

    fn set_last_aside(&self) -> Result<(), VaultError> {
        let mut held = self.0.lock().unwrap();
        held.aside = held.last.take();
        Ok(())
    }
}
