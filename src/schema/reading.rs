//! Parses JSON into values without the special keys of `serde_json`. Its own `Value` parser reserves one key for numbers and
//! one for raw JSON: a client that sends these could disguise a string as a number, or nest deeper than the parser's limit
//! and overflow the stack.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Parses a document.
///
/// Errors: invalid JSON, or nesting deeper than the parser's 127 levels.
pub(crate) fn read_value(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice::<PlainValue>(bytes).map(|plain| plain.0)
}

/// The key under which the parser passes a number.
const NUMBER_KEY: &str = "$serde_json::private::Number";

/// A value whose keys have no special meaning, for fields of typed inputs that may hold any JSON. It must be deserialized
/// from a document or a borrowed value: an owned value passes its strings in the form in which the parser passes numbers.
#[derive(Debug)]
pub(crate) struct PlainValue(pub(crate) Value);

/// The value of the key [`NUMBER_KEY`].
enum NumberOrField {
    /// A number other than a small integer. The parser passes its text as an owned string, and no other string.
    Number(Number),
    /// A field of the document that has the same name.
    Field(Value),
}

struct ValueVisitor;

struct NumberVisitor;

impl<'de> Deserialize<'de> for PlainValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for NumberOrField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Bool(boolean))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Value, E> {
        parse_number(&number.to_string())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Value, E> {
        parse_number(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("the number is not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(PlainValue(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let value = if map.is_empty() && key == NUMBER_KEY {
                match fields.next_value()? {
                    NumberOrField::Number(number) => return Ok(Value::Number(number)),
                    NumberOrField::Field(value) => value,
                }
            } else {
                fields.next_value::<PlainValue>()?.0
            };
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// Parses a printed number.
fn parse_number<E: Error>(text: &str) -> Result<Value, E> {
    text.parse().map(Value::Number).map_err(E::custom)
}

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = NumberOrField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ValueVisitor.expecting(f)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<NumberOrField, E> {
        text.parse().map(NumberOrField::Number).map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<NumberOrField, E> {
        ValueVisitor.visit_unit().map(NumberOrField::Field)
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<NumberOrField, E> {
        ValueVisitor.visit_bool(boolean).map(NumberOrField::Field)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<NumberOrField, E> {
        ValueVisitor.visit_u64(number).map(NumberOrField::Field)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<NumberOrField, E> {
        ValueVisitor.visit_i64(number).map(NumberOrField::Field)
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<NumberOrField, E> {
        ValueVisitor.visit_u128(number).map(NumberOrField::Field)
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<NumberOrField, E> {
        ValueVisitor.visit_i128(number).map(NumberOrField::Field)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<NumberOrField, E> {
        ValueVisitor.visit_f64(number).map(NumberOrField::Field)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<NumberOrField, E> {
        ValueVisitor.visit_str(text).map(NumberOrField::Field)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<NumberOrField, A::Error> {
        ValueVisitor.visit_seq(items).map(NumberOrField::Field)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<NumberOrField, A::Error> {
        ValueVisitor.visit_map(fields).map(NumberOrField::Field)
    }
}
