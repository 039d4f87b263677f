//! Edits of the JSON of a successful response, by JSON pointer: a field is missing, null, of another type, renamed, or new.

use serde_json::{Map, Number, Value};

/// An edit of a JSON document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JsonEdit {
    Drop(String),
    Null(String),
    Retype(String),
    Rename(String, String),
    Add(String, Value),
}

impl JsonEdit {
    /// Its word in the rule language.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Drop(_) => "drop",
            Self::Null(_) => "null",
            Self::Retype(_) => "retype",
            Self::Rename(..) => "rename",
            Self::Add(..) => "add",
        }
    }

    /// The document with the edit made; none if the pointer refers to no value.
    pub(super) fn made_in(&self, mut document: Value) -> Option<Value> {
        match self {
            Self::Drop(pointer) => with_parent(&mut document, pointer, remove),
            Self::Null(pointer) => replace(&mut document, pointer, |_| Value::Null),
            Self::Retype(pointer) => replace(&mut document, pointer, retyped),
            Self::Rename(pointer, name) => with_parent(&mut document, pointer, |parent, key| rename(parent, key, name)),
            Self::Add(pointer, value) => with_parent(&mut document, pointer, |parent, key| add(parent, key, value)),
        }?;
        Some(document)
    }
}

fn replace(document: &mut Value, pointer: &str, new: impl Fn(&Value) -> Value) -> Option<()> {
    let place = document.pointer_mut(pointer)?;
    *place = new(place);
    Some(())
}

fn with_parent(document: &mut Value, pointer: &str, edit: impl FnOnce(&mut Value, &str) -> Option<()>) -> Option<()> {
    let (parent, key) = pointer.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    edit(document.pointer_mut(parent)?, &key)
}

fn remove(parent: &mut Value, key: &str) -> Option<()> {
    match parent {
        Value::Object(map) => map.shift_remove(key).map(drop),
        Value::Array(items) => {
            let index = array_index(key).filter(|index| *index < items.len())?;
            items.remove(index);
            Some(())
        }
        _ => None,
    }
}

/// Renames a field; it keeps its place in the order.
fn rename(parent: &mut Value, key: &str, name: &str) -> Option<()> {
    let Value::Object(map) = parent else { return None };
    if !map.contains_key(key) {
        return None;
    }
    let renamed: Map<String, Value> = std::mem::take(map)
        .into_iter()
        .map(|(field, value)| if field == key { (name.to_owned(), value) } else { (field, value) })
        .collect();
    *map = renamed;
    Some(())
}

fn add(parent: &mut Value, key: &str, value: &Value) -> Option<()> {
    match parent {
        Value::Object(map) => {
            map.insert(key.to_owned(), value.clone());
            Some(())
        }
        Value::Array(items) => {
            let index =
                if key == "-" { items.len() } else { array_index(key).filter(|index| *index <= items.len())? };
            items.insert(index, value.clone());
            Some(())
        }
        _ => None,
    }
}

/// An index into an array, as RFC 6901 writes it: digits without a leading zero.
fn array_index(key: &str) -> Option<usize> {
    let is_plain = key == "0" || !key.starts_with(['0', '+']);
    key.parse().ok().filter(|_| is_plain)
}

/// The value as another JSON type: a string as a number, a number as a string, an object as an array, and so on.
fn retyped(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            Value::Number(text.parse::<i64>().map_or_else(|_| Number::from(text.len()), Number::from))
        }
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(boolean) => Value::String(boolean.to_string()),
        Value::Null => Value::String(String::new()),
        Value::Array(items) => {
            Value::Object(items.iter().enumerate().map(|(index, item)| (index.to_string(), item.clone())).collect())
        }
        Value::Object(map) => Value::Array(map.values().cloned().collect()),
    }
}
