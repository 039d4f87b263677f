//! Edits of the JSON of a successful response, by JSON pointer: a field is missing, null, of another type, renamed, or
//! new.

use serde_json::Value;

use crate::fault::action::RuleDraft;
use crate::fault::row::{ClauseClass::Json, ClauseRow, valued};
use crate::matcher::{ParseError, check_pointer};
use crate::response::Body;
use crate::schema::read_value;

pub(super) const ROWS: &[ClauseRow] = &[
    valued("drop=POINTER", Json, |draft, value| push(draft, check_pointer(value)?, JsonChange::Drop))
        .doc("removes a field of a success, by JSON pointer", "indexes.get drop=/name"),
    valued("null=POINTER", Json, |draft, value| push(draft, check_pointer(value)?, JsonChange::Null))
        .doc("makes a field null", "indexes.get null=/name"),
    valued("retype=POINTER", Json, |draft, value| push(draft, check_pointer(value)?, JsonChange::Retype))
        .doc("gives a field another JSON type", "indexes.get retype=/metadata"),
    valued("rename=POINTER:NAME", Json, rename_to).doc("renames a field", "indexes.get rename=/name:title"),
    valued("add=POINTER:JSON", Json, add_value).doc("adds or replaces a field", "indexes.get add=/owner:null"),
];

/// An edit of a JSON document.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::fault) struct JsonEdit {
    pointer: String,
    change: JsonChange,
}

#[derive(Debug, Clone, PartialEq)]
enum JsonChange {
    Drop,
    Null,
    Retype,
    Rename(String),
    Add(Value),
}

fn push(draft: &mut RuleDraft, pointer: String, change: JsonChange) -> Result<(), ParseError> {
    if matches!(&change, JsonChange::Rename(name) if pointer.rsplit('/').next() == Some(name)) {
        return Err("gives the field the name that it has already".into());
    }
    draft.json.push(JsonEdit { pointer, change });
    Ok(())
}

fn rename_to(draft: &mut RuleDraft, value: &str) -> Result<(), ParseError> {
    let (pointer, name) = pointer_and_value(value)?;
    push(draft, pointer, JsonChange::Rename(name.to_owned()))
}

fn add_value(draft: &mut RuleDraft, value: &str) -> Result<(), ParseError> {
    let (pointer, json) = pointer_and_value(value)?;
    let value = read_value(json.as_bytes()).map_err(|error| format!("{json:?} is not JSON: {error}"))?;
    push(draft, pointer, JsonChange::Add(value))
}

fn pointer_and_value(value: &str) -> Result<(String, &str), ParseError> {
    let mut parts = value.splitn(2, ':');
    let pointer = check_pointer(parts.next().unwrap_or_default())?;
    Ok((pointer, parts.next().ok_or("is not of the form POINTER:VALUE")?))
}

/// A JSON body with every edit made; none if it is not JSON, if a pointer refers to no value, or if nothing changes.
pub(in crate::fault) fn edited_json(body: &Body, edits: &[JsonEdit]) -> Option<Body> {
    let Body::Whole(bytes) = body else { return None };
    let document = serde_json::from_slice::<Value>(bytes).ok()?;
    let edited = edits.iter().try_fold(document.clone(), |document, edit| edit.made_in(document))?;
    (edited != document).then(|| edited.to_string().into())
}

impl JsonEdit {
    /// The pointer of an edit that another edit of the same field would not find.
    pub(in crate::fault) fn pointer(&self) -> Option<&str> {
        let is_added = matches!(self.change, JsonChange::Add(_));
        Some(self.pointer.as_str()).filter(|_| !is_added)
    }

    /// The document with the edit made; none if the pointer refers to no value.
    fn made_in(&self, mut document: Value) -> Option<Value> {
        if let JsonChange::Null | JsonChange::Retype = self.change {
            let place = document.pointer_mut(&self.pointer)?;
            *place = if self.change == JsonChange::Null { Value::Null } else { retyped(place) };
            return Some(document);
        }
        let (parent, key) = self.pointer.rsplit_once('/')?;
        let key = key.replace("~1", "/").replace("~0", "~");
        let parent = document.pointer_mut(parent)?;
        match &self.change {
            JsonChange::Rename(name) => rename(parent, &key, name),
            JsonChange::Add(value) => add(parent, &key, value),
            _ => remove(parent, &key),
        }?;
        Some(document)
    }
}

fn remove(parent: &mut Value, key: &str) -> Option<()> {
    match parent {
        Value::Object(map) => map.shift_remove(key).map(drop),
        Value::Array(items) => {
            let index = array_index(key, items.len().checked_sub(1)?)?;
            items.remove(index);
            Some(())
        }
        _ => None,
    }
}

/// Renames a field; it keeps its place in the order.
fn rename(parent: &mut Value, key: &str, name: &str) -> Option<()> {
    let map = parent.as_object_mut().filter(|map| map.contains_key(key))?;
    let fields = std::mem::take(map).into_iter();
    *map = fields.map(|(field, value)| (if field == key { name.to_owned() } else { field }, value)).collect();
    Some(())
}

fn add(parent: &mut Value, key: &str, value: &Value) -> Option<()> {
    match parent {
        Value::Object(map) => _ = map.insert(key.to_owned(), value.clone()),
        Value::Array(items) => {
            let index = if key == "-" { items.len() } else { array_index(key, items.len())? };
            items.insert(index, value.clone());
        }
        _ => return None,
    }
    Some(())
}

/// An index into an array, at most `last`, as RFC 6901 writes it: digits without a leading zero.
fn array_index(key: &str, last: usize) -> Option<usize> {
    let is_plain = key == "0" || !key.starts_with(['0', '+']);
    key.parse().ok().filter(|index| is_plain && *index <= last)
}

/// The value as another JSON type: a string as a number, a number as a string, an object as an array, and so on.
fn retyped(value: &Value) -> Value {
    match value {
        Value::String(text) => text.parse::<i64>().map_or_else(|_| Value::from(text.len()), Value::from),
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(boolean) => Value::String(boolean.to_string()),
        Value::Null => Value::String(String::new()),
        Value::Array(items) => {
            Value::Object(items.iter().enumerate().map(|(index, item)| (index.to_string(), item.clone())).collect())
        }
        Value::Object(map) => Value::Array(map.values().cloned().collect()),
    }
}
