//! Parses JSON into values without the special keys of `serde_json`. Its own `Value` parser reserves one key for
//! numbers and one for raw JSON: a client that sends these could disguise a string as a number, or nest deeper than the
//! parser's limit and overflow the stack.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
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

/// Parses an array or an object that is nested 128 levels deep, which the service reads: its items are parsed one by
/// one, so that the parser's own limit stays on.
///
/// Errors: invalid JSON, or deeper nesting.
pub(super) fn read_deep_value(text: &str) -> serde_json::Result<Value> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = parser.deserialize_any(ParserVisitor::<DeepItem>(PhantomData))?;
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

/// An item of an array or an object that is parsed for itself.
struct DeepItem(Value);

/// Makes values of what the parser passes. `I` is the type of the items of arrays and objects.
struct ParserVisitor<I>(PhantomData<I>);

impl<'de> Deserialize<'de> for PlainValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ParserItem::deserialize(deserializer).map(|item| Self(item.into()))
    }
}

impl<'de> Deserialize<'de> for ParserItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParserVisitor::<Self>(PhantomData))
    }
}

impl<'de> Deserialize<'de> for DeepItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        read_value(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

impl From<DeepItem> for ParserItem {
    fn from(DeepItem(value): DeepItem) -> Self {
        Self::Value(value)
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

impl<'de, I: Deserialize<'de> + Into<ParserItem>> Visitor<'de> for ParserVisitor<I> {
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
        while let Some(item) = items.next_element::<I>()? {
            array.push(item.into().into());
        }
        Ok(ParserItem::Value(array.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<ParserItem, A::Error> {
        let mut map = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            match fields.next_value::<I>()?.into() {
                ParserItem::OwnedText(text) if map.is_empty() && key == NUMBER_KEY => return parse_number(&text),
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
