//! `/health`, `/ready`, `/openapi.json`, the admin API under `/__admin/`, and its page in the browser. Their requests
//! meet no fault rule and are not journaled. Access to the admin API is checked in one place.

mod about;
mod access;
mod audit;
pub(crate) mod check;
mod chunks;
mod clock;
mod config;
mod drift;
mod faults;
mod har;
mod journal;
mod journal_stream;
mod listener;
mod litter;
mod metrics;
mod operations;
mod page;
mod preview;
mod read;
mod reload;
mod retries;
mod route;
mod routes;
mod scenarios;
mod snapshot;
mod state;
mod tenants;
#[cfg(test)]
mod tests;
mod verify;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};

pub(crate) use self::access::Reach;
use self::route::AdminBody;
use crate::clock::Deadline;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::request::{Head, Request};
use crate::response::{Body, Response};
use crate::{redact, terminal};

pub(crate) use page::is_document as is_page;

/// The path of the admin API.
pub(crate) const PREFIX: &str = "/__admin";

/// The pause before a response is asked for again that may become another one.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether a request is one of this module's, and may be made.
#[derive(Debug)]
pub(crate) enum Access {
    /// Its path is not one of this module.
    Elsewhere,
    /// This is the response, whatever its body.
    Response(Box<Response>),
    /// [`handle`] responds to it.
    Granted {
        /// What it may reach.
        reach: Reach,
        /// Whether its body is a snapshot, which can be large.
        takes_snapshot: bool,
    },
}

impl From<Response> for Access {
    fn from(response: Response) -> Self {
        Self::Response(Box::new(response))
    }
}

/// Routes a request by its head.
pub(crate) fn access(instance: &Instance, head: &Head) -> Access {
    match head.path.as_str() {
        "/health" | "/ready" => return health(instance, &head.method).into(),
        "/openapi.json" => return shown(&head.method, instance.openapi()).into(),
        _ => {}
    }
    if let Some(response) = page(instance, head) {
        return response.into();
    }
    let Some(below) = below(&head.path) else { return Access::Elsewhere };
    let granted = Reach::of(instance, head).and_then(|reach| {
        let takes_snapshot = matches!(routes::find(&head.method, below)?.body, AdminBody::Snapshot);
        Ok(Access::Granted { reach, takes_snapshot })
    });
    granted.unwrap_or_else(|error| printable(error.into()).into())
}

/// The response to a request for a file of the page, which needs no token; `None` if it is for none, or if there is no
/// admin API.
fn page(instance: &Instance, head: &Head) -> Option<Response> {
    let file = page::requested(&head.method, &head.path, &head.headers)?;
    match Reach::of(instance, head) {
        Err(error) if error.status == 404 => None,
        Err(error) if error.status == 403 => Some(error.into()),
        Ok(_) | Err(_) => Some(file.response(&head.method)),
    }
}

/// The part of a path below [`PREFIX`], if it is there.
pub(crate) fn below(path: &str) -> Option<&str> {
    path.strip_prefix(PREFIX).filter(|below| below.is_empty() || below.starts_with('/'))
}

/// Whether the server takes requests, and the id of its process.
fn health(instance: &Instance, method: &Method) -> Response {
    let (status, code) = if instance.is_draining() { ("draining", 503) } else { ("ok", 200) };
    let body = format!(r#"{{"status":"{status}","pid":{}}}"#, std::process::id());
    let response = shown(method, body.clone());
    if response.is_success() { Response::bytes(code, "application/json", body) } else { response }
}

/// The response to a request to which access was granted, within its reach.
pub(crate) fn handle(instance: &Instance, reach: &Reach, request: &Request) -> Response {
    let below = below(&request.head.path).unwrap_or_default();
    let response = routes::find(&request.head.method, below).and_then(|route| {
        let request = reach.confine(route, request)?;
        route.check(&request)?;
        // Before the tenant may be forgotten.
        let change = audit::change(instance, route, &request);
        Ok(Response { change, ..(route.handler)(instance, &request)? })
    });
    printable(response.unwrap_or_else(Response::from))
}

/// The response to a POST request of this process with a JSON body; it needs no access.
pub(crate) fn post(instance: &Instance, path: &str, json: String) -> Response {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let head = Head { method: Method::POST, path: path.to_owned(), query: None, headers };
    handle(instance, &Reach::All, &Request { head, body: json.into() })
}

/// The same, asked for again as long as the response may become another one: `pause` waits meanwhile.
pub(crate) fn post_settled(instance: &Instance, path: &str, json: &str, pause: impl Fn(Duration)) -> Response {
    let ask = || post(instance, path, json.to_owned());
    let mut response = ask();
    let deadline = Deadline::after(response.settles_within.unwrap_or_default());
    while response.settles_within.is_some() && !deadline.has_passed() {
        pause(PAUSE);
        response = ask();
    }
    response
}

/// The response to a GET request of this process; it needs no access.
pub(crate) fn get(instance: &Instance, path: &str) -> Response {
    let head = Head { method: Method::GET, path: path.to_owned(), query: None, headers: HeaderMap::new() };
    handle(instance, &Reach::All, &Request { head, body: Bytes::new() })
}

/// Creates the tenant of a key unless it exists; otherwise the error that says why it cannot exist.
pub(crate) fn create_tenant(instance: &Instance, key: &str) -> Result<(), ApiError> {
    read::tenant_or_new(instance, key).map(|_| ())
}

/// These responses contain text of clients, and are shown on terminals and in reports: keys that look real are masked
/// everywhere in them, and control characters are escaped.
fn printable(mut response: Response) -> Response {
    let Body::Whole(body) = &response.body else { return response };
    let Ok(text) = std::str::from_utf8(body) else { return response };
    if let Cow::Owned(shown) = printable_text(text) {
        response.body = shown.into();
    }
    response
}

fn printable_text(text: &str) -> Cow<'_, str> {
    let masked = redact::masked(text);
    match terminal::escape_controls(&masked) {
        Cow::Owned(escaped) => Cow::Owned(escaped),
        Cow::Borrowed(_) => masked,
    }
}

fn shown(method: &Method, json: impl Into<Bytes>) -> Response {
    if *method == Method::GET || *method == Method::HEAD {
        Response::bytes(200, "application/json", json)
    } else {
        ApiError { allow: Some("GET".into()), ..ApiError::text(405, "Method Not Allowed") }.into()
    }
}
