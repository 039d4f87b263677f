//! Bodies: a syntax error is found exactly for malformed JSON, at a position within the text; a parsed body is printed in a
//! form that parses to the same value, and its depth is limited.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llamacloud_mock::response::Response;
use llamacloud_mock::schema::{RawBody, SyntaxError, check_syntax, read_body};
use llamacloud_mock_fuzz::assert_keeps_to;
use serde::de::IgnoredAny;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        compare(text);
    }
    read(data);
});

/// Compares the search for an error with `serde_json`, which ignores values here and so accepts any key and depth.
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
        Ok(RawBody::Text(text)) => panic!("JSON was read as text: {text:?}"),
        Err(error) => {
            let reply = Response::from(error);
            assert_keeps_to(if reply.status == 422 { "violations" } else { "refusal" }, &reply);
            assert!(matches!(reply.status, 400 | 422), "{}", reply.status);
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
