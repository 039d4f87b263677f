//! Values that the service checks in its own code rather than by its schema. Which values it accepts is published; how
//! it refuses others is not (`--unknown-value-status`).

use serde_json::Value;

use crate::config::{Fidelity, Settings};
use crate::error::{ApiError, Detail, LocStep};
use crate::schema;
use crate::store::ContractWord;

/// The refusal of a value that the service checks in its own code; `msg` says which values are allowed.
pub(super) fn refusal(settings: &Settings, place: &[&str], msg: &str, input: Value) -> ApiError {
    let loc =
        place.iter().map(|key| key.parse::<usize>().map_or_else(|_| LocStep::from(*key), LocStep::from)).collect();
    ApiError {
        status: settings.unknown_value_status,
        detail: Detail::Violations(vec![schema::value_error(loc, msg, input)]),
        allow: None,
    }
}

/// `text` as one of the `allowed` words; any other is refused, but in contract mode.
pub(super) fn one_of(
    settings: &Settings,
    allowed: &[&'static str],
    text: String,
    place: &[&str],
) -> Result<ContractWord, ApiError> {
    if settings.fidelity == Fidelity::Contract || allowed.contains(&text.as_str()) {
        return Ok(word(allowed, text));
    }
    let field = place.iter().rev().find(|key| key.parse::<usize>().is_err()).unwrap_or(&"value");
    Err(refusal(settings, place, &format!("{field} should be one of: {}", allowed.join(", ")), text.into()))
}

/// `text` as a known word, if it is one.
pub(super) fn word(known: &[&'static str], text: String) -> ContractWord {
    let same = known.iter().find(|word| **word == text);
    same.map_or_else(|| ContractWord::from(text), |word| ContractWord::from(*word))
}
