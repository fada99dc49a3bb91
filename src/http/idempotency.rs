//! The `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header-07): who got no answer sends the request once more
//! with the same key, and it is done once.

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};
use serde::Serialize;

use super::problem::Problem;
use crate::{authority::Officer, issuer::OnceAct, store::Once};

const NAME: HeaderName = HeaderName::from_static("idempotency-key");

/// The most characters of a key.
const LONGEST: usize = 128;

/// The key, where there is one.
#[derive(Debug)]
pub struct IdempotencyKey(Option<String>);

impl IdempotencyKey {
    /// For what this person asks.
    pub fn once(&self, act: OnceAct, officer: &Officer, body: &impl Serialize) -> Option<Once> {
        self.0.as_ref().map(|key| Once::of(act, &officer.callsign, key, body))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(NAME).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let wrong =
            || Problem::bad_request(format!("Idempotency-Key must be one quoted text of 1 to {LONGEST} printable ASCII characters"));
        let key = value.to_str().ok().and_then(read).ok_or_else(wrong)?;
        if values.next().is_none() { Ok(Self(Some(key))) } else { Err(wrong()) }
    }
}

/// A string as RFC 9651, 3.3.3 has it, or without its quotes, as many clients send it.
fn read(value: &str) -> Option<String> {
    let value = value.trim();
    let key = match value.strip_prefix('"') {
        Some(rest) => unescaped(rest.strip_suffix('"')?)?,
        None if value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:~+/=".contains(&b)) => value.to_owned(),
        None => return None,
    };
    (1..=LONGEST).contains(&key.len()).then_some(key)
}

fn unescaped(inner: &str) -> Option<String> {
    let (mut key, mut characters) = (String::new(), inner.chars());
    while let Some(character) = characters.next() {
        key.push(match character {
            '\\' => characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?,
            ' '..='~' if character != '"' => character,
            _ => return None,
        });
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_structured_string_or_plain() {
        for (value, key) in [
            (r#""8e03978e-40d5-43dd-bc93-6894a57f9324""#, "8e03978e-40d5-43dd-bc93-6894a57f9324"),
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
            (r#"  "a b"  "#, "a b"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
        ] {
            assert_eq!(read(value).as_deref(), Some(key), "{value}");
        }
        let long = "x".repeat(LONGEST + 1);
        for value in [
            "",
            r#""""#,
            r#"""#,
            r#""a"#,
            r#"a""#,
            r#""a"b""#,
            r#""a\""#,
            r#""a\x""#,
            "\"\u{e9}\"",
            r#""a";b=1"#,
            "a b",
            "a;b=1",
            "(a)",
            &long,
        ] {
            assert_eq!(read(value), None, "{value}");
        }
        assert!(read(&long[1..]).is_some());
    }
}
