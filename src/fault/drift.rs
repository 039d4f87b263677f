//! Edits of a good answer's JSON, by pointer: the contract drifts, and a client must cope.

use serde_json::{Map, Number, Value};

use super::effect::Drift;

/// Applies an edit; false when its pointer leads nowhere.
pub(super) fn apply(drift: &Drift, document: &mut Value) -> bool {
    match drift {
        Drift::Drop(at) => with_parent(document, at, |parent, key| remove(parent, key).is_some()),
        Drift::Null(at) => replace(document, at, |_| Value::Null),
        Drift::Retype(at) => replace(document, at, retyped),
        Drift::Rename(at, name) => with_parent(document, at, |parent, key| rename(parent, key, name)),
        Drift::Add(at, value) => with_parent(document, at, |parent, key| add(parent, key, value)),
    }
}

fn replace(document: &mut Value, at: &str, new: impl Fn(&Value) -> Value) -> bool {
    document.pointer_mut(at).is_some_and(|place| {
        *place = new(place);
        true
    })
}

fn with_parent(document: &mut Value, at: &str, act: impl FnOnce(&mut Value, &str) -> bool) -> bool {
    let Some((parent, key)) = at.rsplit_once('/') else { return false };
    let key = key.replace("~1", "/").replace("~0", "~");
    document.pointer_mut(parent).is_some_and(|parent| act(parent, &key))
}

fn remove(parent: &mut Value, key: &str) -> Option<Value> {
    match parent {
        Value::Object(map) => map.shift_remove(key),
        Value::Array(items) => {
            let position = position(key).filter(|position| *position < items.len())?;
            Some(items.remove(position))
        }
        _ => None,
    }
}

/// Gives a field another name, in its place.
fn rename(parent: &mut Value, key: &str, name: &str) -> bool {
    let Value::Object(map) = parent else { return false };
    if !map.contains_key(key) {
        return false;
    }
    let renamed: Map<String, Value> = std::mem::take(map)
        .into_iter()
        .map(|(field, value)| if field == key { (name.to_owned(), value) } else { (field, value) })
        .collect();
    *map = renamed;
    true
}

fn add(parent: &mut Value, key: &str, value: &Value) -> bool {
    match parent {
        Value::Object(map) => {
            map.insert(key.to_owned(), value.clone());
            true
        }
        Value::Array(items) => {
            let position =
                if key == "-" { Some(items.len()) } else { position(key).filter(|position| *position <= items.len()) };
            position.is_some_and(|position| {
                items.insert(position, value.clone());
                true
            })
        }
        _ => false,
    }
}

/// A place in a list, as RFC 6901 writes it: digits without a leading zero.
fn position(key: &str) -> Option<usize> {
    let plain = key == "0" || !key.starts_with(['0', '+']);
    key.parse().ok().filter(|_| plain)
}

/// The same thing as another JSON type: what a text says as a number, a number as a text, and so on.
fn retyped(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            Value::Number(text.parse::<i64>().map_or_else(|_| Number::from(text.len()), Number::from))
        }
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(yes) => Value::String(yes.to_string()),
        Value::Null => Value::String(String::new()),
        Value::Array(items) => Value::Object(
            items.iter().enumerate().map(|(position, item)| (position.to_string(), item.clone())).collect(),
        ),
        Value::Object(map) => Value::Array(map.values().cloned().collect()),
    }
}
