//! What a jumping clock counts as events, what a reset leaves of them, and which clock an answer is dated by.

use serde_json::json;

use crate::support::{Client, START, server};
use llamacloud_mock::embedded::MockServer;

const LIST: &str = "/api/v1/indexes";

fn jumping(settings: &[(&str, &str)]) -> MockServer {
    server(&[&[("clock", "auto"), ("start-time", START)], settings].concat())
}

fn path_of_new(client: &Client) -> String {
    format!("{LIST}/{}", client.create("dir-a")["id"].as_str().expect("an id"))
}

#[test]
fn a_sync_that_goes_by_reads_and_then_by_time_ends() {
    let server = jumping(&[("fault", "sync script=pending*2,pending:5s,ready")]);
    let client = Client::of(&server);
    let path = path_of_new(&client);
    let statuses: Vec<_> = (0..3).map(|_| client.get(&path).json()["metadata"]["status"].clone()).collect();
    assert_eq!(json!(statuses), json!(["pending", "pending", "ready"]));
}

#[test]
fn a_read_that_lags_catches_up() {
    let server = jumping(&[("fault", "indexes.get lag=2s"), ("sync-duration", "0")]);
    let client = Client::of(&server);
    assert_eq!(client.get(&path_of_new(&client)).status, 200, "the next call brings the next event");
    client.arm("indexes.list lag=3s");
    client.create("dir-b");
    assert_eq!(client.get(LIST).json()["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_window_begins() {
    let server = jumping(&[("fault", "indexes.list status=500 between=10s..30s")]);
    let client = Client::of(&server);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [200, 500]);
}

#[test]
fn a_reset_forgets_what_was_to_come() {
    let server = jumping(&[("sync-duration", "5s")]);
    let client = Client::of(&server);
    let first = client.create("dir-a");
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    assert_eq!(client.create("dir-a"), first);
}

#[test]
fn a_call_that_waits_is_answered_when_its_clock_stops_jumping() {
    let server = jumping(&[("fault", "indexes.list delay=1h nth=1"), ("fault", "indexes.get hang")]);
    let client = Client::of(&server);
    // One that is not waiting yet keeps the clock from jumping: its body is still to come.
    let mut open = client.wire();
    open.send(format!(
        "POST {LIST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: 9\r\n\r\n",
        client.key()
    ));
    let tenant = json!(client.key());
    let is_open = |calls: u64| {
        let state = client.get(&format!("/__admin/state?tenant={}", client.key())).json();
        state["tenants"][0]["open_calls"] == calls
    };
    crate::support::wait_until("the first call is open", || is_open(1));
    let mut waiting = client.wire();
    waiting.send(client.request("GET", LIST, "", None));
    crate::support::wait_until("the second call waits", || is_open(2));
    assert_eq!(client.call("PUT", "/__admin/clock", Some(&json!({ "tenant": tenant, "mode": "manual" }))).status, 200);
    assert_eq!(waiting.answer().map(|answer| answer.status), Some(200));
}

#[test]
fn an_answer_is_dated_by_its_tenants_clock_however_that_was_set() {
    let server = server(&[]);
    let client = Client::of(&server);
    let clock = json!({ "tenant": client.key(), "mode": "manual", "now": "2030-01-01T00:00:00Z" });
    assert_eq!(client.call("PUT", "/__admin/clock", Some(&clock)).status, 200);
    assert_eq!(client.get(LIST).header("date"), Some("Tue, 01 Jan 2030 00:00:00 GMT"));
}
