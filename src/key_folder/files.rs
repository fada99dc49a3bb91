//! Reading and writing single files, so that nothing is ever half there and private ones are for their owner alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::KeyFolderError;
use crate::{
    config::{self, ConfigError, folder_of, read, reason},
    keyring::SigningKey,
};

pub(super) const PUBLIC: u32 = 0o644;
pub(super) const PRIVATE: u32 = 0o600;

/// Makes a folder that only its owner may enter, with all above it.
pub(super) fn make_folder(path: &Path) -> Result<(), KeyFolderError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| unwritable(path, &error))
}

/// Writes a file that is not there yet.
pub(super) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyFolderError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| unwritable(folder_of(path), &error))
}

/// Writes a public file, in place of one that may be there.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeyFolderError> {
    config::replace(path, bytes).map_err(|error| unwritable(folder_of(path), &error))
}

/// Writes a private key, encrypted if there is a passphrase.
pub(super) fn create_private(path: &Path, key: &SigningKey, passphrase: Option<&SecretString>) -> Result<(), KeyFolderError> {
    let pem = key.to_pem(passphrase.map(bytes)).map_err(|error| KeyFolderError::Key { path: path.to_owned(), error })?;
    create(path, pem.as_bytes(), PRIVATE)?;
    // The name of the file is durable too before anything is published about the key.
    let synced = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
    synced.map_err(|error| unwritable(folder_of(path), &error))
}

/// Reads a private key. Refuses a file that others can read.
pub(super) fn read_private(path: &Path, passphrase: Option<&SecretString>) -> Result<SigningKey, KeyFolderError> {
    let unreadable = |error: io::Error| ConfigError::Unreadable { path: path.to_owned(), reason: reason(&error) };
    // Group and others may not even look: a key that another account can copy is a stolen key.
    if fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o077 != 0 {
        return Err(KeyFolderError::Exposed(path.to_owned()));
    }
    let pem = Zeroizing::new(read(path)?);
    SigningKey::from_pem(&pem, passphrase.map(bytes)).map_err(|error| KeyFolderError::Key { path: path.to_owned(), error })
}

/// Overwrites a file, then removes it, durably. Again is as good as once. A disk that writes elsewhere, or a backup, may
/// still have it; docs/operations.md says so.
pub(super) fn destroy(path: &Path) -> Result<(), KeyFolderError> {
    let destroy = || {
        let length = usize::try_from(fs::metadata(path)?.len()).unwrap_or(0);
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(&vec![0; length])?;
        file.sync_all()?;
        fs::remove_file(path)?;
        File::open(folder_of(path))?.sync_all()
    };
    match destroy() {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(folder_of(path), &error)),
        _ => Ok(()),
    }
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> KeyFolderError {
    KeyFolderError::Unwritable { path: path.to_owned(), reason: reason(error) }
}

fn bytes(passphrase: &SecretString) -> &[u8] {
    passphrase.expose_secret().as_bytes()
}
