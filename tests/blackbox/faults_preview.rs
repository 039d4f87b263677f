//! Rules that are tried on recorded requests before they are added, and rules that are switched off and on again.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, manual_clock_server};

const LIST: &str = "/api/v1/indexes";
const PREVIEW: &str = "/__admin/faults/preview";

#[track_caller]
fn would_strike(client: &Client, rule: &str) -> Value {
    let response = client.post(PREVIEW, &json!({ "rule": rule, "tenant": client.key() }));
    assert_eq!(response.status, 200, "{rule}: {}", response.text());
    response.json()["would_strike"].clone()
}

/// Entries: 1 and 3 create, 2, 4 and 5 list, 6 a read of an index that does not exist. A second passes before each.
fn filled(client: &Client) {
    for step in ["create", "list", "create", "list", "list", "get"] {
        client.advance("1s");
        match step {
            "create" => client.post(LIST, &json!({ "source_directory_id": "dir-a", "name": "draft" })),
            "list" => client.get(LIST),
            _ => client.get(&format!("{LIST}/none")),
        };
    }
}

#[test]
fn a_preview_says_which_recorded_requests_a_rule_would_have_struck() {
    let server = manual_clock_server(&[("strict-references", "true")]);
    let client = Client::of(&server);
    filled(&client);
    for (rule, numbers) in [
        ("indexes.list status=503", &[2, 4, 5][..]),
        ("indexes.* status=503 nth=2", &[2]),
        ("reads status=503 skip=1 times=2", &[4, 5]),
        ("writes reset every=2", &[3]),
        ("indexes.create status=500 when=body:/name=draft first=1", &[1]),
        ("indexes.create status=500 when=body:/name=other", &[]),
        ("* status=503 between=1s..3s", &[2, 3]),
        ("indexes.get@after delay=1s", &[6]),
        ("indexes.get@after status=500", &[]),
        ("indexes.list limit=1/2s", &[5]),
        ("directories.* status=503", &[]),
    ] {
        assert_eq!(would_strike(&client, rule), json!(numbers), "{rule}");
    }
    assert_eq!(client.get("/__admin/faults").json()["faults"], json!([]));
    assert_eq!(client.journal().len(), 6);
}

#[test]
fn a_preview_with_a_share_strikes_as_the_rule_does() {
    let rule = "indexes.list status=503 rate=50% name=half";
    let recorded = manual_clock_server(&[]);
    let client = Client::of(&recorded);
    (0..40).for_each(|_| _ = client.get(LIST));
    let struck = manual_clock_server(&[("fault", rule)]);
    let other = Client::of(&struck);
    let numbers = (1..=40).filter(|_| other.get(LIST).status == 503);
    assert_eq!(would_strike(&client, rule), json!(numbers.collect::<Vec<u64>>()));
}

#[test]
fn what_the_journal_does_not_hold_is_undecided() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let long = json!({ "source_directory_id": "dir-a", "description": "x".repeat(5000) });
    client.post(LIST, &long);
    for rule in [
        "indexes.create status=500 when=body:/name=a",
        "indexes.create status=500 concurrency=2",
        "indexes.create status=500 attempt=2",
        "indexes.create quota=1",
    ] {
        let preview = client.post(PREVIEW, &json!({ "rule": rule })).json();
        assert_eq!((&preview["would_strike"], &preview["undecided"]), (&json!([]), &json!(1)), "{rule}");
    }
}

#[test]
fn a_preview_of_all_tenants_names_them() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let labels: Vec<String> = ["llx-one", "llx-two"]
        .iter()
        .map(|key| {
            let caller = client.with_key(key);
            caller.get(LIST);
            caller.journal()[0]["tenant"].as_str().expect("a label").to_owned()
        })
        .collect();
    let preview = client.post(PREVIEW, &json!("indexes.list status=503")).json();
    let expected = json!({ labels[0].clone(): [1], labels[1].clone(): [1] });
    assert_eq!((&preview["would_strike"], &preview["tenants"]), (&json!([1, 1]), &expected));
}

#[test]
fn a_preview_refuses_what_adding_refuses() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for rule in ["indexes.lst status=503", "indexes.list", "indexes.list status=9", ""] {
        let (preview, added) =
            (client.post(PREVIEW, &json!({ "rule": rule })), client.post("/__admin/faults", &json!({ "rule": rule })));
        assert_eq!((preview.status, preview.text()), (422, added.text()), "{rule}");
    }
    let unknown = client.post(PREVIEW, &json!({ "rule": "* status=503", "tenant": "llx-unknown" }));
    assert_eq!(unknown.status, 404, "{}", unknown.text());
}

fn switch(client: &Client, path: &str, body: &Value) -> HttpResponse {
    client.send("PATCH", path, Some(body))
}

#[test]
fn a_rule_that_is_switched_off_neither_counts_nor_strikes_and_keeps_its_counts() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503 name=busy")]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).status, 503);
    let off = switch(&client, "/__admin/faults/busy", &json!({ "enabled": false })).json();
    assert_eq!((&off["enabled"], &off["matches"], &off["strikes"]), (&json!(false), &json!(1), &json!(1)));
    assert_eq!(client.with_key("llx-later").get(LIST).status, 200, "a tenant that comes later");
    assert_eq!(client.get(LIST).status, 200);
    let on = switch(&client, "/__admin/faults/busy", &json!({ "enabled": true })).json();
    assert_eq!((&on["enabled"], &on["matches"]), (&json!(true), &json!(1)));
    assert_eq!(client.get(LIST).status, 503);
}

#[test]
fn a_rule_is_switched_for_one_tenant_and_a_reset_switches_it_on_again() {
    let server = manual_clock_server(&[("fault", "indexes.list reset=head name=busy")]);
    let client = Client::of(&server);
    let other = client.with_key("llx-other");
    let list = |caller: &Client| caller.try_send("GET", LIST, "", None).map(|response| response.status);
    assert_eq!((list(&client), list(&other)), (None, None));
    let path = format!("/__admin/faults/busy?tenant={}", client.key());
    assert_eq!(switch(&client, &path, &json!({ "enabled": false })).status, 200);
    assert_eq!((list(&client), list(&other)), (Some(200), None));
    assert_eq!(client.get("/__admin/faults/busy").json()["enabled"], true, "it is on for the other tenant");
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": client.key(), "parts": ["faults"] })).status, 204);
    assert_eq!(list(&client), None);
}

#[test]
fn a_switch_releases_what_the_rule_holds() {
    let server = manual_clock_server(&[("fault", "indexes.list hang name=held")]);
    let client = Client::of(&server);
    let mut held = client.connect();
    held.send(client.request_bytes("GET", LIST, "", None));
    client.wait_for_open_calls(1);
    assert_eq!(switch(&client, "/__admin/faults/held", &json!({ "enabled": false })).status, 200);
    assert!(held.read_response().is_none(), "the connection is closed");
}

#[test]
fn a_switch_needs_a_rule_and_a_position() {
    let server = manual_clock_server(&[("fault", "indexes.list status=503 name=busy")]);
    let client = Client::of(&server);
    for (name, body, status, text) in [
        ("busy", json!({}), 422, "enabled: is missing; it takes true or false"),
        ("busy", json!({ "enabled": "no" }), 422, "enabled: takes true or false"),
        ("busy", json!({ "enable": true }), 422, "did you mean enabled?"),
        ("bussy", json!({ "enabled": true }), 404, "did you mean busy?"),
    ] {
        let response = switch(&client, &format!("/__admin/faults/{name}"), &body);
        assert_eq!(response.status, status, "{body}");
        assert!(response.text().contains(text), "{body}: {}", response.text());
    }
}
