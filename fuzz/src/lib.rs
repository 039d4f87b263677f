//! Shared code of the fuzz targets: an emulator in this process, requests to it, and checks of its responses. It opens no
//! socket and reads no file.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method};
use llamacloud_mock::api;
use llamacloud_mock::config::{self, RawSettings};
use llamacloud_mock::emulator::{Arrival, Emulator};
use llamacloud_mock::fault::Target;
use llamacloud_mock::operation::{Operation, Route, Routes};
use llamacloud_mock::request::{Head, Request};
use llamacloud_mock::response::Response;
use llamacloud_mock::schema::Schemas;
use serde::de::IgnoredAny;
use serde_json::Value;

/// The API key of most requests.
pub const KEY: &str = "llx-fuzz";

/// The schemas that responses are validated against.
static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas::load(None).expect("the shipped schemas compile"));

static ROUTES: LazyLock<Routes> = LazyLock::new(|| Routes::new(api::operations()));

/// An emulator with a manual clock and these settings, named like their flags.
pub fn emulator(settings: &[(&'static str, &str)]) -> Emulator {
    let clock = [("clock", "manual"), ("start-time", "2026-01-01T00:00:00Z")];
    let typed: Vec<_> = clock.iter().chain(settings).map(|(name, value)| (*name, vec![(*value).to_owned()])).collect();
    let told = RawSettings::from_flags(&typed);
    Emulator::new(config::read(&told).expect("the settings are valid"), told).expect("the shipped schemas compile")
}

/// The head of a request with a key; `None` for a target that an HTTP parser rejects.
pub fn head(method: &str, target: &str, key: &str) -> Option<Head> {
    let target: PathAndQuery = target.parse().ok().filter(|_| target.starts_with('/'))?;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {key}")).ok()?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(Head {
        method: Method::from_bytes(method.as_bytes()).ok()?,
        path: target.path().to_owned(),
        query: target.query().map(str::to_owned),
        headers,
    })
}

/// The emulator's response to a request.
pub fn answer(emulator: &Emulator, head: Head, body: &[u8]) -> Response {
    match emulator.arrive(&head) {
        Arrival::Decided(reply) => reply,
        Arrival::Admitted(mut context) => {
            emulator.handle(&mut context, &Request { head, body: Bytes::copy_from_slice(body) })
        }
    }
}

/// The operations that fault rules can be about.
pub fn targets() -> Vec<Target> {
    emulator(&[]).targets().to_vec()
}

/// Removes everything that earlier inputs created.
pub fn reset(emulator: &Emulator) {
    let head = head("POST", "/__admin/reset", KEY).expect("a valid head");
    assert_eq!(answer(emulator, head, b"").status, 204);
}

/// Creates an index and returns it.
pub fn create(emulator: &Emulator, key: &str, directory: &str) -> Value {
    let body = serde_json::json!({ "source_directory_id": directory }).to_string();
    let reply = answer(emulator, head("POST", "/api/v1/indexes", key).expect("a valid head"), body.as_bytes());
    assert_eq!(reply.status, 201);
    serde_json::from_slice(&reply.body).expect("a JSON body")
}

/// The operation of a request, if there is one.
pub fn operation(head: &Head) -> Option<&'static Operation> {
    match ROUTES.find(&head.method, &head.path) {
        Route::Found(operation, _) => Some(operation),
        _ => None,
    }
}

/// Checks that the status of a response is allowed for `operation` and that its body matches its schema.
pub fn check(operation: Option<&Operation>, reply: &Response) {
    let shown = || String::from_utf8_lossy(&reply.body).into_owned();
    match (operation, reply.status) {
        (Some(operation), status) if status == operation.status => match operation.response {
            Some(schema) => assert_keeps_to(schema, reply),
            None => assert!(reply.body.is_empty(), "{}", shown()),
        },
        (Some(_), 422) => assert_keeps_to("violations", reply),
        (Some(_), 400 | 401 | 403 | 404 | 409) | (None, 404 | 405) => assert_keeps_to("refusal", reply),
        (None, 307) => assert!(reply.headers.contains_key("location")),
        (_, status) => panic!("{:?} has status {status}: {}", operation.map(|row| row.name), shown()),
    }
}

/// Asserts that a body matches the schema of this name. A body that echoes a private key of `serde_json` cannot be parsed
/// with it and is only checked to be JSON.
pub fn assert_keeps_to(schema: &str, reply: &Response) {
    if String::from_utf8_lossy(&reply.body).contains("$serde_json::private::") {
        serde_json::from_slice::<IgnoredAny>(&reply.body).expect("a JSON body");
        return;
    }
    let body: Value = serde_json::from_slice(&reply.body)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&reply.body)));
    assert!(
        SCHEMAS.get(schema).expect("a known schema").is_valid(&body),
        "{} does not match {schema}: {body}",
        reply.status
    );
}
