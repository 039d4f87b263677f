//! The rule language: several operations in one rule, `reads` and `writes`, delays before and after the operation, accepted
//! forms of values, and a phase in `x-mock-inject`.

use serde_json::json;

use crate::support::{Client, START, manual_clock_server, server};

const LIST: &str = "/api/v1/indexes";

fn create(client: &Client) -> u16 {
    client.post(LIST, &json!({ "source_directory_id": "dir-a" })).status
}

#[test]
fn a_rule_applies_to_every_operation_of_its_pattern() {
    let server = manual_clock_server(&[]);
    for (pattern, statuses) in [
        ("indexes.get,indexes.list", [201, 503, 503]),
        ("indexes.create,directories.*", [503, 200, 503]),
        ("reads", [201, 503, 503]),
        ("writes", [503, 200, 404]),
        ("writes,indexes.list", [503, 503, 404]),
        ("*", [503, 503, 503]),
    ] {
        let client = Client::of(&server).for_case(pattern);
        client.add_rule(&format!("{pattern} status=503"));
        let third =
            if pattern.contains("directories") { "/api/v1/beta/directories/dir-x" } else { "/api/v1/indexes/x" };
        let received = [create(&client), client.get(LIST).status, client.get(third).status];
        assert_eq!(received, statuses, "{pattern}");
    }
}

#[test]
fn a_rule_for_several_operations_counts_them_together() {
    let server = manual_clock_server(&[("fault", "indexes.create,indexes.list status=503 nth=2")]);
    let client = Client::of(&server);
    assert_eq!([create(&client), client.get(LIST).status, create(&client)], [201, 503, 201]);
}

#[test]
fn retry_after_without_a_unit_is_in_seconds() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503 retry-after=2")]);
    assert_eq!(Client::of(&server).get(LIST).header("retry-after"), Some("2"));
}

#[test]
fn a_window_without_an_end_stays_open() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503 between=1m30s..")]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).status, 200);
    client.advance("1m29s");
    assert_eq!(client.get(LIST).status, 200);
    client.advance("1s");
    assert_eq!(client.get(LIST).status, 503);
    client.advance("1000h");
    assert_eq!(client.get(LIST).status, 503);
}

#[test]
fn a_rate_in_percent_equals_the_same_rate_as_a_number() {
    let struck = |rate: &str| {
        let server = manual_clock_server(&[("fault", &format!("indexes.list status=503 name=same rate={rate}"))]);
        let client = Client::of(&server);
        (0..50).map(|_| client.get(LIST).status).collect::<Vec<_>>()
    };
    let as_number = struck("0.3");
    assert_eq!(struck("30%"), as_number);
    assert!(as_number.contains(&200) && as_number.contains(&503));
}

/// The creation time of an index under a rule and the time of the response, on an auto clock.
fn created_under(rule: &str) -> (String, String) {
    let server = server(&[("clock", "auto"), ("start-time", START), ("fault", rule), ("allow-overrides", "true")]);
    let client = Client::of(&server);
    let index = client.create("dir-a");
    let clock = client.get(&format!("/__admin/clock?tenant={}", client.key())).json();
    let text = |value: &serde_json::Value| value.as_str().expect("a time").to_owned();
    (text(&index["created_at"]), text(&clock["now"]))
}

#[test]
fn only_a_before_delay_delays_the_operation_itself() {
    let later = "2026-01-01T01:00:00Z".to_owned();
    for rule in ["indexes.create delay=1h", "indexes.create@after delay=1h"] {
        assert_eq!(created_under(rule), (START.to_owned(), later.clone()), "{rule}");
    }
    assert_eq!(created_under("indexes.create@before delay=1h"), (later.clone(), later.clone()));
    let with_header = "indexes.create@before delay=1h header=x-late:1";
    assert_eq!(created_under(with_header), (later.clone(), later));
}

#[test]
fn a_phase_may_be_a_word_of_its_own() {
    let server = manual_clock_server(&[("allow-overrides", "true")]);
    let client = Client::of(&server);
    for (number, rule) in [
        json!("indexes.create @after status=503"),
        json!({ "rule": "indexes.create  @after status=503" }),
        json!({ "operation": "indexes.create @after", "status": 503 }),
        json!({ "operation": "indexes.create", "phase": "after", "status": 503 }),
    ]
    .iter()
    .enumerate()
    {
        let added = client.post("/__admin/faults", rule);
        assert_eq!((added.status, &added.json()["rule"]), (201, &json!("indexes.create@after status=503")), "{rule}");
        assert_eq!(create(&client), 503, "{rule}");
        assert_eq!(
            client.get(LIST).json()["items"].as_array().map(Vec::len),
            Some(number + 1),
            "{rule}: it was created"
        );
        client.delete("/__admin/faults");
    }
    let struck = client.try_send("GET", LIST, "x-mock-inject:  @after  status=503\r\n", None).expect("a response");
    assert_eq!(struck.status, 503);
}

#[test]
fn a_delayed_request_is_executed_even_if_its_client_disconnects() {
    let server = manual_clock_server(&[("fault", "indexes.create@before delay=1s")]);
    let client = Client::of(&server);
    let mut waiting = client.connect();
    waiting.send(client.request_bytes("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    client.wait_for_open_calls(1);
    assert_eq!(client.get(LIST).json()["items"], json!([]), "it is not executed yet");
    waiting.reset();
    crate::support::wait_until("it is executed", || {
        client.get(LIST).json()["items"][0]["source_directory_id"] == "dir-a"
    });
}

#[test]
fn a_delay_before_a_replaced_response_delays_that_response() {
    let server =
        server(&[("clock", "auto"), ("start-time", START), ("fault", "indexes.list@before delay=1h status=503")]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).status, 503);
    let clock = client.get(&format!("/__admin/clock?tenant={}", client.key())).json();
    assert_eq!(clock["now"], "2026-01-01T01:00:00Z");
}

#[test]
fn x_mock_inject_accepts_a_phase() {
    let server = manual_clock_server(&[("allow-overrides", "true"), ("time-scale", "0")]);
    let client = Client::of(&server);
    let body = r#"{"source_directory_id":"dir-a"}"#;
    let list_with_injected_rule =
        |clauses: &str| client.try_send("POST", LIST, &format!("x-mock-inject: {clauses}\r\n"), Some(body));
    assert!(list_with_injected_rule("@after reset").is_none());
    assert_eq!(client.get(LIST).json()["items"].as_array().map(Vec::len), Some(1), "it is executed before the reset");
    let delayed = list_with_injected_rule("@before delay=1h").expect("a response");
    assert_eq!((delayed.status, delayed.header("x-mock-fault")), (201, Some("x-mock-inject")));
    let refused = list_with_injected_rule("@afer reset").expect("a response");
    assert_eq!((refused.status, refused.text().contains("did you mean after?")), (422, true), "{}", refused.text());
}

#[test]
fn values_of_a_rule_are_accepted_at_their_limits_and_refused_past_them() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let name = |bytes: usize| format!("* hang name={}", "n".repeat(bytes));
    let state = |letters: usize| format!("sync script={}:1s,ready", "q".repeat(letters));
    let steps = |count: usize| format!("sync script={}ready", "pending*1,".repeat(count - 1));
    let cases = [
        (name(64), name(65), "is not a name of 1 to 64"),
        (state(64), state(65), "is not a state"),
        (steps(100), steps(101), "a script has at most 100 steps"),
        ("* hang nth=1000000000000".into(), "* hang nth=1000000000001".into(), "is more than 1000000000000"),
        ("* delay=876000h".into(), "* delay=876000h1us".into(), "is longer than a hundred years"),
        ("* status=599".into(), "* status=600".into(), "is not a status from 100 to 599"),
        ("* status=100".into(), "* status=99".into(), "is not a status from 100 to 599"),
        ("* hang rate=1".into(), "* hang rate=1.001".into(), "is neither a number from 0 to 1"),
    ];
    for (at_limit, past, problem) in cases {
        let add = |rule: &str| client.post("/__admin/faults", &json!({ "rule": rule }));
        assert_eq!(add(&at_limit).status, 201, "{at_limit}");
        let refused = add(&past);
        assert_eq!(refused.status, 422, "{past}");
        assert!(refused.text().contains(problem), "{past}: {}", refused.text());
    }
}
