//! `/health`, `/ready`, `/openapi.json` and the admin API under `/__admin/`. Their requests meet no fault rule and are not
//! journaled. Access to the admin API is checked in one place.

mod clock;
mod config;
mod context;
mod faults;
mod journal;
mod listener;
mod litter;
mod operations;
mod read;
mod retries;
mod routes;
mod state;

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method};
use subtle::ConstantTimeEq;

use crate::config::AdminAccess;
use crate::error::ApiError;
use crate::request::{Head, Request};
use crate::response::Response;
use crate::{redact, terminal};

pub(crate) use context::AdminContext;

/// The path of the admin API.
pub(crate) const PREFIX: &str = "/__admin";

/// Routes a request by its head: `None` if its path is not one of this module, `Ok` if [`handle`] responds to it, `Err` if
/// this is the response.
pub(crate) fn route(admin: AdminContext<'_>, head: &Head) -> Option<Result<(), Response>> {
    let path = head.path.as_str();
    match path {
        "/health" | "/ready" => return Some(Err(health(admin, &head.method))),
        "/openapi.json" => return Some(Err(shown(&head.method, admin.openapi()))),
        _ => {}
    }
    let below = path.strip_prefix(PREFIX)?;
    if !below.is_empty() && !below.starts_with('/') {
        return None;
    }
    let admitted = check_access(admin, &head.headers).and_then(|()| routes::find(&head.method, below)).map(|_| ());
    Some(admitted.map_err(|error| printable(error.into())))
}

/// Whether the server takes requests, and the id of its process.
fn health(admin: AdminContext<'_>, method: &Method) -> Response {
    let status = if admin.is_draining { "draining" } else { "ok" };
    let body = format!(r#"{{"status":"{status}","pid":{}}}"#, std::process::id());
    let response = shown(method, body);
    if admin.is_draining && response.is_success() { Response { status: 503, ..response } } else { response }
}

/// The response to a request that [`route`] accepted.
pub(crate) fn handle(admin: AdminContext<'_>, request: &Request) -> Response {
    let below = request.head.path.strip_prefix(PREFIX).unwrap_or_default();
    let response = routes::find(&request.head.method, below).and_then(|route| {
        route.check(request)?;
        (route.handler)(admin, request)
    });
    printable(response.unwrap_or_else(Response::from))
}

/// Creates the tenant of a key unless it exists; otherwise the error that says why it cannot exist.
pub(crate) fn create_tenant(admin: AdminContext<'_>, key: &str) -> Result<(), ApiError> {
    read::tenant_or_new(admin, key).map(|_| ())
}

/// These responses contain text of clients, and are shown on terminals and in reports: keys that look real are masked
/// everywhere in them, and control characters are escaped.
fn printable(mut response: Response) -> Response {
    let Ok(text) = std::str::from_utf8(&response.body) else { return response };
    let shown = redact::masked(text);
    let shown = match terminal::escape_controls(&shown) {
        Cow::Owned(escaped) => Cow::Owned(escaped),
        Cow::Borrowed(_) => shown,
    };
    if let Cow::Owned(shown) = shown {
        response.body = shown.into();
    }
    response
}

fn shown(method: &Method, json: impl Into<Bytes>) -> Response {
    if *method == Method::GET || *method == Method::HEAD {
        Response::bytes(200, "application/json", json)
    } else {
        ApiError { allow: Some("GET".into()), ..ApiError::text(405, "Method Not Allowed") }.into()
    }
}

/// Checks whether a request may use `/__admin/` (`--admin`).
fn check_access(admin: AdminContext<'_>, headers: &HeaderMap) -> Result<(), ApiError> {
    let token = match (admin.settings.admin, &admin.settings.admin_token) {
        (AdminAccess::Open, _) => return Ok(()),
        (AdminAccess::Off, _) => return Err(ApiError::text(404, "Not Found")),
        (AdminAccess::Token, Some(token)) => token,
        (AdminAccess::Token, None) | (AdminAccess::Closed, _) => {
            return Err(ApiError::text(
                403,
                "The server listens on an address that others can reach, so /__admin/ needs a token (--admin-token)",
            ));
        }
    };
    let credential = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer =
        credential.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let is_valid = bearer.is_some_and(|(_, given)| given.trim().as_bytes().ct_eq(token.as_bytes()).into());
    if is_valid {
        Ok(())
    } else {
        Err(ApiError::text(401, "/__admin/ requires the token of --admin-token, as Authorization: Bearer"))
    }
}
