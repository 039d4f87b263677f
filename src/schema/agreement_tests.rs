//! The JSON Schemas and the framework's rules agree: on the recorded requests, and on random parameters and bodies of
//! every operation. What a schema accepts the rules accept, and a handler reads the same from it; what a schema refuses
//! has violations, or is coerced to what the schema accepts.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde::Deserialize;
use serde_json::{Value, json};

use super::node::{ConcreteNode, SchemaNode};
use super::{Integer, RawBody, Schema, Schemas, Time, coerce, form, params, read_body, read_form, translate};
use crate::api;
use crate::error::Violation;
use crate::operation::{BodyKind, Operation, Route, RoutedOperation, Router};
use crate::request::PathParams;

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas::load(None).expect("the shipped schemas are valid"));

static ROUTER: LazyLock<Router> = LazyLock::new(|| Router::new(api::operations()));

fn emulated() -> impl Iterator<Item = &'static Operation> {
    api::operations()
}

/// Fails unless the schema and the framework's rules agree on a value.
fn agree(schema: &Schema, value: &Value, translated: Result<Value, Vec<Violation>>) -> Result<(), TestCaseError> {
    match (schema.is_valid(value), translated) {
        (true, Ok(coerced)) => prop_assert!(reads_the_same(value, &coerced), "{value} is coerced to {coerced}"),
        (false, Ok(coerced)) => prop_assert!(schema.is_valid(&coerced), "{value} is refused, and so is {coerced}"),
        (true, Err(violations)) => prop_assert!(false, "{value} is accepted, but: {violations:?}"),
        (false, Err(violations)) => prop_assert!(!violations.is_empty()),
    }
    Ok(())
}

/// Whether a handler reads the same from two values: an integer may be written as a float.
fn reads_the_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let integers = [left, right].map(|number| Integer::try_from(number.clone()).ok());
            left == right || (integers[0].is_some() && integers[0] == integers[1])
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| reads_the_same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.keys().eq(right.keys())
                && left.values().zip(right.values()).all(|(left, right)| reads_the_same(left, right))
        }
        _ => left == right,
    }
}

fn agree_on_params(operation: &Operation, path: &PathParams, query: Option<&str>) -> Result<(), TestCaseError> {
    let schema = SCHEMAS.named(&operation.params_schema());
    let values = |convert| params::values(schema.root(), path, query, convert);
    agree(schema, &values(coerce::text), translate::fields(schema.root(), "query", values(|_, text| text)))
}

fn agree_on_body(schema: &Schema, body: RawBody) -> Result<(), TestCaseError> {
    let value = match body {
        RawBody::Absent => return Ok(()),
        RawBody::Json(value) => value,
        RawBody::Text(text) => text.into(),
        RawBody::Form(form) => {
            let (fields, _) = form::values(schema.root(), &form);
            return agree(schema, &fields, translate::fields(schema.root(), "body", fields.clone()));
        }
    };
    agree(schema, &value, translate::value(schema.root(), "body", &value))
}

/// A recorded request.
#[derive(Deserialize)]
struct RecordedRequest {
    method: String,
    target: String,
    headers: Option<Vec<(String, String)>>,
    body: Option<String>,
    body_hex: Option<String>,
}

impl RecordedRequest {
    fn agree(&self) -> Result<(), TestCaseError> {
        let (path, query) =
            self.target.split_once('?').map_or((&*self.target, None), |(path, query)| (path, Some(query)));
        let method = self.method.parse().expect("a method");
        let Route::Found(RoutedOperation { operation, path, .. }) = ROUTER.find(&method, path) else { return Ok(()) };
        agree_on_params(operation, &path, query)?;
        let is_type = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-type");
        let content_type = match &self.headers {
            Some(headers) => headers.iter().find(is_type).map(|(_, value)| value.as_bytes()),
            None => Some(&b"application/json"[..]),
        };
        let bytes = self.bytes().into();
        let body = match operation.body {
            BodyKind::Multipart => read_form(&bytes, content_type),
            _ => read_body(&bytes, content_type),
        };
        match (operation.request_schema(), body) {
            (Some(name), Ok(body)) => agree_on_body(SCHEMAS.named(&name), body),
            _ => Ok(()),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let hex = self.body_hex.as_deref().unwrap_or_default();
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
        let bytes = (0..hex.len()).step_by(2).map(byte).collect();
        self.body.as_ref().map_or(bytes, |body| body.clone().into_bytes())
    }
}

#[test]
fn schemas_and_rules_agree_on_every_recorded_request() {
    let mut count = 0;
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).expect("the folder exists") {
        let text = std::fs::read(file.expect("it can be read").path()).expect("it can be read");
        let Ok(cases) = serde_json::from_slice::<Vec<Value>>(&text) else { continue };
        for request in cases.iter().filter_map(|case| RecordedRequest::deserialize(case.get("request")?).ok()) {
            count += 1;
            let agreed = request.agree();
            assert!(agreed.is_ok(), "{} {} {:?}: {agreed:?}", request.method, request.target, request.body);
        }
    }
    assert!(count > 4700, "only {count} requests");
}

#[test]
fn every_shipped_schema_compiles() {
    for (name, schema) in SCHEMAS.all() {
        assert_eq!(Schema::from(schema.source.clone()).compiled().err(), None, "{name}");
    }
}

#[test]
fn a_union_keeps_a_value_that_has_one_of_its_types_and_else_coerces_to_the_first_that_fits() {
    let schema = SCHEMAS.named("retrieval.retrieve.request");
    let read = |filter: &Value| {
        let request = json!({ "index_id": "i", "query": "q", "custom_filters": { "k": filter } });
        let fields = schema.judge(request, "body", |value| translate::value(schema.root(), "body", &value));
        fields.map(|fields| fields["custom_filters"]["k"].clone()).ok()
    };
    let rows = [
        (json!("5"), json!(5)),
        (json!("5.5"), json!(5.5)),
        (json!(true), json!(1)),
        (json!(2.0), json!(2.0)),
        (json!(["5", 2.0, 3, false]), json!([5, 2.0, 3, 0])),
    ];
    for (sent, expected) in rows {
        let filter = |value: &Value| json!([{ "operator": "gt", "value": value }]);
        assert_eq!(read(&filter(&sent)), Some(filter(&expected)), "{sent}");
        let filter = json!({ "operator": "eq", "value": sent });
        assert_eq!(read(&filter), Some(filter), "{sent}");
    }
}

#[test]
fn times_and_integers_reach_a_handler_in_one_form() {
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
        let time = Time::deserialize(&json!(sent)).map(|Time(at)| at.to_string());
        assert_eq!(time.ok().as_deref(), Some(read), "{sent}");
    }
    for (sent, read) in [("2.0", "2"), ("-0.0", "0"), ("1e16", "10000000000000000")] {
        let integer = serde_json::from_str::<Integer>(sent).map(|integer| Value::from(integer).to_string());
        assert_eq!(integer.ok().as_deref(), Some(read));
    }
    let clamped = |text: &str| serde_json::from_str::<Integer>(text).map(|integer| integer.clamped()).ok();
    let nines = "9".repeat(400);
    assert_eq!(
        (clamped(&nines), clamped(&format!("-{nines}")), clamped("1.5")),
        (Some(i64::MAX), Some(i64::MIN), None)
    );
    assert_eq!(coerce::text(Some("number"), json!("-inf")), json!(f64::MIN));
}

/// Values of every type, at the limits of the types too.
const VALUES: &str = r#"[null, true, 0, 7, -1, 1001, 1.5, 2.0, -0.0, 1e+300, 1.7976931348623157e+308,
    9223372036854775807, 9223372036854775808, 9.223372036854776e+18, 18446744073709551616, [], {}, [1, "a"]]"#;

/// Texts that are, or nearly are, values of another type or format, separated by commas.
const TEXTS: &str = ",a,5,-0,+2.0, 7 ,1_0,1.5,1e400,inf,nan,true,OFF,user,eq,DEFAULT,0F5D4B928F1C4D439C2E0A1B2C3D4E5F,\
    0f5d4b92-8f1c-4d43-9c2e-0a1b2c3d4e5f,{0f5d4b92-8f1c-4d43-9c2e-0a1b2c3d4e5f},\
    urn:uuid:0f5d4b92-8f1c-4d43-9c2e-0a1b2c3d4e5f,2026-01-01,2026-01-01T00:00:00+05:30,0000-01-01,2016-12-31T23:59:60Z,\
    2026-01-01T24:00:00Z,1700000000,\u{1f600}";

fn text() -> BoxedStrategy<String> {
    let listed = select(TEXTS.split(',').collect::<Vec<_>>()).prop_map(str::to_owned);
    prop_oneof![20 => listed, 2 => select(vec![400, 4301]).prop_map(|digits| "9".repeat(digits)), 3 => ".{0,3}"].boxed()
}

fn scalar() -> BoxedStrategy<Value> {
    let listed = select(serde_json::from_str::<Vec<Value>>(VALUES).expect("JSON"));
    let large = Just(serde_json::from_str(&"9".repeat(400)).expect("JSON"));
    prop_oneof![10 => listed, 1 => large, 10 => text().prop_map(Value::from)].boxed()
}

/// Values that mostly fit a part of a schema.
fn fitting(node: SchemaNode<'static>) -> BoxedStrategy<Value> {
    let ConcreteNode { node, .. } = node.resolve();
    let options = node.keyword("enum").and_then(Value::as_array);
    let fits = match (node.union(), node.expected_type()) {
        (Some(alternatives), _) => Union::new(alternatives.map(fitting)).boxed(),
        (None, Some("object")) => {
            let field = |(name, node): (&'static String, _)| {
                prop::option::weighted(0.8, fitting(node)).prop_map(move |value| Some((name.clone(), value?)))
            };
            let declared: Vec<_> = node.declared_fields().map(field).collect();
            let others = node.other_fields().map_or_else(scalar, fitting);
            let fields = (declared, prop::collection::vec(("[a-c]", others), 0..3));
            fields.prop_map(|(declared, others)| declared.into_iter().flatten().chain(others).collect()).boxed()
        }
        (None, Some("array")) => {
            prop::collection::vec(node.items().map_or_else(scalar, fitting), 0..4).prop_map(Value::Array).boxed()
        }
        (None, Some("string")) if options.is_none() => text().prop_map(Value::from).boxed(),
        _ => options.map_or_else(scalar, |options| select(options.as_slice()).boxed()),
    };
    prop_oneof![12 => fits, 1 => scalar()].boxed()
}

fn body() -> impl Strategy<Value = (&'static Schema, Value)> {
    let names: Vec<_> = emulated().filter_map(Operation::request_schema).collect();
    select(names).prop_flat_map(|name| {
        let schema = SCHEMAS.named(&name);
        (Just(schema), fitting(schema.root()))
    })
}

/// The parameters of an operation: those in the path, and some in the query.
fn parameters() -> impl Strategy<Value = (&'static Operation, PathParams, String)> {
    select(emulated().collect::<Vec<_>>()).prop_flat_map(|operation| {
        let node = SCHEMAS.named(&operation.params_schema()).root();
        let is_in_path = |(_, field): &(_, SchemaNode<'_>)| field.text("x-in") == Some("path");
        let path: Vec<_> =
            node.declared_fields().filter(is_in_path).map(|(name, _)| (Just(name.as_str()), text())).collect();
        let names: Vec<&str> = node.declared_fields().map(|(name, _)| name.as_str()).collect();
        let query = prop::collection::vec((select(names), text()), 0..5);
        let written =
            |pairs: Vec<(&str, String)>| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        (Just(operation), path, query.prop_map(written))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

    #[test]
    fn schemas_and_rules_agree_on_bodies((schema, body) in body()) {
        agree_on_body(schema, RawBody::Json(body))?;
    }

    #[test]
    fn schemas_and_rules_agree_on_parameters((operation, path, query) in parameters()) {
        agree_on_params(operation, &path, Some(&query))?;
    }
}
