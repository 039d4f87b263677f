//! A request held against its schemas: parameters first, then the body, and every violation at once in the order in
//! which the framework finds them. A good request costs one validation and nothing else.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, ValidationError};
use serde_json::{Map, Value};

use super::body::RawBody;
use super::node::SchemaNode;
use super::pydantic::{self, PydanticError};
use super::{Schema, coerce, uuid};
use crate::error::{ApiError, LocStep, Violation};

/// What of a request is checked.
#[derive(Debug)]
pub struct RawRequest<'a> {
    /// The query, undecoded.
    pub query: Option<&'a str>,
    /// The body, as it was read.
    pub body: RawBody,
}

/// What of a request was taken, coerced.
#[derive(Debug, Default)]
pub struct ValidRequest {
    /// The query's parameters that its schema names; absent ones are left out.
    pub params: Map<String, Value>,
    /// The body's fields, unknown ones too; defaults are not filled in.
    pub body: Map<String, Value>,
}

/// Holds a request against the schemas of its parameters and, if it has one, of its body.
pub fn check(params: &Schema, body: Option<&Schema>, given: RawRequest<'_>) -> Result<ValidRequest, ApiError> {
    let mut violations = Vec::new();
    let params = match given.query {
        None | Some("") => Map::new(),
        Some(query) => fields(checked(params, read_query(params, query), "query", &mut violations)),
    };
    let body = match (body, given.body) {
        (None, _) => Map::new(),
        (Some(_), RawBody::Absent) => {
            violations.push(pydantic::missing().at(vec!["body".into()], Value::Null));
            Map::new()
        }
        (Some(schema), RawBody::Json(value)) => fields(checked(schema, value, "body", &mut violations)),
        (Some(schema), RawBody::Text(text)) => fields(checked(schema, text.into(), "body", &mut violations)),
    };
    if violations.is_empty() { Ok(ValidRequest { params, body }) } else { Err(ApiError::violations(violations)) }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The query's parameters that the schema names: all values of those that are lists, the last of the others.
fn read_query(schema: &Schema, query: &str) -> Value {
    let node = SchemaNode::root(&schema.source);
    let mut params = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(field) = node.property(&name).filter(|_| is_in_query(node, &name)) else { continue };
        if field.wanted() == Some("array") {
            let list = params.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().expect("was made an array when it was first seen").push(value.into());
        } else {
            params.insert(name.into_owned(), value.into());
        }
    }
    Value::Object(params)
}

fn is_in_query(node: SchemaNode<'_>, name: &str) -> bool {
    let declared = node.fields().and_then(|fields| fields.get(name));
    declared.and_then(|field| field.get("x-in")).and_then(Value::as_str) == Some("query")
}

/// `value` with what could be coerced coerced; what could not is added to `violations`.
fn checked(schema: &Schema, value: Value, root: &'static str, violations: &mut Vec<Violation>) -> Value {
    if schema.is_valid(&value) {
        return value;
    }
    let mut coerced = value.clone();
    while coerce_all(schema, &mut coerced) {}
    let mut search = Search { node: SchemaNode::root(&schema.source), root, original: &value, found: Vec::new() };
    for error in schema.validator.iter_errors(&coerced) {
        search.take(&error);
    }
    search.found.sort_by(|left, right| (&left.order, left.rank).cmp(&(&right.order, right.rank)));
    violations.extend(told(search.found));
    coerced
}

/// Of several things wrong with one value the framework tells the first, and that it has the wrong type before all. It
/// counts the items of a list for too many before it looks at them, for too few after.
fn told(found: Vec<Found>) -> Vec<Violation> {
    let mut told: Vec<Violation> = Vec::new();
    for Found { violation, .. } in found {
        let above = told.last().filter(|last| violation.loc.starts_with(&last.loc));
        match above.map(|above| (above.kind.as_str(), above.loc.len() == violation.loc.len())) {
            Some((_, true) | ("too_long", _)) => {}
            Some(("too_short", _)) => *told.last_mut().expect("was just looked at") = violation,
            _ => told.push(violation),
        }
    }
    told
}

/// The violations of one value, as they are found.
struct Search<'a> {
    node: SchemaNode<'a>,
    root: &'static str,
    /// The value before coercion: what the framework echoes.
    original: &'a Value,
    found: Vec<Found>,
}

struct Found {
    /// Positions in the order of declaration, outermost first.
    order: Vec<usize>,
    rank: Rank,
    violation: Violation,
}

/// Which of the things wrong with one value is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Type,
    Keyword,
}

impl Search<'_> {
    fn take(&mut self, error: &ValidationError<'_>) {
        let node = self.node.at(error.instance_path());
        match error.kind() {
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                context.iter().filter(|branch| !wants_null(branch)).flatten().for_each(|error| self.take(error));
            }
            Kind::Required { property } => {
                let field = property.as_str().unwrap_or_default();
                if !is_in_path(node, field) {
                    self.add(error.instance_path(), Some(field), pydantic::missing());
                }
            }
            Kind::AdditionalProperties { unexpected } => {
                for field in unexpected {
                    self.add(error.instance_path(), Some(field), pydantic::forbidden());
                }
            }
            // The framework knows a choice of values as one thing, not as a type and a choice.
            Kind::Type { .. } if node.keyword("enum").is_some() => {}
            Kind::Type { .. } => {
                self.add(error.instance_path(), None, pydantic::wrong_type(node, self.input(error.instance_path())));
            }
            kind => {
                let input = self.input(error.instance_path());
                self.add(error.instance_path(), None, pydantic::of(kind, (node, input), error));
            }
        }
    }

    fn add(&mut self, location: &Location, field: Option<&str>, error: PydanticError) {
        let mut node = Some(self.node);
        let (mut loc, mut order) = (vec![LocStep::from(self.root)], Vec::new());
        for segment in location.segments() {
            match segment {
                LocationSegment::Property(name) => {
                    order.push(node.map_or(usize::MAX, |node| node.position(&name)));
                    node = node.and_then(|node| node.property(&name));
                    loc.push(LocStep::from(&*name));
                }
                LocationSegment::Index(position) => {
                    order.push(position);
                    node = node.and_then(SchemaNode::items);
                    loc.push(LocStep::from(position));
                }
            }
        }
        let mut input = self.input(location);
        if let Some(field) = field {
            order.push(node.map_or(usize::MAX, |node| node.position(field)));
            loc.push(LocStep::from(field));
            input = input.get(field).unwrap_or(input);
        }
        let rank = if error.are_of_type() { Rank::Type } else { Rank::Keyword };
        self.found.push(Found { order, rank, violation: error.at(loc, input.clone()) });
    }

    fn input(&self, location: &Location) -> &Value {
        self.original.pointer(location.as_str()).unwrap_or(&Value::Null)
    }
}

/// A parameter in the path is always there, although the query does not show it.
fn is_in_path(node: SchemaNode<'_>, field: &str) -> bool {
    let declared = node.fields().and_then(|fields| fields.get(field));
    declared.and_then(|field| field.get("x-in")).and_then(Value::as_str) == Some("path")
}

fn wants_null(branch: &[ValidationError<'_>]) -> bool {
    matches!(branch, [only] if matches!(only.kind(), Kind::Type { kind: TypeKind::Single(JsonType::Null) }))
}

/// Coerces what can be; false when nothing was.
fn coerce_all(schema: &Schema, value: &mut Value) -> bool {
    let node = SchemaNode::root(&schema.source);
    let mut readings = Vec::new();
    for error in schema.validator.iter_errors(value) {
        readings_of(node, &error, &mut readings);
    }
    let mut changed = false;
    for (pointer, reading) in readings {
        if let Some(place) = value.pointer_mut(&pointer).filter(|place| **place != reading) {
            *place = reading;
            changed = true;
        }
    }
    changed
}

/// How the framework would read what record_panic a type or a format, with where it stands.
fn readings_of(root: SchemaNode<'_>, error: &ValidationError<'_>, readings: &mut Vec<(String, Value)>) {
    let instance = error.instance();
    let reading = match error.kind() {
        Kind::AnyOf { context } => {
            return context.iter().flatten().for_each(|error| readings_of(root, error, readings));
        }
        Kind::Type { .. } => match root.at(error.instance_path()).wanted() {
            Some("integer") => coerce::integer(instance).ok(),
            Some("number") => coerce::float(instance).ok(),
            Some("boolean") => coerce::boolean(instance).ok(),
            _ => None,
        },
        Kind::Format { format } if format == "uuid" => {
            instance.as_str().and_then(|text| uuid::read(text).ok()).map(Value::from)
        }
        _ => None,
    };
    readings.extend(reading.map(|reading| (error.instance_path().as_str().to_owned(), reading)));
}
