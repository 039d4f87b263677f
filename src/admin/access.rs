//! Who may use which route of the admin API (`--admin`). Nothing else decides that.

use std::borrow::Cow;

use serde_json::Value;
use subtle::ConstantTimeEq;

use super::read;
use super::route::{AdminRoute, RouteScope};
use crate::config::{AdminAccess, Settings};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::key_label;
use crate::request::{Head, Request};

/// Why an API key is refused.
const OWN_TENANT_ALONE: &str = "an API key reaches its own tenant alone (--admin own)";

/// What a request to the admin API may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every tenant, and the server.
    All,
    /// The tenant of this API key (`--admin own`).
    Own(String),
}

impl Reach {
    /// What the credential of a request reaches; an error if that is nothing.
    pub(super) fn of(instance: &Instance, head: &Head) -> Result<Self, ApiError> {
        let settings = &instance.settings;
        match settings.admin {
            AdminAccess::Open => Ok(Self::All),
            AdminAccess::Off => Err(ApiError::text(404, "Not Found")),
            AdminAccess::Closed => Err(ApiError::text(
                403,
                "The server listens on an address that others can reach, so /__admin/ needs a token (--admin-token)",
            )),
            AdminAccess::Token | AdminAccess::Own if has_token(settings, head) => Ok(Self::All),
            AdminAccess::Token => {
                Err(ApiError::text(401, "/__admin/ requires the token of --admin-token, as Authorization: Bearer"))
            }
            AdminAccess::Own => {
                let key = head.bearer().filter(|key| instance.is_key(key));
                key.map(|key| Self::Own(key.to_owned())).ok_or_else(|| {
                    ApiError::text(401, "/__admin/ requires an API key as Authorization: Bearer (--admin own)")
                })
            }
        }
    }

    /// The request as its route handles it: one that reads and names no tenant is about the own one. An error if it is
    /// about anything else.
    pub(super) fn confine<'r>(&self, route: &AdminRoute, request: &'r Request) -> Result<Cow<'r, Request>, ApiError> {
        let Self::Own(key) = self else { return Ok(Cow::Borrowed(request)) };
        if route.scope == RouteScope::Program {
            return Ok(Cow::Borrowed(request));
        }
        let refusal = |problem| Err(ApiError::text(403, format!("{problem}; {OWN_TENANT_ALONE}")));
        if route.scope == RouteScope::Server {
            return refusal(format!("{route}: is about the whole server"));
        }
        let place = route.tenant_field();
        let names = tenant_names(request, place)?;
        let is_own = |name: &String| name == key || *name == key_label::label_of(key);
        match (names.as_slice(), route.scope) {
            ([], RouteScope::Reads) => Ok(Cow::Owned(with_tenant(request, key))),
            ([], _) => refusal(format!("{place}: is missing")),
            (names, _) if names.iter().all(is_own) => Ok(Cow::Borrowed(request)),
            _ => refusal(format!("{place}: is not the tenant of this key")),
        }
    }
}

/// Whether a request has the token of `--admin-token`.
fn has_token(settings: &Settings, head: &Head) -> bool {
    let token = settings.admin_token.as_deref().zip(head.bearer());
    token.is_some_and(|(token, given)| given.as_bytes().ct_eq(token.as_bytes()).into())
}

/// Every tenant that a request names: in its query, and in this field of its body.
pub(super) fn tenant_names(request: &Request, field: &str) -> Result<Vec<String>, ApiError> {
    let mut names: Vec<String> = read::query_all(request, "tenant").collect();
    // A value that is no text names no tenant, and every handler refuses it.
    if let Some(Value::String(name)) = read::any_body(request)?.get(field) {
        names.push(name.clone());
    }
    Ok(names)
}

/// The same request about the tenant of this key.
fn with_tenant(request: &Request, key: &str) -> Request {
    let mut request = request.clone();
    let query = request.head.query.take().unwrap_or_default();
    request.head.query = Some(form_urlencoded::Serializer::new(query).append_pair("tenant", key).finish());
    request
}
