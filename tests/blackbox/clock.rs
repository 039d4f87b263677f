//! The auto clock, which jumps to the next event: delays take no real time, and retry headers tell clients so.

use serde_json::{Value, json};

use crate::support::{Client, START, manual_clock_server, server};
use llamacloud_mock::embedded::MockServer;

const LIST: &str = "/api/v1/indexes";

/// A server with auto clocks that start at [`START`].
fn auto_clock_server(settings: &[(&str, &str)]) -> MockServer {
    server(&[&[("clock", "auto"), ("start-time", START)], settings].concat())
}

/// The current time of this key's clock.
fn now(client: &Client) -> String {
    let clock = client.get(&format!("/__admin/clock?tenant={}", client.key())).json();
    clock["now"].as_str().expect("a timestamp").to_owned()
}

#[test]
fn a_delay_advances_the_clock_and_takes_no_real_time() {
    let server = auto_clock_server(&[
        ("fault", "indexes.list delay=1000h nth=1"),
        ("fault", "indexes.get delay=30m status=503"),
    ]);
    let client = Client::of(&server);
    assert_eq!((client.get(LIST).status, now(&client)), (200, "2026-02-11T16:00:00Z".to_owned()));
    assert_eq!(client.get("/api/v1/indexes/idx-a").status, 503);
    assert_eq!(now(&client), "2026-02-11T16:30:00Z");
    let other = client.with_key("llx-other");
    assert_eq!((other.get("/nowhere").status, other.post(LIST, &json!(1)).status), (404, 422));
    assert_eq!(now(&other), START, "each key has its own clock");
}

#[test]
fn a_sync_ends_at_the_next_request() {
    let server = auto_clock_server(&[("sync-duration", "8h")]);
    let client = Client::of(&server);
    let path = format!("{LIST}/{}", client.create("dir-a")["id"].as_str().expect("an id"));
    assert_eq!(client.get(&path).json()["metadata"]["status"], "ready");
    assert_eq!(now(&client), "2026-01-01T08:00:00Z");
}

#[test]
fn a_client_that_obeys_retry_after_succeeds() {
    let server = auto_clock_server(&[("fault", "* status=429 between=0..1h retry-after=1h")]);
    let client = Client::of(&server);
    let refused = client.get(LIST);
    assert_eq!(
        (refused.status, refused.header("retry-after"), refused.header("retry-after-ms")),
        (429, Some("3600"), Some("1"))
    );
    assert_eq!(client.get(LIST).status, 200);
    let server = auto_clock_server(&[("fault", "* limit=1/1h")]);
    let client = Client::of(&server);
    let statuses: Vec<u16> = (0..5).map(|_| client.get(LIST).status).collect();
    assert_eq!(statuses, [200, 429, 200, 429, 200]);
}

#[test]
fn two_delayed_requests_complete_in_the_order_of_their_deadlines() {
    let server =
        auto_clock_server(&[("fault", "* delay=2h when=header:x-long"), ("fault", "* delay=1h when=header:x-short")]);
    let client = Client::of(&server);
    // The clock does not jump while a request is incomplete, so both others wait together.
    let (mut running, rest) = partial_create_in_flight(&client);
    let start = |headers: &str| {
        let mut connection = client.connect();
        connection.send(client.request_bytes("GET", LIST, headers, None));
        connection
    };
    let (mut long, mut short) = (start("x-long: 1\r\n"), start("x-short: 1\r\n"));
    client.wait_for_entries(2);
    assert!(long.is_silent() && short.is_silent());
    running.send(rest);
    assert_eq!(running.read_response().expect("a response").status, 201);
    let date = |response: crate::support::HttpResponse| response.header("date").expect("a date").to_owned();
    assert_eq!(date(short.read_response().expect("a response")), "Thu, 01 Jan 2026 01:00:00 GMT");
    assert_eq!(date(long.read_response().expect("a response")), "Thu, 01 Jan 2026 02:00:00 GMT");
    assert_eq!(now(&client), "2026-01-01T02:00:00Z");
}

/// Sends a create request without its last byte and waits until the server has it; the connection and that byte.
fn partial_create_in_flight(client: &Client) -> (crate::support::RawConnection, Vec<u8>) {
    let mut request = client.request_bytes("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a"}"#));
    let rest = request.split_off(request.len() - 1);
    let mut connection = client.connect();
    connection.send(request);
    client.wait_for_open_calls(1);
    (connection, rest)
}

#[test]
fn a_running_request_stops_the_clock_from_jumping() {
    for effect in ["delay=1h", "dribble=1/1h"] {
        let server = auto_clock_server(&[("sync-duration", "0"), ("fault", &format!("indexes.list {effect}"))]);
        let client = Client::of(&server);
        let (mut running, rest) = partial_create_in_flight(&client);
        let mut waiting = client.connect();
        waiting.send(client.request_bytes("GET", LIST, "", None));
        client.wait_for_entries(1);
        // If the clock jumped, the delayed response would arrive before these do.
        for _ in 0..50 {
            assert_eq!(now(&client), START, "{effect}");
        }
        running.send(rest);
        assert_eq!(running.read_response().expect("a response").status, 201, "{effect}");
        assert_eq!(waiting.read_response().expect("a response").status, 200, "{effect}");
        assert!(now(&client).as_str() > START, "{effect}");
    }
}

#[test]
fn hanging_and_abandoned_requests_do_not_stop_the_clock() {
    let server = auto_clock_server(&[("fault", "indexes.get hang"), ("fault", "indexes.list delay=1h")]);
    let client = Client::of(&server);
    let mut hung = client.connect();
    hung.send(client.request_bytes("GET", "/api/v1/indexes/idx-a", "", None));
    client.wait_for_entries(1);
    assert_eq!(client.get(LIST).status, 200);
    assert_eq!(now(&client), "2026-01-01T01:00:00Z");
    drop(hung);
    let (gone, _) = send_partial_create(&client);
    drop(gone);
    assert_eq!(client.get(LIST).status, 200);
}

/// The same while other requests may be open, without waiting.
fn send_partial_create(client: &Client) -> (crate::support::RawConnection, Vec<u8>) {
    let mut request = client.request_bytes("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a"}"#));
    let rest = request.split_off(request.len() - 1);
    let mut connection = client.connect();
    connection.send(request);
    (connection, rest)
}

/// The headers `retry-after` and `retry-after-ms` of the response under a rule.
fn retry_headers(client: &Client, rule: &str, headers: &str) -> [Option<String>; 2] {
    let client = client.for_case(&format!("{rule}{headers}"));
    client.add_rule(&format!("indexes.list {rule}"));
    let response = client.try_send("GET", LIST, headers, None).expect("a response");
    ["retry-after", "retry-after-ms"].map(|name| response.header(name).map(str::to_owned))
}

#[test]
fn injected_retryable_responses_carry_the_scaled_wait_in_milliseconds() {
    let some = |text: &str| Some(text.to_owned());
    let fast = manual_clock_server(&[("time-scale", "0.01")]);
    let fast = Client::of(&fast);
    let second_retry = "x-stainless-retry-count: 2\r\n";
    for (rule, headers, after, millis) in [
        ("status=429 retry-after=2s", "", some("2"), some("20")),
        ("status=503 header=retry-after:3", "", some("3"), some("30")),
        ("status=503 retry-after-ms=500", "", None, some("5")),
        ("status=500", "", None, some("5")),
        ("status=500", second_retry, None, some("20")),
        ("status=504", "", None, some("5")),
        ("status=409", "", None, some("5")),
        ("status=408", "", None, some("5")),
        ("status=401 retry-after=2s", "", some("2"), None),
        ("limit=1/100s nth=2", "", None, None),
    ] {
        assert_eq!(retry_headers(&fast, rule, headers), [after, millis], "{rule} {headers}");
    }
    let limited = manual_clock_server(&[("time-scale", "0.01"), ("fault", "* limit=1/10s")]);
    let limited = Client::of(&limited);
    assert_eq!(limited.get("/api/v1/indexes").status, 200);
    let refused = limited.get("/api/v1/indexes");
    let waits = ["retry-after", "retry-after-ms"].map(|name| refused.header(name));
    assert_eq!(waits, [Some("10"), Some("10000")], "a token bucket is not scaled, so its wait is not");
    let none = manual_clock_server(&[("time-scale", "0")]);
    assert_eq!(retry_headers(&Client::of(&none), "status=429 retry-after=1h", ""), [some("3600"), some("1")]);
    let auto = auto_clock_server(&[]);
    assert_eq!(retry_headers(&Client::of(&auto), "status=503", ""), [None, some("1")]);
    let real = manual_clock_server(&[]);
    assert_eq!(retry_headers(&Client::of(&real), "status=503 retry-after=2s", ""), [some("2"), None]);
    assert_eq!(retry_headers(&Client::of(&real), "status=503 retry-after-ms=7", ""), [None, some("7")]);
}

#[test]
fn a_time_scale_of_zero_removes_delays_and_does_not_move_the_clock() {
    let server = manual_clock_server(&[("time-scale", "0"), ("fault", "* delay=1000h")]);
    let client = Client::of(&server);
    assert_eq!((client.get(LIST).status, now(&client)), (200, START.to_owned()));
    let faults: Vec<Value> = client.journal().iter().map(|entry| entry["faults"].clone()).collect();
    assert_eq!(faults, [json!([{ "rule": "rule-1", "outcome": "struck" }])]);
}

#[test]
fn a_real_delay_takes_real_time_on_every_clock() {
    for (clock, rule) in [
        ("auto", "indexes.list delay=real:1h"),
        ("auto", "indexes.list@before delay=real:30m..1h"),
        ("auto", "indexes.list delay=real:p50:1h,p99:2h"),
        ("manual", "indexes.list delay=real:1h"),
    ] {
        let server = server(&[("clock", clock), ("fault", rule)]);
        let client = Client::of(&server);
        let index = client.create("dir-a")["id"].as_str().expect("an id").to_owned();
        let mut delayed = client.connect();
        delayed.send(client.request_bytes("GET", LIST, "", None));
        client.wait_for_open_calls(1);
        // Other requests go on, and an auto clock jumps for them although the delayed one is open.
        let shown: Vec<Value> =
            (0..2).map(|_| client.get(&format!("{LIST}/{index}")).json()["metadata"]["status"].clone()).collect();
        let expected = if clock == "auto" { "ready" } else { "pending" };
        assert_eq!(shown[1], expected, "{clock} {rule}");
        assert!(delayed.is_silent(), "{clock} {rule}");
        assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["faults"] })).status, 204);
        assert_eq!(delayed.read_to_end(), (Vec::new(), Ok(())), "{clock} {rule}: a reset ends it");
    }
}

#[test]
fn a_real_delay_is_scaled_and_its_end_sends_the_response() {
    for clock in ["auto", "manual"] {
        let fault = ("fault", "indexes.list delay=real:1000h name=it");
        let server = server(&[("clock", clock), ("time-scale", "0"), fault]);
        let client = Client::of(&server);
        assert_eq!(client.get(LIST).status, 200);
        assert_eq!(client.fault_outcomes(), ["it struck"]);
    }
}
