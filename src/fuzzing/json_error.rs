//! Bodies: a JSON error is found if and only if the JSON is broken, at a place within the text. What is parsed is
//! parsed the same again after it was printed, and its depth is that of the text.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::drive::assert_matches;
use crate::response::Response;
use crate::schema::{RawBody, SyntaxError, check_syntax, read_body};

/// Runs the target on one input.
pub fn json_error(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        compare(text);
    }
    read(data);
}

/// Compares the search for an error with the verdict of `serde_json`.
fn compare(text: &str) {
    let well_formed = serde_json::from_str::<IgnoredAny>(text).is_ok();
    match check_syntax(text) {
        Err(SyntaxError { at, message }) => {
            assert!(!well_formed, "{text:?}: {message} at {at}");
            assert!(at <= text.chars().count(), "{text:?}: {message} at {at}");
        }
        Ok(()) => assert!(well_formed || text.contains("NaN") || text.contains("Infinity"), "{text:?}"),
    }
}

fn read(data: &[u8]) {
    match read_body(data, Some(b"application/json; charset=utf-8")) {
        Ok(RawBody::Absent) => assert!(data.is_empty()),
        Ok(RawBody::Json(value)) => {
            let opened = data.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
            assert!(depth(&value) <= opened.min(128), "{value}");
            let again = read_body(value.to_string().as_bytes(), Some(b"application/json"));
            assert_eq!(again, Ok(RawBody::Json(value)));
        }
        Ok(other) => panic!("JSON was read as something else: {other:?}"),
        Err(error) => {
            let response = Response::from(error);
            assert_matches(if response.code() == Some(422) { "violations" } else { "refusal" }, &response);
            assert!(matches!(response.code(), Some(400 | 422)), "{:?}", response.status);
        }
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
