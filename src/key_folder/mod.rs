//! Keys on disk: `root.jwk`, `keyset.jwt`, `ledger.vkey` and `private/*.pem`. Private files are for their owner alone.

mod error;
mod files;
mod ledger;
mod making;
mod vault;

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

pub use self::{error::KeyFolderError, ledger::LedgerFolder, vault::FolderVault};
use self::{
    files::{create_private, read_private, unwritable},
    vault::Holding,
};
use crate::{
    entropy::Entropy,
    files::{Draft, Finished, FolderLock, Kind, PUBLIC, check, clear_abandoned, is_own, make_folder, read, replace},
    issuer::draw_key,
    keyring::{IssuerName, KeySet, PublicKey, PublicKeys, SigningKey},
    ledger::{VerifierKey, ledger_key},
    store::DeploymentKeys,
};

/// A folder with keys.
pub struct KeyFolder {
    path: PathBuf,
}

#[derive(Deserialize)]
struct RootJwk {
    kty: String,
    crv: String,
    x: String,
    kid: String,
}

impl KeyFolder {
    /// The folder at `path`; nothing is read yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether keys were made here.
    pub fn is_there(&self) -> bool {
        self.path.join("root.jwk").exists()
    }

    fn private(&self, name: &str) -> PathBuf {
        self.path.join("private").join(format!("{name}.pem"))
    }

    /// Keeps other commands from writing here until the result is dropped.
    pub fn hold(&self) -> Result<HeldFolder, KeyFolderError> {
        let lock = hold(&self.path, FolderLock::PATIENCE)?;
        clear_abandoned(&self.path);
        clear_abandoned(&self.path.join("private"));
        Ok(HeldFolder { folder: Self::at(&self.path), lock: Arc::new(lock) })
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), KeyFolderError> {
        replace(&self.path.join(name), bytes, PUBLIC).map_err(|error| unwritable(&self.path, &error))
    }

    fn write_root(&self, root: &SigningKey, passphrase: Option<&SecretString>) -> Result<(), KeyFolderError> {
        create_private(&self.private("root"), root, passphrase)?;
        let public = root.public();
        let jwk =
            json!({"kty": "OKP", "crv": "Ed25519", "x": public.jwk_x(), "kid": public.id().to_string(), "alg": "Ed25519", "use": "sig"});
        self.put("root.jwk", format!("{jwk:#}\n").as_bytes())
    }

    fn write_ledger(&self, issuer: &IssuerName, key: &SigningKey, passphrase: Option<&SecretString>) -> Result<(), KeyFolderError> {
        create_private(&self.private("ledger"), key, passphrase)?;
        self.put("ledger.vkey", format!("{}\n", self.ledger_name(issuer, key)?).as_bytes())
    }

    fn ledger_name(&self, issuer: &IssuerName, key: &SigningKey) -> Result<VerifierKey, KeyFolderError> {
        ledger_key(issuer, key.public()).map_err(|error| KeyFolderError::Ledger { path: self.private("ledger"), error })
    }

    /// Whether a ledger key was made here; its private half may be lost.
    pub fn has_ledger_key(&self) -> bool {
        self.private("ledger").exists() || self.path.join("ledger.vkey").exists()
    }

    /// Whether its private half is here and belongs to this very user. What another one wrote beside it, such as root, the service could
    /// not read.
    pub fn has_own_ledger_key(&self) -> bool {
        is_own(&self.private("ledger"))
    }

    /// The pinned root, from `root.jwk`.
    pub fn root(&self) -> Result<PublicKey, KeyFolderError> {
        read_root(&self.there("root.jwk")?)
    }

    /// Whether private keys are here, as they are on the issuer's machine.
    pub fn has_private(&self) -> bool {
        self.path.join("private").exists()
    }

    /// Whether the private root key is here, as it should be on no machine with a network.
    pub fn has_private_root(&self) -> bool {
        self.private("root").exists()
    }

    /// The private root key.
    pub fn private_root(&self, passphrase: Option<&SecretString>) -> Result<SigningKey, KeyFolderError> {
        let (path, root) = (self.private("root"), self.root()?);
        let key = read_private(&path, passphrase)?;
        if key.public() == root { Ok(key) } else { Err(KeyFolderError::OtherRoot(path)) }
    }

    /// The ledger's key, and what was signed with it.
    pub fn ledger(&self, issuer: &IssuerName, passphrase: Option<SecretString>) -> LedgerFolder {
        LedgerFolder { folder: Self::at(&self.path), issuer: issuer.clone(), passphrase }
    }

    /// What a store is compared with before anything is written to it. `new_id` is the id of a store that is made now.
    pub fn deployment_keys(
        &self,
        issuer: &IssuerName,
        new_id: [u8; 16],
        passphrase: Option<&SecretString>,
    ) -> Result<DeploymentKeys, KeyFolderError> {
        let published = if self.path.join("ledger.vkey").exists() { Some(self.ledger_vkey()?) } else { None };
        // A renewal that was interrupted may have left the file behind the key. What cannot be read here only narrows the choice.
        let private = ["ledger", "ledger.next"].into_iter().filter_map(|name| read_private(&self.private(name), passphrase).ok());
        let private = private.filter_map(|key| ledger_key(issuer, key.public()).ok());
        let ledger = published.into_iter().chain(private).collect();
        Ok(DeploymentKeys { folder: self.path.clone(), issuer: issuer.clone(), root: self.root()?, ledger, new_id })
    }

    /// The name and public half alone, from `ledger.vkey`.
    pub fn ledger_vkey(&self) -> Result<VerifierKey, KeyFolderError> {
        let path = self.there("ledger.vkey")?;
        read(&path, Kind::Trusted)?.trim().parse().map_err(|error| KeyFolderError::Ledger { path, error })
    }

    /// The published set, trusted under the pinned root; it may have expired.
    pub fn public_keys(&self, issuer: &IssuerName, now: i64) -> Result<PublicKeys, KeyFolderError> {
        let path = self.set_path()?;
        let keys = PublicKeys::open_even_expired(read(&path, Kind::Trusted)?.trim(), &self.root()?, issuer, now, 0);
        keys.map_err(|error| KeyFolderError::KeySet { path, error })
    }

    /// The set that was published last under the pinned root, even if it has run out; `None` if there never was one.
    pub fn last_set(&self, issuer: &IssuerName) -> Result<Option<KeySet>, KeyFolderError> {
        let path = self.path.join("keyset.jwt");
        if !path.exists() {
            return Ok(None);
        }
        let set = KeySet::read(read(&path, Kind::Trusted)?.trim(), &self.root()?, issuer);
        set.map(Some).map_err(|error| KeyFolderError::KeySet { path, error })
    }

    fn there(&self, name: &str) -> Result<PathBuf, KeyFolderError> {
        let path = self.path.join(name);
        check(&self.path, Kind::Trusted)?;
        if path.exists() { Ok(path) } else { Err(KeyFolderError::NoKeys(self.path.clone())) }
    }

    /// The signed set as it was published.
    pub fn key_set(&self) -> Result<String, KeyFolderError> {
        Ok(read(&self.set_path()?, Kind::Trusted)?.trim().to_owned())
    }

    fn set_path(&self) -> Result<PathBuf, KeyFolderError> {
        // Without a root key nothing was made here at all.
        self.there("root.jwk")?;
        let path = self.path.join("keyset.jwt");
        if path.exists() { Ok(path) } else { Err(KeyFolderError::NoSet(path)) }
    }

    /// The private halves of the signing keys, for a process that does not hold the folder all the time.
    pub fn vault(&self, passphrase: Option<SecretString>) -> FolderVault {
        FolderVault { private: self.path.join("private"), passphrase, holding: Holding::BY_CHANGE }
    }
}

/// A folder in which no other command writes; the only way to change what is in one.
pub struct HeldFolder {
    folder: KeyFolder,
    lock: Arc<FolderLock>,
}

impl Deref for HeldFolder {
    type Target = KeyFolder;

    fn deref(&self) -> &KeyFolder {
        &self.folder
    }
}

impl HeldFolder {
    /// Makes a ledger key, and the folder for private keys. For a deployment that has no store yet: a second ledger key would
    /// sign what nobody believes.
    pub fn make_ledger_key(
        &self,
        issuer: &IssuerName,
        entropy: &dyn Entropy,
        passphrase: Option<&SecretString>,
    ) -> Result<(), KeyFolderError> {
        if self.has_ledger_key() {
            return Err(KeyFolderError::Exists(self.path.clone()));
        }
        let private = self.path.join("private");
        make_folder(&private, 0o700).map_err(|error| unwritable(&private, &error))?;
        self.write_ledger(issuer, &draw_key(entropy)?, passphrase)
    }

    /// A signed set beside the place of the one before, durable already.
    pub fn draft_key_set(&self, jwt: &str) -> Result<Finished, KeyFolderError> {
        Draft::of(&self.path.join("keyset.jwt"), jwt.as_bytes(), PUBLIC).map_err(|error| unwritable(&self.path, &error))
    }

    /// Keeps a signed set in place of the one before.
    pub fn put_key_set(&self, jwt: &str) -> Result<(), KeyFolderError> {
        self.put("keyset.jwt", jwt.as_bytes())
    }

    /// The private halves of the signing keys, in a folder that stays held as long as they are used.
    pub fn vault(&self, passphrase: Option<SecretString>) -> FolderVault {
        FolderVault { holding: Holding::Command(self.lock.clone()), ..self.folder.vault(passphrase) }
    }
}

/// Waits for other commands, but not for ever.
fn hold(path: &Path, patience: Duration) -> Result<FolderLock, KeyFolderError> {
    let taken = FolderLock::take(path, patience).map_err(|error| unwritable(path, &error))?;
    taken.ok_or_else(|| KeyFolderError::Busy(path.to_owned()))
}

/// Reads a signed key set, which `root` must have signed, and of which version `least` is known already.
pub fn read_key_set(path: &Path, root: &PublicKey, issuer: &IssuerName, now: i64, least: u64) -> Result<PublicKeys, KeyFolderError> {
    PublicKeys::open(read(path, Kind::Trusted)?.trim(), root, issuer, now, least)
        .map_err(|error| KeyFolderError::KeySet { path: path.to_owned(), error })
}

/// Reads a public root key that `keys init` wrote.
pub fn read_root(path: &Path) -> Result<PublicKey, KeyFolderError> {
    let wrong = || KeyFolderError::Root(path.to_owned());
    let jwk: RootJwk = serde_json::from_str(&read(path, Kind::Trusted)?).map_err(|_| wrong())?;
    let key = PublicKey::from_jwk_x(&jwk.x).map_err(|_| wrong())?;
    let agrees = jwk.kty == "OKP" && jwk.crv == "Ed25519" && jwk.kid == key.id().to_string();
    agrees.then_some(key).ok_or_else(wrong)
}
