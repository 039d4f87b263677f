//! Requests that a fault rule holds end when the rule is removed, replaced or reset; and what a reset of one tenant keeps.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, KEY, RawConnection, server, wait_until};

const LIST: &str = "/api/v1/indexes";

/// The clock modes.
const MODES: [&str; 3] = ["real", "manual", "auto"];

/// How a held request is released.
#[derive(Debug, Clone, Copy)]
enum Release {
    RemoveRule,
    RemoveAllRules,
    ReplaceRule,
    ResetTenant,
    ResetAll,
    ResetFaults,
}

const RELEASES: [Release; 6] = [
    Release::RemoveRule,
    Release::RemoveAllRules,
    Release::ReplaceRule,
    Release::ResetTenant,
    Release::ResetAll,
    Release::ResetFaults,
];

impl Release {
    fn send(self, client: &Client) -> HttpResponse {
        match self {
            Self::RemoveRule => client.delete("/__admin/faults/it"),
            Self::RemoveAllRules => client.delete("/__admin/faults"),
            Self::ReplaceRule => client.send("PUT", "/__admin/faults/it", Some(&json!("indexes.list hang"))),
            Self::ResetTenant => client.post("/__admin/reset", &json!({ "tenant": KEY, "parts": ["faults"] })),
            Self::ResetAll => client.post("/__admin/reset", &json!({ "parts": ["state", "clock", "faults"] })),
            Self::ResetFaults => client.post("/__admin/reset", &json!({ "parts": ["faults"] })),
        }
    }
}

/// A connection with a request that is held.
fn held(client: &Client, headers: &str) -> RawConnection {
    let before = client.journal().len();
    let mut connection = client.connect();
    connection.send(client.request_bytes("GET", LIST, headers, None));
    client.wait_for_entries(before + 1);
    connection
}

/// Fails unless the connection ends with FIN, and the request then is over.
#[track_caller]
fn assert_ends(client: &Client, mut connection: RawConnection, case: &str) {
    let (_, end) = connection.read_to_end();
    assert_eq!(end, Ok(()), "{case}");
    client.wait_for_open_calls(0);
    wait_until("the entry is final", || client.journal()[0]["outcome"] == "cut");
}

#[test]
fn a_held_request_ends_when_its_rule_is_removed_or_reset() {
    for mode in MODES {
        for effect in ["hang", "stall"] {
            for release in RELEASES {
                // The rule is there again after a reset; the request ends all the same.
                let server = server(&[("clock", mode), ("fault", &format!("indexes.list {effect} name=it"))]);
                let client = Client::of(&server);
                let connection = held(&client, "");
                let case = format!("{mode} {effect} {release:?}");
                let released = release.send(&client);
                assert!(released.status < 300, "{case}: {}", released.text());
                assert_ends(&client, connection, &case);
            }
        }
    }
}

#[test]
fn a_held_request_stays_while_other_rules_and_tenants_change() {
    let server = server(&[("fault", "indexes.list hang name=it"), ("fault", "indexes.get status=503 name=other")]);
    let client = Client::of(&server);
    let mut connection = held(&client, "");
    client.with_key("llx-b").add_rule("indexes.get status=500 name=mine");
    assert_eq!(client.delete("/__admin/faults/other").status, 204);
    assert_eq!(client.delete("/__admin/faults?tenant=llx-b").status, 204);
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": "llx-b" })).status, 204);
    assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["state", "clock"] })).status, 204);
    assert!(connection.is_silent());
    assert_eq!(client.open_calls(), 1);
    assert_eq!(client.delete(&format!("/__admin/faults/it?tenant={KEY}")).status, 204);
    assert_ends(&client, connection, "its rule is removed");
}

/// No other request comes in the meantime: a timer ends the time to live.
#[test]
fn a_held_request_ends_when_the_time_to_live_of_its_rule_is_over() {
    for mode in MODES {
        for effect in ["hang", "stall"] {
            let server = server(&[("clock", mode)]);
            let client = Client::of(&server);
            let rule = format!("indexes.list {effect} name=it ttl=300ms");
            assert_eq!(client.post("/__admin/faults", &json!(rule)).status, 201);
            let mut connection = client.connect();
            connection.send(client.request_bytes("GET", LIST, "", None));
            assert_ends(&client, connection, &format!("{mode} {effect}"));
            assert_eq!(client.fault_outcomes(), ["it struck"], "{mode} {effect}: the rule was there");
        }
    }
}

#[test]
fn a_request_held_by_its_own_rule_ends_at_a_reset() {
    let server = server(&[("allow-overrides", "true")]);
    let client = Client::of(&server);
    let mut connection = held(&client, "x-mock-inject: hang\r\n");
    assert_eq!(client.delete("/__admin/faults").status, 204);
    assert!(connection.is_silent());
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": KEY, "parts": ["faults"] })).status, 204);
    assert_ends(&client, connection, "a reset");
}

/// The names of the rules of a tenant.
fn rule_names(client: &Client) -> Vec<Value> {
    let rules = client.get(&format!("/__admin/faults?tenant={}", client.key())).json()["faults"].clone();
    rules.as_array().expect("a list").iter().map(|rule| rule["name"].clone()).collect()
}

#[test]
fn a_reset_of_one_tenant_keeps_the_rules_of_all_and_removes_its_own() {
    let server = server(&[("fault", "indexes.get status=503 name=given")]);
    let (client, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    client.add_rule("indexes.sync status=500 name=mine");
    other.add_rule("indexes.sync status=500 name=theirs");
    assert_eq!(client.post("/__admin/faults", &json!("indexes.list status=503 first=1 name=all")).status, 201);
    assert_eq!([client.get(LIST).status, client.get(LIST).status, other.get(LIST).status], [503, 200, 503]);
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": KEY })).status, 204);
    assert_eq!(
        (rule_names(&client), rule_names(&other)),
        (vec![json!("given"), json!("all")], vec![json!("given"), json!("theirs"), json!("all")],)
    );
    assert_eq!([client.get(LIST).status, other.get(LIST).status], [503, 200], "its counts begin again, others' do not");
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    assert_eq!([client.get(LIST).status, other.get(LIST).status], [200, 200]);
    assert_eq!((rule_names(&client), rule_names(&other)), (vec![json!("given")], vec![json!("given")]));
}
