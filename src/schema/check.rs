//! A request held against its schemas: parameters first, then the body, and every violation at once in the order in
//! which the framework finds them. A good request costs one validation and nothing else.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, ValidationError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::body::RawBody;
use super::node::SchemaNode;
use super::pydantic::{self, PydanticError};
use super::{Schema, coerce, uuid};
use crate::error::{ApiError, LocStep, Violation};
use crate::request::PathParams;

/// What of a request is checked.
#[derive(Debug)]
pub struct RawRequest<'a> {
    /// The values in the path, decoded.
    pub path: PathParams,
    /// The query, undecoded.
    pub query: Option<&'a str>,
    /// The body, as it was read.
    pub body: RawBody,
}

/// A request that keeps to its schemas, coerced to their types.
#[derive(Debug, Default)]
pub struct ValidRequest {
    /// The parameters in path and query that the schema names; absent ones are left out.
    params: Map<String, Value>,
    /// The fields of the body, unknown ones too; defaults are not filled in.
    body: Map<String, Value>,
}

impl ValidRequest {
    /// A parameter in the path or the query, if it is there and a text.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)?.as_str()
    }

    /// The parameters as a type that a handler works with: those that it has fields for.
    ///
    /// Fails only if `--schemas` replaced the schema by one that allows more than the type.
    pub fn params<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        T::deserialize(&self.params).map_err(|error| unreadable("query", &error))
    }

    /// The body as the type that a handler works with.
    ///
    /// Fails only if `--schemas` replaced the schema by one that allows more than the type.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        T::deserialize(&self.body).map_err(|error| unreadable("body", &error))
    }
}

fn unreadable(root: &'static str, error: &serde_json::Error) -> ApiError {
    let msg = format!("the schema allows what the emulator cannot read: {error}");
    ApiError::violations(vec![pydantic::value_error(vec![root.into()], &msg, Value::Null)])
}

/// Holds a request against the schemas of its parameters and, if it has one, of its body.
pub fn check(params: &Schema, body: Option<&Schema>, given: RawRequest<'_>) -> Result<ValidRequest, ApiError> {
    let mut violations = Vec::new();
    let params = read_params(params, given.path, given.query, &mut violations);
    let body = match (body, given.body) {
        (None, _) => Map::new(),
        (Some(_), RawBody::Absent) => {
            violations.push(pydantic::missing().at(vec!["body".into()], Value::Null));
            Map::new()
        }
        (Some(schema), RawBody::Json(value)) => fields(checked(schema, value, Root::Body, &mut violations)),
        (Some(schema), RawBody::Text(text)) => fields(checked(schema, text.into(), Root::Body, &mut violations)),
    };
    if violations.is_empty() { Ok(ValidRequest { params, body }) } else { Err(ApiError::violations(violations)) }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The parameters in path and query, validated unless they are path parameters that may be any text.
fn read_params(
    schema: &Schema,
    path: PathParams,
    query: Option<&str>,
    violations: &mut Vec<Violation>,
) -> Map<String, Value> {
    let mut params: Map<String, Value> =
        path.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let query = query.filter(|query| !query.is_empty());
    if query.is_none() && !schema.has_typed_path {
        return params;
    }
    add_query(schema, query.unwrap_or_default(), &mut params);
    fields(checked(schema, Value::Object(params), Root::Params, violations))
}

/// Adds the parameters of the query that the schema names: all values of those that are lists, the last of the others.
fn add_query(schema: &Schema, query: &str, params: &mut Map<String, Value>) {
    let node = SchemaNode::root(&schema.source);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(field) = node.property(&name).filter(|_| place_of(node, &name) == Some("query")) else { continue };
        if field.wanted() == Some("array") {
            let list = params.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().expect("a list since its first value").push(value.into());
        } else {
            params.insert(name.into_owned(), value.into());
        }
    }
}

/// Where a parameter stands: `path`, `query` or `cookie`.
fn place_of<'a>(node: SchemaNode<'a>, name: &str) -> Option<&'a str> {
    node.fields()?.get(name)?.get("x-in")?.as_str()
}

/// What is validated; a location in a violation begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    /// The parameters: a location begins with the place of the parameter.
    Params,
    /// The body.
    Body,
}

/// `value` with what could be coerced coerced; what could not is added to `violations`.
fn checked(schema: &Schema, value: Value, root: Root, violations: &mut Vec<Violation>) -> Value {
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
    root: Root,
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
                self.add(error.instance_path(), property.as_str(), pydantic::missing());
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
        let first = location.segments().next();
        let (mut loc, mut order) = (vec![LocStep::from(self.place(first, field))], Vec::new());
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

    /// What a location begins with.
    fn place(&self, first: Option<LocationSegment<'_>>, field: Option<&str>) -> &'static str {
        let in_path = |name: &str| place_of(self.node, name) == Some("path");
        match (self.root, first, field) {
            (Root::Body, ..) => "body",
            (Root::Params, Some(LocationSegment::Property(name)), _) if in_path(&name) => "path",
            (Root::Params, None, Some(field)) if in_path(field) => "path",
            (Root::Params, ..) => "query",
        }
    }

    fn input(&self, location: &Location) -> &Value {
        self.original.pointer(location.as_str()).unwrap_or(&Value::Null)
    }
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
