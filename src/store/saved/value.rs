//! What is saved, while it is written: JSON whose texts and bytes share the memory of the files that have them.

use bytes::Bytes;
use data_encoding::BASE64;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A value while it is written.
#[derive(Debug)]
pub(crate) enum SavedValue {
    Json(Value),
    /// UTF-8.
    Text(Bytes),
    /// Bytes that are no text.
    Base64(Bytes),
    Object(SavedObject),
    List(Vec<SavedObject>),
}

/// An object while it is written: its fields, in their order.
#[derive(Debug, Default)]
pub(crate) struct SavedObject(Vec<(&'static str, SavedValue)>);

impl SavedObject {
    /// The object that `put` fills.
    pub(super) fn of(put: impl FnOnce(&mut Self)) -> Self {
        let mut object = Self::default();
        put(&mut object);
        object
    }

    /// Adds a field, unless its value is `null`. Panics if serde cannot write the value. Inline, it is 4 KB more.
    #[inline(never)]
    pub(super) fn put(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        self.put_json(name, serde_json::to_value(value).expect("our own types can be written"));
    }

    /// Adds an object of a client.
    pub(super) fn put_map(&mut self, name: &'static str, map: Option<&Map<String, Value>>) {
        self.put_json(name, map.map_or(Value::Null, |map| Value::Object(map.clone())));
    }

    /// Adds a list of objects, unless it is empty.
    pub(super) fn put_list(&mut self, name: &'static str, items: Vec<Self>) {
        if !items.is_empty() {
            self.put_value(name, SavedValue::List(items));
        }
    }

    /// Adds an object.
    pub(super) fn put_object(&mut self, name: &'static str, put: impl FnOnce(&mut Self)) {
        self.put_value(name, SavedValue::Object(Self::of(put)));
    }

    pub(super) fn put_value(&mut self, name: &'static str, value: SavedValue) {
        self.0.push((name, value));
    }

    /// Whether it has no field.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn put_json(&mut self, name: &'static str, value: Value) {
        if !value.is_null() {
            self.put_value(name, SavedValue::Json(value));
        }
    }
}

impl Serialize for SavedObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Serialize for SavedValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(value) => value.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(std::str::from_utf8(text).map_err(serde::ser::Error::custom)?),
            Self::Base64(bytes) => serializer.collect_str(&BASE64.encode_display(bytes)),
            Self::Object(object) => object.serialize(serializer),
            Self::List(objects) => serializer.collect_seq(objects),
        }
    }
}
