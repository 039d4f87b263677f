//! The clock that jumps from event to event, and what rules make of it: waits take no real time, retries are told so.

use serde_json::{Value, json};

use crate::support::{Client, START, server, standing};
use llamacloud_mock::embedded::MockServer;

const LIST: &str = "/api/v1/indexes";

/// A server whose clocks jump, starting at [`START`].
fn jumping(settings: &[(&str, &str)]) -> MockServer {
    server(&[&[("clock", "auto"), ("start-time", START)], settings].concat())
}

/// What the clock of this key shows.
fn now(client: &Client) -> String {
    let clock = client.get(&format!("/__admin/clock?tenant={}", client.key())).json();
    clock["now"].as_str().expect("a moment").to_owned()
}

#[test]
fn a_delay_moves_the_clock_and_takes_no_real_time() {
    let server = jumping(&[("fault", "indexes.list delay=1000h nth=1"), ("fault", "indexes.get delay=30m status=503")]);
    let client = Client::of(&server);
    assert_eq!((client.get(LIST).status, now(&client)), (200, "2026-02-11T16:00:00Z".to_owned()));
    assert_eq!(client.get("/api/v1/indexes/idx-a").status, 503);
    assert_eq!(now(&client), "2026-02-11T16:30:00Z");
    assert_eq!(now(&client.with_key("llx-other")), START, "each key has its own");
}

#[test]
fn a_sync_ends_by_the_next_call() {
    let server = jumping(&[("sync-duration", "8h")]);
    let client = Client::of(&server);
    let path = format!("{LIST}/{}", client.create("dir-a")["id"].as_str().expect("an id"));
    assert_eq!(client.get(&path).json()["metadata"]["status"], "ready");
    assert_eq!(now(&client), "2026-01-01T08:00:00Z");
}

#[test]
fn a_client_that_obeys_retry_after_finds_the_limit_gone() {
    let server = jumping(&[("fault", "* status=429 between=0..1h retry-after=1h")]);
    let client = Client::of(&server);
    let refused = client.get(LIST);
    assert_eq!(
        (refused.status, refused.header("retry-after"), refused.header("retry-after-ms")),
        (429, Some("3600"), Some("1"))
    );
    assert_eq!(client.get(LIST).status, 200);
    let server = jumping(&[("fault", "* limit=1/1h")]);
    let client = Client::of(&server);
    let statuses: Vec<u16> = (0..5).map(|_| client.get(LIST).status).collect();
    assert_eq!(statuses, [200, 429, 200, 429, 200]);
}

#[test]
fn two_calls_that_wait_come_back_in_the_order_of_their_ends() {
    let server = jumping(&[("fault", "* delay=2h when=header:x-long"), ("fault", "* delay=1h when=header:x-short")]);
    let client = Client::of(&server);
    // A call whose body is still to come holds the clock until both others wait.
    let (mut running, rest) = begun(&client);
    let start = |headers: &str| {
        let mut wire = client.wire();
        wire.send(client.request("GET", LIST, headers, None));
        wire
    };
    let (mut long, mut short) = (start("x-long: 1\r\n"), start("x-short: 1\r\n"));
    while client.journal().len() < 2 {}
    assert!(long.is_silent() && short.is_silent());
    running.send(rest);
    assert_eq!(running.answer().expect("an answer").status, 201);
    let date = |answer: crate::support::Answer| answer.header("date").expect("a date").to_owned();
    assert_eq!(date(short.answer().expect("an answer")), "Thu, 01 Jan 2026 01:00:00 GMT");
    assert_eq!(date(long.answer().expect("an answer")), "Thu, 01 Jan 2026 02:00:00 GMT");
    assert_eq!(now(&client), "2026-01-01T02:00:00Z");
}

/// A create that has come but for its last byte, and that byte.
fn begun(client: &Client) -> (crate::support::Wire, Vec<u8>) {
    let mut call = client.request("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a"}"#));
    let rest = call.split_off(call.len() - 1);
    let mut wire = client.wire();
    wire.send(call);
    let open = |client: &Client| {
        client.get(&format!("/__admin/state?tenant={}", client.key())).json()["tenants"][0]["open_calls"].clone()
    };
    while open(client) != json!(1) {}
    (wire, rest)
}

#[test]
fn a_call_that_runs_holds_the_jump() {
    for effect in ["delay=1h", "dribble=1/1h"] {
        let server = jumping(&[("sync-duration", "0"), ("fault", &format!("indexes.list {effect}"))]);
        let client = Client::of(&server);
        let (mut running, rest) = begun(&client);
        let mut waiting = client.wire();
        waiting.send(client.request("GET", LIST, "", None));
        while client.journal().is_empty() {}
        // Were nothing held, the answer would be out long before these are.
        for _ in 0..50 {
            assert_eq!(now(&client), START, "{effect}");
        }
        running.send(rest);
        assert_eq!(running.answer().expect("an answer").status, 201, "{effect}");
        assert_eq!(waiting.answer().expect("an answer").status, 200, "{effect}");
        assert!(now(&client).as_str() > START, "{effect}");
    }
}

#[test]
fn a_call_that_hangs_holds_nobody_and_one_that_left_neither() {
    let server = jumping(&[("fault", "indexes.get hang"), ("fault", "indexes.list delay=1h")]);
    let client = Client::of(&server);
    let mut hung = client.wire();
    hung.send(client.request("GET", "/api/v1/indexes/idx-a", "", None));
    while client.journal().is_empty() {}
    assert_eq!(client.get(LIST).status, 200);
    assert_eq!(now(&client), "2026-01-01T01:00:00Z");
    drop(hung);
    let (gone, _) = begun_beside(&client);
    drop(gone);
    assert_eq!(client.get(LIST).status, 200);
}

/// A create that has begun while another call may be open.
fn begun_beside(client: &Client) -> (crate::support::Wire, Vec<u8>) {
    let mut call = client.request("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a"}"#));
    let rest = call.split_off(call.len() - 1);
    let mut wire = client.wire();
    wire.send(call);
    (wire, rest)
}

/// The headers `retry-after` and `retry-after-ms` of an answer under a rule.
fn told(client: &Client, rule: &str, headers: &str) -> [Option<String>; 2] {
    let client = client.for_case(&format!("{rule}{headers}"));
    client.arm(&format!("indexes.list {rule}"));
    let answer = client.try_call("GET", LIST, headers, None).expect("an answer");
    ["retry-after", "retry-after-ms"].map(|name| answer.header(name).map(str::to_owned))
}

#[test]
fn every_injected_answer_that_is_tried_again_says_in_milliseconds_how_short_the_wait_is() {
    let some = |text: &str| Some(text.to_owned());
    let fast = standing(&[("time-scale", "0.01")]);
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
        assert_eq!(told(&fast, rule, headers), [after, millis], "{rule} {headers}");
    }
    let none = standing(&[("time-scale", "0")]);
    assert_eq!(told(&Client::of(&none), "status=429 retry-after=1h", ""), [some("3600"), some("1")]);
    let auto = jumping(&[]);
    assert_eq!(told(&Client::of(&auto), "status=503", ""), [None, some("1")]);
    let real = standing(&[]);
    assert_eq!(told(&Client::of(&real), "status=503 retry-after=2s", ""), [some("2"), None]);
    assert_eq!(told(&Client::of(&real), "status=503 retry-after-ms=7", ""), [None, some("7")]);
}

#[test]
fn a_time_scale_of_nothing_makes_every_delay_nothing_and_leaves_the_clock_alone() {
    let server = standing(&[("time-scale", "0"), ("fault", "* delay=1000h")]);
    let client = Client::of(&server);
    assert_eq!((client.get(LIST).status, now(&client)), (200, START.to_owned()));
    let faults: Vec<Value> = client.journal().iter().map(|entry| entry["faults"].clone()).collect();
    assert_eq!(faults, [json!([{ "rule": "rule-1", "outcome": "struck" }])]);
}
