//! JSON of strangers (RFC 8259), read strictly: a member that is there twice would be one thing to us and another to a proxy or
//! filter that looked at the body before, so it is refused, as RFC 7493 (I-JSON) has it.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Map, Value};

/// What is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum NotJson {
    /// The bytes are no JSON text, or something follows it.
    Malformed,
    /// A member of this name is in one object twice.
    Twice(String),
}

/// Reads one JSON text, whole.
pub fn parse(bytes: &[u8]) -> Result<Value, NotJson> {
    let (mut twice, mut json) = (None, Deserializer::from_slice(bytes));
    let value = Strict(&mut twice).deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|_| twice.map_or(NotJson::Malformed, NotJson::Twice))
}

/// Reads a value, and notes the first member that is there twice.
struct Strict<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = vec![];
        while let Some(item) = items.next_element_seed(Strict(self.0))? {
            all.push(item);
        }
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if all.contains_key(&name) {
                *self.0 = Some(name);
                return Err(A::Error::custom("a member is there twice"));
            }
            let value = members.next_value_seed(Strict(self.0))?;
            all.insert(name, value);
        }
        Ok(all.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_serde_json_reads_is_read_alike() {
        for text in [
            "null",
            " [true, false, null, 0, -0, 1e2, 1.5, -9223372036854775808, 18446744073709551615, 123456789012345678901234567890] ",
            r#"{"a":{"a":[{"a":"\u0041\ud83d\ude00é"}]},"A":"","":{}}"#,
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(serde_json::from_str(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn a_member_twice_is_named_at_any_depth() {
        for (text, name) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":1,"b":{"c":[0,{"d":null,"d":null}]}}"#, "d"),
            (r#"{"b":{"a":1},"a":2,"b":{}}"#, "b"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"{"":1,"":2}"#, ""),
            (r#"[{"pad":"","pad":"#, "pad"),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(NotJson::Twice(name.into())), "{text}");
        }
        assert!(parse(br#"{"a":{"a":1},"b":{"a":1},"A":1}"#).is_ok(), "of different objects");
    }

    #[test]
    fn what_is_no_json_text() {
        let deep = [b"[".repeat(200), b"]".repeat(200)].concat();
        let not: [&[u8]; 14] = [
            b"",
            b" ",
            b"{",
            b"{}x",
            b"{} {}",
            b"{},",
            b"\xef\xbb\xbf{}",
            b"\"\xff\"",
            b"\xff\xfe{\0}\0",
            br#""\ud800""#,
            b"{'a':1}",
            b"[1,]",
            b"1e400",
            &deep,
        ];
        for bytes in not {
            assert_eq!(parse(bytes), Err(NotJson::Malformed), "{bytes:?}");
        }
    }
}
