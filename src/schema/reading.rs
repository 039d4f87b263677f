//! JSON into values, every key taken for what it is. `serde_json`'s own reading keeps two keys to itself, for numbers and for
//! raw text: whoever sends them could pass a text off as a number, or nest deeper than the parser's limit and the stack
//! allow. It judges nothing.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads a document. What nests deeper than the parser's 128 levels is an error.
pub fn read_value(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice::<Plain>(bytes).map(|plain| plain.0)
}

/// The key under which the parser hands over a number.
const NUMBER: &str = "$serde_json::private::Number";

/// Any JSON, for fields of typed inputs that may hold anything. It must be read from a document or a borrowed value: an
/// owned value hands out its texts in the way in which the parser hands out numbers.
#[derive(Debug)]
pub struct Plain(pub Value);

/// What stands under [`NUMBER`].
enum UnderNumber {
    /// The text of a number that is not a small whole one. The parser hands over no other text as an owned one.
    Itself(Number),
    /// A field of the document that happens to be called so.
    Field(Value),
}

struct AnyValue;

struct TextOfNumber;

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

impl<'de> Deserialize<'de> for UnderNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOfNumber)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Value, E> {
        Ok(Value::Bool(yes))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Value, E> {
        number_from(&number.to_string())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Value, E> {
        number_from(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("a number is finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let value = if map.is_empty() && key == NUMBER {
                match fields.next_value()? {
                    UnderNumber::Itself(number) => return Ok(Value::Number(number)),
                    UnderNumber::Field(value) => value,
                }
            } else {
                fields.next_value::<Plain>()?.0
            };
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// The number in a text that a number was printed to.
fn number_from<E: Error>(text: &str) -> Result<Value, E> {
    text.parse().map(Value::Number).map_err(E::custom)
}

impl<'de> Visitor<'de> for TextOfNumber {
    type Value = UnderNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        AnyValue.expecting(f)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<UnderNumber, E> {
        text.parse().map(UnderNumber::Itself).map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<UnderNumber, E> {
        AnyValue.visit_unit().map(UnderNumber::Field)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<UnderNumber, E> {
        AnyValue.visit_bool(yes).map(UnderNumber::Field)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<UnderNumber, E> {
        AnyValue.visit_u64(number).map(UnderNumber::Field)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<UnderNumber, E> {
        AnyValue.visit_i64(number).map(UnderNumber::Field)
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<UnderNumber, E> {
        AnyValue.visit_u128(number).map(UnderNumber::Field)
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<UnderNumber, E> {
        AnyValue.visit_i128(number).map(UnderNumber::Field)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<UnderNumber, E> {
        AnyValue.visit_f64(number).map(UnderNumber::Field)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<UnderNumber, E> {
        AnyValue.visit_str(text).map(UnderNumber::Field)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<UnderNumber, A::Error> {
        AnyValue.visit_seq(items).map(UnderNumber::Field)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<UnderNumber, A::Error> {
        AnyValue.visit_map(fields).map(UnderNumber::Field)
    }
}
