//! How the signing keys are rotated.

use jiff::{Span, SpanRelativeTo, Unit};
use serde::Deserialize;

use super::ConfigError;
use crate::{
    issuer::POLICY,
    keyring::{MAX_SET_LIFETIME, rotation::Policy},
};

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
const LONGEST_ACTIVE: i64 = 30 * DAY;

/// The longest that any of these settings lets a key last, from the set that names it first: it waits while those before it
/// sign for the whole of the set, and for as long as it has to be published before the next one; then it has its turn. Seconds.
pub const LONGEST_KEY: i64 = MAX_SET_LIFETIME + LONGEST_ACTIVE + LONGEST_ACTIVE + POLICY.retired;

impl Rotation {
    /// Reads both. A key signs at least a day, so that a set stays small enough for a phone, and at most 30 days, so that
    /// a set has room for it; it is published at least an hour before, which is far longer than anybody keeps a copy.
    pub(super) fn policy(&self) -> Result<Policy, ConfigError> {
        let active =
            read("rotation.active", self.active.as_deref(), POLICY.active, DAY..=LONGEST_ACTIVE, "between 1d and 30d, such as 7d")?;
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::keyring::{
        IssuerName, KeyId, KeySet, PublishedKey, Revocation, SigningKey,
        rotation::{KeyRecord, NextSet, Stage},
        signing::compare,
    };

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

    /// Sets that follow one another by every extreme of the settings, some of which come late or find all keys revoked.
    #[test]
    fn whatever_a_setting_allows_can_be_signed() {
        let (issuer, mut numbers) = ("verify.example.org".parse::<IssuerName>().unwrap(), 0_u16..);
        let mut draw = || {
            let mut seed = [7; 32];
            seed[..2].copy_from_slice(&numbers.next().unwrap().to_be_bytes());
            SigningKey::from_seed(&zeroize::Zeroizing::new(seed)).public()
        };
        for (active, published) in [(DAY, HOUR), (DAY, DAY), (7 * DAY, DAY), (10 * DAY, 10 * DAY), (30 * DAY, HOUR), (30 * DAY, 30 * DAY)] {
            let policy = Policy { active, published, ..POLICY };
            let (mut now, mut last, mut records) = (1_795_000_000, None::<KeySet>, Vec::<KeyRecord>::new());
            for (version, pause) in (1..).zip([0, 1, 28 * DAY, 28 * DAY, 34 * DAY, 50 * DAY, 1, DAY]) {
                now += pause;
                let next = NextSet { version, current: last.as_ref(), records: &records, policy: &policy, now };
                let set = next.with(issuer.clone(), (0..next.wanted()).map(|_| draw()).collect()).unwrap();
                let changes = compare(&set, last.as_ref(), LONGEST_KEY, now);
                assert!(changes.is_ok(), "{active} {published} {version}: {changes:?}");
                let record = |key: &PublishedKey| KeyRecord { id: key.key.id(), stage: Stage::Pending, since: now, revoked: None };
                let known: BTreeSet<KeyId> = records.iter().map(|record| record.id).collect();
                records.extend(set.keys().iter().filter(|key| !known.contains(&key.key.id())).map(record));
                if version == 3 || version == 4 {
                    let stolen = Revocation { revoked_at: now, reason: "stolen".into() };
                    for record in &mut records {
                        (record.stage, record.revoked) = (Stage::Retired, Some(stolen.clone()));
                    }
                }
                last = Some(set);
            }
        }
    }
}
