//! A token as it travels: bytes, base64url, link of digits.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::digits;
use crate::hex;

/// SHA-256 of a token's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TokenHash(#[serde(with = "hex")] pub [u8; 32]);

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

/// Digits by themselves are a token's only from here on: the shortest has 272. One in a hundred of the spoken codes, which
/// have 18 digits at most, and of other people's barcodes would read like the beginning of a token.
const FEWEST_DIGITS: usize = 100;

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
            None if text.len() >= FEWEST_DIGITS && text.bytes().all(|b| b.is_ascii_digit()) => digits::decode(text),
            None => base64url(text),
        };
        match decoded {
            Ok(bytes) => Self::from_bytes(bytes),
            Err(before) if begins_like_a_token(&before) => Err(InputError::Damaged),
            Err(_) => Err(InputError::NoToken),
        }
    }

    /// Finds a token in what a person pasted: as it is, broken over lines, or a link in the middle of a message.
    pub fn find(text: &str) -> Result<Self, InputError> {
        let joined: String = text.split_whitespace().collect();
        let links = text.split('#').skip(1).map(|behind| {
            let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
            Self::parse(&format!("#{digits}"))
        });
        let mut nothing = InputError::NoToken;
        for reading in [Self::parse(text), Self::parse(&joined)].into_iter().chain(links) {
            match reading {
                Ok(token) => return Ok(token),
                Err(InputError::Damaged) => nothing = InputError::Damaged,
                Err(InputError::NoToken) => {}
            }
        }
        Err(nothing)
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

    /// Bytes that begin like a token, and enough of them to be read from digits alone.
    fn token() -> Token {
        Token(vec![0xd2; 50])
    }

    #[test]
    fn three_forms_one_token() {
        let token = token();
        for form in [token.text(), token.digits(), token.link("https://verify.example.org"), format!(" {}\n", token.text())] {
            assert_eq!(Token::parse(&form), Ok(token.clone()), "{form}");
        }
    }

    #[test]
    fn damaged_is_told_from_no_token() {
        let token = token();
        assert_eq!(Token::parse(&format!("{}=", token.text())), Err(InputError::Damaged));
        assert_eq!(Token::parse(&format!("{}1", token.digits())), Err(InputError::Damaged));
        for nothing in ["", "hello", "https://example.org/", "https://example.org/#menu", "123", "é€😀"] {
            assert_eq!(Token::parse(nothing), Err(InputError::NoToken), "{nothing}");
        }
    }

    #[test]
    fn digits_of_a_spoken_code_are_never_a_token() {
        let digits = digits::encode(&[0xd2; 6]);
        assert_eq!((digits.len(), Token::parse(&digits)), (15, Err(InputError::NoToken)));
        assert!(Token::parse(&format!("#{digits}")).is_ok(), "a link says by itself that it is one");
    }

    #[test]
    fn a_token_is_found_in_what_was_pasted() {
        let token = token();
        let (text, link) = (token.text(), token.link("https://verify.example.org"));
        let broken = |whole: &str| format!("{}\r\n {}", &whole[..40], &whole[40..]);
        for pasted in [broken(&text), broken(&link), broken(&token.digits()), format!("Case #5: see {link}. Thanks"), format!("{link},")] {
            assert_eq!(Token::find(&pasted), Ok(token.clone()), "{pasted}");
        }
        assert_eq!(Token::find(&format!("See {}", &link[..link.len() - 1])), Err(InputError::Damaged));
        for nothing in ["", "hello world", "https://example.org/#menu", "0550 1405 4780 930", "legroom mansion # dingo"] {
            assert_eq!(Token::find(nothing), Err(InputError::NoToken), "{nothing}");
        }
    }

    #[test]
    fn debug_does_not_show_the_bytes() {
        assert_eq!(format!("{:?}", Token::from_bytes(vec![0xd2; 20]).unwrap()), "Token(20 bytes)");
    }
}
