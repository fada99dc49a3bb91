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
    files::{blocking, create_private, read_private, unwritable},
    hold,
};
use crate::{
    files::{FileError, FolderLock, Kind, PRIVATE, check, destroy, folder_of, reason, replace},
    issuer::{LedgerKey, LedgerVault, VaultError},
    keyring::{IssuerName, SigningKey},
    ledger::{Checkpoint, VerifierKey, ledger_key},
};

impl KeyFolder {
    fn last_path(&self) -> PathBuf {
        self.path.join("private").join("last.checkpoint")
    }

    /// The last checkpoint that this machine signed or saw, as a note, and where it is.
    pub fn last_checkpoint(&self) -> Result<Option<(PathBuf, String)>, KeyFolderError> {
        let path = self.last_path();
        check(&path, Kind::Trusted)?;
        match fs::read(&path) {
            // What a fault of the disk left may be no text; whether it is a checkpoint is asked by who reads it.
            Ok(bytes) => Ok(Some((path, String::from_utf8_lossy(&bytes).into_owned()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::Unreadable { path, reason: reason(&error) }.into()),
        }
    }
}

/// What a key folder holds of the ledger.
pub struct LedgerFolder {
    pub(super) folder: KeyFolder,
    pub(super) issuer: IssuerName,
    pub(super) passphrase: Option<SecretString>,
}

impl LedgerFolder {
    /// Whether the key that signs is here and can be read.
    pub fn check(&self) -> Result<(), KeyFolderError> {
        let path = self.folder.private("ledger");
        if !path.exists() {
            return Err(KeyFolderError::NoLedgerKey(path));
        }
        self.key("ledger").map(drop)
    }

    /// Publishes the public half of the key that signs where the private one is alone: in a folder of an early version, or where
    /// the command that made it was killed.
    pub fn publish_missing(&self) -> Result<(), KeyFolderError> {
        if self.vkey().exists() { Ok(()) } else { self.publish(self.key("ledger")?.name()) }
    }

    fn vkey(&self) -> PathBuf {
        self.folder.path.join("ledger.vkey")
    }

    fn last_path(&self) -> PathBuf {
        self.folder.last_path()
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

    /// By renames alone, which every file system has. At every moment the new key is there, under its own name or the old one's.
    fn put_in_place(&self) -> Result<(), KeyFolderError> {
        let [now, next, old] = ["ledger", "ledger.next", "ledger.old"].map(|name| self.folder.private(name));
        if next.exists() {
            if now.exists() {
                // One that is still there would only lose its name.
                destroyed(&old)?;
                durably(&old, |path| fs::rename(&now, path))?;
            }
            durably(&now, |path| fs::rename(&next, path))?;
        }
        destroyed(&old)?;
        self.publish(self.key("ledger")?.name())
    }

    /// Two processes may sign for one folder, and the one whose group came first may come here last.
    fn write_last(&self, note: &str) -> Result<(), KeyFolderError> {
        let path = self.last_path();
        let _held = hold(folder_of(&path), FolderLock::PATIENCE)?;
        if self.is_earlier(note)? {
            return Ok(());
        }
        blocking(|| replace(&path, note.as_bytes(), PRIVATE)).map_err(|error| unwritable(&path, &error))
    }

    /// Whether a later checkpoint of the same key is there already.
    fn is_earlier(&self, note: &str) -> Result<bool, KeyFolderError> {
        let (Some((_, there)), Ok(key)) = (self.folder.last_checkpoint()?, self.folder.ledger_vkey()) else { return Ok(false) };
        let size = |note| Checkpoint::open(note, &key).map(|checkpoint| checkpoint.size);
        Ok(matches!((size(note), size(&there)), (Ok(new), Ok(there)) if new < there))
    }
}

fn destroyed(path: &Path) -> Result<(), KeyFolderError> {
    destroy(path).map_err(|error| unwritable(path, &error))
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

    fn discard_next(&self) -> Result<(), VaultError> {
        destroyed(&self.folder.private("ledger.next")).map_err(sentence)
    }

    fn take_over(&self) -> Result<(), VaultError> {
        self.put_in_place().map_err(sentence)
    }

    fn last(&self) -> Result<Option<String>, VaultError> {
        self.folder.last_checkpoint().map(|last| last.map(|(_, note)| note)).map_err(sentence)
    }

    fn remember(&self, note: &str) -> Result<(), VaultError> {
        self.write_last(note).map_err(sentence)
    }

    fn set_last_aside(&self) -> Result<(), VaultError> {
        let last = self.last_path();
        durably(&last.with_file_name("last.checkpoint.aside"), |path| fs::rename(&last, path)).map_err(sentence)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is mapped over")]
fn sentence(error: KeyFolderError) -> VaultError {
    VaultError(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, os::unix::fs::PermissionsExt as _};

    use tempfile::TempDir;

    use super::*;
    use crate::{
        entropy::SystemEntropy,
        keyring::{IssuerName, SigningKey},
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
        let away: Step = |path| fs::rename(path("ledger"), path("ledger.old")).unwrap();
        let rename: Step = |path| fs::rename(path("ledger.next"), path("ledger")).unwrap();
        let unlink: Step = |path| fs::remove_file(path("ledger.old")).unwrap();
        for steps in [&[][..], &[away], &[away, rename], &[away, rename, unlink]] {
            let (_place, ledger) = folder();
            let (old, new) = (ledger.current().unwrap().unwrap().name().clone(), ledger_key(&issuer(), key(7).public()).unwrap());
            ledger.prepare(&key(7)).unwrap();
            let path = |name: &str| ledger.folder.private(name);
            for step in steps {
                step(&path);
                let here = [ledger.current().unwrap(), ledger.next().unwrap()];
                assert!(here.iter().flatten().any(|key| *key.name() == new), "it is there under one of its names");
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
    fn private_halves_are_overwritten_before_they_go() {
        let (_place, ledger) = folder();
        let overwritten = |mut file: File| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0)
        };
        ledger.prepare(&key(6)).unwrap();
        let next = File::open(ledger.folder.private("ledger.next")).unwrap();
        for _ in 0..2 {
            ledger.discard_next().unwrap();
            assert!(ledger.next().unwrap().is_none());
        }
        assert!(overwritten(next));
        let old = File::open(ledger.folder.private("ledger")).unwrap();
        ledger.prepare(&key(7)).unwrap();
        ledger.take_over().unwrap();
        assert!(overwritten(old));
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

    #[test]
    fn an_earlier_checkpoint_of_another_process_takes_no_later_ones_place() {
        let (_place, ledger) = folder();
        let other = ledger.folder.ledger(&issuer(), None);
        let signed = |size| ledger.current().unwrap().unwrap().sign(&Checkpoint { size, root: [0; 32] });
        for (size, stays) in [(2, 2), (3, 3), (2, 3), (1, 3), (3, 3), (4, 4)] {
            other.remember(&signed(size)).unwrap();
            assert_eq!(ledger.last().unwrap(), Some(signed(stays)), "{size}");
        }
        // What is no checkpoint of this ledger is no later one.
        ledger.remember("before").unwrap();
        ledger.remember(&signed(1)).unwrap();
        assert_eq!(ledger.last().unwrap(), Some(signed(1)));
    }

    #[test]
    fn what_a_disk_made_of_the_last_checkpoint_is_read_and_can_be_set_aside() {
        let (_place, ledger) = folder();
        for damaged in [&[0; 40][..], b"verify.example.org/ledger\n3", b"\xff\xfe\xfd", b""] {
            ledger.remember("before").unwrap();
            fs::write(ledger.last_path(), damaged).unwrap();
            assert!(ledger.last().unwrap().is_some());
            ledger.set_last_aside().unwrap();
            assert_eq!(ledger.last().unwrap(), None);
            assert_eq!(fs::read(ledger.folder.path.join("private/last.checkpoint.aside")).unwrap(), damaged);
        }
        fs::create_dir(ledger.last_path()).unwrap();
        assert!(ledger.last().is_err(), "not there is something else");
    }
}
