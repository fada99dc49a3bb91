//! Bearer credentials for programs: shown once, kept only as a hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};

/// So that people and secret scanners recognise what it is.
const PREFIX: &str = "countersign_";

/// The text is not a credential.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is not a credential; it begins with countersign_ and has 55 characters")]
pub struct CredentialError;

/// A program's secret: 32 random bytes behind a prefix. Debug does not show it.
#[derive(Debug)]
pub struct Credential(SecretString);

impl Credential {
    /// Makes a new one.
    pub fn draw(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes)?;
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
        Ok(Self(SecretString::from(format!("{PREFIX}{}", *text))))
    }

    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let body = text.strip_prefix(PREFIX).ok_or(CredentialError)?;
        match URL_SAFE_NO_PAD.decode(body).map(Zeroizing::new) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(SecretString::from(text))),
            _ => Err(CredentialError),
        }
    }

    /// What the store keeps. The secret has 256 random bits, so a plain hash is enough.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret()).into()
    }

    /// The secret itself, to show it once or to send it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
            bytes.fill(0);
            Ok(())
        }
    }

    #[test]
    fn it_round_trips_and_does_not_show_itself() {
        let credential = Credential::draw(&Zeros).unwrap();
        assert_eq!(credential.expose().len(), 55);
        assert_eq!(Credential::parse(credential.expose()).unwrap().hash(), credential.hash());
        assert!(!format!("{credential:?}").contains("AAAA"));
        for bad in ["", "countersign_", "countersign_AAAA", &credential.expose()[1..]] {
            assert!(Credential::parse(bad).is_err(), "{bad}");
        }
    }
}
