//! Requests that a fault rule delays or answers slowly end without the rest of their response when the rules are reset.

use serde_json::{Value, json};

use crate::support::{Client, KEY, RawConnection, server, wait_until};

const LIST: &str = "/api/v1/indexes";

/// Rules that keep a request open for an hour: before it acts, before its response, during its response as hyper sends it,
/// and during one that hyper cannot send.
const RULES: [&str; 5] = [
    "indexes.create@before delay=1h",
    "indexes.create delay=1h",
    "indexes.create dribble=10/1h",
    "indexes.create bandwidth=1/s",
    "indexes.create dribble=10/1h content-length=99999",
];

/// The bodies of a reset that includes the rules.
fn resets() -> [Value; 4] {
    [
        json!({}),
        json!({ "tenant": KEY }),
        json!({ "parts": ["faults"] }),
        json!({ "tenant": KEY, "parts": ["faults", "clock"] }),
    ]
}

/// A connection with a create request that the only rule has struck.
fn delayed(client: &Client) -> RawConnection {
    let mut connection = client.connect();
    connection.send(client.request_bytes("POST", LIST, "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    wait_until("the rule strikes", || client.get("/__admin/faults").json()["faults"][0]["strikes"] == 1);
    connection
}

/// Fails unless the connection ends with FIN and without a complete response, and the request then is over.
#[track_caller]
fn assert_cut(client: &Client, mut connection: RawConnection, case: &str) {
    let (bytes, end) = connection.read_to_end();
    assert_eq!(end, Ok(()), "{case}");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("}}"), "{case}: the response is complete: {text}");
    client.wait_for_open_calls(0);
}

#[test]
fn a_delayed_or_slow_request_ends_at_a_reset_of_the_rules() {
    for mode in ["real", "manual"] {
        for rule in RULES {
            for reset in resets() {
                let server = server(&[("clock", mode), ("fault", rule)]);
                let client = Client::of(&server);
                let connection = delayed(&client);
                assert_eq!(client.post("/__admin/reset", &reset).status, 204);
                assert_cut(&client, connection, &format!("{mode} {rule} {reset}"));
            }
        }
    }
}

/// On an auto clock a delay ends as soon as all open requests wait. One whose body is incomplete keeps the clock from moving.
#[test]
fn a_delayed_request_ends_at_a_reset_on_an_auto_clock() {
    for rule in RULES {
        let server = server(&[("clock", "auto"), ("fault", rule)]);
        let client = Client::of(&server);
        let mut incomplete = client.connect();
        incomplete.send(client.request_bytes("GET", LIST, "content-length: 1\r\n", None));
        client.wait_for_open_calls(1);
        let mut connection = delayed(&client);
        assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
        let (bytes, end) = connection.read_to_end();
        let text = String::from_utf8_lossy(&bytes);
        assert!(end == Ok(()) && !text.contains("}}"), "{rule}: {end:?} {text}");
        incomplete.send("x");
        assert_eq!(incomplete.read_response().map(|response| response.status), Some(200), "{rule}");
    }
}

#[test]
fn the_journal_records_a_released_request_as_cut() {
    for rule in RULES {
        let server = server(&[("fault", &format!("{rule} name=it"))]);
        let client = Client::of(&server);
        let connection = delayed(&client);
        assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["faults"] })).status, 204);
        assert_cut(&client, connection, rule);
        wait_until("the entry is final", || client.journal().first().is_some_and(|entry| entry["outcome"] == "cut"));
        assert_eq!(client.fault_outcomes(), ["it struck"], "{rule}");
    }
}

#[test]
fn a_request_that_waits_before_it_acts_leaves_nothing_after_a_reset() {
    let server = server(&[("fault", "indexes.create@before delay=1h")]);
    let client = Client::of(&server);
    let connection = delayed(&client);
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": KEY })).status, 204);
    assert_cut(&client, connection, "a reset of all parts");
    assert_eq!(client.get(LIST).json()["items"], json!([]));
    let operations: Vec<Value> = client.journal().iter().map(|entry| entry["operation"].clone()).collect();
    assert_eq!(operations, [json!("indexes.list")], "a request from before the reset is not in the new journal");
    let kept = server_with_kept_state();
    assert_eq!(kept, json!([]), "it does not act after a reset of the rules alone either");
}

/// The indexes after a reset of the rules alone, which releases a create that waits.
fn server_with_kept_state() -> Value {
    let server = server(&[("fault", "indexes.create@before delay=1h")]);
    let client = Client::of(&server);
    let connection = delayed(&client);
    assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["faults"] })).status, 204);
    assert_cut(&client, connection, "a reset of the rules");
    client.get(LIST).json()["items"].clone()
}

#[test]
fn a_delayed_request_goes_on_when_its_rule_is_removed_or_something_else_is_reset() {
    let server = server(&[("fault", "indexes.create delay=1500ms name=it")]);
    let client = Client::of(&server);
    let mut connection = delayed(&client);
    assert_eq!(client.delete("/__admin/faults/it").status, 204);
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": "llx-b" })).status, 204);
    assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["state"] })).status, 204);
    assert_eq!(connection.read_response().map(|response| response.status), Some(201));
}

#[test]
fn a_request_that_began_before_a_reset_is_held_by_a_rule_added_after_it() {
    let server = server(&[]);
    let client = Client::of(&server);
    let mut connection = client.connect();
    connection.send(client.request_bytes("GET", LIST, "content-length: 1\r\n", None));
    client.wait_for_open_calls(1);
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": KEY })).status, 204);
    client.add_rule("indexes.list hang name=later");
    connection.send("x");
    wait_until("the rule strikes", || client.fault_outcomes() == ["later struck"]);
    assert!(connection.is_silent());
    assert_eq!(client.delete("/__admin/faults").status, 204);
    assert_eq!(connection.read_to_end().1, Ok(()));
}
