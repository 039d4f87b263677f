//! An emulator in this process, calls to it, and what any of its answers must hold. It opens no socket and reads no
//! file.

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

/// The key of the tenant that most targets speak as.
pub const KEY: &str = "llx-fuzz";

/// The schemas that answers are held against.
static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas::load(None).expect("ours compile"));

static ROUTES: LazyLock<Routes> = LazyLock::new(|| Routes::new(api::operations()));

/// An emulator with a standing clock and these settings more, by the names of their flags.
pub fn emulator(settings: &[(&'static str, &str)]) -> Emulator {
    let standing = [("clock", "manual"), ("start-time", "2026-01-01T00:00:00Z")];
    let typed: Vec<_> =
        standing.iter().chain(settings).map(|(name, value)| (*name, vec![(*value).to_owned()])).collect();
    let told = RawSettings::from_flags(&typed);
    Emulator::new(config::read(&told).expect("the settings of a target are good"), told).expect("ours compile")
}

/// The head of a call under a key; `None` for a target that no HTTP parser would let through.
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

/// What the emulator answers to a call.
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

/// Forgets everything that earlier inputs made.
pub fn reset(emulator: &Emulator) {
    let head = head("POST", "/__admin/reset", KEY).expect("is a head");
    assert_eq!(answer(emulator, head, b"").status, 204);
}

/// Makes an index, and shows it.
pub fn create(emulator: &Emulator, key: &str, directory: &str) -> Value {
    let body = serde_json::json!({ "source_directory_id": directory }).to_string();
    let reply = answer(emulator, head("POST", "/api/v1/indexes", key).expect("is a head"), body.as_bytes());
    assert_eq!(reply.status, 201);
    serde_json::from_slice(&reply.body).expect("answers are JSON")
}

/// The row that a head means, if it means one.
pub fn operation(head: &Head) -> Option<&'static Operation> {
    match ROUTES.find(&head.method, &head.path) {
        Route::Found(operation, _) => Some(operation),
        _ => None,
    }
}

/// Holds an answer of `operation` against the contract: a status that it may have, a body true to its schema.
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
        (_, status) => panic!("{:?} answered {status}: {}", operation.map(|row| row.name), shown()),
    }
}

/// Asserts that a body keeps to the schema of this name. One that echoes a key of `serde_json`'s own cannot be read back
/// with it, and is only asked to be JSON.
pub fn assert_keeps_to(schema: &str, reply: &Response) {
    if String::from_utf8_lossy(&reply.body).contains("$serde_json::private::") {
        serde_json::from_slice::<IgnoredAny>(&reply.body).expect("is JSON");
        return;
    }
    let body: Value = serde_json::from_slice(&reply.body)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&reply.body)));
    assert!(SCHEMAS.get(schema).expect("has this name").is_valid(&body), "{} is no {schema}: {body}", reply.status);
}
