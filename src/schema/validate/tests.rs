//! Compares the framework's rules with JSON Schema on generated bodies, and checks what values are coerced to.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::Validation;
use crate::api;
use crate::operation::Operation;
use crate::schema::node::SchemaNode;
use crate::schema::{Schema, Schemas};

fn schemas() -> Schemas {
    Schemas::load(None).expect("the shipped schemas compile")
}

/// The names of the schemas of request bodies.
fn bodies() -> Vec<String> {
    emulated().filter_map(Operation::request_schema).collect()
}

fn emulated() -> impl Iterator<Item = &'static Operation> {
    api::operations().filter(|row| row.is_emulated())
}

/// What a value is coerced to; `None` if it is invalid.
fn coerced(schema: &Schema, value: &Value) -> Option<Value> {
    let mut validation = Validation::of("body");
    let coerced = validation.value(SchemaNode::root(&schema.source), value);
    validation.violations.is_empty().then(|| coerced.unwrap_or_else(|| value.clone()))
}

/// Coerces the value of a field of a request.
fn field(schemas: &Schemas, schema: &str, path: &[&str], value: &Value) -> Option<Value> {
    let mut node = SchemaNode::root(&schemas.named(schema).source);
    for name in path {
        node = node.field(name).expect("it is declared").resolve().node;
    }
    let mut validation = Validation::of("query");
    let coerced = validation.value(node, value);
    validation.violations.is_empty().then(|| coerced.unwrap_or_else(|| value.clone()))
}

/// Values of every type, and some that fit certain fields.
fn values() -> impl Strategy<Value = Value> {
    let range = |value: Value| json!([{ "operator": "gt", "value": value }]);
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(2.0),
        json!(""),
        json!("a"),
        json!("5"),
        json!("0.5"),
        json!("inf"),
        json!("yes"),
        json!("0F5D4B928F1C4D439C2E0A1B2C3D4E5F"),
        json!([]),
        json!(["a", "b"]),
        json!([1, "a"]),
        json!({}),
        json!({ "k": "v", "l": [1], "m": ["x"], "n": null, "o": 1.5 }),
        json!({ "enabled": "off", "top_n": "2" }),
        json!({ "parsed_directory_file_id": { "operator": "eq", "value": "a" } }),
        json!({ "k": { "operator": "in", "value": ["a", 1, true, 2.5] } }),
        json!({ "k": range(json!("5")), "l": range(json!([true, "1.5", 2.0])), "m": null }),
        json!({ "file_ids": ["{0f5d4b92-8f1c-4d43-9c2e-0a1b2c3d4e5f}"], "only_manually_uploaded": 1 }),
    ])
}

#[test]
fn every_shipped_schema_compiles() {
    for (name, schema) in schemas().all() {
        assert!(super::super::compile(&schema.source).is_ok(), "{name}");
    }
}

#[test]
fn the_rules_of_the_framework_cover_every_shipped_request() {
    let schemas = schemas();
    for operation in emulated() {
        for name in [Some(operation.params_schema()), operation.request_schema()].into_iter().flatten() {
            assert!(is_covered(&schemas.named(&name).source), "{name}");
        }
    }
}

#[test]
fn a_union_keeps_a_value_that_has_one_of_its_types_and_else_coerces_to_the_first_that_fits() {
    let schemas = schemas();
    let request = |value: Value| json!({ "index_id": "i", "query": "q", "custom_filters": { "k": value } });
    let rows = [
        (json!("5"), json!(5)),
        (json!("5.5"), json!(5.5)),
        (json!(true), json!(1)),
        (json!(2.0), json!(2.0)),
        (json!(["5", 2.0, 3, false]), json!([5, 2.0, 3, 0])),
    ];
    for (sent, read) in rows {
        let filter = |value: Value| request(json!([{ "operator": "gt", "value": value }]));
        let actual = coerced(schemas.named("retrieval.retrieve.request"), &filter(sent.clone()));
        assert_eq!(actual, Some(filter(read)), "{sent}");
        let filter = request(json!({ "operator": "eq", "value": sent }));
        assert_eq!(coerced(schemas.named("retrieval.retrieve.request"), &filter), Some(filter), "{sent}");
    }
}

#[test]
fn times_uuids_and_numbers_reach_a_handler_in_one_form() {
    let schemas = schemas();
    let time = |text: &str| field(&schemas, "directories.files.list.params", &["updated_at_on_or_after"], &json!(text));
    let rows = [
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("2026-01-01 10:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01T10:00:00.1234567+05:30", "2026-01-01T04:30:00.123456Z"),
        ("1700000000", "2023-11-14T22:13:20Z"),
        ("1700000000500", "2023-11-14T22:13:20.500000Z"),
        ("0001-01-01", "1970-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59-23:59", "9999-12-30T22:00:00.999999Z"),
    ];
    for (sent, read) in rows {
        assert_eq!(time(sent), Some(json!(read)), "{sent}");
    }
    let id = json!("0F5D4B928F1C4D439C2E0A1B2C3D4E5F");
    let ids = field(&schemas, "files.list.params", &["file_ids"], &json!([id]));
    assert_eq!(ids, Some(json!(["0f5d4b92-8f1c-4d43-9c2e-0a1b2c3d4e5f"])));
    let offset = |value: Value| field(&schemas, "retrieval.read.request", &["offset"], &value);
    let large = serde_json::from_str("1e16").expect("a number");
    assert_eq!((offset(json!(2.0)), offset(large)), (Some(json!(2)), Some(json!(10_000_000_000_000_000_u64))));
    let threshold = |text: &str| field(&schemas, "retrieval.retrieve.request", &["score_threshold"], &json!(text));
    assert_eq!((threshold("-inf"), threshold("nan")), (Some(json!(f64::MIN)), None));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn a_coerced_body_satisfies_its_schema_and_is_not_coerced_again(
        name in prop::sample::select(bodies()),
        values in prop::collection::vec(prop::option::weighted(0.6, values()), 12),
    ) {
        let schemas = schemas_once();
        let schema = schemas.named(&name);
        let declared = schema.source["properties"].as_object().expect("fields").keys();
        let fields = declared.zip(values).filter_map(|(name, value)| Some((name.clone(), value?)));
        let body = Value::Object(fields.collect::<Map<_, _>>());
        match coerced(schema, &body) {
            Some(coerced_once) => {
                prop_assert!(schema.is_valid(&coerced_once), "{name}: {body} became {coerced_once}");
                prop_assert_eq!(coerced(schema, &coerced_once), Some(coerced_once));
            }
            None => prop_assert!(!schema.is_valid(&body), "{name} refuses {body}"),
        }
    }
}

/// The schemas, compiled once for all cases.
fn schemas_once() -> &'static Schemas {
    static SCHEMAS: std::sync::LazyLock<Schemas> = std::sync::LazyLock::new(schemas);
    &SCHEMAS
}

/// Keywords whose effect on a request is that of the framework; any other needs a validator of JSON Schema.
const COVERED: &[&str] = &[
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "additionalProperties",
    "anyOf",
    "const",
    "contentMediaType",
    "default",
    "deprecated",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "properties",
    "required",
    "title",
    "type",
    "x-in",
];

/// Keywords that restrict nothing, so that they may stand beside a reference or a union.
const UNRESTRICTING: &[&str] = &["default", "deprecated", "description", "examples", "title", "x-in"];

/// Whether the framework's rules cover every keyword of a schema.
fn is_covered(schema: &Value) -> bool {
    let Some(fields) = schema.as_object() else { return schema.is_boolean() };
    let is_plain = |beside: &str| fields.keys().all(|name| name == beside || UNRESTRICTING.contains(&name.as_str()));
    fields.iter().all(|(name, value)| match name.as_str() {
        "$ref" | "anyOf" if !is_plain(name) => false,
        "anyOf" => value.as_array().is_some_and(|alternatives| alternatives.iter().all(is_covered)),
        "properties" | "$defs" => value.as_object().is_some_and(|schemas| schemas.values().all(is_covered)),
        "items" | "additionalProperties" => is_covered(value),
        "type" => value.is_string(),
        "format" => value == "uuid" || value == "date-time",
        name => COVERED.contains(&name),
    })
}
