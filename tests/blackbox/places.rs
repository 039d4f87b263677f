//! The places for tenants: how tests give them back, and that no tenant takes the memory of the others.

use serde_json::json;

use crate::support::{Client, server};

fn list(client: &Client, key: &str) -> u16 {
    client.with_key(key).get("/api/v1/indexes").status
}

#[test]
fn a_tenant_that_is_forgotten_frees_its_place_and_begins_anew() {
    let server = server(&[("max-tenants", "2")]);
    let client = Client::of(&server);
    let first = client.with_key("llx-first");
    first.create("dir-a");
    assert_eq!(["llx-second", "llx-third"].map(|key| list(&client, key)), [200, 403]);
    assert_eq!(client.delete("/__admin/tenants?tenant=llx-first").status, 204);
    let unknown = client.get("/__admin/state?tenant=llx-first");
    assert_eq!(unknown.status, 404, "{}", unknown.text());
    assert_eq!(list(&client, "llx-third"), 200);
    assert_eq!(list(&client, "llx-first"), 403, "its place is taken");
    assert_eq!(client.delete("/__admin/tenants?tenant=llx-third").status, 204);
    assert_eq!(first.get("/api/v1/indexes").json()["items"], json!([]), "it has nothing of before");
}

#[test]
fn the_requests_that_rules_hold_or_delay_end_when_their_tenant_is_forgotten() {
    let server = server(&[]);
    let client = Client::of(&server);
    for rule in ["indexes.list hang", "indexes.list status=503 delay=1h", "indexes.list @before delay=real:1h"] {
        client.add_rule(rule);
        let mut waiting = client.connect();
        waiting.send(client.request_bytes("GET", "/api/v1/indexes", "", None));
        client.wait_for_open_calls(1);
        assert_eq!(client.delete(&format!("/__admin/tenants?tenant={}", client.key())).status, 204);
        assert_eq!(waiting.read_response(), None, "{rule}: the connection is closed");
    }
    assert_eq!(client.get("/api/v1/indexes").json()["items"], json!([]), "its rules are gone");
}

#[test]
fn a_rule_that_struck_a_forgotten_tenant_is_not_said_to_have_never_struck() {
    let server = server(&[("fault", "indexes.list status=503 first=1")]);
    let client = Client::of(&server);
    let judged = |check: &str| client.post("/__admin/check", &json!({ check: true })).json();
    assert_eq!(list(&client, "llx-a"), 503);
    assert_eq!(judged("all_rules_struck")["result"], "passed");
    assert_eq!(client.delete("/__admin/tenants?tenant=llx-a").status, 204);
    let reason = "1 tenants were forgotten with what they had (DELETE /__admin/tenants)";
    assert_eq!(judged("all_rules_struck")["checks"][0]["details"], json!([reason]));
    let nothing = format!("nothing to judge: no request is recorded; {reason}");
    assert_eq!(judged("no_litter")["checks"][0]["details"], json!([nothing]));
    assert_eq!(client.post("/__admin/reset", &json!({})).status, 204);
    assert_eq!(judged("all_rules_struck")["result"], "failed");
}

#[test]
fn a_tenant_is_forgotten_by_its_label_too_and_only_if_it_is_named_and_known() {
    let server = server(&[]);
    let client = Client::of(&server);
    assert_eq!(list(&client, "llx-a"), 200);
    let label = client.get("/__admin/tenants").json()["tenants"][0]["tenant"].as_str().expect("a label").to_owned();
    let forget = |query: &str| {
        let response = client.delete(&format!("/__admin/tenants{query}"));
        (response.status, response.text())
    };
    assert_eq!(forget(""), (422, json!({ "detail": "tenant: is missing" }).to_string()));
    assert_eq!(forget("?tenant=llx-b").0, 404);
    assert_eq!(forget(&format!("?tenant={label}")), (204, String::new()));
    assert_eq!(forget(&format!("?tenant={label}")).0, 404);
    assert_eq!(client.get("/__admin/tenants").json(), json!({ "tenants": [] }));
}

#[test]
fn a_reset_of_all_parts_frees_the_place_of_a_tenant_that_stays_known() {
    let server = server(&[("max-tenants", "2")]);
    let client = Client::of(&server);
    assert_eq!(["llx-a", "llx-b", "llx-c"].map(|key| list(&client, key)), [200, 200, 403]);
    let reset = |parts: &[&str]| {
        let body = json!({ "tenant": "llx-a", "parts": parts });
        assert_eq!(client.post("/__admin/reset", &body).status, 204);
    };
    reset(&["state", "journal", "clock"]);
    assert_eq!(list(&client, "llx-c"), 403, "its rules are still there");
    reset(&["state", "journal", "clock", "faults"]);
    assert_eq!(list(&client, "llx-c"), 200);
    assert_eq!(client.get("/__admin/state?tenant=llx-a").status, 200);
    assert_eq!(list(&client, "llx-a"), 403, "it needs a place again");
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": "llx-b" })).status, 204);
    assert_eq!(["llx-a", "llx-b"].map(|key| list(&client, key)), [200, 403]);
}

#[test]
fn each_tenant_may_use_its_share_of_the_state_although_another_has_used_it_up() {
    let server = server(&[("max-state-bytes", "64KiB")]);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": "dir-a", "description": "x".repeat(4000) });
    let created = |key: &str| {
        let client = client.with_key(key);
        (0..40).take_while(|_| client.post("/api/v1/indexes", &body).status == 201).count()
    };
    let alone = created("llx-greedy");
    assert!(alone >= 10, "one tenant alone may use nearly all of it: {alone}");
    for (key, share) in [("llx-second", 2), ("llx-third", 3)] {
        let count = created(key);
        assert!((1..=alone / share + 1).contains(&count), "{key}: {count} of {alone}");
    }
    assert_eq!(created("llx-greedy"), 0, "it is over its share");
}
