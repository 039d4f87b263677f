//! Reading what a caller of `/__admin/` sends: strict JSON, and a sentence that names the field when it is not.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::AdminContext;
use crate::error::ApiError;
use crate::request::Request;
use crate::schema::read_value;
use crate::tenant::Tenant;

/// A body's fields; an empty body has none.
pub(super) fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    let bytes = json(request)?;
    // The reader would take a list for the fields in their order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::text(422, "the body is a list; it takes an object"));
    }
    serde_json::from_slice(bytes).map_err(|error| refusal(&error))
}

/// A body of any node; an empty body has no fields.
pub(super) fn any_body(request: &Request) -> Result<Value, ApiError> {
    read_value(json(request)?).map_err(|error| refusal(&error))
}

fn json(request: &Request) -> Result<&[u8], ApiError> {
    if request.body.is_empty() {
        return Ok(b"{}");
    }
    let content_type = request.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::text(415, "/__admin/ takes application/json"));
    }
    Ok(&request.body)
}

fn refusal(error: &serde_json::Error) -> ApiError {
    ApiError::text(422, error.to_string())
}

/// A query parameter's last value; an empty one counts as absent.
pub(super) fn query(request: &Request, name: &str) -> Option<String> {
    let query = request.head.query.as_deref().unwrap_or_default();
    let values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    values.last().map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
}

/// All values of a query parameter, in order.
pub(super) fn query_all(request: &Request, name: &str) -> impl Iterator<Item = String> {
    let query = request.head.query.as_deref().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).filter(move |(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A query parameter as a number.
pub(super) fn number(request: &Request, name: &str) -> Result<Option<usize>, ApiError> {
    let text = query(request, name);
    text.map(|text| text.parse().map_err(|_| ApiError::text(422, format!("{name}: {text:?} is not a number"))))
        .transpose()
}

/// The tenant that a caller names by key or label; `None` when it names none and means all. Naming a good key makes its
/// tenant, so that a test can steer it before its first request.
pub(super) fn tenant(admin: AdminContext<'_>, named: Option<&str>) -> Result<Option<Arc<Tenant>>, ApiError> {
    let Some(name) = named else { return Ok(None) };
    if name.is_empty() {
        return Err(ApiError::text(422, "tenant: is empty; leave it out to mean all"));
    }
    let unknown = || {
        ApiError::text(
            404,
            "tenant: no request has come with this label, and as a key it is not let in (--api-key, --max-tenants)",
        )
    };
    let tenant = admin.tenants.named(name).or_else(|| admin.tenant_of_key(name));
    tenant.map(Some).ok_or_else(unknown)
}

/// The named tenant, or all of them.
pub(super) fn tenants(admin: AdminContext<'_>, named: Option<&str>) -> Result<Vec<Arc<Tenant>>, ApiError> {
    Ok(tenant(admin, named)?.map_or_else(|| admin.tenants.all(), |tenant| vec![tenant]))
}
