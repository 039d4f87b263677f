//! A request's body as the service's framework reads it: by content type, then as Python reads JSON. What serde reads is
//! taken; what it does not is a syntax error in Python's words, or a body that the framework cannot hold.

use serde_json::{Value, json};

use super::json_error::{Located, locate};
use super::numbers;
use super::reading::read_value;
use crate::problem::{Problem, Step, Violation};

/// What a body was found to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// No byte.
    Absent,
    /// JSON, its numbers in Python's forms.
    Json(Value),
    /// Text: the content type was not JSON's, or there was none.
    Text(String),
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a body. Refuses what is no JSON although it says so (422), and what the framework cannot hold (400).
pub fn read_body(bytes: &[u8], content_type: Option<&[u8]>) -> Result<Body, Problem> {
    if bytes.is_empty() {
        return Ok(Body::Absent);
    }
    if !content_type.is_some_and(is_json) {
        return String::from_utf8(bytes.to_vec()).map(Body::Text).map_err(|_| Problem::unreadable_body());
    }
    // A NUL at one of the first two bytes is how Python tells UTF-16 and UTF-32, which are outside what we read.
    if bytes.iter().take(2).any(|byte| *byte == 0) {
        return Err(Problem::unreadable_body());
    }
    read_json(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)).map(Body::Json)
}

fn read_json(bytes: &[u8]) -> Result<Value, Problem> {
    match read_value(bytes) {
        Ok(mut value) => match numbers::to_python(&mut value) {
            Ok(()) => Ok(value),
            Err(numbers::OutOfRange) => Err(Problem::unreadable_body()),
        },
        Err(_) => Err(explain(bytes)),
    }
}

fn explain(bytes: &[u8]) -> Problem {
    let Ok(text) = std::str::from_utf8(bytes) else { return Problem::unreadable_body() };
    match locate(text) {
        Located::Sound => Problem::unreadable_body(),
        Located::Broken { at, message } => Problem::violations(vec![Violation {
            kind: "json_invalid".to_owned(),
            loc: vec![Step::from("body"), Step::from(at)],
            msg: "JSON decode error".to_owned(),
            input: json!({}),
            ctx: Some(json!({ "error": message })),
        }]),
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
