//! What a person quotes on the telephone about a code that was shown to them.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use serde::Serialize;

use super::{TokenHash, typed};

/// How many references there are: eight digits.
const ALL: u64 = 100_000_000;

/// Names a token's bytes in eight digits, ours or not. It proves nothing: others can make bytes that have the same one.
///
/// It is the beginning of the hash that the issuer keeps of each token, as a part of all values, so that the tokens of one reference
/// lie together in an index and nothing more is kept for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Reference(u32);

/// The text is no reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reference has eight digits, such as 0123 4567")]
pub struct NoReference;

impl Reference {
    /// Of a token with this hash.
    pub fn of(hash: TokenHash) -> Self {
        let beginning = u32::from_be_bytes([hash.0[0], hash.0[1], hash.0[2], hash.0[3]]);
        Self(u32::try_from((u64::from(beginning) * ALL) >> 32).unwrap_or_default())
    }

    /// The hashes that have it.
    pub fn hashes(self) -> RangeInclusive<TokenHash> {
        // The lowest beginning that comes to this or a higher one.
        let lowest = |reference: u64| (reference << 32).div_ceil(ALL);
        let bound = |beginning: u64, rest: u8| {
            let mut hash = [rest; 32];
            hash[..4].copy_from_slice(&u32::try_from(beginning).unwrap_or(u32::MAX).to_be_bytes());
            TokenHash(hash)
        };
        bound(lowest(self.0.into()), 0)..=bound(lowest(u64::from(self.0) + 1) - 1, 0xff)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04} {:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

impl FromStr for Reference {
    type Err = NoReference;

    /// Eight digits as people give them, like every code and number.
    fn from_str(text: &str) -> Result<Self, NoReference> {
        let digits = typed::digits(&typed::pieces(text)).filter(|digits| digits.len() == 8).ok_or(NoReference)?;
        digits.parse().map(Self).map_err(|_| NoReference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(beginning: u32, rest: u8) -> TokenHash {
        let mut hash = [rest; 32];
        hash[..4].copy_from_slice(&beginning.to_be_bytes());
        TokenHash(hash)
    }

    #[test]
    fn the_hashes_of_a_reference_are_those_that_have_it() {
        for n in [0, 1, 2, 41_709_200, 49_999_999, 50_000_000, 99_999_998, 99_999_999] {
            let (reference, range) = (Reference(n), Reference(n).hashes());
            for bound in [*range.start(), *range.end()] {
                assert_eq!(Reference::of(bound), reference, "{n}");
            }
            let beginning = |hash: &TokenHash| u32::from_be_bytes(hash.0[..4].try_into().unwrap());
            if let Some(before) = beginning(range.start()).checked_sub(1) {
                assert_eq!(Reference::of(hash(before, 0xff)), Reference(n - 1));
            }
            if let Some(after) = beginning(range.end()).checked_add(1) {
                assert_eq!(Reference::of(hash(after, 0)), Reference(n + 1));
            }
        }
    }

    #[test]
    fn a_reference_is_read_as_people_write_it() {
        for text in [
            "0123 4567",
            "01234567",
            " 0123-4567 ",
            "01 23 45 67",
            "0123\u{a0}4567",
            "٠١٢٣ ٤٥٦٧",
            "०१२३.४५६७",
            "O123 4567",
            "the number is 0123 4567",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), "0123 4567", "{text}");
        }
        for text in ["", "1234567", "123456789", "٠١٢٣٤٥٦", "0123 456x", "+1234567", "oil oil oo"] {
            assert_eq!(text.parse::<Reference>(), Err(NoReference), "{text}");
        }
    }
}
