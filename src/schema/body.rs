//! Reads a request body as the service's framework does: by content type, then as Python reads JSON. Invalid JSON
//! becomes an API error with Python's message.

use bytes::Bytes;
use serde_json::{Value, json};

use super::json_error::{SyntaxError, check_syntax};
use super::numbers;
use super::reading::{read_deep_value, read_value};
use crate::error::{ApiError, LocStep, Violation};
use crate::multipart::{self, Form};

/// A request body, parsed by its content type, before validation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RawBody {
    /// The body is empty.
    Absent,
    /// JSON, with its numbers written as Python writes them.
    Json(Value),
    /// Text: the content type is not JSON, or there is none.
    Text(String),
    Form(Form),
}

/// Maximum number of JSON values in a body. Each value can violate its schema more than once, and every violation
/// echoes its input: the response to a mebibyte of empty objects would be a hundred times as large.
const MAX_BODY_VALUES: usize = 20_000;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a body.
///
/// Errors: 422 if the content type is JSON and the body is not; 400 if the framework cannot decode the body; 413 if it
/// holds more than 20,000 values.
pub(crate) fn read_body(bytes: &[u8], content_type: Option<&[u8]>) -> Result<RawBody, ApiError> {
    if bytes.is_empty() {
        return Ok(RawBody::Absent);
    }
    if !content_type.is_some_and(is_json) {
        return String::from_utf8(bytes.to_vec()).map(RawBody::Text).map_err(|_| ApiError::unreadable_body());
    }
    if is_utf16_or_utf32(bytes) {
        return Err(ApiError::unreadable_body());
    }
    read_json(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)).map(RawBody::Json)
}

/// Reads the body of an operation that takes a form. A body with another content type, or none, is an empty form.
///
/// Errors: 400 if the framework refuses the body; 413 if its text is larger than the emulator allows.
pub(crate) fn read_form(body: &Bytes, content_type: Option<&[u8]>) -> Result<RawBody, ApiError> {
    Ok(multipart::read_form(body, content_type.unwrap_or_default()).map(RawBody::Form)?)
}

/// Whether Python detects UTF-16 or UTF-32, which the emulator does not read: there are two or at least four bytes, and
/// one of the first two is NUL.
fn is_utf16_or_utf32(bytes: &[u8]) -> bool {
    (bytes.len() == 2 || bytes.len() >= 4) && bytes[..2].contains(&0)
}

fn read_json(bytes: &[u8]) -> Result<Value, ApiError> {
    let mut value = read_value(bytes).or_else(|_| read_deep_or_explain(bytes))?;
    // No body has more values than bytes.
    if bytes.len() > MAX_BODY_VALUES && count_values(&value) > MAX_BODY_VALUES {
        return Err(ApiError::text(413, format!("Request body holds more than {MAX_BODY_VALUES} JSON values")));
    }
    numbers::to_python(&mut value).map_err(|numbers::OutOfRange| ApiError::unreadable_body())?;
    Ok(value)
}

/// The number of JSON values in `value`, including itself; field names do not count.
fn count_values(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count_values).sum::<usize>() + 1,
        Value::Object(fields) => fields.values().map(count_values).sum::<usize>() + 1,
        _ => 1,
    }
}

/// For `bytes` that serde did not read: the value, if it is JSON with exactly 128 levels, or the API error for it.
fn read_deep_or_explain(bytes: &[u8]) -> Result<Value, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ApiError::unreadable_body())?;
    match check_syntax(text) {
        Ok(()) => read_deep_value(text).map_err(|_| ApiError::unreadable_body()),
        Err(SyntaxError { at, message }) => Err(ApiError::violations(vec![Violation {
            kind: "json_invalid".to_owned(),
            loc: vec![LocStep::from("body"), LocStep::from(at)],
            msg: "JSON decode error".to_owned(),
            input: json!({}),
            ctx: Some(json!({ "error": message })),
            lists_values: false,
        }])),
    }
}

/// Whether a content type is `application/json` or `application/…+json`, ignoring parameters and case. It has exactly
/// one slash, as in Python's `email` module.
fn is_json(content_type: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content_type) else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    // What stands after the last plus sign, or all if there is none.
    let format = subtype.rsplit('+').next().unwrap_or_default();
    kind.eq_ignore_ascii_case("application") && !subtype.contains('/') && format.eq_ignore_ascii_case("json")
}
