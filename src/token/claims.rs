//! What is signed: the id of a token, when it counts, and what it says.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::Approach;
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
    #[error("{0} has a character or a space that would not show, or that this version of Unicode does not know; leave it out")]
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, SerializeDisplay, DeserializeFromStr)]
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
        hex::decode(text).map(Self).ok_or_else(|| ClaimError::Cti(text.to_owned()))
    }
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
    fn an_id_has_one_spelling() {
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
