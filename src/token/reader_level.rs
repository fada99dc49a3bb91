//! What the pages that are out there can read. A page that was exported to another host, or kept on a phone, stays as it was made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};

use super::Approach;

/// What every page of a deployment reads, exported and kept ones too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReaderLevel {
    /// As of version 0.1: names without joiners, and codes of the one length that the page was made with.
    #[default]
    One,
    /// Names with joiners, codes of five and of six words, and answers with members and lengths that it does not know.
    Two,
}

impl ReaderLevel {
    /// What a reader of this approach has to know.
    pub fn needed(approach: &Approach) -> Self {
        let texts = [approach.name.as_ref().map(super::Name::as_str), approach.place.as_ref().map(super::Place::as_str)];
        if texts.into_iter().flatten().all(super::display::needs_no_joiner) { Self::One } else { Self::Two }
    }
}

impl FromStr for ReaderLevel {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1" => Ok(Self::One),
            "2" => Ok(Self::Two),
            _ => Err("1 or 2"),
        }
    }
}

impl<'de> Deserialize<'de> for ReaderLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let level = i64::deserialize(deserializer)?;
        level.to_string().parse().map_err(|wanted| de::Error::custom(format!("reader_level {level} must be {wanted}")))
    }
}

impl fmt::Display for ReaderLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "1",
            Self::Two => "2",
        })
    }
}
