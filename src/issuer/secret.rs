//! Secrets that open something: shown once, kept only as a hash.

use std::{fmt, marker::PhantomData};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::{
    authority::AccessHash,
    entropy::{Entropy, NoEntropy},
};

/// What a secret opens. One kind is never taken for another.
pub trait Kind {
    /// So that people and secret scanners recognise what it is.
    const PREFIX: &'static str;
    /// What it is called.
    const NAME: &'static str;
}

/// Opens the private API for a program.
#[derive(Debug)]
pub enum OfProgram {}
/// Lets a person register a passkey, once.
#[derive(Debug)]
pub enum OfLink {}
/// Holds a session; the value of its cookie.
#[derive(Debug)]
pub enum OfSession {}

impl Kind for OfProgram {
    const PREFIX: &'static str = "countersign_";
    const NAME: &'static str = "credential";
}

impl Kind for OfLink {
    const PREFIX: &'static str = "enrol_";
    const NAME: &'static str = "enrolment link";
}

impl Kind for OfSession {
    const PREFIX: &'static str = "session_";
    const NAME: &'static str = "session";
}

/// A program's secret.
pub type Credential = Secret<OfProgram>;
/// The secret of a one-time link.
pub type Link = Secret<OfLink>;
/// The secret of a session.
pub type SessionToken = Secret<OfSession>;

/// The text is not a secret of this kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is not a {name}; it begins with {prefix} and has {length} characters")]
pub struct SecretError {
    name: &'static str,
    prefix: &'static str,
    length: usize,
}

/// 32 random bytes behind a prefix. Debug does not show them.
pub struct Secret<K>(SecretString, PhantomData<fn() -> K>);

/// Characters of 32 bytes in base64url.
const BODY: usize = 43;

impl<K: Kind> Secret<K> {
    /// Makes a new one.
    pub fn draw(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes)?;
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
        Ok(Self(SecretString::from(format!("{}{}", K::PREFIX, *text)), PhantomData))
    }

    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let wrong = SecretError { name: K::NAME, prefix: K::PREFIX, length: K::PREFIX.len() + BODY };
        let Some(body) = text.strip_prefix(K::PREFIX) else { return Err(wrong) };
        match URL_SAFE_NO_PAD.decode(body).map(Zeroizing::new) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(SecretString::from(text), PhantomData)),
            _ => Err(wrong),
        }
    }

    /// What the store keeps.
    pub fn hash(&self) -> AccessHash {
        AccessHash::of(self.0.expose_secret().as_bytes())
    }

    /// The secret itself, to show it once or to send it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", K::NAME)
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

    #[test]
    fn one_kind_is_not_another() {
        let link = Link::draw(&Zeros).unwrap();
        assert!(SessionToken::parse(link.expose()).is_err());
        let said = Credential::parse(link.expose()).unwrap_err().to_string();
        assert_eq!(said, "this is not a credential; it begins with countersign_ and has 55 characters");
    }
}
