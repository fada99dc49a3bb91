//! Making a key folder: whole, and by one command.

use std::{
    fs,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{
    HeldFolder, KeyFolder, KeyFolderError,
    files::{create_private, unwritable},
};
use crate::{
    entropy::Entropy,
    files::make_folder,
    issuer::{POLICY, draw_key},
    keyring::{IssuerName, PublicKey, SigningKey, rotation::NextSet},
};

/// What a made folder holds. The root comes last: with it the folder counts as made.
const PARTS: [&str; 4] = ["private", "ledger.vkey", "keyset.jwt", "root.jwk"];

impl KeyFolder {
    /// Makes a root key, a ledger key, signing keys for the set's whole life and the signed set; gives back the root.
    pub fn init(
        &self,
        issuer: &IssuerName,
        now: i64,
        entropy: &dyn Entropy,
        passphrase: Option<&SecretString>,
    ) -> Result<PublicKey, KeyFolderError> {
        let (root, ledger) = (draw_key(entropy)?, draw_key(entropy)?);
        let next = NextSet { version: 1, current: None, records: &[], policy: &POLICY, now };
        let signing = (0..next.wanted()).map(|_| draw_key(entropy)).collect::<Result<Vec<_>, _>>()?;
        let set = next.with(issuer.clone(), signing.iter().map(SigningKey::public).collect())?.sign(&root);
        self.make(|aside| {
            for key in &signing {
                create_private(&aside.private(&key.public().id().to_string()), key, passphrase)?;
            }
            aside.write_ledger(issuer, &ledger, passphrase)?;
            aside.put("keyset.jwt", set.as_bytes())?;
            aside.write_root(&root, passphrase)
        })?;
        Ok(root.public())
    }

    /// Makes a root key alone, for a machine without a network; gives it back.
    pub fn init_root(&self, entropy: &dyn Entropy, passphrase: Option<&SecretString>) -> Result<PublicKey, KeyFolderError> {
        let root = draw_key(entropy)?;
        self.make(|aside| aside.write_root(&root, passphrase))?;
        Ok(root.public())
    }

    fn make(&self, write: impl FnOnce(&Self) -> Result<(), KeyFolderError>) -> Result<(), KeyFolderError> {
        let was_there = self.path.exists();
        make_folder(&self.path, 0o700).map_err(|error| unwritable(&self.path, &error))?;
        let held = self.hold()?;
        let made = held.make_whole(write);
        if made.is_err() && !was_there {
            // Only if it is empty, and before anybody else may write in it.
            let _ = fs::remove_dir(&self.path);
        }
        made
    }
}

impl HeldFolder {
    /// Everything is written aside first and moved into place at the end, so nothing is ever half there.
    fn make_whole(&self, write: impl FnOnce(&KeyFolder) -> Result<(), KeyFolderError>) -> Result<(), KeyFolderError> {
        if PARTS.iter().any(|part| self.path.join(part).symlink_metadata().is_ok()) {
            return Err(KeyFolderError::Exists(self.path.clone()));
        }
        let aside = KeyFolder::at(self.path.join(".new"));
        // What a run that was killed left behind; none of it was ever in use.
        let _ = fs::remove_dir_all(&aside.path);
        let written = make_folder(&aside.path.join("private"), 0o700)
            .map_err(|error| unwritable(&self.path, &error))
            .and_then(|()| write(&aside))
            .and_then(|()| self.move_into_place(&aside.path))
            .map_err(|error| self.not_aside(error));
        if written.is_err() {
            // Whatever was written aside is of no use to anybody.
            let _ = fs::remove_dir_all(&aside.path);
        }
        written
    }

    /// People know the folder, not what is aside in it.
    fn not_aside(&self, error: KeyFolderError) -> KeyFolderError {
        match error {
            KeyFolderError::Unwritable { reason, .. } => KeyFolderError::Unwritable { path: self.path.clone(), reason },
            error => error,
        }
    }

    fn move_into_place(&self, aside: &Path) -> Result<(), KeyFolderError> {
        let mut moved: Vec<PathBuf> = Vec::new();
        for part in PARTS.into_iter().filter(|part| aside.join(part).exists()) {
            let place = self.path.join(part);
            if let Err(error) = fs::rename(aside.join(part), &place) {
                for part in moved.iter().rev() {
                    let _ = if part.is_dir() { fs::remove_dir_all(part) } else { fs::remove_file(part) };
                }
                return Err(unwritable(&self.path, &error));
            }
            moved.push(place);
        }
        let durable = fs::File::open(&self.path).and_then(|folder| folder.sync_all());
        durable.and_then(|()| fs::remove_dir(aside)).map_err(|error| unwritable(&self.path, &error))
    }
}
