//! How long a deployment makes its new codes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};

use super::SpokenSize;

/// How long new codes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenWords {
    /// Always of this size.
    Fixed(SpokenSize),
    /// Five words while nobody guesses and few codes live, else six.
    Auto,
}

impl FromStr for SpokenWords {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "5" => Ok(Self::Fixed(SpokenSize::Five)),
            "6" => Ok(Self::Fixed(SpokenSize::Six)),
            "auto" => Ok(Self::Auto),
            _ => Err("must be 5, 6 or auto"),
        }
    }
}

impl fmt::Display for SpokenWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{}", size.words()),
            Self::Auto => f.write_str("auto"),
        }
    }
}

/// In a file both `5` and `"5"` will do.
impl<'de> Deserialize<'de> for SpokenWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(|wanted| de::Error::custom(format!("spoken_words {text:?} {wanted}")))
    }
}
