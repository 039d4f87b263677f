//! The framework's lax readings: a text that says a number is that number. Only what came as something else than the
//! schema's type is ever read so.

use serde_json::{Number, Value};
use uuid::Uuid;

/// Why a value cannot be read as the wanted type, in the framework's words: the error type and its sentence.
pub(super) type Unreadable = (&'static str, &'static str);

const INT_TYPE: Unreadable = ("int_type", "Input should be a valid integer");
const INT_PARSING: Unreadable =
    ("int_parsing", "Input should be a valid integer, unable to parse string as an integer");
const INT_SIZE: Unreadable = ("int_parsing_size", "Unable to parse input string as an integer, exceeded maximum size");
const INT_FROM_FLOAT: Unreadable =
    ("int_from_float", "Input should be a valid integer, got a number with a fractional part");
const FLOAT_TYPE: Unreadable = ("float_type", "Input should be a valid number");
const FLOAT_PARSING: Unreadable =
    ("float_parsing", "Input should be a valid number, unable to parse string as a number");
const BOOL_TYPE: Unreadable = ("bool_type", "Input should be a valid boolean");
const BOOL_PARSING: Unreadable = ("bool_parsing", "Input should be a valid boolean, unable to interpret input");

/// Characters of a text that is read as an integer.
const MAX_INTEGER_CHARACTERS: usize = 4300;

/// `value` as an integer.
pub(super) fn integer(value: &Value) -> Result<Value, Unreadable> {
    match value {
        Value::Bool(yes) => Ok(Value::from(u8::from(*yes))),
        Value::Number(number) => whole(number.as_str()).ok_or(INT_FROM_FLOAT),
        Value::String(text) if text.chars().count() > MAX_INTEGER_CHARACTERS => Err(INT_SIZE),
        Value::String(text) => integer_text(text.trim()).ok_or(INT_PARSING),
        _ => Err(INT_TYPE),
    }
}

/// `value` as a number.
pub(super) fn float(value: &Value) -> Result<Value, Unreadable> {
    match value {
        Value::Bool(yes) => Ok(Value::from(f64::from(u8::from(*yes)))),
        Value::String(text) => {
            let double = text.trim().replace('_', "").parse::<f64>().ok().and_then(Number::from_f64);
            double.map(Value::Number).ok_or(FLOAT_PARSING)
        }
        _ => Err(FLOAT_TYPE),
    }
}

/// `value` as a truth value.
pub(super) fn boolean(value: &Value) -> Result<Value, Unreadable> {
    let word = match value {
        Value::Number(number) => number.as_str().trim_end_matches(".0").to_owned(),
        Value::String(text) => text.to_ascii_lowercase(),
        _ => return Err(BOOL_TYPE),
    };
    match word.as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Ok(Value::Bool(true)),
        "0" | "false" | "f" | "no" | "n" | "off" => Ok(Value::Bool(false)),
        _ => Err(BOOL_PARSING),
    }
}

/// `text` as a UUID in its one canonical form, or the `uuid` crate's own words, which the framework passes on.
pub(super) fn uuid(text: &str) -> Result<Value, String> {
    Uuid::parse_str(text).map(|uuid| Value::from(uuid.to_string())).map_err(|error| error.to_string())
}

/// A whole number written as one or as a float.
fn whole(text: &str) -> Option<Value> {
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|byte| byte == b'0') => digits,
        Some(_) => return None,
        None => text,
    };
    number(digits)
}

/// An integer as people write it: a sign, leading zeros, single underscores between digits, zeros behind a point.
fn integer_text(text: &str) -> Option<Value> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match digits.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => digits,
    };
    let groups_are_digits =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    let plain = digits.replace('_', "");
    let significant = plain.trim_start_matches('0');
    match (groups_are_digits, significant) {
        (false, _) => None,
        (true, "") => number("0"),
        (true, significant) => number(&format!("{sign}{significant}")),
    }
}

fn number(digits: &str) -> Option<Value> {
    serde_json::from_str::<Number>(digits).ok().map(Value::Number)
}
