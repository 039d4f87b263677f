//! Values that the service checks in its own code rather than by its schema, and their refusal. Which values it takes is
//! published; how it refuses others is not (`--unknown-value-status`).

use serde_json::{Map, Value};

use super::directories::take_text;
use crate::config::Fidelity;
use crate::error::{ApiError, Detail, LocStep};
use crate::schema;
use crate::store::{Options, Policy, Product, Word};

const SYNC_FREQUENCIES: &[&str] = &["manual", "daily", "on_source_change"];
const PRODUCT_TYPES: &[&str] = &["parse", "extract"];
const ATTACHMENTS: &[&str] = &["screenshots", "items"];
/// Those of the schema, which refuses others unless `--schemas` replaces it.
const VECTOR_TARGETS: &[&str] = &["DEFAULT", "DISABLED"];

/// The refusal of a value that the service checks in its own code; `msg` says what is allowed.
pub(super) fn refusal(policy: &Policy, place: &[&str], msg: &str, input: Value) -> ApiError {
    let loc =
        place.iter().map(|key| key.parse::<usize>().map_or_else(|_| LocStep::from(*key), LocStep::from)).collect();
    ApiError {
        status: policy.unknown_value_status,
        detail: Detail::Violations(vec![schema::value_error(loc, msg, input)]),
        allow: None,
    }
}

/// Takes out of a create body what its index is asked to do; `None` when all of it is the default.
pub(super) fn options(body: &mut Map<String, Value>, policy: &Policy) -> Result<Option<Box<Options>>, ApiError> {
    let default = Options::default();
    let options = Options {
        products: products(body, policy)?,
        sync_frequency: sync_frequency(body, policy)?.unwrap_or(default.sync_frequency),
        store_attachments: store_attachments(body, policy)?,
        vector_target: take_text(body, "vector_target")
            .map_or(default.vector_target, |text| word(VECTOR_TARGETS, text)),
    };
    Ok((options != Options::default()).then(|| Box::new(options)))
}

fn products(body: &mut Map<String, Value>, policy: &Policy) -> Result<Vec<Product>, ApiError> {
    let mut products = Vec::new();
    for (position, mut entry) in take_list(body, "products").into_iter().enumerate() {
        let Some(entry) = entry.as_object_mut() else { continue };
        let kind = take_text(entry, "product_type").unwrap_or_default();
        let place = ["body", "products", &position.to_string(), "product_type"];
        let kind = checked(policy, PRODUCT_TYPES, kind, &place)?;
        products.push((kind, take_text(entry, "product_config_id").unwrap_or_default()));
    }
    Ok(products)
}

fn sync_frequency(body: &mut Map<String, Value>, policy: &Policy) -> Result<Option<Word>, ApiError> {
    let frequency = take_text(body, "sync_frequency");
    frequency.map(|text| checked(policy, SYNC_FREQUENCIES, text, &["body", "sync_frequency"])).transpose()
}

fn store_attachments(body: &mut Map<String, Value>, policy: &Policy) -> Result<Vec<Word>, ApiError> {
    let kinds = take_list(body, "store_attachments").into_iter().enumerate();
    let kind = |(position, kind): (usize, Value)| {
        let place = ["body", "store_attachments", &position.to_string()];
        checked(policy, ATTACHMENTS, kind.as_str().unwrap_or_default().into(), &place)
    };
    kinds.map(kind).collect()
}

fn checked(policy: &Policy, allowed: &[&'static str], text: Box<str>, place: &[&str]) -> Result<Word, ApiError> {
    if policy.fidelity == Fidelity::Contract || allowed.contains(&&*text) {
        return Ok(word(allowed, text));
    }
    let field = place.iter().rev().find(|key| key.parse::<usize>().is_err()).unwrap_or(&"value");
    Err(refusal(policy, place, &format!("{field} should be one of: {}", allowed.join(", ")), (*text).into()))
}

/// What was written, as a known word if it is one.
fn word(known: &[&'static str], text: Box<str>) -> Word {
    let known = known.iter().find(|known| known[..] == *text);
    known.map_or_else(|| Word::from(String::from(text)), |known| Word::from(*known))
}

fn take_list(body: &mut Map<String, Value>, field: &str) -> Vec<Value> {
    match body.get_mut(field).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}
