//! Times, durations and sentences that several commands share.

use jiff::{Timestamp, tz::TimeZone};

pub use crate::config::duration;
use crate::keyring::KeyId;

/// Reads a moment with its zone, such as 2026-11-22T14:00:00Z. Seconds since 1970.
pub fn moment(text: &str) -> Result<i64, String> {
    let moment: Result<Timestamp, _> = text.parse();
    moment.map(Timestamp::as_second).map_err(|_| format!("{text:?} is not a time with its zone, such as 2026-11-22T14:00:00Z"))
}

/// A moment in the zone of this machine, to the second.
pub fn shown(seconds: i64) -> String {
    written(seconds, "%-d %B %Y, %H:%M:%S %Z")
}

/// One that is known to the minute alone, as the time of a check is.
pub fn shown_minute(seconds: i64) -> String {
    written(seconds, "%-d %B %Y, %H:%M %Z")
}

fn written(seconds: i64, format: &str) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_zoned(TimeZone::system()).strftime(format).to_string()
}

/// How many tokens an act withdrew, without a full stop.
pub fn withdrawn(tokens: u64) -> String {
    if tokens == 1 { "1 live token is withdrawn".into() } else { format!("{tokens} live tokens are withdrawn") }
}

/// That a key can sign no more here.
pub fn destroyed(key: &KeyId) -> String {
    format!("The private half of {key} is destroyed.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        assert_eq!(moment("2026-11-18T11:06:40Z"), Ok(1_795_000_000));
        assert!(moment("14:00").is_err());
    }
}
