//! Reads JSON that is nested 128 levels deep. `serde_json` reads at most 127 and the service 128, so the outermost level is
//! read separately and `serde_json`'s own limit stays on.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::reading::read_value;

/// Reads an array or an object of at most 128 levels; `None` if `text` is anything else.
pub(super) fn read(text: &str) -> Option<Value> {
    serde_json::from_str::<Outermost>(text).ok().map(|outermost| outermost.0)
}

struct Outermost(Value);

impl<'de> Deserialize<'de> for Outermost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Level).map(Self)
    }
}

struct Level;

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element::<&RawValue>()? {
            array.push(inner(item)?);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = fields.next_entry::<String, &RawValue>()? {
            object.insert(name, inner(value)?);
        }
        Ok(object.into())
    }
}

fn inner<E: Error>(value: &RawValue) -> Result<Value, E> {
    read_value(value.get().as_bytes()).map_err(E::custom)
}
