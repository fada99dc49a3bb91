//! Times and durations as people type and read them.

use jiff::{Span, SpanRelativeTo, Timestamp, Unit, tz::TimeZone};

/// Reads `8h`, `30d`, `5m`, `90s` or `1h 30m`. Seconds.
pub fn duration(text: &str) -> Result<i64, String> {
    let wanted = || format!("{text:?} is not a duration such as 30d, 8h, 5m or 90s");
    let span: Span = text.parse().map_err(|_| wanted())?;
    let seconds = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).map_err(|_| wanted())?;
    #[allow(clippy::cast_possible_truncation, reason = "a span holds some ten thousand years, far inside an i64 of seconds")]
    let seconds = seconds as i64;
    if seconds > 0 { Ok(seconds) } else { Err(wanted()) }
}

/// Reads a moment with its zone, such as 2026-11-22T14:00:00Z. Seconds since 1970.
pub fn moment(text: &str) -> Result<i64, String> {
    let moment: Result<Timestamp, _> = text.parse();
    moment.map(Timestamp::as_second).map_err(|_| format!("{text:?} is not a time with its zone, such as 2026-11-22T14:00:00Z"))
}

/// A moment in the zone of this machine, to the second.
pub fn shown(seconds: i64) -> String {
    format_here(seconds, "%Y-%m-%d %H:%M:%S %Z")
}

/// The time of day in the zone of this machine.
pub fn clock_time(seconds: i64) -> String {
    format_here(seconds, "%H:%M:%S")
}

fn format_here(seconds: i64, format: &str) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_zoned(TimeZone::system()).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_moments() {
        assert_eq!(duration("8h"), Ok(28_800));
        assert_eq!(duration("30d"), Ok(2_592_000));
        assert_eq!(duration("1h 30m"), Ok(5_400));
        for bad in ["", "8", "h", "-8h", "0s", "1mo"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(moment("2026-11-18T11:06:40Z"), Ok(1_795_000_000));
        assert!(moment("14:00").is_err());
    }
}
