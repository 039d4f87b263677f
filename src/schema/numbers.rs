//! Numbers in Python's forms: what the service echoes is what Python made of what it was sent.

use serde_json::{Number, Value};

/// A number that the service's framework cannot hold: a float beyond a double, an integer of more than 4300 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfRange;

/// Digits that Python turns into an integer.
const MAX_INTEGER_DIGITS: usize = 4300;

/// Puts every number of `value` into Python's form.
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

/// Python's form of a JSON number; `None` when it is in that form already.
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

/// What Python's `repr` makes of a finite float: the fewest digits that give it back, with an exponent below 1e-4 and
/// from 1e16 on.
pub(super) fn float_repr(double: f64) -> String {
    let shortest = format!("{double:e}");
    let (mantissa, exponent) = shortest.split_once('e').expect("the format writes an exponent");
    let exponent: i32 = exponent.parse().expect("the format writes a small whole exponent");
    let places = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if (-4..16).contains(&exponent) {
        let decimals = (i32::try_from(places).unwrap_or(i32::MAX) - exponent).max(1);
        let decimals = usize::try_from(decimals).expect("is at least 1");
        return even(double, format!("{double:?}"), format!("{double:.decimals$}"));
    }
    let chosen = even(double, shortest.clone(), format!("{double:.places$e}"));
    let mantissa = chosen.split('e').next().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// Of two decimals half way between which a float lies, Python takes the even one, as rounding to a number of digits does;
/// Rust's shortest form does not.
fn even(double: f64, shortest: String, rounded: String) -> String {
    if rounded.parse() == Ok(double) { rounded } else { shortest }
}
