//! Ed25519 keys and their names.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{
    Signature, Signer as _, VerifyingKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _},
};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, SecretDocument, der::pem::PemLabel as _};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A key cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// Not the canonical encoding of a point, or a point of small order.
    #[error("a public key is not a canonical Ed25519 point of large order")]
    BadPublicKey,
    /// Not a PKCS#8 Ed25519 private key in PEM.
    #[error("it is not an Ed25519 private key as PKCS#8 in PEM")]
    BadPrivateKey,
    /// The PEM is encrypted and no passphrase was given.
    #[error("it is encrypted: give its passphrase with --passphrase-file")]
    PassphraseNeeded,
    /// The passphrase does not open it.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// A key id is 32 bytes as base64url.
    #[error("a key id is not 32 bytes as base64url without padding")]
    BadKeyId,
}

/// A key's RFC 7638 thumbprint (SHA-256 of its canonical JWK).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, SerializeDisplay, DeserializeFromStr)]
pub struct KeyId([u8; 32]);

/// The first four bytes of a [`KeyId`], the `kid` that a token carries.
pub type KidPrefix = [u8; 4];

impl KeyId {
    /// What a token carries instead of the whole thumbprint.
    pub fn prefix(&self) -> KidPrefix {
        [self.0[0], self.0[1], self.0[2], self.0[3]]
    }

    /// Takes the bytes of a thumbprint that was computed before.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The thumbprint's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        decode_32(text).map(Self).ok_or(KeyError::BadKeyId)
    }
}

/// A public key that signatures can be checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    id: KeyId,
}

impl PublicKey {
    /// Takes 32 bytes; refuses points of small order and encodings that are not canonical (RFC 8032 5.1.3).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::BadPublicKey)?;
        // Decompression takes y modulo p; only compressing again tells the one canonical encoding apart.
        if key.is_weak() || key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::BadPublicKey);
        }
        Ok(Self::from_verifying(key))
    }

    /// Takes the `x` of an OKP JWK (RFC 8037).
    pub fn from_jwk_x(x: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&decode_32(x).ok_or(KeyError::BadPublicKey)?)
    }

    fn from_verifying(key: VerifyingKey) -> Self {
        // RFC 7638 3.2: the required members in lexicographic order, no white space.
        let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(key.as_bytes()));
        Self { id: KeyId(Sha256::digest(jwk).into()), key }
    }

    /// The key's thumbprint.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The `x` of its JWK.
    pub fn jwk_x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.as_bytes())
    }

    /// The key's 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether `signature` over `message` is by this key. Strict: small-order and non-canonical points are refused,
    /// so that every verifier agrees on every signature.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// A private key. Zeroized when dropped; shows only its id in Debug output.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Makes the key of a 32-byte seed, which must come from the operating system's randomness.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads PKCS#8 in PEM (RFC 8410), encrypted (PBES2) if a passphrase is given or needed.
    pub fn from_pem(pem: &str, passphrase: Option<&[u8]>) -> Result<Self, KeyError> {
        let encrypted = pem.contains(EncryptedPrivateKeyInfoRef::PEM_LABEL);
        match (encrypted, passphrase) {
            (false, _) => ed25519_dalek::SigningKey::from_pkcs8_pem(pem).map(Self).map_err(|_| KeyError::BadPrivateKey),
            (true, None) => Err(KeyError::PassphraseNeeded),
            (true, Some(passphrase)) => {
                let (label, der) = SecretDocument::from_pem(pem).map_err(|_| KeyError::BadPrivateKey)?;
                EncryptedPrivateKeyInfoRef::validate_pem_label(label).map_err(|_| KeyError::BadPrivateKey)?;
                let info = EncryptedPrivateKeyInfoRef::try_from(der.as_bytes()).map_err(|_| KeyError::BadPrivateKey)?;
                let plain = info.decrypt(passphrase).map_err(|_| KeyError::WrongPassphrase)?;
                ed25519_dalek::SigningKey::from_pkcs8_der(plain.as_bytes()).map(Self).map_err(|_| KeyError::BadPrivateKey)
            }
        }
    }

    /// Writes PKCS#8 in PEM, encrypted with scrypt and AES-256 if a passphrase is given.
    pub fn to_pem(&self, passphrase: Option<&[u8]>) -> Result<Zeroizing<String>, KeyError> {
        match passphrase {
            None => self.0.to_pkcs8_pem(LineEnding::LF),
            Some(passphrase) => self.0.to_pkcs8_encrypted_pem(passphrase, LineEnding::LF),
        }
        .map_err(|_| KeyError::BadPrivateKey)
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::from_verifying(self.0.verifying_key())
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, private half hidden)", self.public().id())
    }
}

fn decode_32(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_seed(&Zeroizing::new([7; 32]))
    }

    #[test]
    fn debug_and_pem_hide_what_they_must() {
        let key = key();
        let plain = key.to_pem(None).unwrap();
        assert!(plain.starts_with("-----BEGIN PRIVATE KEY-----"));
        let body = plain.lines().nth(1).unwrap();
        assert!(!format!("{key:?}").contains(body));

        let encrypted = key.to_pem(Some(b"correct horse")).unwrap();
        assert!(encrypted.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
        assert_eq!(SigningKey::from_pem(&encrypted, Some(b"correct horse")).unwrap().public(), key.public());
        assert_eq!(SigningKey::from_pem(&encrypted, Some(b"wrong")).unwrap_err(), KeyError::WrongPassphrase);
        assert_eq!(SigningKey::from_pem(&encrypted, None).unwrap_err(), KeyError::PassphraseNeeded);
        assert_eq!(SigningKey::from_pem(&plain, None).unwrap().public(), key.public());
        assert_eq!(SigningKey::from_pem("nonsense", None).unwrap_err(), KeyError::BadPrivateKey);
    }

    #[test]
    fn weak_and_non_canonical_public_keys_are_refused() {
        let identity = {
            let mut b = [0; 32];
            b[0] = 1;
            b
        };
        assert_eq!(PublicKey::from_bytes(&identity), Err(KeyError::BadPublicKey));
        // y = p + 3, which decompresses to y = 3 but is not its canonical encoding.
        let mut above_p = [0xff; 32];
        above_p[0] = 0xf0;
        above_p[31] = 0x7f;
        assert_eq!(PublicKey::from_bytes(&above_p), Err(KeyError::BadPublicKey));
        assert!(PublicKey::from_bytes(key().public().as_bytes()).is_ok());
    }
}
