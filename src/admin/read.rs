//! Reads the query and the body of a request to the admin API, and the tenant that it names. Errors have the form
//! `place: problem; did you mean WORD?`.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use serde_json::de::SliceRead;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::instance::{Instance, NoTenant};
use crate::key_label;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::schema::{read_unique, read_value};
use crate::tenant::Tenant;

/// The fields of a JSON object. A field that is `null` counts as absent.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// The names of the fields, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A field that holds text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(refusal(&ParseError::new(name, "takes a string"))),
        }
    }

    /// A field that holds any JSON but `null`.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A field that must be there and holds text.
    pub(super) fn required_text(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?.ok_or_else(|| refusal(&ParseError::new(name, "is missing")))
    }

    /// A field that holds a whole number from 1.
    pub(super) fn count(&self, name: &str) -> Result<Option<u32>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let count = value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
                let error = || refusal(&ParseError::new(name, "takes a whole number from 1"));
                count.map(Some).ok_or_else(error)
            }
        }
    }

    /// A field that is true or false; false if it is absent.
    pub(super) fn switch(&self, name: &str) -> Result<bool, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(is_on)) => Ok(*is_on),
            Some(_) => Err(refusal(&ParseError::new(name, "takes true or false"))),
        }
    }

    /// A field that holds a list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, ApiError> {
        let error = || refusal(&ParseError::new(name, "takes a list of strings"));
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => {
                items.iter().map(Value::as_str).collect::<Option<_>>().map(Some).ok_or_else(error)
            }
            Some(_) => Err(error()),
        }
    }
}

/// The fields of a body; an empty body has none.
pub(super) fn fields(request: &Request) -> Result<Fields, ApiError> {
    match read_unique(SliceRead::new(json(request)?), usize::MAX).map_err(|error| invalid_json(&error))? {
        Value::Object(fields) => Ok(Fields(fields)),
        _ => Err(refusal(&ParseError::new("body", "is no object"))),
    }
}

/// A body that may be any JSON; an empty body is an object without fields.
pub(super) fn any_body(request: &Request) -> Result<Value, ApiError> {
    read_value(json(request)?).map_err(|error| invalid_json(&error))
}

fn json(request: &Request) -> Result<&[u8], ApiError> {
    if request.body.is_empty() {
        return Ok(b"{}");
    }
    let content_type = request.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::text(415, "content-type: /__admin/ takes application/json"));
    }
    Ok(&request.body)
}

fn invalid_json(error: &serde_json::Error) -> ApiError {
    refusal(&ParseError::new("body", error))
}

/// The refusal of something that a client wrote.
pub(super) fn refusal(error: &ParseError) -> ApiError {
    ApiError::text(422, error.to_string())
}

/// The refusal of a part of what a client wrote at a place.
pub(super) fn inner_refusal(place: &str, error: ParseError) -> ApiError {
    let inner = if error.place.is_empty() { place.to_owned() } else { format!("{place}: {}", error.place) };
    refusal(&error.at(inner))
}

/// A segment of the path of a request, decoded; `from_end` counts those behind it.
pub(super) fn path_word(request: &Request, from_end: usize) -> String {
    let word = request.head.path.rsplit('/').nth(from_end).unwrap_or_default();
    percent_encoding::percent_decode_str(word).decode_utf8_lossy().into_owned()
}

/// All query parameters, in order.
pub(super) fn parameters(request: &Request) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(request.head.query.as_deref().unwrap_or_default().as_bytes())
}

/// All values of a query parameter, in order.
pub(super) fn query_all(request: &Request, name: &str) -> impl Iterator<Item = String> {
    parameters(request).filter(move |(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The value of a query parameter that is given once.
pub(super) fn query(request: &Request, name: &str) -> Option<String> {
    query_all(request, name).next()
}

/// A query parameter as a number.
pub(super) fn number(request: &Request, name: &str) -> Result<Option<usize>, ApiError> {
    let parse =
        |text: String| text.parse().map_err(|_| ParseError::new(name, format_args!("{text:?} is not a number")));
    query(request, name).map(parse).transpose().map_err(|error| refusal(&error))
}

/// A value that is one of a few words.
pub(super) fn word<T: FromStr>(name: &str, text: &str, words: &[&str]) -> Result<T, ApiError> {
    text.parse().map_err(|_| refusal(&ParseError::none_of(text, words).at(name)))
}

/// The key or the label of the tenant that a request names, in its query or in the field `tenant` of its body.
pub(super) fn tenant_name(request: &Request, field: Option<&str>) -> Result<Option<String>, ApiError> {
    match (query(request, "tenant"), field) {
        (Some(_), Some(_)) => Err(refusal(&ParseError::new("tenant", "is in the query and in the body"))),
        (None, Some("")) => Err(refusal(&ParseError::new("tenant", "is empty; leave it out to mean all tenants"))),
        (name, field) => Ok(name.or_else(|| field.map(str::to_owned))),
    }
}

/// The tenant with this key or label, if it exists.
pub(super) fn existing_tenant(instance: &Instance, name: &str) -> Result<Arc<Tenant>, ApiError> {
    instance.existing_tenant(name).ok_or_else(|| ApiError::text(404, unknown_tenant(instance, name)))
}

/// The tenant with this label, or of this key: a test sets up the tenant of a key before its first request.
pub(super) fn tenant_or_new(instance: &Instance, name: &str) -> Result<Arc<Tenant>, ApiError> {
    tenant_in(instance, "tenant", name)
}

/// The same for a name at another place of the request.
pub(super) fn tenant_in(instance: &Instance, place: &str, name: &str) -> Result<Arc<Tenant>, ApiError> {
    instance.tenant_or_new(name).map_err(|error| match error {
        NoTenant::Unknown => ApiError::text(404, unknown(instance, name).at(place).to_string()),
        NoTenant::NotCreated(error) => ApiError::text(403, format!("{place}: {error}")),
    })
}

/// The named tenant, or all of them.
pub(super) fn tenants(instance: &Instance, name: Option<&str>) -> Result<Vec<Arc<Tenant>>, ApiError> {
    name.map_or_else(|| Ok(instance.tenants.all()), |name| Ok(vec![existing_tenant(instance, name)?]))
}

/// The number of requests that are unknown because their tenants were evicted, to one who asks for all tenants.
pub(super) fn evicted_requests(instance: &Instance, name: Option<&str>) -> u64 {
    if name.is_none() { instance.tenants.evicted_requests() } else { 0 }
}

/// Why there is no tenant with this key or label.
pub(super) fn unknown_tenant(instance: &Instance, name: &str) -> String {
    unknown(instance, name).to_string()
}

fn unknown(instance: &Instance, name: &str) -> ParseError {
    if instance.tenants.was_evicted(name) {
        ParseError::new("tenant", "was evicted (--max-tenants)")
    } else if name.starts_with(key_label::PREFIX) {
        let all = instance.tenants.all();
        ParseError::new("tenant", "no tenant has this label").near(name, all.iter().map(|tenant| &*tenant.label))
    } else if instance.accepts_key(name) {
        let hint = "no request has come with this key; POST /__admin/reset with it as tenant creates its tenant";
        ParseError::new("tenant", hint)
    } else {
        ParseError::new("tenant", "this key is not accepted (--api-key)")
    }
}
