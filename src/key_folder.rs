//! Keys on disk: `root.jwk`, `keyset.jwt` and `private/*.pem`. Private files are for their owner alone.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    config::{ConfigError, read, reason},
    entropy::{Entropy, NoEntropy},
    keyring::{
        IssuerName, KeyError, KeyId, KeySet, KeySetError, MAX_SET_LIFETIME, PublicKey, PublicKeys, PublishedKey, Ring, RingError,
        SigningKey,
    },
};

/// How long each signing key is the active one. Seconds.
const ACTIVE: i64 = 7 * 86_400;
/// How long a key stays published after that: as long as a token prepared in its last second could need it. Seconds.
const RETIRED: i64 = 2 * 86_400;

/// The key folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFolderError {
    /// A file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ConfigError),
    /// There are keys already.
    #[error("{} holds keys already; move them away first, they cannot be made again", .0.display())]
    Exists(PathBuf),
    /// Files cannot be written.
    #[error("the keys cannot be written to {} ({reason}); check the path and who may write there", path.display())]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Others can read it.
    #[error("{} can be read by others; run: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// A file does not hold a key.
    #[error("{} cannot be used: {error}", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        error: KeyError,
    },
    /// It is not a public root key.
    #[error("{} is not a public root key as `keys init` writes it; copy root.jwk anew from where the keys were made", .0.display())]
    Root(PathBuf),
    /// There is no key set or root key in the folder.
    #[error("there are no keys in {}; make them with `countersign keys init`, or name their folder with --keys", .0.display())]
    NoKeys(PathBuf),
    /// The set is not trusted.
    #[error("{} cannot be trusted: {error}", path.display())]
    KeySet {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: KeySetError,
    },
    /// A set cannot be put together.
    #[error(transparent)]
    NewSet(#[from] KeySetError),
    /// Private and published keys do not go together.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

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

    /// Makes a root key, a ledger key, signing keys for the set's whole life and the signed set. Everything is written
    /// aside first and moved into place at the end, so nothing is ever half there.
    pub fn init(
        &self,
        issuer: &IssuerName,
        now: i64,
        entropy: &dyn Entropy,
        passphrase: Option<&SecretString>,
    ) -> Result<(), KeyFolderError> {
        for taken in ["root.jwk", "keyset.jwt", "private"] {
            if self.path.join(taken).exists() {
                return Err(KeyFolderError::Exists(self.path.clone()));
            }
        }
        let keys = New::draw(issuer, now, entropy)?;
        let aside = self.path.join(".new");
        // What a run that was killed left behind; none of it was ever in use.
        let _ = fs::remove_dir_all(&aside);
        let written = self.write_aside(&aside, &keys, passphrase).and_then(|()| self.move_into_place(&aside));
        if written.is_err() {
            // Whatever was written aside is of no use to anybody.
            let _ = fs::remove_dir_all(&aside);
        }
        written
    }

    fn write_aside(&self, aside: &Path, keys: &New, passphrase: Option<&SecretString>) -> Result<(), KeyFolderError> {
        let private = aside.join("private");
        DirBuilder::new().recursive(true).mode(0o700).create(&private).map_err(|error| self.unwritable(&error))?;
        let named = [("root".to_owned(), &keys.root), ("ledger".to_owned(), &keys.ledger)];
        let signing = keys.signing.iter().map(|key| (key.public().id().to_string(), key));
        for (name, key) in named.into_iter().chain(signing) {
            let path = private.join(format!("{name}.pem"));
            let pem = key
                .to_pem(passphrase.map(|p| p.expose_secret().as_bytes()))
                .map_err(|error| KeyFolderError::Key { path: path.clone(), error })?;
            self.write(&path, pem.as_bytes(), 0o600)?;
        }
        let root = keys.root.public();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": root.jwk_x(), "kid": root.id().to_string(), "alg": "Ed25519", "use": "sig"});
        self.write(&aside.join("keyset.jwt"), keys.set.as_bytes(), 0o644)?;
        self.write(&aside.join("root.jwk"), format!("{jwk:#}\n").as_bytes(), 0o644)
    }

    fn move_into_place(&self, aside: &Path) -> Result<(), KeyFolderError> {
        for name in ["private", "keyset.jwt", "root.jwk"] {
            fs::rename(aside.join(name), self.path.join(name)).map_err(|error| self.unwritable(&error))?;
        }
        fs::remove_dir(aside).map_err(|error| self.unwritable(&error))
    }

    fn write(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyFolderError> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(|error| self.unwritable(&error))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| self.unwritable(&error))
    }

    fn unwritable(&self, error: &std::io::Error) -> KeyFolderError {
        KeyFolderError::Unwritable { path: self.path.clone(), reason: reason(error) }
    }

    /// The pinned root, from `root.jwk`.
    pub fn root(&self) -> Result<PublicKey, KeyFolderError> {
        read_root(&self.there("root.jwk")?)
    }

    /// The published set, trusted under the pinned root.
    pub fn public_keys(&self, issuer: &IssuerName, now: i64) -> Result<PublicKeys, KeyFolderError> {
        read_key_set(&self.there("keyset.jwt")?, &self.root()?, issuer, now)
    }

    fn there(&self, name: &str) -> Result<PathBuf, KeyFolderError> {
        let path = self.path.join(name);
        if path.exists() { Ok(path) } else { Err(KeyFolderError::NoKeys(self.path.clone())) }
    }

    /// The signed set as it was published.
    pub fn key_set(&self) -> Result<String, KeyFolderError> {
        Ok(read(&self.there("keyset.jwt")?)?.trim().to_owned())
    }

    /// The published set with every signing key that is here. Refuses a private file that others can read.
    pub fn ring(&self, issuer: &IssuerName, now: i64, passphrase: Option<&SecretString>) -> Result<Ring, KeyFolderError> {
        let public = self.public_keys(issuer, now)?;
        let private = self.path.join("private");
        let entries = fs::read_dir(&private).map_err(|error| ConfigError::Unreadable { path: private.clone(), reason: reason(&error) })?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_signing_key(path)).collect();
        paths.sort();
        let keys = paths.iter().map(|path| read_private(path, passphrase)).collect::<Result<_, _>>()?;
        Ok(Ring::new(public, keys)?)
    }
}

/// Reads a signed key set, which `root` must have signed.
pub fn read_key_set(path: &Path, root: &PublicKey, issuer: &IssuerName, now: i64) -> Result<PublicKeys, KeyFolderError> {
    PublicKeys::open(read(path)?.trim(), root, issuer, now, 0).map_err(|error| KeyFolderError::KeySet { path: path.to_owned(), error })
}

/// Reads a public root key that `keys init` wrote.
pub fn read_root(path: &Path) -> Result<PublicKey, KeyFolderError> {
    let wrong = || KeyFolderError::Root(path.to_owned());
    let jwk: RootJwk = serde_json::from_str(&read(path)?).map_err(|_| wrong())?;
    let key = PublicKey::from_jwk_x(&jwk.x).map_err(|_| wrong())?;
    let agrees = jwk.kty == "OKP" && jwk.crv == "Ed25519" && jwk.kid == key.id().to_string();
    agrees.then_some(key).ok_or_else(wrong)
}

/// Signing keys are named by their id; root and ledger keys are not read by any running process.
fn is_signing_key(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    path.extension().is_some_and(|extension| extension == "pem") && stem.is_some_and(|stem| stem.parse::<KeyId>().is_ok())
}

fn read_private(path: &Path, passphrase: Option<&SecretString>) -> Result<SigningKey, KeyFolderError> {
    let unreadable = |error: std::io::Error| ConfigError::Unreadable { path: path.to_owned(), reason: reason(&error) };
    // Group and others may not even look: a key that another account can copy is a stolen key.
    if fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o077 != 0 {
        return Err(KeyFolderError::Exposed(path.to_owned()));
    }
    let pem = Zeroizing::new(read(path)?);
    let passphrase = passphrase.map(|passphrase| passphrase.expose_secret().as_bytes());
    SigningKey::from_pem(&pem, passphrase).map_err(|error| KeyFolderError::Key { path: path.to_owned(), error })
}

struct New {
    root: SigningKey,
    ledger: SigningKey,
    signing: Vec<SigningKey>,
    set: String,
}

impl New {
    fn draw(issuer: &IssuerName, now: i64, entropy: &dyn Entropy) -> Result<Self, KeyFolderError> {
        let draw = || -> Result<SigningKey, NoEntropy> {
            let mut seed = Zeroizing::new([0; 32]);
            entropy.fill(&mut *seed)?;
            Ok(SigningKey::from_seed(&seed))
        };
        let (root, ledger) = (draw()?, draw()?);
        let mut signing = Vec::new();
        let mut published = Vec::new();
        for begins in (0..MAX_SET_LIFETIME / ACTIVE).map(|n| now + n * ACTIVE) {
            let key = draw()?;
            published.push(PublishedKey { key: key.public(), not_before: begins, expires_at: begins + ACTIVE + RETIRED, revoked: None });
            signing.push(key);
        }
        let set = KeySet::new(issuer.clone(), 1, now, now + MAX_SET_LIFETIME, published)?.sign(&root);
        Ok(Self { root, ledger, signing, set })
    }
}
