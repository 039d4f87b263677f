//! `/health`, `/ready` and the admin API under `/__admin/`.

use serde_json::{Value, json};

use crate::support::{Client, KEY, START, manual_clock_server, server};

/// The label of a key: `t-` and the first 12 hexadecimal digits of its SHA-256.
fn label(key: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(key);
    digest[..6].iter().fold("t-".to_owned(), |label, byte| format!("{label}{byte:02x}"))
}

/// The tenants that `/__admin/state` lists.
fn tenants(client: &Client) -> Vec<Value> {
    client.get("/__admin/state").json()["tenants"].as_array().expect("a list").clone()
}

#[test]
fn health_and_readiness_need_no_key() {
    let server = server(&[("api-key", "only-this")]);
    let client = Client::of(&server);
    for path in ["/health", "/ready"] {
        assert_eq!(client.get(path).json(), json!({ "status": "ok", "pid": std::process::id() }));
        assert_eq!(client.send("HEAD", path, None).status, 200);
        let refused = client.send("POST", path, None);
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET")));
    }
}

#[test]
fn the_state_lists_the_resources_of_a_tenant() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let index = client.create("dir-abc123");
    let state = tenants(&client);
    assert_eq!(state.len(), 1);
    assert_eq!(state[0]["tenant"], label(KEY));
    assert_eq!(state[0]["clock"], json!({ "mode": "manual", "now": START }));
    assert_eq!(state[0]["projects"][0]["id"], index["project_id"]);
    assert_eq!(state[0]["directories"][0]["id"], "dir-abc123");
    assert_eq!(state[0]["indexes"][0]["id"], index["id"]);
    assert_eq!(state[0]["indexes"][0]["sync_in_progress"], true);
    assert_eq!(client.get(&format!("/__admin/state?tenant={KEY}")).json()["tenants"], json!(state));
    assert_eq!(client.get("/__admin/state?tenant=t-000000000000").status, 404);
}

#[test]
fn a_reset_clears_only_the_named_parts() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.create("dir-a");
    client.advance("1h");
    assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["state"] })).status, 204);
    let state = tenants(&client);
    assert_eq!((&state[0]["indexes"], &state[0]["directories"]), (&json!([]), &json!([])));
    assert_eq!(state[0]["clock"]["now"], "2026-01-01T01:00:00Z");
    assert_eq!(client.journal().len(), 1);
    assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["journal", "clock"] })).status, 204);
    assert_eq!(tenants(&client)[0]["clock"]["now"], START);
    assert_eq!(client.journal().len(), 0);
}

#[test]
fn a_reset_of_one_tenant_does_not_affect_others() {
    let server = manual_clock_server(&[]);
    let (one, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    one.create("dir-a");
    other.create("dir-a");
    assert_eq!(one.post("/__admin/reset", &json!({ "tenant": KEY })).status, 204);
    let held = |client: &Client| client.get("/api/v1/indexes").json()["items"].as_array().expect("a list").len();
    assert_eq!((held(&one), held(&other)), (0, 1));
}

#[test]
fn a_reset_removes_added_rules_and_restores_startup_rules() {
    let server = server(&[("fault", "indexes.list status=503 name=given first=1")]);
    let client = Client::of(&server);
    assert_eq!(client.delete("/__admin/faults").status, 204);
    assert_eq!(client.post("/__admin/faults", &json!("indexes.get status=500 name=added")).status, 201);
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["faults"] })).status, 204);
    let names: Vec<Value> = client.get("/__admin/faults").json()["faults"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| fault["name"].clone())
        .collect();
    assert_eq!(names, ["given"]);
    assert_eq!(client.get("/api/v1/indexes").status, 503);
}

#[test]
fn a_clock_is_set_and_advanced_for_one_tenant_or_for_all() {
    let server = manual_clock_server(&[]);
    let (one, other) = (Client::of(&server), Client::of(&server).with_key("llx-other"));
    one.create("dir-a");
    other.create("dir-a");
    let moved = one.post("/__admin/clock/advance", &json!({ "tenant": KEY, "by": "90s" }));
    assert_eq!(moved.json(), json!({ "mode": "manual", "now": "2026-01-01T00:01:30Z", "next": [] }));
    assert_eq!(one.get("/__admin/clock?tenant=llx-other").json()["now"], START);
    let set = one.send("PUT", "/__admin/clock", Some(&json!({ "now": "2030-05-05T05:05:05.5Z" })));
    assert_eq!(set.json()["now"], "2030-05-05T05:05:05.500000Z");
    other.with_key("llx-later").create("dir-a");
    for key in [KEY, "llx-other", "llx-later"] {
        let clock = one.get(&format!("/__admin/clock?tenant={key}")).json();
        assert_eq!(clock["now"], "2030-05-05T05:05:05.500000Z", "{key}");
    }
    let real = one.send("PUT", "/__admin/clock", Some(&json!({ "tenant": KEY, "mode": "real" })));
    assert_eq!(real.json()["mode"], "real");
    assert_eq!(one.get("/__admin/clock?tenant=llx-other").json()["mode"], "manual");
}

#[test]
fn invalid_admin_requests_are_rejected_with_the_field_name() {
    let server = server(&[]);
    let client = Client::of(&server);
    let cases = [
        ("POST", "/__admin/clock/advance", json!({ "by": "soon" }), 422, "by"),
        ("POST", "/__admin/clock/advance", json!({}), 422, "by"),
        ("PUT", "/__admin/clock", json!({ "mode": "sundial" }), 422, "mode"),
        ("PUT", "/__admin/clock", json!({ "now": "noon" }), 422, "now"),
        ("POST", "/__admin/reset", json!({ "parts": ["everything"] }), 422, "everything"),
        ("POST", "/__admin/reset", json!({ "tenant": "t-000000000000" }), 404, "tenant"),
        ("GET", "/__admin/journal?status=teapot", json!(null), 422, "status"),
    ];
    for (method, path, body, status, expected) in cases {
        let response = client.send(method, path, Some(&body).filter(|body| !body.is_null()));
        assert_eq!(response.status, status, "{method} {path} {body}: {}", response.text());
        assert!(response.text().contains(expected), "{method} {path} {body}: {}", response.text());
    }
}

#[test]
fn the_journal_lists_requests_and_responses_and_can_be_filtered() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.create("dir-a");
    client.post("/api/v1/indexes", &json!({ "name": 5 }));
    client.get("/api/v1/indexes?page_size=1");
    client.get("/nowhere");
    let entries = client.journal();
    let column = |name: &str| entries.iter().map(|entry| entry[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("seq"), [1, 2, 3, 4]);
    assert_eq!(
        column("operation"),
        [json!("indexes.create"), json!("indexes.create"), json!("indexes.list"), Value::Null]
    );
    assert_eq!(column("status"), [201, 422, 200, 404]);
    assert_eq!(column("path")[2], "/api/v1/indexes?page_size=1");
    assert_eq!(column("at")[0], START);
    assert_eq!(column("tenant")[0], label(KEY));
    assert_eq!(column("outcome"), ["sent", "sent", "sent", "sent"]);
    assert_eq!(entries[0]["request_body"], json!({ "source_directory_id": "dir-a" }));
    assert_eq!(entries[0]["reply_body"]["source_directory_id"], "dir-a");

    let seqs = |query: &str| {
        let shown = client.get(&format!("/__admin/journal?{query}")).json();
        shown["entries"].as_array().expect("a list").iter().map(|entry| entry["seq"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(seqs("operation=indexes.create"), [1, 2]);
    assert_eq!(seqs("status=422"), [2]);
    assert_eq!(seqs("limit=2"), [3, 4]);
    assert_eq!(seqs("operation=indexes.create&status=201&limit=5"), [1]);
}

#[test]
fn unauthenticated_requests_are_journaled_without_a_tenant() {
    let server = server(&[("api-key", "good")]);
    let client = Client::of(&server).with_key("bad");
    assert_eq!(client.get("/api/v1/indexes").status, 401);
    assert_eq!(tenants(&client).len(), 0);
    let entries = client.get("/__admin/journal").json()["entries"].clone();
    assert_eq!((&entries[0]["tenant"], &entries[0]["status"]), (&Value::Null, &json!(401)));
}

#[test]
fn admin_requests_are_not_journaled_and_not_faulted() {
    let server = server(&[("fault", "* status=500")]);
    let client = Client::of(&server);
    for path in ["/health", "/ready", "/openapi.json", "/__admin/state", "/__admin/config", "/__admin/faults"] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    assert_eq!(client.get("/__admin/journal").json(), json!({ "entries": [], "dropped": 0, "open": 0 }));
}

#[test]
fn a_request_from_before_a_journal_reset_does_not_change_later_entries() {
    let server = manual_clock_server(&[("fault", "indexes.create hang")]);
    let client = Client::of(&server);
    let mut hanging = client.connect();
    hanging.send(client.request_bytes("POST", "/api/v1/indexes", "", Some(r#"{"source_directory_id":"dir-a"}"#)));
    client.wait_for_entries(1);
    assert_eq!(client.post("/__admin/reset", &json!({ "parts": ["journal"] })).status, 204);
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    hanging.reset();
    client.wait_for_open_calls(0);
    let entries = client.journal();
    assert_eq!((entries.len(), &entries[0]["seq"], &entries[0]["outcome"]), (1, &json!(1), &json!("sent")));
}

#[test]
fn contract_mode_accepts_any_name_and_any_directory() {
    let server = server(&[("contract", "true")]);
    let client = Client::of(&server);
    let made = client.create("dir-a");
    let bodies = [
        json!({ "source_directory_id": made["output_directory_id"] }),
        json!({ "source_directory_id": "" }),
        json!({ "source_directory_id": "dir-b", "name": "mock:whatever" }),
    ];
    for body in bodies {
        assert_eq!(client.post("/api/v1/indexes", &body).status, 201, "{body}");
    }
}

#[test]
fn in_contract_mode_two_projects_can_have_different_indexes_with_the_same_id() {
    let server = server(&[("contract", "true")]);
    let client = Client::of(&server);
    let path = |project: &str| format!("/api/v1/indexes/x?project_id={project}");
    let projects = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
    let made = projects.map(|project| client.get(&path(project)).json());
    assert_ne!(made[0]["export_config_id"], made[1]["export_config_id"]);
    assert_eq!(client.delete(&path(projects[1])).status, 204);
    assert_eq!(client.get(&path(projects[0])).json(), made[0]);
}

#[test]
fn an_empty_tenant_and_an_array_body_are_rejected() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let requests = [
        ("/__admin/reset", json!({ "tenant": "" })),
        ("/__admin/faults", json!({ "rule": "* status=500", "tenant": "" })),
        ("/__admin/clock/advance", json!(["a", "5h"])),
    ];
    for (path, body) in requests {
        assert_eq!(client.post(path, &body).status, 422, "{path} {body}");
    }
    assert_eq!(client.get("/__admin/faults").json()["faults"], json!([]));
}
