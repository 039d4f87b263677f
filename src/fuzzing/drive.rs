//! Requests to an emulator without a server, and the properties that each of its responses must have.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::api;
use crate::emulator;
use crate::instance::Instance;
use crate::operation::{Operation, Route, Router};
use crate::request::{Head, Request};
use crate::response::Response;
use crate::schema::Schemas;

/// The API key that most targets use.
pub(super) const KEY: &str = "llx-fuzz";

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas::load(None).expect("the embedded schemas are valid"));

static ROUTER: LazyLock<Router> = LazyLock::new(|| Router::new(api::operations()));

/// An emulator with a stopped clock and these settings, by the names of their flags.
pub(super) fn instance(settings: &[(&'static str, &str)]) -> Instance {
    let stopped = [("clock", "manual"), ("start-time", "2026-01-01T00:00:00Z")];
    Instance::of_flags(&[&stopped, settings].concat())
}

/// The first line of an input, and what follows it.
pub(super) fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}

/// The method, path and query of a request; `None` for a target that no HTTP parser would accept.
pub(super) fn bare_head(method: &str, target: &str) -> Option<Head> {
    let target: PathAndQuery = target.parse().ok().filter(|_| target.starts_with('/'))?;
    Some(Head {
        method: Method::from_bytes(method.as_bytes()).ok()?,
        path: target.path().to_owned(),
        query: target.query().map(str::to_owned),
        headers: HeaderMap::new(),
    })
}

/// The head of a request with a JSON body and an API key; `None` for a target that no HTTP parser would accept.
pub(super) fn head_of(method: &str, target: &str, key: &str) -> Option<Head> {
    let mut head = bare_head(method, target)?;
    head.headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {key}")).ok()?);
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(head)
}

/// The response to a request. It does not wait: a delayed request acts at once.
pub(super) fn respond(instance: &Instance, head: Head, body: &[u8]) -> Response {
    emulator::respond(instance, &Request { head, body: Bytes::copy_from_slice(body) })
}

/// Removes everything that earlier inputs created.
pub(super) fn reset(instance: &Instance) {
    let head = head_of("POST", "/__admin/reset", KEY).expect("the head is valid");
    assert_eq!(respond(instance, head, b"").code(), Some(204));
}

/// Creates an index and returns its representation.
pub(super) fn create(instance: &Instance, key: &str, directory: &str) -> Value {
    let body = serde_json::json!({ "source_directory_id": directory }).to_string();
    let head = head_of("POST", "/api/v1/indexes", key).expect("the head is valid");
    let response = respond(instance, head, body.as_bytes());
    assert_eq!(response.code(), Some(201));
    serde_json::from_slice(&response.body.bytes()).expect("responses are JSON")
}

/// The operation that a request is for, if there is one.
pub(super) fn operation_of(head: &Head) -> Option<&'static Operation> {
    match ROUTER.find(&head.method, &head.path) {
        Route::Found(routed) => Some(routed.operation),
        _ => None,
    }
}

/// Asserts that `operation` may have this response: its status, and a body that its schema accepts.
pub(super) fn assert_allowed(operation: Option<&Operation>, response: &Response) {
    let shown = || String::from_utf8_lossy(&response.body.bytes()).into_owned();
    match (operation, response.code()) {
        (Some(operation), Some(status)) if status == operation.status => match operation.response {
            Some(schema) => assert_matches(schema, response),
            None => assert!(response.body.is_empty(), "{}", shown()),
        },
        (Some(_), Some(422)) => assert_matches("violations", response),
        (Some(_), Some(400 | 401 | 403 | 404 | 409)) | (None, Some(404 | 405)) => assert_matches("refusal", response),
        (None, Some(307)) => assert!(response.headers.contains_key("location")),
        (_, status) => panic!("{:?} responded {status:?}: {}", operation.map(|row| row.name), shown()),
    }
}

/// Asserts that the schema of this name accepts the body of a response. A body that echoes a private key of
/// `serde_json` cannot be parsed into a value, and is only asserted to be JSON.
pub(super) fn assert_matches(schema: &str, response: &Response) {
    let shown = || String::from_utf8_lossy(&response.body.bytes()).into_owned();
    if shown().contains("$serde_json::private::") {
        serde_json::from_slice::<IgnoredAny>(&response.body.bytes()).expect("the body is JSON");
        return;
    }
    let body: Value =
        serde_json::from_slice(&response.body.bytes()).unwrap_or_else(|error| panic!("{error}: {}", shown()));
    let schema_of_name = SCHEMAS.get(schema).expect("a schema has this name");
    assert!(schema_of_name.is_valid(&body), "{:?} does not match {schema}: {body}", response.status);
}
