//! Parses JSON into values without the special keys of `serde_json`. Its own `Value` parser reserves one key for
//! numbers and one for raw JSON: a client that sends these could disguise a string as a number, or nest deeper than the
//! parser's limit and overflow the stack.

use std::cell::Cell;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// Parses a document.
///
/// Errors: invalid JSON, or nesting deeper than the parser's 127 levels.
pub(crate) fn read_value(bytes: &[u8]) -> serde_json::Result<Value> {
    // Text is checked once here, not string by string in the parser, which finds the error in other bytes.
    let read = std::str::from_utf8(bytes).map_or_else(|_| serde_json::from_slice(bytes), serde_json::from_str);
    read.map(|PlainValue(value)| value)
}

/// Parses a document in which no object has a field twice. It has at most `max_values`, because a value takes much more
/// memory than its text.
///
/// Errors: invalid JSON, a field that is given twice, more values, or nesting deeper than the parser's 127 levels.
pub(crate) fn read_unique<'de>(
    document: impl serde_json::de::Read<'de>,
    max_values: usize,
) -> serde_json::Result<Value> {
    let mut parser = serde_json::Deserializer::new(document);
    let limit = ValueLimit { max_values, values: Cell::new(0) };
    let value = FlatItem { limit: Some(&limit) }.deserialize(&mut parser)?;
    parser.end()?;
    Ok(value.into())
}

/// Parses an array or an object that is nested 128 levels deep, which the service reads: its items are parsed one by
/// one, so that the parser's own limit stays on.
///
/// Errors: invalid JSON, or deeper nesting.
pub(super) fn read_deep_value(text: &str) -> serde_json::Result<Value> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = parser.deserialize_any(ParserVisitor(DeepItem))?;
    parser.end()?;
    Ok(value.into())
}

/// The key under which the parser passes a number.
const NUMBER_KEY: &str = "$serde_json::private::Number";

/// A value whose keys have no special meaning, for fields of typed inputs that may hold any JSON. It must be
/// deserialized from a document or a borrowed value: an owned value passes its strings in the form in which the parser
/// passes numbers.
#[derive(Debug, Serialize)]
pub(crate) struct PlainValue(pub(crate) Value);

/// An item that the parser passes to a visitor.
enum ParserItem {
    Value(Value),
    /// An owned string: the text of a number other than a small integer, under [`NUMBER_KEY`]. The strings of a
    /// document are passed borrowed.
    OwnedText(String),
}

/// Parses an item of an array or an object.
trait ItemSeed<'de>: DeserializeSeed<'de, Value = ParserItem> + Copy {
    /// Whether an object may have a field twice: the last one is taken then.
    fn may_repeat(self) -> bool;
}

/// Parses an item as its array or object is parsed.
#[derive(Clone, Copy)]
struct FlatItem<'l> {
    /// The limit of a document in which no object has a field twice.
    limit: Option<&'l ValueLimit>,
}

/// How many values a document may have, and how many it has so far.
struct ValueLimit {
    max_values: usize,
    values: Cell<usize>,
}

/// Parses an item of an array or an object for itself.
#[derive(Clone, Copy)]
struct DeepItem;

/// Makes values of what the parser passes. `I` parses the items of arrays and objects.
struct ParserVisitor<I>(I);

impl<'de> Deserialize<'de> for PlainValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        FlatItem { limit: None }.deserialize(deserializer).map(|item| Self(item.into()))
    }
}

impl<'de> DeserializeSeed<'de> for FlatItem<'_> {
    type Value = ParserItem;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ParserItem, D::Error> {
        if let Some(ValueLimit { max_values, values }) = self.limit
            && values.replace(values.get() + 1) == *max_values
        {
            return Err(D::Error::custom(format_args!("more than {max_values} values (--max-state-bytes)")));
        }
        deserializer.deserialize_any(ParserVisitor(self))
    }
}

impl<'de> DeserializeSeed<'de> for DeepItem {
    type Value = ParserItem;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ParserItem, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        read_value(text.as_bytes()).map(ParserItem::Value).map_err(D::Error::custom)
    }
}

impl ItemSeed<'_> for FlatItem<'_> {
    fn may_repeat(self) -> bool {
        self.limit.is_none()
    }
}

impl ItemSeed<'_> for DeepItem {
    fn may_repeat(self) -> bool {
        true
    }
}

impl From<ParserItem> for Value {
    fn from(item: ParserItem) -> Self {
        match item {
            ParserItem::Value(value) => value,
            ParserItem::OwnedText(text) => text.into(),
        }
    }
}

impl<'de, I: ItemSeed<'de>> Visitor<'de> for ParserVisitor<I> {
    type Value = ParserItem;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<ParserItem, E> {
        Ok(ParserItem::Value(Value::Null))
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<ParserItem, E> {
        Ok(ParserItem::Value(boolean.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<ParserItem, E> {
        Ok(ParserItem::Value(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<ParserItem, E> {
        Ok(ParserItem::Value(number.into()))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<ParserItem, E> {
        parse_number(&number.to_string())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<ParserItem, E> {
        parse_number(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<ParserItem, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("the number is not finite"))?;
        Ok(ParserItem::Value(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<ParserItem, E> {
        Ok(ParserItem::Value(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<ParserItem, E> {
        Ok(ParserItem::OwnedText(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ParserItem, A::Error> {
        let mut array: Vec<Value> = Vec::new();
        while let Some(item) = items.next_element_seed(self.0)? {
            array.push(item.into());
        }
        Ok(ParserItem::Value(array.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<ParserItem, A::Error> {
        let mut map = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            match fields.next_value_seed(self.0)? {
                ParserItem::OwnedText(text) if map.is_empty() && key == NUMBER_KEY => return parse_number(&text),
                _ if !self.0.may_repeat() && map.contains_key(&key) => {
                    return Err(A::Error::custom(format_args!("the field {key} is given twice")));
                }
                item => map.insert(key, item.into()),
            };
        }
        Ok(ParserItem::Value(map.into()))
    }
}

/// Parses a printed number.
fn parse_number<E: Error>(text: &str) -> Result<ParserItem, E> {
    text.parse().map(|number| ParserItem::Value(Value::Number(number))).map_err(E::custom)
}
