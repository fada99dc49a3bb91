//! How the signing keys are rotated.

use jiff::{Span, SpanRelativeTo, Unit};
use serde::Deserialize;

use super::ConfigError;
use crate::{issuer::POLICY, keyring::rotation::Policy};

/// `[rotation]`: durations such as `7d`. What is not set is as in [`POLICY`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rotation {
    /// How long a key signs.
    active: Option<String>,
    /// How long a key is published before it signs.
    published: Option<String>,
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

impl Rotation {
    /// Reads both. A key signs at least a day, so that a set stays small enough for a phone, and at most 30 days, so that
    /// a set has room for it; it is published at least an hour before, which is far longer than anybody keeps a copy.
    pub(super) fn policy(&self) -> Result<Policy, ConfigError> {
        let active = read("rotation.active", self.active.as_deref(), POLICY.active, DAY..=30 * DAY, "between 1d and 30d, such as 7d")?;
        let wanted = "between 1h and the time for which a key signs, such as 1d";
        let published = read("rotation.published", self.published.as_deref(), POLICY.published.min(active), HOUR..=active, wanted)?;
        Ok(Policy { active, published, ..POLICY })
    }
}

fn read(
    flag: &'static str,
    text: Option<&str>,
    usual: i64,
    fits: std::ops::RangeInclusive<i64>,
    wanted: &'static str,
) -> Result<i64, ConfigError> {
    let Some(text) = text else { return Ok(usual) };
    duration(text).ok().filter(|seconds| fits.contains(seconds)).ok_or_else(|| ConfigError::Wrong { flag, value: text.into(), wanted })
}

/// Reads `8h`, `30d`, `5m`, `90s` or `1h 30m`. Seconds.
pub fn duration(text: &str) -> Result<i64, String> {
    seconds(text).filter(|seconds| *seconds > 0).ok_or_else(|| format!("{text:?} is not a duration such as 30d, 8h, 5m or 90s"))
}

/// The same, also of nothing or less.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let span: Span = text.parse().ok()?;
    let seconds = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok()?;
    #[allow(clippy::cast_possible_truncation, reason = "a span holds some ten thousand years, far inside an i64 of seconds")]
    Some(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("8h"), Ok(28_800));
        assert_eq!(duration("30d"), Ok(2_592_000));
        assert_eq!(duration("1h 30m"), Ok(5_400));
        for bad in ["", "8", "h", "-8h", "0s", "1mo"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_policy_stays_within_what_works() {
        let policy = |active: Option<&str>, published: Option<&str>| {
            let rotation = Rotation { active: active.map(str::to_owned), published: published.map(str::to_owned) };
            rotation.policy().map(|policy| (policy.active, policy.published)).ok()
        };
        assert_eq!(policy(None, None), Some((7 * DAY, DAY)));
        assert_eq!(policy(Some("1d"), Some("1h")), Some((DAY, HOUR)));
        assert_eq!(policy(Some("30d"), None), Some((30 * DAY, DAY)));
        for (active, published) in
            [(Some("23h"), None), (Some("31d"), None), (None, Some("59m")), (Some("2d"), Some("3d")), (Some("x"), None)]
        {
            assert_eq!(policy(active, published), None, "{active:?} {published:?}");
        }
    }
}
