//! The ledger's key: `private/ledger.pem`, `ledger.next.pem` while it is replaced, `ledger.vkey`, and the last checkpoint of
//! this machine.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{
    KeyFolder, KeyFolderError,
    files::{beside, create_private, read_private, unwritable},
};
use crate::{
    files::{Kind, PRIVATE, destroy, folder_of, read, replace},
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
        let path = self.folder.private("ledger");
        if !path.exists() {
            return Err(KeyFolderError::NoLedgerKey(path));
        }
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
        self.folder.put("ledger.vkey", format!("{name}\n").as_bytes())
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
        destroy(&old).map_err(|error| unwritable(&old, &error))?;
        self.publish(self.key("ledger")?.name())
    }

    fn write_last(&self, note: &str) -> Result<(), KeyFolderError> {
        // Two processes may sign for one folder: each write is whole.
        beside(|| replace(&self.last_path(), note.as_bytes(), PRIVATE)).map_err(|error| unwritable(&self.last_path(), &error))
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
        create_private(&self.folder.private("ledger.next"), key, self.passphrase.as_ref()).map_err(sentence)
    }

    fn take_over(&self) -> Result<(), VaultError> {
        self.put_in_place().map_err(sentence)
    }

    fn last(&self) -> Result<Option<String>, VaultError> {
        let path = self.last_path();
        if path.exists() { read(&path, Kind::Trusted).map(Some).map_err(|error| VaultError(error.to_string())) } else { Ok(None) }
    }

    fn remember(&self, note: &str) -> Result<(), VaultError> {
        self.write_last(note).map_err(sentence)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is mapped over")]
fn sentence(error: KeyFolderError) -> VaultError {
    VaultError(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;
    use crate::{
        entropy::SystemEntropy,
        keyring::{IssuerName, SigningKey},
        ledger::Checkpoint,
    };

    fn issuer() -> IssuerName {
        "verify.example.org".parse().unwrap()
    }

    fn folder() -> (TempDir, LedgerFolder) {
        let place = tempfile::tempdir().unwrap();
        let keys = KeyFolder::at(place.path().join("keys"));
        keys.init(&issuer(), 1_795_000_000, &SystemEntropy, None).unwrap();
        let ledger = keys.ledger(&issuer(), None);
        (place, ledger)
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&zeroize::Zeroizing::new([seed; 32]))
    }

    fn names(ledger: &LedgerFolder) -> Vec<String> {
        let files = fs::read_dir(ledger.folder.path.join("private")).unwrap();
        let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name.starts_with("ledger") || name.starts_with("last"));
        names.sort();
        names
    }

    #[test]
    fn the_new_key_takes_over_from_wherever_a_process_ended() {
        // What each step of taking over leaves behind, as done by hand.
        type Step = fn(&dyn Fn(&str) -> PathBuf);
        let link: Step = |path| fs::hard_link(path("ledger"), path("ledger.old")).unwrap();
        let rename: Step = |path| fs::rename(path("ledger.next"), path("ledger")).unwrap();
        let unlink: Step = |path| fs::remove_file(path("ledger.old")).unwrap();
        for steps in [&[][..], &[link], &[link, rename], &[link, rename, unlink]] {
            let (_place, ledger) = folder();
            let old = ledger.current().unwrap().unwrap().name().clone();
            ledger.prepare(&key(7)).unwrap();
            let path = |name: &str| ledger.folder.private(name);
            for step in steps {
                step(&path);
                let now = ledger.current().unwrap().unwrap();
                assert!(*now.name() == old || now.name().to_string() == ledger_key(&issuer(), key(7).public()).unwrap().to_string());
                assert_eq!(ledger.published().unwrap(), Some(old.clone()), "the public half comes last");
            }
            for _ in 0..2 {
                ledger.take_over().unwrap();
                let now = ledger.current().unwrap().unwrap();
                assert_eq!(*now.name(), ledger_key(&issuer(), key(7).public()).unwrap());
                assert_eq!((ledger.published().unwrap().as_ref(), names(&ledger)), (Some(now.name()), vec!["ledger.pem".to_owned()]));
            }
        }
    }

    #[test]
    fn the_old_private_half_is_overwritten_under_every_name() {
        let (place, ledger) = folder();
        let kept = place.path().join("kept.pem");
        fs::hard_link(ledger.folder.private("ledger"), &kept).unwrap();
        ledger.prepare(&key(7)).unwrap();
        ledger.take_over().unwrap();
        assert!(fs::read(kept).unwrap().iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_key_half_made_is_not_there_and_a_lost_one_makes_room() {
        let (_place, ledger) = folder();
        let half = ledger.folder.path.join("private/.countersign-1-1.new");
        fs::write(&half, "half").unwrap();
        assert!(ledger.next().unwrap().is_none());
        drop(ledger.folder.hold().unwrap());
        assert!(!half.exists(), "a command that ended is cleared away by the next");
        fs::remove_file(ledger.folder.private("ledger")).unwrap();
        assert!(ledger.check().is_err());
        ledger.prepare(&key(7)).unwrap();
        ledger.take_over().unwrap();
        ledger.check().unwrap();
        assert_eq!(names(&ledger), ["ledger.pem"]);
    }

    #[test]
    fn a_lost_key_is_not_made_again_without_a_word() {
        let (_place, ledger) = folder();
        fs::remove_file(ledger.folder.private("ledger")).unwrap();
        assert!(ledger.folder.has_ledger_key(), "its public half says that there was one");
        assert!(ledger.folder.hold().unwrap().make_ledger_key(&issuer(), &SystemEntropy, None).is_err());
        assert!(ledger.current().unwrap().is_none());
    }

    #[test]
    fn the_last_checkpoint_is_whole_and_for_its_owner_alone() {
        let (_place, ledger) = folder();
        assert_eq!(ledger.last().unwrap(), None);
        for size in [1, 2] {
            let note = ledger.current().unwrap().unwrap().sign(&Checkpoint { size, root: [0; 32] });
            ledger.remember(&note).unwrap();
            assert_eq!(ledger.last().unwrap(), Some(note));
            assert_eq!(names(&ledger), ["last.checkpoint", "ledger.pem"]);
            assert_eq!(fs::metadata(ledger.last_path()).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
