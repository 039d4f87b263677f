//! Other products of the real API: 404 with the name of the product, which meets no fault rule and is journaled.

use serde_json::{Value, json};

use crate::support::{Client, manual_clock_server};

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
fn every_operation_of_the_family_is_listed_as_emulated() {
    let server = manual_clock_server(&[]);
    let listed = Client::of(&server).get("/__admin/operations").json()["operations"].clone();
    let listed = listed.as_array().expect("a list");
    assert!(listed.len() >= 45 && listed.iter().all(|row| row["emulated"] == json!(true)), "{listed:?}");
}
