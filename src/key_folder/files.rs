//! Private keys as files.

use std::{io, path::Path};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};
use zeroize::Zeroizing;

use super::KeyFolderError;
use crate::{
    files::{self, Kind, PRIVATE, folder_of, reason},
    keyring::SigningKey,
};

/// Does what may take long, as waiting for a command, a passphrase or a disk does, while the other tasks of a service's thread go
/// on without it.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        // A command, or a test with one thread.
        _ => work(),
    }
}

/// Writes a private key, encrypted if there is a passphrase. It is durable before anything is published about it.
pub(super) fn create_private(path: &Path, key: &SigningKey, passphrase: Option<&SecretString>) -> Result<(), KeyFolderError> {
    blocking(|| {
        let pem = key.to_pem(passphrase.map(bytes)).map_err(|error| KeyFolderError::Key { path: path.to_owned(), error })?;
        files::write_new(path, pem.as_bytes(), PRIVATE).map_err(|error| unwritable(folder_of(path), &error))
    })
}

/// Reads a private key. A key that another account can copy is a stolen key, and one that it can exchange is not ours.
pub(super) fn read_private(path: &Path, passphrase: Option<&SecretString>) -> Result<SigningKey, KeyFolderError> {
    files::check(folder_of(path), Kind::Trusted)?;
    let pem = Zeroizing::new(files::read(path, Kind::Secret)?);
    blocking(|| SigningKey::from_pem(&pem, passphrase.map(bytes))).map_err(|error| KeyFolderError::Key { path: path.to_owned(), error })
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> KeyFolderError {
    KeyFolderError::Unwritable { path: path.to_owned(), reason: reason(error) }
}

fn bytes(passphrase: &SecretString) -> &[u8] {
    passphrase.expose_secret().as_bytes()
}
