//! Rewrites JSON numbers as Python prints them, because the service echoes numbers after Python has parsed them.

use serde_json::{Number, Value};

/// A number that the service's framework cannot represent: a float out of range, or an integer of more than 4300
/// digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfRange;

/// Maximum number of digits of an integer in Python.
pub(super) const MAX_INTEGER_DIGITS: usize = 4300;

/// Rewrites every number in `value` in Python's form.
pub(super) fn to_python(value: &mut Value) -> Result<(), OutOfRange> {
    match value {
        Value::Number(number) => {
            if let Some(form) = python_form(number.as_str())? {
                *number = form;
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(to_python),
        Value::Object(map) => map.values_mut().try_for_each(to_python),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// A JSON number in Python's form; `None` if it is in that form already.
fn python_form(text: &str) -> Result<Option<Number>, OutOfRange> {
    let form = if text.contains(['.', 'e', 'E']) {
        let double: f64 = text.parse().map_err(|_| OutOfRange)?;
        if !double.is_finite() {
            return Err(OutOfRange);
        }
        float_repr(double)
    } else if text.trim_start_matches('-').len() > MAX_INTEGER_DIGITS {
        return Err(OutOfRange);
    } else if text == "-0" {
        "0".to_owned()
    } else {
        return Ok(None);
    };
    serde_json::from_str(&form).map(Some).map_err(|_| OutOfRange)
}

/// A finite float as Python's `repr` prints it: the fewest digits that parse to the same float, with an exponent below
/// 1e-4 and from 1e16 on.
pub(super) fn float_repr(double: f64) -> String {
    let shortest = format!("{double:e}");
    let (mantissa, exponent) = shortest.split_once('e').expect("the format writes an exponent");
    let exponent: i32 = exponent.parse().expect("the format writes a small whole exponent");
    let places = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if (-4..16).contains(&exponent) {
        let decimals = (i32::try_from(places).unwrap_or(i32::MAX) - exponent).max(1);
        let decimals = usize::try_from(decimals).expect("is at least 1");
        return prefer_rounded(double, format!("{double:?}"), format!("{double:.decimals$}"));
    }
    let chosen = prefer_rounded(double, shortest.clone(), format!("{double:.places$e}"));
    let mantissa = chosen.split('e').next().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// If a float lies half way between two shortest decimals, Python prints the even one. Rounding to a number of digits
/// gives that one; Rust's shortest form may give the other.
fn prefer_rounded(double: f64, shortest: String, rounded: String) -> String {
    if rounded.parse() == Ok(double) { rounded } else { shortest }
}
