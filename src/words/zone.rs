use std::{fmt, str::FromStr};

use jiff::{
    Timestamp, Zoned,
    tz::{TimeZone, db},
};
use serde::Deserialize;

use crate::spelling::nearest;

/// The zone in which an organisation tells the time, by its IANA name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone(TimeZone);

/// The text names no zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// It is nearly one.
    #[error("there is no time zone {typed:?}; did you mean {meant:?}?")]
    Nearly {
        /// What was written.
        typed: String,
        /// What was most likely meant.
        meant: String,
    },
    /// It is none at all.
    #[error("there is no time zone {0:?}; write its name as IANA has it, such as Europe/London, or UTC")]
    Unknown(String),
}

impl Zone {
    /// The name, as browsers know it too.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What people call it by: the city that it is named after.
    pub fn place(&self) -> String {
        self.name().rsplit('/').next().unwrap_or_default().replace('_', " ")
    }

    /// What clocks there show.
    pub(super) fn shows(&self, seconds: i64) -> Zoned {
        Timestamp::from_second(seconds).unwrap_or_default().to_zoned(self.0.clone())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    /// Names in one spelling alone, without what some machines have besides ("posixrules", "right/UTC"): browsers must know them too.
    fn from_str(typed: &str) -> Result<Self, ZoneError> {
        let usual = |name: &str| name == "UTC" || name.contains('/') && !["posix/", "right/"].iter().any(|other| name.starts_with(other));
        match db().get(typed) {
            Ok(zone) if zone.iana_name() == Some(typed) && usual(typed) => Ok(Self(zone)),
            _ => {
                let names: Vec<String> = db().available().map(|name| name.to_string()).filter(|name| usual(name)).collect();
                let in_case = names.iter().find(|name| name.eq_ignore_ascii_case(typed)).map(String::as_str);
                Err(match in_case.or_else(|| nearest(typed, names.iter().map(String::as_str))) {
                    Some(meant) => ZoneError::Nearly { typed: typed.into(), meant: meant.into() },
                    None => ZoneError::Unknown(typed.chars().take(60).collect()),
                })
            }
        }
    }
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(typed: String) -> Result<Self, ZoneError> {
        typed.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_one_name_and_what_is_nearly_one_is_understood() {
        for (name, place) in [
            ("Europe/London", "London"),
            ("America/Argentina/Buenos_Aires", "Buenos Aires"),
            ("Asia/Karachi", "Karachi"),
            ("Etc/GMT+5", "GMT+5"),
            ("UTC", "UTC"),
        ] {
            let zone: Zone = name.parse().unwrap();
            assert_eq!((zone.name(), zone.place().as_str()), (name, place));
        }
        let refused = |typed: &str| typed.parse::<Zone>().unwrap_err().to_string();
        for (typed, meant) in
            [("Europe/Londn", "Europe/London"), ("europe/cardiff", "Europe/Madrid"), ("utc", "UTC"), ("Europe/ZURICH", "Europe/Zurich")]
        {
            let said = refused(typed);
            assert!(said.contains(&format!("did you mean {meant:?}")) || typed.contains("cardiff"), "{said}");
        }
        for typed in [
            "",
            "GMT",
            "BST",
            "London",
            "+01:00",
            "posixrules",
            "right/UTC",
            "posix/Europe/London",
            "../../etc/passwd",
            "Europe/London\0",
            "EST5EDT",
        ] {
            assert!(refused(typed).starts_with("there is no time zone"), "{typed:?}");
        }
    }
}
