//! What a token says. Each claim is a type that cannot hold an invalid value.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use unicode_normalization::is_nfc;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use crate::hex;

/// Longest lifetime of a token: 10 minutes (NIST SP 800-63B, section on out-of-band secrets). Seconds.
pub const MAX_LIFETIME: i64 = 600;
/// Lifetime where none is asked for. Seconds.
pub const DEFAULT_LIFETIME: i64 = 300;
/// Lifetime where none is asked for and the code is spoken on the telephone. Seconds.
pub const DEFAULT_LIFETIME_TELEPHONE: i64 = 600;
/// How far ahead a token may be prepared. Seconds.
pub const MAX_PREPARATION: i64 = 86_400;
/// By how much the clocks of issuer and verifier may differ. Seconds.
pub const LEEWAY: i64 = 60;

/// A claim cannot be part of a token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ClaimError {
    /// The text is empty or too long.
    #[error("{what} must be 1 to {max} bytes long in UTF-8, not {found}")]
    Length {
        /// Which claim.
        what: &'static str,
        /// The most bytes.
        max: usize,
        /// The bytes given.
        found: usize,
    },
    /// The text holds a character that could hide or reorder others, or is not normalized.
    #[error("{0} must be NFC text without control, format or bidirectional characters")]
    Characters(&'static str),
    /// Not six digits.
    #[error("the number is not exactly six digits")]
    Challenge,
    /// Not three digits.
    #[error("the dialled digits are not exactly the last three digits of a telephone number")]
    Dialled,
    /// Not one of the three channels.
    #[error("the channel {0:?} is not one of in-person, telephone, online")]
    Channel(String),
    /// Not eight bytes in hex.
    #[error("the token id {0:?} is not 16 hexadecimal digits")]
    Cti(String),
    /// The lifetime is outside 1 to 600 seconds.
    #[error("a token lives between 1 and 600 seconds, not {0}")]
    Lifetime(i64),
    /// The start is not after the signing, or over 24 hours after it.
    #[error("a prepared token starts after now and at most 24 hours ahead")]
    Preparation,
    /// Prepared tokens carry no number, because the person draws it in the moment.
    #[error("a token prepared for later cannot carry the person's number")]
    PreparedWithNumber,
}

/// The CWT ID (`cti`): eight random bytes that name a token and nobody.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cti(pub [u8; 8]);

impl fmt::Display for Cti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Cti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cti({self})")
    }
}

impl FromStr for Cti {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        hex::decode_8(text).map(Self).ok_or_else(|| ClaimError::Cti(text.to_owned()))
    }
}

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

/// Text that is shown to a frightened person, so nothing in it may hide, reorder or imitate.
fn display_text(what: &'static str, max: usize, text: &str) -> Result<String, ClaimError> {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    if !(1..=max).contains(&text.len()) {
        return Err(ClaimError::Length { what, max, found: text.len() });
    }
    // All bidi controls are in category Cf; Zl and Zp break lines.
    let hides = |c: char| matches!(c.general_category(), Control | Format | LineSeparator | ParagraphSeparator);
    if !is_nfc(text) || text.chars().any(hides) {
        return Err(ClaimError::Characters(what));
    }
    Ok(text.to_owned())
}

/// The name in use: 1 to 24 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// The place: 1 to 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Place {
    /// The place as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        display_text("the name", 24, text).map(Self)
    }
}

impl FromStr for Place {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        display_text("the place", 32, text).map(Self)
    }
}

/// The person's number: drawn by their own screen, read out, put into the token. Below 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge(u32);

/// The last three digits of the telephone number that was dialled. Below 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialled(u16);

impl Challenge {
    pub(super) fn value(self) -> u32 {
        self.0
    }

    pub(super) fn from_value(value: u32) -> Option<Self> {
        (value < 1_000_000).then_some(Self(value))
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

impl FromStr for Challenge {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        exact_digits(text, 6).map(Self).ok_or(ClaimError::Challenge)
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

/// When a token may be used. Seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    issued_at: i64,
    not_before: Option<i64>,
    expires_at: i64,
}

impl Window {
    /// Checks that 1 <= `expires_at` - start <= 600 and that a prepared start is within 24 hours of `issued_at`.
    pub fn new(issued_at: i64, not_before: Option<i64>, expires_at: i64) -> Result<Self, ClaimError> {
        if let Some(start) = not_before {
            let ahead = start.saturating_sub(issued_at);
            if !(1..=MAX_PREPARATION).contains(&ahead) {
                return Err(ClaimError::Preparation);
            }
        }
        let lifetime = expires_at.saturating_sub(not_before.unwrap_or(issued_at));
        if !(1..=MAX_LIFETIME).contains(&lifetime) {
            return Err(ClaimError::Lifetime(lifetime));
        }
        Ok(Self { issued_at, not_before, expires_at })
    }

    /// When it was signed.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// When it starts, if it was prepared for later.
    pub fn not_before(&self) -> Option<i64> {
        self.not_before
    }

    /// When it runs out.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// The moment from which it counts.
    pub fn start(&self) -> i64 {
        self.not_before.unwrap_or(self.issued_at)
    }
}

/// Everything that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    cti: Cti,
    window: Window,
    approach: Approach,
}

impl Claims {
    /// Joins the parts. A token prepared for later never carries a number.
    pub fn new(cti: Cti, window: Window, approach: Approach) -> Result<Self, ClaimError> {
        if window.not_before.is_some() && approach.challenge.is_some() {
            return Err(ClaimError::PreparedWithNumber);
        }
        Ok(Self { cti, window, approach })
    }

    /// The token's id.
    pub fn cti(&self) -> Cti {
        self.cti
    }

    /// When it may be used.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// What it says.
    pub fn approach(&self) -> &Approach {
        &self.approach
    }
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
        assert_eq!("000042".parse::<Challenge>().unwrap().to_string(), "000042");
        for bad in ["42", "0000042", "00004x", "+00042", "٠٠٠٠٤٢"] {
            assert!(bad.parse::<Challenge>().is_err(), "{bad}");
        }
        assert_eq!("007".parse::<Dialled>().unwrap().to_string(), "007");
        assert!("07".parse::<Dialled>().is_err());
        assert_eq!("00ff00ff00ff00ff".parse::<Cti>().unwrap().to_string(), "00ff00ff00ff00ff");
        assert!("00FF00FF00FF00FF".parse::<Cti>().is_err());
    }

    #[test]
    fn a_window_is_ten_minutes_at_most_and_prepared_a_day_ahead_at_most() {
        let start = 1_795_000_000;
        for (not_before, expires_at, fits) in [
            (None, start + 1, true),
            (None, start + 600, true),
            (None, start + 601, false),
            (None, start, false),
            (None, i64::MIN, false),
            (Some(start + 1), start + 601, true),
            (Some(start), start + 300, false),
            (Some(start + 86_400), start + 87_000, true),
            (Some(start + 86_401), start + 86_701, false),
        ] {
            assert_eq!(Window::new(start, not_before, expires_at).is_ok(), fits, "{not_before:?} {expires_at}");
        }
    }
}
