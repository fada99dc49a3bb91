//! JSON values taken for what they are. Left to itself, serde also reads a struct from an array, by the order of its members, and a
//! word of a closed list from an object; a filter that knows our members by name would see neither.

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, Error as _, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

/// Decodes a value: structs from objects alone, words from strings alone, at any depth.
pub fn decode<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(Shaped(value))
}

struct Shaped(Value);

impl Shaped {
    fn unexpected(&self) -> Unexpected<'_> {
        match &self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other("number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }
}

impl<'de> Deserializer<'de> for Shaped {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Shaped));
                let taken = visitor.visit_seq(&mut items)?;
                items.end().map(|()| taken)
            }
            Value::Object(members) => {
                let mut members = MapDeserializer::new(members.into_iter().map(|(name, value)| (name, Shaped(value))));
                let taken = visitor.visit_map(&mut members)?;
                members.end().map(|()| taken)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        if self.0.is_object() { self.deserialize_any(visitor) } else { Err(Error::invalid_type(self.unexpected(), &"an object")) }
    }

    fn deserialize_enum<V: Visitor<'de>>(self, name: &'static str, words: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        if self.0.is_string() {
            self.0.deserialize_enum(name, words, visitor)
        } else {
            Err(Error::invalid_type(self.unexpected(), &"a string"))
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Shaped {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        One,
        Two,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        word: Word,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Option<Inner>,
        words: Vec<Word>,
        number: Option<i64>,
        rest: Value,
    }

    #[test]
    fn what_has_its_shape_is_taken_as_serde_takes_it() {
        for value in [
            json!({"inner": {"word": "one"}, "words": ["two", "one"], "number": -7, "rest": [{"a": [null, 1.5, true, "x"]}]}),
            json!({"inner": null, "words": [], "rest": null}),
        ] {
            assert_eq!(decode::<Outer>(value.clone()).unwrap(), serde_json::from_value::<Outer>(value).unwrap());
        }
    }

    #[test]
    fn no_array_is_a_struct_and_no_object_a_word_at_any_depth() {
        for value in [
            json!([{"word": "one"}, [], 1, null]),
            json!({"inner": ["one"], "words": [], "rest": 0}),
            json!({"inner": {"word": {"one": null}}, "words": [], "rest": 0}),
            json!({"inner": null, "words": [{"two": null}], "rest": 0}),
        ] {
            assert!(serde_json::from_value::<Outer>(value.clone()).is_ok(), "serde takes {value}");
            assert!(decode::<Outer>(value.clone()).is_err(), "{value}");
        }
        for (value, said) in [
            (json!([]), "invalid type: sequence, expected an object"),
            (json!("x"), "invalid type: string \"x\", expected an object"),
            (json!({"words": 7, "rest": 0}), "invalid type: integer `7`, expected a sequence"),
            (json!({"words": [7], "rest": 0}), "invalid type: number, expected a string"),
            (json!({"words": ["three"], "rest": 0}), "unknown variant `three`, expected `one` or `two`"),
            (json!({"words": [], "rest": 0, "more": 0}), "unknown field `more`"),
            (json!({"words": []}), "missing field `rest`"),
        ] {
            let refused = decode::<Outer>(value).unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
        }
    }
}
