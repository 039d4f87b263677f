//! Operations of the real API that are not emulated: 404 with the name of the operation, which meets fault rules and is
//! journaled like others.

use serde_json::{Value, json};

use crate::support::{Client, manual_clock_server};

/// The operations that are not emulated: name, method, and a path.
const OPERATIONS: [(&str, &str, &str); 6] = [
    ("chat.create", "POST", "/api/v1/chat"),
    ("chat.list", "GET", "/api/v1/chat"),
    ("chat.retrieve", "GET", "/api/v1/chat/ses-a"),
    ("chat.delete", "DELETE", "/api/v1/chat/ses-a"),
    ("chat.get_summary", "GET", "/api/v1/chat/ses-a/summary"),
    ("chat.stream", "POST", "/api/v1/chat/ses-a/messages/stream"),
];

#[test]
fn each_is_404_with_its_name_in_a_header_and_in_the_journal() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for (name, method, path) in OPERATIONS {
        let client = client.for_case(name);
        for body in [None, Some(json!({ "any": 1 }))] {
            let response = client.send(method, path, body.as_ref());
            assert_eq!((response.status, response.header("x-mock-not-emulated")), (404, Some(name)), "{method} {path}");
            assert!(
                response.json()["detail"].as_str().is_some_and(|detail| detail.contains(name)),
                "{}",
                response.text()
            );
        }
        let entry = client.journal().remove(0);
        assert_eq!((&entry["operation"], &entry["status"]), (&json!(name), &json!(404)), "{name}");
        let found = client.get(&format!("/__admin/journal?tenant={}&operation={name}", client.key())).json();
        assert_eq!(found["entries"].as_array().map(Vec::len), Some(2), "{name}");
    }
}

#[test]
fn fault_rules_strike_each_by_its_name_by_its_family_and_by_an_asterisk() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for (name, method, path) in OPERATIONS {
        let client = client.for_case(name);
        let family = name.rsplit_once('.').map_or(name, |(family, _)| family);
        client.add_rule("* status=503 nth=1 name=all");
        client.add_rule(&format!("{family}.* status=502 nth=1 name=family"));
        client.add_rule(&format!("{name} status=500 nth=1 name=own"));
        // An earlier rule that strikes does not keep those behind it from counting.
        let statuses = [(); 2].map(|()| client.send(method, path, None).status);
        assert_eq!(statuses, [503, 404], "{name}");
        let outcomes = client.fault_outcomes();
        assert_eq!(outcomes[0], "all struck, family shadowed, own shadowed", "{name}");
        client.add_rule(&format!("{name} status=500 first=1 name=later"));
        assert_eq!(client.send(method, path, None).status, 500, "{name}");
    }
}

#[test]
fn other_products_of_the_real_api_are_named() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("* status=503 name=all");
    let calls = [
        ("POST", "/api/v2/parse/upload", "parse"),
        ("GET", "/api/v2/parse", "parse"),
        ("POST", "/api/v2/extract", "extract"),
        ("DELETE", "/api/v1/split/jobs/spl-1", "split"),
        ("GET", "/api/v1/pipelines?project_name=x", "pipelines"),
        ("POST", "/api/v1/beta/agent-data/:search", "agent data"),
        ("POST", "/api/v1/files", "v1 files"),
        ("GET", "/api/v1/organizations", "organizations"),
        ("PUT", "/api/v1/projects/a/b", "projects"),
    ];
    for (method, path, product) in calls {
        let response = client.send(method, path, None);
        assert_eq!((response.status, response.header("x-mock-not-emulated")), (404, Some(product)), "{path}");
        assert!(
            response.json()["detail"].as_str().is_some_and(|detail| detail.contains(product)),
            "{}",
            response.text()
        );
        let entries = client.journal();
        let entry = entries.last().expect("it is recorded");
        let shown = [&entry["operation"], &entry["product"], &entry["faults"]];
        assert_eq!(shown, [&Value::Null, &json!(product), &json!([])], "{path}");
    }
    for path in ["/api/v2/pars", "/api/v2/parser", "/api/v1/index", "/api/v1", "/api/v1/pipeline", "/parse"] {
        let response = client.get(path);
        assert_eq!((response.status, response.header("x-mock-not-emulated")), (404, None), "{path}");
        assert_eq!(response.text(), r#"{"detail":"Not Found"}"#, "{path}");
        let entries = client.journal();
        assert_eq!(entries.last().expect("it is recorded").get("product"), None, "{path}");
    }
}

#[test]
fn each_needs_an_accepted_key() {
    let server = manual_clock_server(&[("api-key", "llx-accepted")]);
    let client = Client::of(&server);
    for (name, method, path) in OPERATIONS {
        assert_eq!(client.send(method, path, None).status, 401, "{name}");
    }
}

#[test]
fn the_list_of_operations_says_which_are_emulated() {
    let server = manual_clock_server(&[]);
    let listed = Client::of(&server).get("/__admin/operations").json()["operations"].clone();
    let listed = listed.as_array().expect("a list");
    let names = |emulated: bool| -> Vec<Value> {
        let rows = listed.iter().filter(|row| row["emulated"] == json!(emulated));
        rows.map(|row| row["name"].clone()).collect()
    };
    assert_eq!(names(false), OPERATIONS.map(|(name, ..)| json!(name)));
    assert!(names(true).contains(&json!("indexes.create")), "{listed:?}");
    let delete = listed.iter().find(|row| row["name"] == "chat.delete").expect("it is listed");
    assert_eq!(
        delete,
        &json!({ "name": "chat.delete", "method": "DELETE", "path": "/api/v1/chat/{session_id}", "emulated": false })
    );
}
