//! The lax type coercions of the service's framework, such as the string `"5"` to the number 5.

use serde::Deserialize;
use serde_json::{Number, Value};

use super::numbers::MAX_INTEGER_DIGITS;

/// An integer of any size in the input of a handler. A schema accepts a float without a fraction too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Number")]
pub(crate) struct Integer(Number);

impl Integer {
    /// The nearest integer of 64 bits.
    pub(crate) fn clamped(&self) -> i64 {
        let limit = if self.0.as_str().starts_with('-') { i64::MIN } else { i64::MAX };
        self.0.as_str().parse().unwrap_or(limit)
    }

    /// The integer as a count, if it is at least 1.
    pub(crate) fn positive(&self) -> Option<usize> {
        usize::try_from(self.clamped()).ok().filter(|count| *count > 0)
    }
}

impl TryFrom<Number> for Integer {
    type Error = &'static str;

    fn try_from(number: Number) -> Result<Self, Self::Error> {
        integer_number(number.as_str()).map(Self).map_err(|(_, message)| message)
    }
}

impl From<Integer> for Value {
    fn from(Integer(number): Integer) -> Self {
        Self::Number(number)
    }
}

/// The framework's error for a value that cannot be coerced: the error type and its message.
pub(super) type CoercionError = (&'static str, &'static str);

const INT_TYPE: CoercionError = ("int_type", "Input should be a valid integer");
const INT_PARSING: CoercionError =
    ("int_parsing", "Input should be a valid integer, unable to parse string as an integer");
const INT_SIZE: CoercionError =
    ("int_parsing_size", "Unable to parse input string as an integer, exceeded maximum size");
const INT_FROM_FLOAT: CoercionError =
    ("int_from_float", "Input should be a valid integer, got a number with a fractional part");
const FLOAT_TYPE: CoercionError = ("float_type", "Input should be a valid number");
const FLOAT_PARSING: CoercionError =
    ("float_parsing", "Input should be a valid number, unable to parse string as a number");
const BOOL_TYPE: CoercionError = ("bool_type", "Input should be a valid boolean");
const BOOL_PARSING: CoercionError = ("bool_parsing", "Input should be a valid boolean, unable to interpret input");

/// Coerces `value` to a type of JSON Schema; `None` if the framework has no coercion to that type.
pub(super) fn to_type(kind: &str, value: &Value) -> Option<Result<Value, CoercionError>> {
    match kind {
        "integer" => Some(integer(value)),
        "number" => Some(float(value)),
        "boolean" => Some(boolean(value)),
        _ => None,
    }
}

/// A text as a value of this type, if it is one.
pub(super) fn text(kind: Option<&str>, text: Value) -> Value {
    let coerced = kind.and_then(|kind| to_type(kind, &text));
    coerced.and_then(Result::ok).unwrap_or(text)
}

/// Coerces `value` to an integer.
pub(super) fn integer(value: &Value) -> Result<Value, CoercionError> {
    match value {
        Value::Bool(yes) => Ok(Value::from(u8::from(*yes))),
        Value::Number(number) => integer_number(number.as_str()).map(Value::Number),
        Value::String(text) if is_oversized(text) => Err(INT_SIZE),
        Value::String(text) => integer_text(text.trim()).map(Value::Number).ok_or(INT_PARSING),
        _ => Err(INT_TYPE),
    }
}

/// Coerces `value` to a float.
pub(super) fn float(value: &Value) -> Result<Value, CoercionError> {
    match value {
        Value::Bool(yes) => Ok(Value::from(f64::from(u8::from(*yes)))),
        Value::Number(number) => number.as_f64().map(|_| value.clone()).ok_or(FLOAT_TYPE),
        Value::String(text) => {
            let double = without_underscores(text.trim()).and_then(|text| text.parse::<f64>().ok());
            // JSON has no infinity; no score or weight is larger than the largest float.
            let double = double.map(|double| double.clamp(f64::MIN, f64::MAX));
            double.and_then(Number::from_f64).map(Value::Number).ok_or(FLOAT_PARSING)
        }
        _ => Err(FLOAT_TYPE),
    }
}

/// Coerces `value` to a boolean.
fn boolean(value: &Value) -> Result<Value, CoercionError> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::Number(number) => match number.as_f64() {
            Some(0.0) => Ok(Value::Bool(false)),
            Some(1.0) => Ok(Value::Bool(true)),
            Some(double) if is_machine_integer(double) => Err(BOOL_PARSING),
            _ => Err(BOOL_TYPE),
        },
        Value::String(text) => boolean_text(text).map(Value::Bool).ok_or(BOOL_PARSING),
        _ => Err(BOOL_TYPE),
    }
}

fn boolean_text(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

/// Whether a number is whole and fits into 64 bits, as the framework holds it.
fn is_machine_integer(double: f64) -> bool {
    double.fract() == 0.0 && double.abs() < 2_f64.powi(63)
}

/// A JSON number as an integer: digits, or a float whose fraction is zero and which fits into 64 bits.
fn integer_number(text: &str) -> Result<Number, CoercionError> {
    if !text.contains(['.', 'e', 'E']) {
        return number(text).ok_or(INT_PARSING);
    }
    match text.parse::<f64>() {
        Ok(double) if double.fract() != 0.0 => Err(INT_FROM_FLOAT),
        // The sum turns a negative zero into zero.
        Ok(double) if is_machine_integer(double) => number(&format!("{:.0}", double + 0.0)).ok_or(INT_SIZE),
        _ => Err(INT_SIZE),
    }
}

/// A string as an integer. It may have a sign, leading zeros, single underscores between digits, and zeros after a
/// decimal point. Like the framework, this accepts a minus after leading zeros too.
fn integer_text(text: &str) -> Option<Number> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let whole = without_decimals(unsigned)?;
    let significant = without_zeros(whole);
    let (sign, groups) = match significant.strip_prefix('-') {
        Some(groups) if sign.is_empty() && whole.starts_with('0') => ("-", groups),
        _ => (sign, significant),
    };
    match without_underscores(groups)?.as_str() {
        "0" => number("0"),
        digits if digits.bytes().any(|byte| !byte.is_ascii_digit()) => None,
        digits if digits.starts_with('0') || digits.len() > MAX_INTEGER_DIGITS => None,
        digits => number(&format!("{sign}{digits}")),
    }
}

/// `text` without its underscores; `None` if it is empty or an underscore is not between two digits.
fn without_underscores(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split('_').collect();
    let joins = |pair: &[&str]| {
        pair[0].ends_with(|last: char| last.is_ascii_digit()) && pair[1].starts_with(|next: char| next.is_ascii_digit())
    };
    (!text.is_empty() && groups.windows(2).all(joins)).then(|| groups.concat())
}

/// `text` without a decimal point and the zeros after it; `None` if anything but zeros follows the point.
fn without_decimals(text: &str) -> Option<&str> {
    match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => Some(whole),
        Some(_) => None,
        None => Some(text),
    }
}

/// `text` without leading zeros and the underscores between them; its last character if there is nothing else.
fn without_zeros(text: &str) -> &str {
    let significant = text.trim_start_matches(['0', '_']);
    match text.len() {
        length if text.starts_with('0') && significant.is_empty() => &text[length - 1..],
        _ if text.starts_with('0') => significant,
        _ => text,
    }
}

/// Whether a string begins with too many digits. The framework checks this before it trims the string: one that is too
/// long only after trimming is reported as not parsable instead.
fn is_oversized(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).bytes();
    !text.trim_start_matches('-').starts_with('0') && digits.take_while(u8::is_ascii_digit).count() > MAX_INTEGER_DIGITS
}

fn number(digits: &str) -> Option<Number> {
    digits.parse().ok()
}
