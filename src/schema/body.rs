//! A request's body as the service's framework reads it: by content type, then as Python reads JSON. What serde reads is
//! taken; what it does not is a syntax error in Python's words, or a body that the framework cannot hold.

use serde_json::{Value, json};

use super::json_error::{Located, locate};
use super::reading::read_value;
use super::{deep, numbers};
use crate::error::{ApiError, LocStep, Violation};

/// What a body was found to be.
#[derive(Debug, Clone, PartialEq)]
pub enum RawBody {
    /// No byte.
    Absent,
    /// JSON, its numbers in Python's forms.
    Json(Value),
    /// Text: the content type was not JSON's, or there was none.
    Text(String),
}

/// JSON values that a body may hold. Each can break its schema more than once, and every violation echoes its input: a
/// mebibyte of empty objects would be answered with a hundred times as much.
const MAX_BODY_VALUES: usize = 20_000;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a body. Refuses what is no JSON although it says so (422), and what the framework cannot hold (400).
pub fn read_body(bytes: &[u8], content_type: Option<&[u8]>) -> Result<RawBody, ApiError> {
    if bytes.is_empty() {
        return Ok(RawBody::Absent);
    }
    if !content_type.is_some_and(is_json) {
        return String::from_utf8(bytes.to_vec()).map(RawBody::Text).map_err(|_| ApiError::unreadable_body());
    }
    if is_wide(bytes) {
        return Err(ApiError::unreadable_body());
    }
    read_json(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)).map(RawBody::Json)
}

/// Whether Python takes the bytes for UTF-16 or UTF-32, which are outside what we read: by a NUL among the first two of
/// an even two or of at least four.
fn is_wide(bytes: &[u8]) -> bool {
    (bytes.len() == 2 || bytes.len() >= 4) && bytes[..2].contains(&0)
}

fn read_json(bytes: &[u8]) -> Result<Value, ApiError> {
    let mut value = read_value(bytes).or_else(|_| explain(bytes))?;
    if count(&value) > MAX_BODY_VALUES {
        return Err(ApiError::text(413, format!("Request body holds more than {MAX_BODY_VALUES} JSON values")));
    }
    numbers::to_python(&mut value).map_err(|numbers::OutOfRange| ApiError::unreadable_body())?;
    Ok(value)
}

/// How many values there are in one, itself and the names of fields left out.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>() + 1,
        Value::Object(fields) => fields.values().map(count).sum::<usize>() + 1,
        _ => 1,
    }
}

/// Why serde took `bytes` for no JSON; or the value, if it only nests as deep as may be.
fn explain(bytes: &[u8]) -> Result<Value, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ApiError::unreadable_body())?;
    match locate(text) {
        Located::Sound => deep::read(text).ok_or_else(ApiError::unreadable_body),
        Located::Broken { at, message } => Err(ApiError::violations(vec![Violation {
            kind: "json_invalid".to_owned(),
            loc: vec![LocStep::from("body"), LocStep::from(at)],
            msg: "JSON decode error".to_owned(),
            input: json!({}),
            ctx: Some(json!({ "error": message })),
        }])),
    }
}

/// Whether a content type is JSON's: `application/json` or `application/…+json`, parameters and case aside, with exactly
/// one slash, as Python's `email` reads it.
fn is_json(content_type: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content_type) else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("application", subtype)) => !subtype.contains('/') && (subtype == "json" || subtype.ends_with("+json")),
        _ => false,
    }
}
