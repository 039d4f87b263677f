//! The filters of `retrieval.retrieve`. Keys are joined by AND. How the service compares is not published; its class
//! names suggest `MongoDB`, whose rules are followed: `ne` and `nin` accept a file without the key, and a scalar equals
//! a list that contains it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::schema::PlainValue;
use crate::store::{Id, IndexedFile};

/// The filters on fields that every chunk has.
#[derive(Deserialize)]
pub(super) struct StaticFilters {
    parsed_directory_file_id: Option<FieldCondition>,
}

/// The filters on the metadata of a file, by key.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct CustomFilters(BTreeMap<String, PlainValue>);

/// A comparison.
#[derive(Deserialize)]
struct FieldCondition {
    operator: Operator,
    value: PlainValue,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Operator {
    Eq,
    Ne,
    Gt,
    Lt,
    Gte,
    Lte,
    In,
    Nin,
}

impl StaticFilters {
    /// Whether a file fits. It may be named by the id of its parsed copy, of its source or of its upload.
    pub(super) fn accept(&self, file: &IndexedFile) -> bool {
        let Some(condition) = &self.parsed_directory_file_id else { return true };
        let names = |value: &Value| {
            let id = value.as_str().map(Id::parse);
            id.is_some_and(|id| [&file.id, &file.source_id, &file.file_id].contains(&&id))
        };
        let is_named = match &condition.value.0 {
            Value::Array(values) => values.iter().any(names),
            value => names(value),
        };
        match condition.operator {
            Operator::Eq | Operator::In => is_named,
            Operator::Ne | Operator::Nin => !is_named,
            _ => condition.holds(Some(&file.id.to_string().into())),
        }
    }
}

impl CustomFilters {
    /// Whether a file with this metadata fits.
    pub(super) fn accept(&self, metadata: Option<&Map<String, Value>>) -> bool {
        self.0.iter().all(|(key, PlainValue(filter))| {
            let field = metadata.and_then(|metadata| metadata.get(key));
            match filter {
                // A list of bounds, all of which hold.
                Value::Array(conditions) => conditions.iter().all(|condition| holds(condition, field)),
                Value::Null => true,
                condition => holds(condition, field),
            }
        })
    }
}

/// Whether a condition, which its schema has accepted, holds for a field.
fn holds(condition: &Value, field: Option<&Value>) -> bool {
    FieldCondition::deserialize(condition).is_ok_and(|condition| condition.holds(field))
}

impl FieldCondition {
    fn holds(&self, field: Option<&Value>) -> bool {
        let value = &self.value.0;
        match self.operator {
            Operator::Eq => field.is_some_and(|field| equals(field, value)),
            Operator::Ne => !field.is_some_and(|field| equals(field, value)),
            Operator::In => field.is_some_and(|field| is_in(field, value)),
            Operator::Nin => !field.is_some_and(|field| is_in(field, value)),
            Operator::Gt => compares(field, value, Ordering::is_gt),
            Operator::Lt => compares(field, value, Ordering::is_lt),
            Operator::Gte => compares(field, value, Ordering::is_ge),
            Operator::Lte => compares(field, value, Ordering::is_le),
        }
    }
}

/// Whether a field has this value, or is a list that contains it.
fn equals(field: &Value, value: &Value) -> bool {
    are_equal(field, value) || field.as_array().is_some_and(|items| items.iter().any(|item| are_equal(item, value)))
}

/// Whether a field has one of these values; a single value counts as a list of it.
fn is_in(field: &Value, values: &Value) -> bool {
    match values {
        Value::Array(values) => values.iter().any(|value| equals(field, value)),
        value => equals(field, value),
    }
}

fn are_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => order(left, right) == Some(Ordering::Equal),
        _ => left == right,
    }
}

fn compares(field: Option<&Value>, value: &Value, accepts: fn(Ordering) -> bool) -> bool {
    let holds = |field: &Value| order(field, value).is_some_and(accepts);
    field.is_some_and(|field| match field {
        Value::Array(items) => items.iter().any(holds),
        field => holds(field),
    })
}

/// The order of two numbers or two texts; other values have none.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn accepts(filters: &Value, metadata: &Value) -> bool {
        let filters: CustomFilters = serde_json::from_str(&filters.to_string()).expect("the filters are valid");
        filters.accept(metadata.as_object())
    }

    #[test]
    fn operators_compare_as_mongodb_does() {
        let metadata = json!({ "year": 2024, "name": "b", "tags": ["x", "y"], "draft": false, "none": null });
        let cases = [
            (json!({ "year": { "operator": "eq", "value": 2024.0 } }), true),
            (json!({ "year": { "operator": "eq", "value": "2024" } }), false),
            (json!({ "year": { "operator": "gt", "value": 2023 } }), true),
            (json!({ "year": { "operator": "lte", "value": 2023 } }), false),
            (json!({ "year": [{ "operator": "gte", "value": 2020 }, { "operator": "lt", "value": 2024 }] }), false),
            (json!({ "year": [{ "operator": "gte", "value": 2020 }, { "operator": "lt", "value": 2025 }] }), true),
            (json!({ "year": null }), true),
            (json!({ "name": { "operator": "lt", "value": "c" } }), true),
            (json!({ "name": { "operator": "in", "value": ["a", "b"] } }), true),
            (json!({ "name": { "operator": "nin", "value": ["a", "b"] } }), false),
            (json!({ "tags": { "operator": "eq", "value": "x" } }), true),
            (json!({ "tags": { "operator": "in", "value": ["z", "y"] } }), true),
            (json!({ "tags": { "operator": "ne", "value": "x" } }), false),
            (json!({ "draft": { "operator": "eq", "value": false } }), true),
            (json!({ "draft": { "operator": "eq", "value": 0 } }), false),
            (json!({ "absent": { "operator": "ne", "value": 1 } }), true),
            (json!({ "absent": { "operator": "nin", "value": [1] } }), true),
            (json!({ "absent": { "operator": "eq", "value": 1 } }), false),
            (json!({ "absent": { "operator": "gt", "value": 1 } }), false),
            (json!({ "year": { "operator": "eq", "value": 2024 }, "name": { "operator": "eq", "value": "c" } }), false),
        ];
        for (filters, expected) in cases {
            assert_eq!(accepts(&filters, &metadata), expected, "{filters}");
        }
    }
}
