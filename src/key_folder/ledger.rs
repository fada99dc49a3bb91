//! The ledger's key: `private/ledger.pem`, `ledger.next.pem` while it is replaced, `ledger.vkey`, and the last checkpoint of
//! this machine.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process,
};

use secrecy::SecretString;

use super::{
    KeyFolder, KeyFolderError,
    files::{PRIVATE, create, create_private, destroy, read_private, replace, unwritable},
};
use crate::{
    config::{folder_of, read},
    issuer::{LedgerKey, LedgerVault, VaultError},
    keyring::{IssuerName, SigningKey},
    ledger::{VerifierKey, ledger_key},
};

/// What a key folder holds of the ledger.
pub struct LedgerFolder {
    pub(super) folder: KeyFolder,
    pub(super) issuer: IssuerName,
    pub(super) passphrase: Option<SecretString>,
}

impl LedgerFolder {
    /// Reads the key that signs, and publishes its public half where a folder of an early version has none.
    pub fn check(&self) -> Result<(), KeyFolderError> {
        let key = self.key("ledger")?;
        if self.vkey().exists() { Ok(()) } else { self.publish(key.name()) }
    }

    fn vkey(&self) -> PathBuf {
        self.folder.path.join("ledger.vkey")
    }

    fn last_path(&self) -> PathBuf {
        self.folder.path.join("private").join("last.checkpoint")
    }

    fn key(&self, name: &str) -> Result<LedgerKey, KeyFolderError> {
        let path = self.folder.private(name);
        let key = read_private(&path, self.passphrase.as_ref())?;
        let name = ledger_key(&self.issuer, key.public()).map_err(|error| KeyFolderError::Ledger { path, error })?;
        Ok(LedgerKey::new(name, key))
    }

    fn key_if_there(&self, name: &str) -> Result<Option<LedgerKey>, VaultError> {
        if self.folder.private(name).exists() { self.key(name).map(Some).map_err(sentence) } else { Ok(None) }
    }

    fn publish(&self, name: &VerifierKey) -> Result<(), KeyFolderError> {
        replace(&self.vkey(), format!("{name}\n").as_bytes())
    }

    /// At every moment `ledger.pem` is the old key or the new one; the old one's bytes are overwritten under another name.
    fn put_in_place(&self) -> Result<(), KeyFolderError> {
        let [now, next, old] = ["ledger", "ledger.next", "ledger.old"].map(|name| self.folder.private(name));
        if next.exists() {
            if now.exists() && !old.exists() {
                fs::hard_link(&now, &old).map_err(|error| unwritable(folder_of(&old), &error))?;
            }
            durably(&now, |path| fs::rename(&next, path))?;
        }
        destroy(&old)?;
        self.publish(self.key("ledger")?.name())
    }

    fn write_last(&self, note: &str) -> Result<(), KeyFolderError> {
        let path = self.last_path();
        // Each process its own, since two may sign for one folder.
        let aside = path.with_extension(format!("checkpoint.{}", process::id()));
        let _ = fs::remove_file(&aside);
        create(&aside, note.as_bytes(), PRIVATE)?;
        durably(&path, |path| fs::rename(&aside, path))
    }
}

/// Changes the name of a file, durably.
fn durably(path: &Path, change: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), KeyFolderError> {
    let changed = change(path).and_then(|()| File::open(folder_of(path))?.sync_all());
    changed.map_err(|error| unwritable(folder_of(path), &error))
}

impl LedgerVault for LedgerFolder {
    fn published(&self) -> Result<Option<VerifierKey>, VaultError> {
        if self.vkey().exists() { self.folder.ledger_vkey().map(Some).map_err(sentence) } else { Ok(None) }
    }

    fn current(&self) -> Result<Option<LedgerKey>, VaultError> {
        self.key_if_there("ledger")
    }

    fn next(&self) -> Result<Option<LedgerKey>, VaultError> {
        self.key_if_there("ledger.next")
    }

    fn prepare(&self, key: &SigningKey) -> Result<(), VaultError> {
        // Whole from the first moment that it has this name.
        let (path, aside) = (self.folder.private("ledger.next"), self.folder.private("ledger.made"));
        let _ = fs::remove_file(&aside);
        let made = create_private(&aside, key, self.passphrase.as_ref());
        made.and_then(|()| durably(&path, |path| fs::rename(&aside, path))).map_err(sentence)
    }

    fn take_over(&self) -> Result<(), VaultError> {
        self.put_in_place().map_err(sentence)
    }

    fn last(&self) -> Result<Option<String>, VaultError> {
        let path = self.last_path();
        if path.exists() { read(&path).map(Some).map_err(|error| VaultError(error.to_string())) } else { Ok(None) }
    }

    fn remember(&self, note: &str) -> Result<(), VaultError> {
        self.write_last(note).map_err(sentence)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is mapped over")]
fn sentence(error: KeyFolderError) -> VaultError {
    VaultError(error.to_string())
}
