//! Making a key folder: whole, and by one command.

use std::{
    fs::{self, File},
    io,
    path::Path,
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
const ALL: &[&str] = &["private", "ledger.vkey", "keyset.jwt", "root.jwk"];
/// The same on a machine without a network.
const ROOT_ONLY: &[&str] = &["private", "root.jwk"];

/// Which run made the keys that are in the folder now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    Now,
    /// A run that was killed while it moved them into place.
    Before,
}

impl KeyFolder {
    /// Makes a root key, a ledger key, signing keys for the set's whole life and the signed set; gives back the root. What a
    /// process that was killed had begun to put into its place is finished instead.
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
        let made = self.make(ALL, |aside| {
            for key in &signing {
                create_private(&aside.private(&key.public().id().to_string()), key, passphrase)?;
            }
            aside.write_ledger(issuer, &ledger, passphrase)?;
            aside.put("keyset.jwt", set.as_bytes())?;
            aside.write_root(&root, passphrase)
        })?;
        if made == Made::Before {
            // It may have been asked for another issuer.
            self.last_set(issuer)?;
        }
        self.root_of(made, &root, passphrase)
    }

    /// Makes a root key alone, for a machine without a network; gives it back.
    pub fn init_root(&self, entropy: &dyn Entropy, passphrase: Option<&SecretString>) -> Result<PublicKey, KeyFolderError> {
        let root = draw_key(entropy)?;
        let made = self.make(ROOT_ONLY, |aside| aside.write_root(&root, passphrase))?;
        self.root_of(made, &root, passphrase)
    }

    fn root_of(&self, made: Made, drawn: &SigningKey, passphrase: Option<&SecretString>) -> Result<PublicKey, KeyFolderError> {
        match made {
            Made::Now => Ok(drawn.public()),
            Made::Before => Ok(self.private_root(passphrase)?.public()),
        }
    }

    fn make(&self, parts: &[&str], write: impl FnOnce(&Self) -> Result<(), KeyFolderError>) -> Result<Made, KeyFolderError> {
        let was_there = self.path.exists();
        make_folder(&self.path, 0o700).map_err(|error| unwritable(&self.path, &error))?;
        let held = self.hold()?;
        let made = held.make_whole(parts, write);
        if made.is_err() && !was_there {
            // Only if it is empty, and before anybody else may write in it.
            let _ = fs::remove_dir(&self.path);
        }
        made
    }

    fn has(&self, part: &str) -> bool {
        self.path.join(part).symlink_metadata().is_ok()
    }
}

impl HeldFolder {
    /// Everything is written aside first and moved into place at the end. What was moved is not in use before the last part, and
    /// the next run moves the rest.
    fn make_whole(&self, parts: &[&str], write: impl FnOnce(&KeyFolder) -> Result<(), KeyFolderError>) -> Result<Made, KeyFolderError> {
        let aside = KeyFolder::at(self.path.join(".new"));
        let made = if self.is_being_moved(&aside, parts) { Made::Before } else { Made::Now };
        if made == Made::Now {
            if ALL.iter().any(|part| self.has(part)) {
                return Err(KeyFolderError::Exists(self.path.clone()));
            }
            self.write_aside(&aside, write).map_err(|error| self.not_aside(error))?;
        }
        self.move_into_place(&aside.path, parts).map_err(|error| unwritable(&self.path, &error))?;
        Ok(made)
    }

    /// Whether a run that made these parts was killed when the first ones were in their place and the others were not yet.
    fn is_being_moved(&self, aside: &KeyFolder, parts: &[&str]) -> bool {
        let moved = parts.iter().take_while(|part| self.has(part)).count();
        let is_known = |part: &&str| match parts.iter().position(|known| known == part) {
            Some(place) => self.has(part) == (place < moved) && aside.has(part) == (place >= moved),
            None => !self.has(part) && !aside.has(part),
        };
        moved > 0 && aside.path.is_dir() && ALL.iter().all(is_known)
    }

    fn write_aside(&self, aside: &KeyFolder, write: impl FnOnce(&KeyFolder) -> Result<(), KeyFolderError>) -> Result<(), KeyFolderError> {
        // What a run that was killed left behind; none of it was ever in use.
        let _ = fs::remove_dir_all(&aside.path);
        let made = make_folder(&aside.path.join("private"), 0o700).map_err(|error| unwritable(&self.path, &error));
        let written = made.and_then(|()| write(aside));
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

    /// One after another, each durable before the next.
    fn move_into_place(&self, aside: &Path, parts: &[&str]) -> io::Result<()> {
        for part in parts.iter().filter(|part| !self.has(part)) {
            fs::rename(aside.join(part), self.path.join(part))?;
            File::open(&self.path)?.sync_all()?;
        }
        fs::remove_dir(aside)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use tempfile::TempDir;

    use super::*;
    use crate::entropy::SystemEntropy;

    const NOW: i64 = 1_795_000_000;

    fn init(keys: &KeyFolder, issuer: &str, root_only: bool) -> Result<PublicKey, KeyFolderError> {
        if root_only {
            return keys.init_root(&SystemEntropy, None);
        }
        keys.init(&issuer.parse().unwrap(), NOW, &SystemEntropy, None)
    }

    /// A folder in which a run was killed when it had moved so many parts; with its root.
    fn killed(moved: usize, root_only: bool) -> (TempDir, KeyFolder, PublicKey) {
        let place = tempfile::tempdir().unwrap();
        let keys = KeyFolder::at(place.path().join("keys"));
        let root = init(&keys, "verify.example.org", root_only).unwrap();
        fs::create_dir(keys.path.join(".new")).unwrap();
        for part in &parts(root_only)[moved..] {
            fs::rename(keys.path.join(part), keys.path.join(".new").join(part)).unwrap();
        }
        (place, keys, root)
    }

    fn parts(root_only: bool) -> &'static [&'static str] {
        if root_only { ROOT_ONLY } else { ALL }
    }

    fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path));
            }
            found.insert(path.clone(), fs::read(path).unwrap_or_default());
        }
        found
    }

    fn assert_whole(keys: &KeyFolder, root: &PublicKey, root_only: bool) {
        let mut names: Vec<_> = fs::read_dir(&keys.path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        let mut expected = parts(root_only).to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected);
        assert!(keys.private_root(None).unwrap().public() == *root);
        if !root_only {
            let issuer = "verify.example.org".parse().unwrap();
            let set = keys.public_keys(&issuer, NOW).unwrap();
            assert_eq!(keys.vault(None).check(&set).unwrap(), set.set().keys().len());
            keys.ledger(&issuer, None).check().unwrap();
        }
    }

    #[test]
    fn what_was_killed_while_it_moved_is_finished_by_the_same_command() {
        for root_only in [false, true] {
            for moved in 1..=parts(root_only).len() {
                let (_place, keys, root) = killed(moved, root_only);
                let made = init(&keys, "verify.example.org", root_only).unwrap();
                assert!(made == root, "{moved}: the fingerprint is that of the root that is there");
                assert_whole(&keys, &root, root_only);
                let before = files(&keys.path);
                assert!(matches!(init(&keys, "verify.example.org", root_only), Err(KeyFolderError::Exists(_))), "{moved}");
                assert!(files(&keys.path) == before);
            }
        }
    }

    #[test]
    fn what_was_killed_while_it_wrote_is_made_again() {
        type Step = fn(&KeyFolder);
        let folder: Step = |keys| fs::create_dir(&keys.path).unwrap();
        let aside: Step = |keys| fs::create_dir(keys.path.join(".new")).unwrap();
        let private: Step = |keys| fs::create_dir(keys.path.join(".new/private")).unwrap();
        let draft: Step = |keys| fs::write(keys.path.join(".new/private/.countersign-1-1.new"), "half").unwrap();
        let key: Step =
            |keys| fs::rename(keys.path.join(".new/private/.countersign-1-1.new"), keys.path.join(".new/private/ledger.pem")).unwrap();
        let set: Step = |keys| fs::write(keys.path.join(".new/keyset.jwt"), "set").unwrap();
        let root: Step = |keys| fs::write(keys.path.join(".new/root.jwk"), "root").unwrap();
        let steps = [folder, aside, private, draft, key, set, root];
        for done in 0..=steps.len() {
            for root_only in [false, true] {
                let place = tempfile::tempdir().unwrap();
                let keys = KeyFolder::at(place.path().join("keys"));
                steps[..done].iter().for_each(|step| step(&keys));
                let root = init(&keys, "verify.example.org", root_only).unwrap();
                assert_whole(&keys, &root, root_only);
            }
        }
    }

    /// A set for another issuer, other parts, or a root key that was brought here meanwhile: nothing is mixed.
    #[test]
    fn another_command_finishes_nothing_that_was_not_asked_for() {
        for moved in 1..=ALL.len() {
            let (_place, keys, root) = killed(moved, false);
            assert!(matches!(init(&keys, "other.example.org", false), Err(KeyFolderError::KeySet { .. })), "{moved}");
            assert_whole(&keys, &root, false);
        }
        for (made, asked) in [(false, true), (true, false)] {
            for moved in 1..=parts(made).len() {
                let (_place, keys, _) = killed(moved, made);
                let before = files(&keys.path);
                assert!(matches!(init(&keys, "verify.example.org", asked), Err(KeyFolderError::Exists(_))), "{moved}");
                assert!(files(&keys.path) == before);
            }
        }
        for moved in 0..ALL.len() {
            let (_place, keys, _) = killed(moved, false);
            fs::write(keys.path.join("root.jwk"), "brought").unwrap();
            let before = files(&keys.path);
            assert!(matches!(init(&keys, "verify.example.org", false), Err(KeyFolderError::Exists(_))), "{moved}");
            assert!(files(&keys.path) == before);
        }
    }
}
