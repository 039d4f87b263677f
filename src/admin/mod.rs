//! How to look and steer: `/health`, `/ready`, `/openapi.json` and everything under `/__admin/`. Never faulted, never journaled, always
//! answered; one gate for the whole tree, shut by default where unauthenticated could come by.

mod clock;
mod config;
mod context;
mod faults;
mod journal;
mod read;
mod retries;
mod state;

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method};
use subtle::ConstantTimeEq;

use crate::error::ApiError;
use crate::request::{Head, Request};
use crate::response::Response;
use crate::{redact, terminal};

pub(crate) use context::AdminContext;

/// Where the tree begins.
pub(crate) const PREFIX: &str = "/__admin";

type Handler = fn(AdminContext<'_>, &Request) -> Result<Response, ApiError>;

/// The table of the tree: method, path below [`PREFIX`], what it does.
const ROUTES: &[(Method, &str, Handler)] = &[
    (Method::GET, "/state", state::show),
    (Method::POST, "/reset", state::reset),
    (Method::GET, "/clock", clock::show),
    (Method::PUT, "/clock", clock::set),
    (Method::POST, "/clock/advance", clock::advance),
    (Method::GET, "/journal", journal::show),
    (Method::GET, "/config", config::show),
    (Method::GET, "/retries", retries::show),
    (Method::GET, "/faults", faults::list),
    (Method::POST, "/faults", faults::add),
    (Method::DELETE, "/faults", faults::clear),
    (Method::GET, "/faults/{name}", faults::show),
    (Method::PUT, "/faults/{name}", faults::put),
    (Method::DELETE, "/faults/{name}", faults::remove),
];

/// What a head means here: nothing, a request that may go on, or an answer.
pub(crate) fn route(admin: AdminContext<'_>, head: &Head) -> Option<Result<(), Response>> {
    let path = head.path.as_str();
    match path {
        "/health" | "/ready" => return Some(Err(shown(&head.method, &br#"{"status":"ok"}"#[..]))),
        "/openapi.json" => return Some(Err(shown(&head.method, admin.openapi()))),
        _ => {}
    }
    let below = path.strip_prefix(PREFIX)?;
    if !below.is_empty() && !below.starts_with('/') {
        return None;
    }
    let admitted = gate(admin, &head.headers).and_then(|()| find(&head.method, below)).map(|_| ());
    Some(admitted.map_err(Response::from))
}

/// Answers a request that [`route`] let go on.
pub(crate) fn handle(admin: AdminContext<'_>, request: &Request) -> Response {
    let below = request.head.path.strip_prefix(PREFIX).unwrap_or_default();
    let answer = find(&request.head.method, below).and_then(|handler| handler(admin, request));
    harmless(answer.unwrap_or_else(Response::from))
}

/// People read these answers on terminals and paste them into reports, and they hold what clients wrote: keys that look
/// real are not shown, wherever they stand, and nothing moves a cursor.
fn harmless(mut response: Response) -> Response {
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
        ApiError { allow: Some("GET"), ..ApiError::text(405, "Method Not Allowed") }.into()
    }
}

fn find(method: &Method, below: &str) -> Result<Handler, ApiError> {
    let mut at_path = ROUTES.iter().filter(|(_, path, _)| is_at(path, below)).peekable();
    let Some((first, _, _)) = at_path.peek() else { return Err(ApiError::text(404, "Not Found")) };
    let allow = first.as_str();
    at_path
        .find(|(wanted, _, _)| wanted == method)
        .map(|(_, _, handler)| *handler)
        .ok_or_else(|| ApiError { allow: Some(allow), ..ApiError::text(405, "Method Not Allowed") })
}

fn is_at(path: &str, below: &str) -> bool {
    match path.strip_suffix("{name}") {
        Some(folder) => below.strip_prefix(folder).is_some_and(|name| !name.is_empty() && !name.contains('/')),
        None => path == below,
    }
}

/// Lets a caller in: on loopback anyone unless a token is set, elsewhere nobody without one.
fn gate(admin: AdminContext<'_>, headers: &HeaderMap) -> Result<(), ApiError> {
    let settings = admin.settings;
    let Some(token) = &settings.admin_token else {
        return if settings.host.is_loopback() {
            Ok(())
        } else {
            Err(ApiError::text(403, "Bound to an address that others reach, /__admin/ needs a token (--admin-token)"))
        };
    };
    let shown = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown =
        shown.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let good = shown.is_some_and(|(_, given)| given.trim().as_bytes().ct_eq(token.as_bytes()).into());
    if good {
        Ok(())
    } else {
        Err(ApiError::text(401, "/__admin/ asks for the token of --admin-token, as Authorization: Bearer"))
    }
}
