//! What a token says of the approach. Each claim is a type that cannot hold an invalid value.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{ClaimError, DEFAULT_LIFETIME, DEFAULT_LIFETIME_TELEPHONE, display, typed};

/// How the person is approached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Face to face.
    InPerson,
    /// By telephone.
    Telephone,
    /// Online or in writing.
    Online,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::InPerson, Self::Telephone, Self::Online];

    /// The word for it in JSON, on the command line and in the catalogues.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InPerson => "in-person",
            Self::Telephone => "telephone",
            Self::Online => "online",
        }
    }

    pub(super) fn code(self) -> i64 {
        match self {
            Self::InPerson => 1,
            Self::Telephone => 2,
            Self::Online => 3,
        }
    }

    pub(super) fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }

    /// The lifetime of a token for which none is asked, in seconds.
    pub fn default_lifetime(self) -> i64 {
        if self == Self::Telephone { DEFAULT_LIFETIME_TELEPHONE } else { DEFAULT_LIFETIME }
    }
}

impl FromStr for Channel {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        Self::ALL.into_iter().find(|c| c.as_str() == text).ok_or_else(|| ClaimError::Channel(text.to_owned()))
    }
}

/// The name in use: 1 to 24 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// The place: 1 to 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

/// The longest name and place, in bytes.
const NAME: usize = 24;
const PLACE: usize = 32;

impl Name {
    /// The name as an officer typed it, in the form in which it is issued (PRECIS Nickname, RFC 8266).
    pub fn enforced(text: &str) -> Result<Self, ClaimError> {
        display::enforced("the name", NAME, text).map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Place {
    /// The place as an officer typed it, in the form in which it is issued (PRECIS Nickname, RFC 8266).
    pub fn enforced(text: &str) -> Result<Self, ClaimError> {
        display::enforced("the place", PLACE, text).map(Self)
    }

    /// The place as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        display::read("the name", NAME, text).map(Self)
    }
}

impl FromStr for Place {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        display::read("the place", PLACE, text).map(Self)
    }
}

/// The person's number: drawn by their own screen, read out, put into the token. Below 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge(u32);

/// The last three digits of the telephone number that was dialled. Below 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialled(u16);

/// How many numbers there are: six digits.
const CHALLENGES: u32 = 1_000_000;

impl Challenge {
    /// The number that random bytes make. 2^64 is so far above 10^6 that none is likelier than another by more than one
    /// part in 10^13.
    pub fn from_random(bytes: [u8; 8]) -> Option<Self> {
        u32::try_from(u64::from_be_bytes(bytes) % u64::from(CHALLENGES)).ok().map(Self)
    }

    pub(super) fn value(self) -> u32 {
        self.0
    }

    pub(super) fn from_value(value: u32) -> Option<Self> {
        (value < CHALLENGES).then_some(Self(value))
    }
}

impl Dialled {
    pub(super) fn value(self) -> u16 {
        self.0
    }

    pub(super) fn from_value(value: u16) -> Option<Self> {
        (value < 1_000).then_some(Self(value))
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Display for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

fn exact_digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// As people type it: six digits in any groups and any script.
impl FromStr for Challenge {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        let digits = typed::digits(&typed::pieces(text)).ok_or(ClaimError::Challenge)?;
        exact_digits(&digits, 6).map(Self).ok_or(ClaimError::Challenge)
    }
}

impl FromStr for Dialled {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        exact_digits(text, 3).and_then(|n| u16::try_from(n).ok()).map(Self).ok_or(ClaimError::Dialled)
    }
}

/// What the token says about the approach: what a relay by somebody else cannot match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approach {
    /// How the person is approached.
    pub channel: Channel,
    /// The name the officer uses.
    pub name: Option<Name>,
    /// Where they meet.
    pub place: Option<Place>,
    /// The person's own number.
    pub challenge: Option<Challenge>,
    /// The end of the number that was dialled.
    pub dialled: Option<Dialled>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_hides_or_reorders_is_refused() {
        assert!("Anna".parse::<Name>().is_ok());
        assert!("Łódź, ulica Piotrkowska".parse::<Place>().is_ok());
        for bad in ["", "a\u{202e}b", "a\u{200b}b", "a\nb", "e\u{301}", "a\u{2028}b", "a\u{ad}b", &"x".repeat(25)] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(24).parse::<Name>().is_ok());
        assert!("x".repeat(33).parse::<Place>().is_err());
    }

    #[test]
    fn numbers_are_exact() {
        for typed in ["000042", "000 042", "000-042", "000.042", "OOO O42", "٠٠٠ ٠٤٢", "zero zero zero oh four two"] {
            assert_eq!(typed.parse::<Challenge>().unwrap().to_string(), "000042", "{typed}");
        }
        for bad in ["", "42", "0000042", "00004x", "+00042", "oooool"] {
            assert!(bad.parse::<Challenge>().is_err(), "{bad}");
        }
        assert_eq!("007".parse::<Dialled>().unwrap().to_string(), "007");
        assert!("07".parse::<Dialled>().is_err());
    }
}
