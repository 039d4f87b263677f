//! Values that the service checks in its own code rather than by its schema. Which values it accepts is published; how
//! it refuses others is not (`--unknown-value-status`).

use serde_json::Value;

use crate::config::{Fidelity, Settings};
use crate::error::{ApiError, Detail, LocStep, Violation};
use crate::schema;
use crate::store::ContractWord;

/// The refusal of a value that the service checks in its own code; `msg` says which values are allowed.
pub(super) fn refusal(settings: &Settings, loc: Vec<LocStep>, msg: &str, input: Value) -> ApiError {
    refused_by(settings, schema::value_error(loc, msg, input))
}

fn refused_by(settings: &Settings, violation: Violation) -> ApiError {
    ApiError { status: settings.unknown_value_status, detail: Detail::Violations(vec![violation]), allow: None }
}

/// `text` as one of the `allowed` words; any other is refused with its place, but in contract mode.
pub(super) fn one_of(
    settings: &Settings,
    allowed: &[&'static str],
    text: &str,
    place: impl FnOnce() -> Vec<LocStep>,
) -> Result<ContractWord, ApiError> {
    if settings.fidelity == Fidelity::Contract || allowed.contains(&text) {
        return Ok(word(allowed, text));
    }
    let place = place();
    let field = place.iter().rev().find_map(LocStep::key).unwrap_or("value");
    let msg = format!("{field} should be one of: {}", allowed.join(", "));
    let violation = schema::value_error(place, &msg, text.into());
    Err(refused_by(settings, Violation { lists_values: true, ..violation }))
}

/// `text` as a known word, if it is one.
pub(super) fn word(known: &[&'static str], text: &str) -> ContractWord {
    let same = known.iter().find(|word| **word == text);
    same.map_or_else(|| ContractWord::from(text.to_owned()), |word| ContractWord::from(*word))
}
