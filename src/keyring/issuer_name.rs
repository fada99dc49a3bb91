//! The name of a deployment.

use std::{fmt, str::FromStr};

/// The issuer name, for example `verify.example.org`: lower-case A-labels, no port, no trailing dot.
///
/// It is bound into every signature, so two spellings of one name would be two deployments; hence one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerName(String);

/// The text is not an issuer name.
#[derive(Debug, thiserror::Error)]
#[error("the issuer name {0:?} is not a lower-case host name such as verify.example.org, without port or trailing dot")]
pub struct IssuerNameError(String);

impl IssuerName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `https://<issuer>`, the `iss` and `sub` of the key set.
    pub fn url(&self) -> String {
        format!("https://{}", self.0)
    }
}

impl FromStr for IssuerName {
    type Err = IssuerNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let label_fits = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        if text.len() <= 253 && text.split('.').all(label_fits) { Ok(Self(text.to_owned())) } else { Err(IssuerNameError(text.to_owned())) }
    }
}

impl fmt::Display for IssuerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        for good in ["verify.example.org", "localhost", "xn--bcher-kva.example", "a-1.b2"] {
            assert!(good.parse::<IssuerName>().is_ok(), "{good}");
        }
        for bad in ["", "Verify.example.org", "verify.example.org.", "verify.example.org:443", "a..b", "-a.b", "bücher.example", "a_b"] {
            assert!(bad.parse::<IssuerName>().is_err(), "{bad}");
        }
    }
}
