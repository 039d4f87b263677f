//! Validates a request against its schemas: parameters first, then the body. All violations are reported at once, in the
//! order of the service's framework. A valid request costs one validation and nothing else.

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
use crate::request::{Origin, PathParams};

/// The parts of a request that are validated.
#[derive(Debug)]
pub(crate) struct RawRequest<'a> {
    /// The path parameters, percent-decoded.
    pub(crate) path: PathParams,
    /// The query string, not decoded.
    pub(crate) query: Option<&'a str>,
    /// The body.
    pub(crate) body: RawBody,
}

/// A request that satisfies its schemas, with its values coerced to their types.
#[derive(Debug, Default)]
pub(crate) struct ValidRequest {
    /// The parameters in path and query that the schema names, if present in the request.
    params: Map<String, Value>,
    /// The fields of the body, including unknown ones; defaults are not filled in.
    body: Map<String, Value>,
    /// Where the request came in.
    origin: Origin,
}

impl ValidRequest {
    /// The same request, which came in there.
    #[must_use]
    pub(crate) fn came_in_at(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Where the request came in.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The file in the form of the request; its schema has checked that it is there.
    pub(crate) fn file(&mut self, _name: &str) -> Result<crate::multipart::FilePart, ApiError> {
        Err(ApiError::text(400, "stub"))
    }

    /// A parameter in the path or the query, if it is present and a string.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)?.as_str()
    }

    /// The parameters as the input type of a handler; parameters without a field in it are ignored.
    ///
    /// Errors: `--schemas` replaced the schema by one that allows more than the type.
    pub(crate) fn params<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        T::deserialize(&self.params).map_err(|error| unreadable("query", &error))
    }

    /// The body as the input type of a handler.
    ///
    /// Errors: `--schemas` replaced the schema by one that allows more than the type.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        T::deserialize(&self.body).map_err(|error| unreadable("body", &error))
    }
}

fn unreadable(root: &'static str, error: &serde_json::Error) -> ApiError {
    let msg = format!("the schema allows a value that the emulator cannot read: {error}");
    ApiError::violations(vec![pydantic::value_error(vec![root.into()], &msg, Value::Null)])
}

/// Validates a request against the schema of its parameters and, if there is one, of its body.
///
/// Errors: a 422 with every violation.
pub(crate) fn check(params: &Schema, body: Option<&Schema>, request: RawRequest<'_>) -> Result<ValidRequest, ApiError> {
    let mut violations = Vec::new();
    let params = read_params(params, request.path, request.query, &mut violations);
    let body = match (body, request.body) {
        (None, _) => Map::new(),
        (Some(_), RawBody::Absent) => {
            violations.push(pydantic::missing().at(vec!["body".into()], Value::Null));
            Map::new()
        }
        (Some(schema), RawBody::Json(value)) => fields(checked(schema, value, Root::Body, &mut violations)),
        (Some(_), RawBody::Form(_)) => Map::new(),
        (Some(schema), RawBody::Text(text)) => fields(checked(schema, text.into(), Root::Body, &mut violations)),
    };
    if violations.is_empty() { Ok(ValidRequest { params, body, origin: Origin::default() }) } else { Err(ApiError::violations(violations)) }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The parameters in path and query. They are not validated if there is no query and the path may hold any text.
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

/// Adds the query parameters that the schema names: all values of a list parameter, the last value of any other.
fn add_query(schema: &Schema, query: &str, params: &mut Map<String, Value>) {
    let node = SchemaNode::root(&schema.source);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(field) = node.property(&name).filter(|_| place_of(node, &name) == Some("query")) else { continue };
        if field.expected_type() == Some("array") {
            let list = params.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().expect("a list since its first value").push(value.into());
        } else {
            params.insert(name.into_owned(), value.into());
        }
    }
}

/// The place of a parameter: `path`, `query` or `cookie`.
fn place_of<'a>(node: SchemaNode<'a>, name: &str) -> Option<&'a str> {
    node.fields()?.get(name)?.get("x-in")?.as_str()
}

/// The part of the request that is validated. The location of a violation begins with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    /// The parameters; a location begins with the place of the parameter.
    Params,
    /// The body.
    Body,
}

/// Validates `value` and returns it with its coercible parts coerced. Adds what remains invalid to `violations`.
fn checked(schema: &Schema, value: Value, root: Root, violations: &mut Vec<Violation>) -> Value {
    if schema.is_valid(&value) {
        return value;
    }
    let mut coerced = value.clone();
    while coerce_all(schema, &mut coerced) {}
    let mut collector = Collector { node: SchemaNode::root(&schema.source), root, original: &value, found: Vec::new() };
    for error in schema.validator.iter_errors(&coerced) {
        collector.add_error(&error);
    }
    collector.found.sort_by(|left, right| (&left.order, left.rank).cmp(&(&right.order, right.rank)));
    violations.extend(reported(collector.found));
    coerced
}

/// The violations that the framework reports. It reports one violation of each value: a wrong type if there is one, else
/// the first. It checks the maximum length of a list before its items, and the minimum length after them.
fn reported(found: Vec<Found>) -> Vec<Violation> {
    let mut reported: Vec<Violation> = Vec::new();
    for Found { violation, .. } in found {
        let parent = reported.last().filter(|last| violation.loc.starts_with(&last.loc));
        match parent.map(|parent| (parent.kind.as_str(), parent.loc.len() == violation.loc.len())) {
            Some((_, true) | ("too_long", _)) => {}
            Some(("too_short", _)) => *reported.last_mut().expect("it has a parent") = violation,
            _ => reported.push(violation),
        }
    }
    reported
}

/// Collects the violations in one part of a request.
struct Collector<'a> {
    node: SchemaNode<'a>,
    root: Root,
    /// The value before coercion, which the framework echoes.
    original: &'a Value,
    found: Vec<Found>,
}

struct Found {
    /// The position of each part of the location in the order of declaration, outermost first.
    order: Vec<usize>,
    rank: Rank,
    violation: Violation,
}

/// The order in which violations of one value are considered; the first is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Type,
    Keyword,
}

impl Collector<'_> {
    fn add_error(&mut self, error: &ValidationError<'_>) {
        let node = self.node.at(error.instance_path());
        match error.kind() {
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                context.iter().filter(|branch| !expects_null(branch)).flatten().for_each(|error| self.add_error(error));
            }
            Kind::Required { property } => {
                self.add(error.instance_path(), property.as_str(), pydantic::missing());
            }
            Kind::AdditionalProperties { unexpected } => {
                for field in unexpected {
                    self.add(error.instance_path(), Some(field), pydantic::forbidden());
                }
            }
            // For a choice of values the framework has one error, not one for the type and one for the choice.
            Kind::Type { .. } if node.keyword("enum").is_some() => {}
            Kind::Type { .. } => {
                self.add(error.instance_path(), None, pydantic::wrong_type(node, self.input(error.instance_path())));
            }
            kind => {
                let input = self.input(error.instance_path());
                self.add(error.instance_path(), None, pydantic::keyword_error(kind, node, input, error));
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
        let rank = if error.is_of_type() { Rank::Type } else { Rank::Keyword };
        self.found.push(Found { order, rank, violation: error.at(loc, input.clone()) });
    }

    /// The first step of a location.
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

fn expects_null(branch: &[ValidationError<'_>]) -> bool {
    matches!(branch, [only] if matches!(only.kind(), Kind::Type { kind: TypeKind::Single(JsonType::Null) }))
}

/// Coerces every part that has a wrong type and can be coerced; returns whether the value changed.
fn coerce_all(schema: &Schema, value: &mut Value) -> bool {
    let node = SchemaNode::root(&schema.source);
    let coercions: Vec<_> = schema.validator.iter_errors(value).flat_map(|error| coercions_for(node, &error)).collect();
    let mut changed = false;
    for (pointer, coerced) in coercions {
        if let Some(place) = value.pointer_mut(&pointer).filter(|place| **place != coerced) {
            *place = coerced;
            changed = true;
        }
    }
    changed
}

/// The values to which the framework would coerce a value of a wrong type or format, each with its JSON pointer.
fn coercions_for(root: SchemaNode<'_>, error: &ValidationError<'_>) -> Vec<(String, Value)> {
    let instance = error.instance();
    let coerced = match error.kind() {
        Kind::AnyOf { context } => {
            return context.iter().flatten().flat_map(|error| coercions_for(root, error)).collect();
        }
        Kind::Type { .. } => match root.at(error.instance_path()).expected_type() {
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
    coerced.map(|coerced| (error.instance_path().as_str().to_owned(), coerced)).into_iter().collect()
}
