//! Signed notes (c2sp.org/signed-note) with Ed25519 signatures, and the verifier keys that open them.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use sha2::{Digest as _, Sha256};

use crate::{
    hex,
    keyring::{PublicKey, SigningKey},
};

/// The signature type of Ed25519 in key ids and verifier keys.
const ED25519: u8 = 1;

/// The longest note that is read. Bytes; sixteen signatures of the longest sort that witnesses make fit.
const MAX_NOTE: usize = 128 * 1_024;

/// A note or a verifier key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a note.
    #[error("it is not a signed note")]
    Malformed,
    /// No signature by the key.
    #[error("{0} did not sign it")]
    Unsigned(String),
    /// A signature by that name and id that does not fit.
    #[error("the signature of {0} is wrong")]
    WrongSignature(String),
    /// Not a verifier key.
    #[error("it is not a verifier key such as verify.example.org/ledger+1b2c3d4e+AbC..., as `keys show` prints it")]
    BadKey,
}

/// Who signs notes: a name and a public key. As text `name+id+base64`, as the Go module proxy writes it.
#[derive(Clone, Debug, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct VerifierKey {
    name: String,
    key: PublicKey,
}

impl VerifierKey {
    /// Joins a name, which holds no white space and no plus sign, and a key.
    pub fn new(name: String, key: PublicKey) -> Result<Self, NoteError> {
        let spoils = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.contains(spoils) { Err(NoteError::BadKey) } else { Ok(Self { name, key }) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        let hash = Sha256::new().chain_update(&self.name).chain_update([b'\n', ED25519]).chain_update(self.key.as_bytes());
        let [a, b, c, d, ..]: [u8; 32] = hash.finalize().into();
        [a, b, c, d]
    }

    /// Signs a text, which ends with a newline, by the private half of this key.
    pub fn sign(&self, text: &str, key: &SigningKey) -> String {
        format!("{text}\n{}", self.signature(text, key))
    }

    /// Adds a signature to a note that others signed.
    pub fn cosign(&self, note: &str, key: &SigningKey) -> Result<String, NoteError> {
        let (text, _) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        Ok(format!("{note}{}", self.signature(&note[..=text.len()], key)))
    }

    fn signature(&self, text: &str, key: &SigningKey) -> String {
        let signature = STANDARD.encode([self.id().as_slice(), &key.sign(text.as_bytes())].concat());
        format!("\u{2014} {} {signature}\n", self.name)
    }

    /// Gives back the text of a note that this key signed. Signatures of others, such as witnesses, are passed over.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        if note.len() > MAX_NOTE || note.contains(|c: char| c.is_ascii_control() && c != '\n') {
            return Err(NoteError::Malformed);
        }
        // The last empty line parts the text from the signatures.
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let text = &note[..=text.len()];
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let mut signed = false;
        for line in lines.split('\n') {
            let (name, signature) = signature(line).ok_or(NoteError::Malformed)?;
            if name != self.name || signature[..4] != self.id() {
                continue;
            }
            let good = <[u8; 64]>::try_from(&signature[4..]).is_ok_and(|signature| self.key.verifies(text.as_bytes(), &signature));
            if !good {
                return Err(NoteError::WrongSignature(self.name.clone()));
            }
            signed = true;
        }
        if signed { Ok(text) } else { Err(NoteError::Unsigned(self.name.clone())) }
    }
}

/// Name, and key id with signature, of one line.
fn signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok().filter(|bytes| bytes.len() > 4)?;
    let named = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    named.then_some((name, bytes))
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([[ED25519].as_slice(), self.key.as_bytes()].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(&self.id()))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(NoteError::BadKey) };
        let bytes = STANDARD.decode(key).map_err(|_| NoteError::BadKey)?;
        let [ED25519, key @ ..] = bytes.as_slice() else { return Err(NoteError::BadKey) };
        let key = <&[u8; 32]>::try_from(key).ok().and_then(|key| PublicKey::from_bytes(key).ok()).ok_or(NoteError::BadKey)?;
        let read = Self::new(name.to_owned(), key)?;
        // The id guards against a slip of the finger in name or key.
        if hex::decode(id) == Some(read.id()) { Ok(read) } else { Err(NoteError::BadKey) }
    }
}
