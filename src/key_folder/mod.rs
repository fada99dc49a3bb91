//! Keys on disk: `root.jwk`, `keyset.jwt`, `ledger.vkey` and `private/*.pem`. Private files are for their owner alone.

mod error;
mod files;
mod ledger;
mod vault;

use std::{
    fs,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use self::files::{PUBLIC, create, create_private, make_folder, read_private, replace, unwritable};
pub use self::{error::KeyFolderError, ledger::LedgerFolder, vault::FolderVault};
use crate::{
    config::read,
    entropy::Entropy,
    issuer::{POLICY, draw_key},
    keyring::{IssuerName, KeySet, PublicKey, PublicKeys, SigningKey, rotation::NextSet},
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

    /// Makes a root key, a ledger key, signing keys for the set's whole life and the signed set.
    pub fn init(
        &self,
        issuer: &IssuerName,
        now: i64,
        entropy: &dyn Entropy,
        passphrase: Option<&SecretString>,
    ) -> Result<(), KeyFolderError> {
        let (root, ledger) = (draw_key(entropy)?, draw_key(entropy)?);
        let next = NextSet { version: 1, current: None, records: &[], policy: &POLICY, now };
        let signing = (0..next.wanted()).map(|_| draw_key(entropy)).collect::<Result<Vec<_>, _>>()?;
        let set = next.with(issuer.clone(), signing.iter().map(SigningKey::public).collect())?.sign(&root);
        self.write_whole(|aside| {
            for key in &signing {
                create_private(&aside.private(&key.public().id().to_string()), key, passphrase)?;
            }
            aside.write_ledger(issuer, &ledger, passphrase)?;
            create(&aside.path.join("keyset.jwt"), set.as_bytes(), PUBLIC)?;
            aside.write_root(&root, passphrase)
        })
    }

    /// Makes a root key alone, for a machine without a network.
    pub fn init_root(&self, entropy: &dyn Entropy, passphrase: Option<&SecretString>) -> Result<(), KeyFolderError> {
        let root = draw_key(entropy)?;
        self.write_whole(|aside| aside.write_root(&root, passphrase))
    }

    /// Everything is written aside first and moved into place at the end, so nothing is ever half there.
    fn write_whole(&self, write: impl FnOnce(&Self) -> Result<(), KeyFolderError>) -> Result<(), KeyFolderError> {
        for taken in ["root.jwk", "keyset.jwt", "private"] {
            if self.path.join(taken).exists() {
                return Err(KeyFolderError::Exists(self.path.clone()));
            }
        }
        let aside = Self::at(self.path.join(".new"));
        // What a run that was killed left behind; none of it was ever in use.
        let _ = fs::remove_dir_all(&aside.path);
        let written = make_folder(&aside.path.join("private"))
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

    /// The root comes last: with it the folder counts as made.
    fn move_into_place(&self, aside: &Path) -> Result<(), KeyFolderError> {
        for name in ["private", "ledger.vkey", "keyset.jwt", "root.jwk"].into_iter().filter(|name| aside.join(name).exists()) {
            fs::rename(aside.join(name), self.path.join(name)).map_err(|error| unwritable(&self.path, &error))?;
        }
        fs::remove_dir(aside).map_err(|error| unwritable(&self.path, &error))
    }

    fn write_root(&self, root: &SigningKey, passphrase: Option<&SecretString>) -> Result<(), KeyFolderError> {
        create_private(&self.private("root"), root, passphrase)?;
        let public = root.public();
        let jwk =
            json!({"kty": "OKP", "crv": "Ed25519", "x": public.jwk_x(), "kid": public.id().to_string(), "alg": "Ed25519", "use": "sig"});
        create(&self.path.join("root.jwk"), format!("{jwk:#}\n").as_bytes(), PUBLIC)
    }

    fn write_ledger(&self, issuer: &IssuerName, key: &SigningKey, passphrase: Option<&SecretString>) -> Result<(), KeyFolderError> {
        create_private(&self.private("ledger"), key, passphrase)?;
        replace(&self.path.join("ledger.vkey"), format!("{}\n", self.ledger_name(issuer, key)?).as_bytes())
    }

    fn ledger_name(&self, issuer: &IssuerName, key: &SigningKey) -> Result<VerifierKey, KeyFolderError> {
        ledger_key(issuer, key.public()).map_err(|error| KeyFolderError::Ledger { path: self.private("ledger"), error })
    }

    /// Whether a ledger key was made here; its private half may be lost.
    pub fn has_ledger_key(&self) -> bool {
        self.private("ledger").exists() || self.path.join("ledger.vkey").exists()
    }

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
        make_folder(&self.path.join("private"))?;
        self.write_ledger(issuer, &draw_key(entropy)?, passphrase)
    }

    /// The pinned root, from `root.jwk`.
    pub fn root(&self) -> Result<PublicKey, KeyFolderError> {
        read_root(&self.there("root.jwk")?)
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
        read(&path)?.trim().parse().map_err(|error| KeyFolderError::Ledger { path, error })
    }

    /// The published set, trusted under the pinned root; it may have expired.
    pub fn public_keys(&self, issuer: &IssuerName, now: i64) -> Result<PublicKeys, KeyFolderError> {
        let path = self.set_path()?;
        let keys = PublicKeys::open_even_expired(read(&path)?.trim(), &self.root()?, issuer, now, 0);
        keys.map_err(|error| KeyFolderError::KeySet { path, error })
    }

    /// The set that was published last under the pinned root, even if it has run out; `None` if there never was one.
    pub fn last_set(&self, issuer: &IssuerName) -> Result<Option<KeySet>, KeyFolderError> {
        let path = self.path.join("keyset.jwt");
        if !path.exists() {
            return Ok(None);
        }
        let set = KeySet::read(read(&path)?.trim(), &self.root()?, issuer);
        set.map(Some).map_err(|error| KeyFolderError::KeySet { path, error })
    }

    fn there(&self, name: &str) -> Result<PathBuf, KeyFolderError> {
        let path = self.path.join(name);
        if path.exists() { Ok(path) } else { Err(KeyFolderError::NoKeys(self.path.clone())) }
    }

    /// The signed set as it was published.
    pub fn key_set(&self) -> Result<String, KeyFolderError> {
        Ok(read(&self.set_path()?)?.trim().to_owned())
    }

    fn set_path(&self) -> Result<PathBuf, KeyFolderError> {
        // Without a root key nothing was made here at all.
        self.there("root.jwk")?;
        let path = self.path.join("keyset.jwt");
        if path.exists() { Ok(path) } else { Err(KeyFolderError::NoSet(path)) }
    }

    /// Keeps a signed set in place of the one before.
    pub fn put_key_set(&self, jwt: &str) -> Result<(), KeyFolderError> {
        replace(&self.path.join("keyset.jwt"), jwt.as_bytes())
    }

    /// The private halves of the signing keys.
    pub fn vault(&self, passphrase: Option<SecretString>) -> FolderVault {
        FolderVault { private: self.path.join("private"), passphrase }
    }
}

/// Reads a signed key set, which `root` must have signed, and of which version `least` is known already.
pub fn read_key_set(path: &Path, root: &PublicKey, issuer: &IssuerName, now: i64, least: u64) -> Result<PublicKeys, KeyFolderError> {
    PublicKeys::open(read(path)?.trim(), root, issuer, now, least).map_err(|error| KeyFolderError::KeySet { path: path.to_owned(), error })
}

/// Reads a public root key that `keys init` wrote.
pub fn read_root(path: &Path) -> Result<PublicKey, KeyFolderError> {
    let wrong = || KeyFolderError::Root(path.to_owned());
    let jwk: RootJwk = serde_json::from_str(&read(path)?).map_err(|_| wrong())?;
    let key = PublicKey::from_jwk_x(&jwk.x).map_err(|_| wrong())?;
    let agrees = jwk.kty == "OKP" && jwk.crv == "Ed25519" && jwk.kid == key.id().to_string();
    agrees.then_some(key).ok_or_else(wrong)
}
