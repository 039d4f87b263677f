//! Validates a request against its schemas: parameters first, then the body. All violations are reported at once, in
//! the order of the service's framework.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::body::RawBody;
use super::{InputSchemas, Schema, UnknownInput, form, params, pydantic, translate, unknown};
use crate::config::Settings;
use crate::error::{ApiError, Violation};
use crate::multipart::FilePart;
use crate::request::{Origin, PathParams};

/// The parts of a request that are validated.
#[derive(Debug)]
pub(crate) struct RawRequest<'a> {
    /// The path parameters, percent-decoded.
    pub(crate) path: &'a PathParams,
    /// The query string, not decoded.
    pub(crate) query: Option<&'a str>,
    pub(crate) body: RawBody,
    /// Where the request came in.
    pub(crate) origin: Origin,
    /// The settings, for the handler.
    pub(crate) settings: Arc<Settings>,
}

/// A request that satisfies its schemas. Its values have their types, but not always their canonical form: the inputs
/// of handlers have types that give them one. Reading an input fails only if `--schemas` replaced a schema by one that
/// allows more than the type of the input.
#[derive(Debug, Default)]
pub(crate) struct ValidRequest {
    /// The parameters in path and query that the schema names, if present in the request.
    params: Map<String, Value>,
    /// The fields of the body, including unknown ones; of a form, those that the schema names. Defaults are not filled
    /// in.
    body: Map<String, Value>,
    /// The files of a form that the schema names.
    files: Vec<(String, FilePart)>,
    /// The parameters and the fields that the schemas do not know.
    unknown: Vec<UnknownInput>,
    /// Where the request came in.
    pub(crate) origin: Origin,
    /// The settings that its handler follows.
    pub(crate) settings: Arc<Settings>,
}

impl ValidRequest {
    /// A parameter in the path or the query, if it is present and a string.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)?.as_str()
    }

    /// A parameter in the path or the query, if it is present and not null.
    pub(crate) fn optional_param<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        optional(self.params.get(name)).map_err(|error| unreadable("query", &error))
    }

    /// A field of the body, if it is present and not null.
    pub(crate) fn optional_field<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        optional(self.body.get(name)).map_err(|error| unreadable("body", &error))
    }

    /// The parameters as the input type of a handler; parameters without a field in it are ignored.
    pub(crate) fn params<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ApiError> {
        T::deserialize(&self.params).map_err(|error| unreadable("query", &error))
    }

    /// The body as the input type of a handler.
    pub(crate) fn body<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ApiError> {
        T::deserialize(&self.body).map_err(|error| unreadable("body", &error))
    }

    /// The body without the fields that its schema does not know, as the framework's models hold it.
    pub(crate) fn known_body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let mut body = Value::Object(self.body.clone());
        self.unknown.iter().for_each(|unknown| unknown.remove_from(&mut body));
        T::deserialize(&body).map_err(|error| unreadable("body", &error))
    }

    /// The parameters and the fields that the schemas do not know.
    pub(crate) fn unknown(&self) -> &[UnknownInput] {
        &self.unknown
    }

    /// A file of a form.
    pub(crate) fn file(&self, name: &str) -> Result<FilePart, ApiError> {
        let file = self.files.iter().find(|(known, _)| known == name).map(|(_, file)| file.clone());
        file.ok_or_else(|| unreadable("body", &format_args!("no file {name}")))
    }
}

fn optional<T: DeserializeOwned>(value: Option<&Value>) -> Result<Option<T>, serde_json::Error> {
    value.map_or(Ok(None), Option::deserialize)
}

fn unreadable(root: &'static str, error: &dyn std::fmt::Display) -> ApiError {
    let msg = format!("the schema allows a value that the emulator cannot read: {error}");
    ApiError::violations(vec![pydantic::value_error(vec![root.into()], &msg, Value::Null)])
}

/// Validates a request against the schema of its parameters and, if there is one, of its body.
///
/// Errors: a 422 with every violation: those of the parameters, then those of the body.
pub(crate) fn check(schemas: &InputSchemas, request: RawRequest<'_>) -> Result<ValidRequest, ApiError> {
    let params = params::read(&schemas.params, request.path, request.query);
    let body = schemas.body.as_ref();
    let body = body.map_or_else(|| Ok(BodyContent::default()), |schema| judge_body(schema, request.body));
    match (params, body) {
        (Ok(params), Ok(BodyContent { fields, files, unknown: of_body })) => {
            let mut unknown = params::unknown(&schemas.params, request.query);
            unknown.extend(of_body);
            if request.settings.strict_contract && !unknown.is_empty() {
                return Err(ApiError::violations(unknown.into_iter().map(UnknownInput::violation).collect()));
            }
            let RawRequest { origin, settings, .. } = request;
            Ok(ValidRequest { params, body: fields, files, unknown, origin, settings })
        }
        (params, body) => {
            let violations = params.err().into_iter().chain(body.err()).flatten();
            Err(ApiError::violations(violations.collect()))
        }
    }
}

/// The fields and the files of a body.
#[derive(Debug, Default)]
pub(super) struct BodyContent {
    /// Its fields; of a form, those that the schema names.
    pub(super) fields: Map<String, Value>,
    /// The files of a form that the schema names.
    pub(super) files: Vec<(String, FilePart)>,
    /// The fields that the schema does not know.
    pub(super) unknown: Vec<UnknownInput>,
}

fn judge_body(schema: &Schema, body: RawBody) -> Result<BodyContent, Vec<Violation>> {
    let value = match body {
        RawBody::Absent if schema.is_valid(&Value::Null) => return Ok(BodyContent::default()),
        RawBody::Absent => return Err(vec![pydantic::missing().at(vec!["body".into()], Value::Null)]),
        RawBody::Form(form) => return form::read(schema, &form),
        RawBody::Json(value) => value,
        RawBody::Text(text) => text.into(),
    };
    let fields = schema.judge(value, "body", |value| translate::value(schema.root(), "body", &value))?;
    let unknown = if schema.known().has_all(&fields) { Vec::new() } else { unknown::fields(schema.root(), &fields) };
    Ok(BodyContent { fields, unknown, ..BodyContent::default() })
}
