//! The metadata of a directory file: an object of scalar values and lists of texts.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::value_checks;
use crate::config::{Fidelity, Settings};
use crate::error::ApiError;
use crate::schema::read_value;

/// No metadata.
pub(super) static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// The metadata in the form field of an upload: a JSON object as text. How the service refuses another text is not
/// known.
pub(super) fn from_text(settings: &Settings, text: Option<&str>) -> Result<Option<Arc<Map<String, Value>>>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let is_metadata = |value: &Value| value.as_object().is_some_and(|fields| fields.values().all(is_value));
    if let Some(metadata) = read_value(text.as_bytes()).ok().filter(is_metadata) {
        return Ok(into_map(metadata));
    }
    if settings.fidelity == Fidelity::Contract {
        return Ok(None);
    }
    let allowed = "metadata should be a JSON object whose values are texts, numbers, booleans, null or lists of texts";
    Err(value_checks::refusal(settings, vec!["body".into(), "metadata".into()], allowed, text.into()))
}

/// The object that a value is; `None` if it is empty or no object.
pub(super) fn into_map(value: Value) -> Option<Arc<Map<String, Value>>> {
    match value {
        Value::Object(fields) if !fields.is_empty() => Some(Arc::new(fields)),
        _ => None,
    }
}

fn is_value(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(items) => items.iter().all(Value::is_string),
        _ => true,
    }
}
