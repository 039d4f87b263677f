//! Validates a request against its schemas: parameters first, then the body. All violations are reported at once, in the
//! order of the service's framework. The rules of the framework coerce values first; the JSON Schema has the last word.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::body::RawBody;
use super::node::SchemaNode;
use super::validate::{Validation, beyond_framework};
use super::{Schema, form, pydantic};
use crate::error::{ApiError, Violation};
use crate::multipart::FilePart;
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
    /// Where the request came in.
    pub(crate) origin: Origin,
}

/// A request that satisfies its schemas, with its values coerced to their types: a UUID has its canonical form, and a time
/// is RFC 3339 in UTC.
#[derive(Debug, Default)]
pub(crate) struct ValidRequest {
    /// The parameters in path and query that the schema names, if present in the request.
    params: Map<String, Value>,
    /// The fields of the body, including unknown ones; of a form, the texts that the schema names. Defaults are not filled
    /// in.
    body: Map<String, Value>,
    /// Where the request came in.
    origin: Origin,
    /// The files of a form that the schema names.
    files: Vec<(String, FilePart)>,
}

impl ValidRequest {
    /// Where the request came in.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
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

    /// A file of a form.
    ///
    /// Errors: `--schemas` replaced the schema by one that does not require it.
    pub(crate) fn file(&self, name: &str) -> Result<FilePart, ApiError> {
        let file = self.files.iter().find(|(known, _)| known == name).map(|(_, file)| file.clone());
        file.ok_or_else(|| unreadable("body", &format_args!("no file {name}")))
    }
}

fn unreadable(root: &'static str, error: &dyn std::fmt::Display) -> ApiError {
    let msg = format!("the schema allows a value that the emulator cannot read: {error}");
    ApiError::violations(vec![pydantic::value_error(vec![root.into()], &msg, Value::Null)])
}

/// Validates a request against the schema of its parameters and, if there is one, of its body.
///
/// Errors: a 422 with every violation.
pub(crate) fn check(params: &Schema, body: Option<&Schema>, request: RawRequest<'_>) -> Result<ValidRequest, ApiError> {
    let (params, mut violations) = read_params(params, request.path, request.query);
    let body = body.map(|schema| read_request_body(schema, request.body)).unwrap_or_default();
    violations.extend(body.violations);
    if violations.is_empty() {
        Ok(ValidRequest { params, body: body.fields, files: body.files, origin: request.origin })
    } else {
        Err(ApiError::violations(violations))
    }
}

/// A body that was read, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct CheckedBody {
    /// Its fields; of a form, the texts that the schema names.
    pub(super) fields: Map<String, Value>,
    /// The files of a form that the schema names.
    pub(super) files: Vec<(String, FilePart)>,
    /// The violations, in the order of the framework.
    pub(super) violations: Vec<Violation>,
}

fn read_request_body(schema: &Schema, body: RawBody) -> CheckedBody {
    match body {
        RawBody::Absent => {
            let missing = pydantic::missing().at(vec!["body".into()], Value::Null);
            CheckedBody { violations: vec![missing], ..CheckedBody::default() }
        }
        RawBody::Json(value) => read_json(schema, value),
        RawBody::Text(text) => read_json(schema, text.into()),
        RawBody::Form(form) => form::read(schema, &form),
    }
}

/// The fields of a JSON body.
fn read_json(schema: &Schema, value: Value) -> CheckedBody {
    let mut validation = Validation::of("body");
    let coerced = validation.value(SchemaNode::root(&schema.source), &value);
    let value = coerced.unwrap_or(value);
    let mut violations = validation.violations;
    if violations.is_empty() {
        violations = beyond_framework(schema, &value, "body");
    }
    let fields = if let Value::Object(fields) = value { fields } else { Map::new() };
    CheckedBody { fields, violations, ..CheckedBody::default() }
}

/// The parameters in path and query. They are not validated if there is no query and the path may hold any text.
fn read_params(schema: &Schema, path: PathParams, query: Option<&str>) -> (Map<String, Value>, Vec<Violation>) {
    let mut params: Map<String, Value> =
        path.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let query = query.filter(|query| !query.is_empty());
    if query.is_none() && !schema.has_checked_params {
        return (params, Vec::new());
    }
    let node = SchemaNode::root(&schema.source);
    add_query(node, query.unwrap_or_default(), &mut params);
    let mut violations = Vec::new();
    for (name, field) in node.fields().into_iter().flatten() {
        let place = field.get("x-in").and_then(Value::as_str).unwrap_or("query");
        let Some(field) = node.field(name).filter(|_| place != "cookie") else { continue };
        let mut validation = Validation::of(place);
        let coerced = validation.below(&**name, |validation| match params.get(name) {
            Some(value) => validation.value(field, value),
            None if node.requires(name) => {
                validation.report(pydantic::missing(), &Value::Null);
                None
            }
            None => None,
        });
        violations.extend(validation.violations);
        if let Some(coerced) = coerced {
            params.insert(name.clone(), coerced);
        }
    }
    if violations.is_empty() {
        let value = Value::Object(params);
        violations.extend(beyond_framework(schema, &value, "query"));
        let Value::Object(map) = value else { unreachable!("it was an object") };
        params = map;
    }
    (params, violations)
}

/// Adds the query parameters that the schema names: all values of a list parameter, the last value of any other.
fn add_query(node: SchemaNode<'_>, query: &str, params: &mut Map<String, Value>) {
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(field) = node.field(&name).filter(|field| field.text("x-in") == Some("query")) else { continue };
        if field.resolve().node.expected_type() == Some("array") {
            let list = params.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().expect("a list since its first value").push(value.into());
        } else {
            params.insert(name.into_owned(), value.into());
        }
    }
}
