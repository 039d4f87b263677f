//! The events of the auto clock, what a reset removes of them, and the clock of the `Date` header.

use serde_json::json;

use crate::support::{Client, START, server};
use llamacloud_mock::embedded::MockServer;

const LIST: &str = "/api/v1/indexes";

fn auto_clock_server(settings: &[(&str, &str)]) -> MockServer {
    server(&[&[("clock", "auto"), ("start-time", START)], settings].concat())
}

fn path_of_new_index(client: &Client) -> String {
    format!("{LIST}/{}", client.create("dir-a")["id"].as_str().expect("an id"))
}

#[test]
fn a_script_step_counted_in_reads_and_one_in_time_both_end() {
    let server = auto_clock_server(&[("fault", "sync script=pending*2,pending:5s,ready")]);
    let client = Client::of(&server);
    let path = path_of_new_index(&client);
    let statuses: Vec<_> = (0..3).map(|_| client.get(&path).json()["metadata"]["status"].clone()).collect();
    assert_eq!(json!(statuses), json!(["pending", "pending", "ready"]));
}

#[test]
fn a_lagging_read_becomes_current_at_the_event_after_it() {
    let server = auto_clock_server(&[("fault", "indexes.get lag=2s"), ("sync-duration", "0")]);
    let client = Client::of(&server);
    let path = path_of_new_index(&client);
    assert_eq!([client.get(&path).status, client.get(&path).status], [404, 200]);
    client.add_rule("indexes.list lag=3s");
    client.create("dir-b");
    let count = |client: &Client| client.get(LIST).json()["items"].as_array().map(Vec::len);
    // The first one lags too: it is younger than the lag of the new rule.
    assert_eq!([count(&client), count(&client), count(&client)], [Some(0), Some(1), Some(2)]);
}

#[test]
fn a_fault_window_starts_at_the_next_event() {
    let server = auto_clock_server(&[("fault", "indexes.list status=500 between=10s..30s")]);
    let client = Client::of(&server);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [200, 500]);
}

#[test]
fn a_reset_discards_pending_events() {
    let server = auto_clock_server(&[("sync-duration", "5s")]);
    let client = Client::of(&server);
    let first = client.create("dir-a");
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    assert_eq!(client.create("dir-a"), first);
}

#[test]
fn a_delayed_request_completes_when_its_clock_becomes_manual() {
    let server = auto_clock_server(&[("fault", "indexes.list delay=1h nth=1"), ("fault", "indexes.get hang")]);
    let client = Client::of(&server);
    // The clock does not jump while this request is incomplete.
    let mut open = client.connect();
    open.send(format!(
        "POST {LIST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: 9\r\n\r\n",
        client.key()
    ));
    let tenant = json!(client.key());
    client.wait_for_open_calls(1);
    let mut waiting = client.connect();
    waiting.send(client.request_bytes("GET", LIST, "", None));
    // An open request may not be decided yet, and would then meet the manual clock.
    client.wait_for_entries(1);
    assert_eq!(client.send("PUT", "/__admin/clock", Some(&json!({ "tenant": tenant, "mode": "manual" }))).status, 200);
    assert_eq!(waiting.read_response().map(|response| response.status), Some(200));
}

#[test]
fn the_date_header_follows_the_tenants_clock() {
    let server = server(&[]);
    let client = Client::of(&server);
    let clock = json!({ "tenant": client.key(), "mode": "manual", "now": "2030-01-01T00:00:00Z" });
    assert_eq!(client.send("PUT", "/__admin/clock", Some(&clock)).status, 200);
    assert_eq!(client.get(LIST).header("date"), Some("Tue, 01 Jan 2030 00:00:00 GMT"));
}
