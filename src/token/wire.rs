//! A token as it travels: bytes, base64url, link of digits.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{cose::BEGINNING, digits, pasted};
use crate::hex;

/// SHA-256 of a token's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TokenHash(#[serde(with = "hex")] pub [u8; 32]);

/// Bytes that begin like a token. Says nothing about who made them.
///
/// Anybody who holds the bytes can use the token, so Debug does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Vec<u8>);

/// What was typed, pasted or scanned is not a whole token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// No token at all.
    #[error("this is no code of this service")]
    NoToken,
    /// Begins like a token ([`Token::BEGINNING`]), but is damaged.
    #[error("this begins like a code of this service, but it is damaged")]
    Damaged,
    /// Two tokens, and nobody can say which was meant.
    #[error("these are two codes of this service; give one")]
    Several,
}

impl Token {
    pub(super) fn from_signed(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// How every token begins. Eight bytes, so that no word, number or code of somebody else's is called a forgery by chance.
    pub const BEGINNING: [u8; 8] = BEGINNING;

    /// Takes bytes that were stored or scanned.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, InputError> {
        if bytes.starts_with(&BEGINNING) { Ok(Self(bytes)) } else { Err(InputError::NoToken) }
    }

    /// Reads base64url without padding, a link wherever it points, or the link's digits.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let text = text.trim();
        let fragment = text.split_once('#').map(|(_, fragment)| fragment);
        let decoded = match fragment {
            Some(fragment) => digits::decode(fragment),
            // The eight bytes take 20 digits, and a spoken code has 18 at most.
            None if text.bytes().all(|b| b.is_ascii_digit()) => digits::decode(text),
            None => base64url(text),
        };
        match decoded {
            Ok(bytes) => Self::from_bytes(bytes),
            Err(before) if before.starts_with(&BEGINNING) => Err(InputError::Damaged),
            Err(_) => Err(InputError::NoToken),
        }
    }

    /// Finds a token in what a person pasted: as it is, broken over lines, or within a link that was changed on its way.
    pub fn find(text: &str) -> Result<Self, InputError> {
        let readings: Vec<_> = pasted::candidates(text).map(|candidate| pasted::read_broken(&candidate)).collect();
        let mut whole = readings.iter().flatten().filter(|token| pasted::is_whole(token));
        if let Some(token) = whole.next() {
            return if whole.all(|other| other == token) { Ok(token.clone()) } else { Err(InputError::Several) };
        }
        let mut nothing = InputError::NoToken;
        for reading in [Self::parse(text)].into_iter().chain(readings) {
            match reading {
                Ok(token) => return Ok(token),
                Err(InputError::NoToken) => {}
                Err(damaged) => nothing = damaged,
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

/// Of text that cannot be read to its end: enough characters for the beginning, and whole bytes.
const LEADING_CHARACTERS: usize = 12;

/// Strict base64url: no padding, zero tail bits. `Err` holds what the leading characters say.
fn base64url(text: &str) -> Result<Vec<u8>, Vec<u8>> {
    let leading = || text.get(..LEADING_CHARACTERS).and_then(|head| URL_SAFE_NO_PAD.decode(head).ok());
    URL_SAFE_NO_PAD.decode(text).map_err(|_| leading().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that begin like a token.
    fn token() -> Token {
        Token([&BEGINNING, [0xd2; 42].as_slice()].concat())
    }

    #[test]
    fn three_forms_one_token() {
        let token = token();
        for form in [token.text(), token.digits(), token.link("https://verify.example.org"), format!(" {}\n", token.text())] {
            assert_eq!(Token::parse(&form), Ok(token.clone()), "{form}");
        }
    }

    #[test]
    fn damaged_is_not_no_token() {
        let token = token();
        let (text, digits) = (token.text(), token.digits());
        for damaged in [format!("{text}="), format!("{digits}1"), format!("{}!", &text[..LEADING_CHARACTERS]), digits[..35].into()] {
            assert_eq!(Token::parse(&damaged), Err(InputError::Damaged), "{damaged}");
        }
        for nothing in ["", "hello", "https://example.org/", "https://example.org/#menu", "123", "é€😀", &text[..10], &digits[..19]] {
            assert_eq!(Token::parse(nothing), Err(InputError::NoToken), "{nothing}");
        }
    }

    #[test]
    fn what_begins_like_a_token_by_fewer_than_eight_bytes_is_none() {
        for text in ["hELLO", "hIGH street", "0rder-123", "https://example.com/#210", "0oRJogEyBA", "2D3ShEmiATIERCgqj5igWB"] {
            assert_eq!((Token::parse(text), Token::find(text)), (Err(InputError::NoToken), Err(InputError::NoToken)), "{text}");
        }
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
        assert_eq!(format!("{:?}", token()), "Token(50 bytes)");
    }
}
