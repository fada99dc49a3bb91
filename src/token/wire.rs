//! A token as it travels: bytes, base64url, link of digits.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::digits;

/// SHA-256 of a token's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenHash(pub [u8; 32]);

/// Bytes that begin like a token. Says nothing about who made them.
///
/// Whoever holds the bytes can use the token, so Debug does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Vec<u8>);

/// What was typed, pasted or scanned is not a whole token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// No token at all.
    #[error("this is no code of this service")]
    NoToken,
    /// Begins like a token, but is damaged.
    #[error("this begins like a code of this service, but it is damaged")]
    Damaged,
}

/// Whether bytes begin like a `COSE_Sign1` in any of its spellings: tag 18, no tag, or the CWT tag before it.
/// Only the first spelling is ever accepted; the others are forgeries rather than slips of the finger.
fn begins_like_a_token(bytes: &[u8]) -> bool {
    matches!(bytes, [0xd2 | 0x84, ..] | [0xd8, 0x3d, 0xd2, ..])
}

impl Token {
    pub(super) fn from_signed(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Takes bytes that were stored or scanned.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, InputError> {
        if begins_like_a_token(&bytes) { Ok(Self(bytes)) } else { Err(InputError::NoToken) }
    }

    /// Reads base64url without padding, a link wherever it points, or the link's digits.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let text = text.trim();
        let fragment = text.split_once('#').map(|(_, fragment)| fragment);
        let decoded = match fragment {
            Some(fragment) => digits::decode(fragment),
            None if text.bytes().all(|b| b.is_ascii_digit()) => digits::decode(text),
            None => base64url(text),
        };
        match decoded {
            Ok(bytes) => Self::from_bytes(bytes),
            Err(before) if begins_like_a_token(&before) => Err(InputError::Damaged),
            Err(_) => Err(InputError::NoToken),
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// base64url without padding.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }

    /// The digits that follow `#` in the link.
    pub fn digits(&self) -> String {
        digits::encode(&self.0)
    }

    /// The link that the QR symbol holds. The fragment never reaches a server.
    pub fn link(&self, public_url: &str) -> String {
        format!("{public_url}/#{}", self.digits())
    }

    /// SHA-256 of the bytes.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(&self.0).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.0.len())
    }
}

/// Strict base64url: no padding, zero tail bits. `Err` holds what the leading characters say.
fn base64url(text: &str) -> Result<Vec<u8>, Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| text.get(..4).and_then(|head| URL_SAFE_NO_PAD.decode(head).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_one_token() {
        let token = Token::from_bytes(vec![0xd2, 1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        for form in [token.text(), token.digits(), token.link("https://verify.example.org"), format!(" {}\n", token.text())] {
            assert_eq!(Token::parse(&form), Ok(token.clone()), "{form}");
        }
    }

    #[test]
    fn damaged_is_told_from_no_token() {
        let token = Token::from_bytes(vec![0xd2; 20]).unwrap();
        assert_eq!(Token::parse(&format!("{}=", token.text())), Err(InputError::Damaged));
        assert_eq!(Token::parse(&format!("{}1", token.digits())), Err(InputError::Damaged));
        for nothing in ["", "hello", "https://example.org/", "https://example.org/#menu", "123", "é€😀"] {
            assert_eq!(Token::parse(nothing), Err(InputError::NoToken), "{nothing}");
        }
    }

    #[test]
    fn debug_does_not_show_the_bytes() {
        assert_eq!(format!("{:?}", Token::from_bytes(vec![0xd2; 20]).unwrap()), "Token(20 bytes)");
    }
}
