//! The stages of requests without a socket: what each returns, and what it leaves in the state and in the journal.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::stages::InProgress;
use super::*;
use crate::admin;
use crate::operation::{Job, Pool};
use crate::request::Request;
use crate::response::{HeadReset, Response};

const KEY: &str = "test-key";

/// A fault rule that makes creates wait before they act.
const DELAY: &str = "directories.create @before delay=5s";

/// A request with the key and a body of JSON.
fn request(method: &str, path: &str, body: &str) -> Request {
    let bearer = HeaderValue::from_str(&format!("Bearer {KEY}")).expect("a header value");
    let headers = [(AUTHORIZATION, bearer), (CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let headers = HeaderMap::from_iter(headers);
    let head = Head { method: method.parse().expect("a method"), path: path.to_owned(), query: None, headers };
    Request { head, body: body.to_owned().into() }
}

fn create_directory() -> Request {
    request("POST", "/api/v1/beta/directories", r#"{"name":"d"}"#)
}

/// An upload of a text file.
fn upload() -> Request {
    let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\ntext\r\n--b--\r\n";
    let mut upload = request("POST", "/api/v1/beta/files", body);
    let purpose = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nuser_data\r\n";
    upload.body = format!("{purpose}{body}").into();
    upload.head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=b"));
    upload
}

fn admitted(instance: &Instance, request: &Request) -> Box<Context> {
    match begin(instance, &request.head) {
        Admission::Admitted(context) => context,
        other => panic!("not admitted: {other:?}"),
    }
}

fn decided(instance: &Instance, request: &Request) -> (Box<Context>, Next) {
    let context = admitted(instance, request);
    let next = decide(instance, &context, request);
    (context, next)
}

/// A request that waits before it acts.
fn waiting(instance: &Instance, request: &Request) -> (Box<Context>, Duration, Box<InProgress>) {
    match decided(instance, request) {
        (context, Next::Wait(wait, in_progress)) => (context, wait.on_clock, in_progress),
        (_, other) => panic!("it does not wait: {other:?}"),
    }
}

/// A request that waits for its job.
fn working(instance: &Instance, request: &Request) -> (Box<Context>, Job, Box<InProgress>) {
    match decided(instance, request) {
        (context, Next::Job(job, in_progress)) => (context, job, in_progress),
        (_, other) => panic!("no job: {other:?}"),
    }
}

#[track_caller]
fn reply(next: Next) -> Reply {
    match next {
        Next::Reply(reply) => *reply,
        other => panic!("no reply: {other:?}"),
    }
}

fn shown(response: &Response) -> (u16, Value) {
    let body = response.body.bytes();
    (response.status.expect("a status").as_u16(), serde_json::from_slice(&body).unwrap_or_default())
}

fn admin_json(instance: &Instance, path: &str) -> Value {
    let response = admin::handle(instance, &admin::Reach::All, &request("GET", path, ""));
    serde_json::from_slice(&response.body.bytes()).expect("JSON")
}

/// The number, operation, status, outcome and `committed` of the newest entry in the journal.
fn newest_entry(instance: &Instance) -> Value {
    let journal = admin_json(instance, "/__admin/journal");
    let entry = journal["entries"].as_array().and_then(|entries| entries.last()).expect("an entry");
    json!([entry["seq"], entry["operation"], entry["status"], entry["outcome"], entry["committed"]])
}

fn live(instance: &Instance, kind: &str) -> usize {
    admin_json(instance, "/__admin/state")["tenants"][0][kind].as_array().map_or(0, Vec::len)
}

#[test]
fn a_request_acts_when_it_is_decided_and_is_recorded_with_its_outcome() {
    let instance = Instance::of_flags(&[]);
    let create = create_directory();
    let (context, next) = decided(&instance, &create);
    let reply = reply(next);
    assert_eq!(shown(&reply.response).0, 201);
    assert_eq!(newest_entry(&instance), json!([1, "directories.create", 201, "open", true]));
    record_outcome(&instance, &context, &reply, Outcome::Sent);
    assert_eq!(newest_entry(&instance), json!([1, "directories.create", 201, "sent", true]));
    assert_eq!(live(&instance, "directories"), 1);
}

#[test]
fn a_request_that_waits_before_it_acts_changes_nothing_until_then() {
    let (instance, create) = (Instance::of_flags(&[("fault", DELAY)]), create_directory());
    let (context, wait, in_progress) = waiting(&instance, &create);
    assert_eq!((wait, live(&instance, "directories")), (Duration::from_secs(5), 0));
    let reply = reply(act(&instance, &context, &create, in_progress));
    assert_eq!((shown(&reply.response).0, live(&instance, "directories")), (201, 1));
}

#[test]
fn a_request_that_waits_does_not_act_after_a_reset() {
    let (instance, create) = (Instance::of_flags(&[("fault", DELAY)]), create_directory());
    let (context, _, in_progress) = waiting(&instance, &create);
    let reset = request("POST", "/__admin/reset", "{}");
    assert_eq!(admin::handle(&instance, &admin::Reach::All, &reset).status.expect("a status"), 204);
    assert!(in_progress.release.has_come());
    let reply = reply(act(&instance, &context, &create, in_progress));
    assert_eq!((reply.response.status, live(&instance, "directories")), (None, 0));
}

#[test]
fn the_result_of_a_job_changes_the_state() {
    let (instance, upload) = (Instance::of_flags(&[]), upload());
    let (context, job, in_progress) = working(&instance, &upload);
    assert_eq!((job.pool, live(&instance, "files")), (Pool::Thread, 0));
    let result = job.run(&instance.worker);
    let reply = finish(&instance, &context, &upload, in_progress, result);
    assert_eq!((shown(&reply.response).0, live(&instance, "files")), (201, 1));
    assert_eq!(newest_entry(&instance), json!([1, "files.create", 201, "open", true]));
}

#[test]
fn a_job_without_a_result_changes_nothing() {
    let (instance, upload) = (Instance::of_flags(&[]), upload());
    let (context, _, in_progress) = working(&instance, &upload);
    let full = Err(ApiError::text(503, "full"));
    let reply = finish(&instance, &context, &upload, in_progress, full);
    assert_eq!(shown(&reply.response), (503, json!({"detail": "full"})));
    assert_eq!(newest_entry(&instance), json!([1, "files.create", 503, "open", false]));
    assert_eq!(live(&instance, "files"), 0);
}

#[test]
fn a_rule_that_resets_the_connection_acts_on_the_head() {
    let instance = Instance::of_flags(&[("fault", "directories.create reset=body")]);
    match begin(&instance, &create_directory().head) {
        Admission::Reset(HeadReset::InBody, _, reply) => {
            assert_eq!((reply.response.status, reply.entry), (None, Some(1)));
        }
        other => panic!("no reset: {other:?}"),
    }
    assert_eq!(live(&instance, "directories"), 0);
}

#[test]
fn the_syntax_of_a_body_is_judged_before_the_key() {
    let instance = Instance::of_flags(&[]);
    for (body, status) in [("{", 422), ("{}", 401)] {
        let mut create = request("POST", "/api/v1/beta/directories", body);
        create.head.headers.remove(AUTHORIZATION);
        let (_, next) = decided(&instance, &create);
        assert_eq!(shown(&reply(next).response).0, status, "{body}");
    }
    assert_eq!(admin_json(&instance, "/__admin/state")["tenants"], json!([]), "no tenant is created");
}

#[test]
fn a_panic_is_answered_and_recorded() {
    let instance = Instance::of_flags(&[]);
    let create = create_directory();
    let context = admitted(&instance, &create);
    let reply = fail(&instance, &context, &create.head, None);
    assert_eq!(shown(&reply.response).0, 500);
    assert_eq!(newest_entry(&instance), json!([1, "directories.create", 500, "open", false]));
    assert_eq!(admin_json(&instance, "/__admin/state")["panics"], 1);
}

#[test]
fn a_body_that_cannot_be_read_is_refused_and_recorded() {
    let instance = Instance::of_flags(&[]);
    let create = create_directory();
    let context = admitted(&instance, &create);
    assert_eq!(context.body_limits.flag, "--max-body-bytes");
    let reply = refuse(&instance, &context, &create.head, ApiError::unreadable_body());
    assert!(!reply.response.is_success());
    assert_eq!(newest_entry(&instance)[4], false);
}
