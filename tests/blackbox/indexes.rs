//! The emulated operations as a client of the service expects them: echoed and generated values, and values that the
//! service rejects in its own code.

use serde_json::{Value, json};

use crate::support::{Client, START, manual_clock_server, server};

const FIELDS: &[&str] = &[
    "id",
    "created_at",
    "updated_at",
    "name",
    "description",
    "project_id",
    "source_directory_id",
    "output_directory_id",
    "sync_config_id",
    "export_config_id",
    "last_synced_at",
    "last_exported_at",
    "metadata",
    "sync_in_progress",
];

fn id_of(index: &Value, field: &str) -> String {
    index[field].as_str().expect("an id is a string").to_owned()
}

#[test]
fn a_new_index_has_every_field_in_order_and_ids_in_the_services_format() {
    let server = manual_clock_server(&[]);
    let response = Client::of(&server).post("/api/v1/indexes", &json!({ "source_directory_id": "dir-abc123" }));
    assert_eq!(response.header("content-type"), Some("application/json"));
    let index = response.json();
    let keys: Vec<&String> = index.as_object().expect("an object").keys().collect();
    assert_eq!(keys, FIELDS);
    for (field, prefix) in
        [("id", "idx-"), ("output_directory_id", "dir-"), ("sync_config_id", "cfg-"), ("export_config_id", "cfg-")]
    {
        let id = id_of(&index, field);
        let uuid = id.strip_prefix(prefix).unwrap_or_else(|| panic!("{field} is {id}"));
        assert!(uuid::Uuid::try_parse(uuid).is_ok_and(|uuid| uuid.get_version_num() == 4), "{field} is {id}");
    }
    assert_ne!(index["sync_config_id"], index["export_config_id"]);
    assert_eq!((&index["created_at"], &index["updated_at"]), (&json!(START), &json!(START)));
    for field in ["description", "last_synced_at", "last_exported_at", "sync_in_progress"] {
        assert_eq!(index[field], Value::Null, "{field}");
    }
    assert_eq!(index["metadata"], json!({ "status": "pending" }));
    assert!(!response.text().contains(": ") && !response.text().contains(", "), "compact: {}", response.text());
}

#[test]
fn request_values_are_echoed_exactly() {
    let server = server(&[]);
    let client = Client::of(&server);
    for text in
        ["Ünïcode ✓ 日本語 🦙", "quote \" backslash \\ newline \n tab \t", "", " spaces ", "\u{0}\u{7f}\u{2028}"]
    {
        let given =
            json!({ "source_directory_id": "dir-☃", "name": text, "description": text, "extra": { "kept": false } });
        let index = client.post("/api/v1/indexes", &given).json();
        assert_eq!((&index["name"], &index["description"]), (&json!(text), &json!(text)));
        assert_eq!(index["source_directory_id"], "dir-☃");
        let again = client.get(&format!("/api/v1/indexes/{}", id_of(&index, "id"))).json();
        assert_eq!(again["name"], text);
    }
}

#[test]
fn an_index_without_a_name_is_named_after_its_directory() {
    let server = server(&[]);
    let client = Client::of(&server);
    let directory = client.post("/api/v1/beta/directories", &json!({ "name": "Quarterly Papers" })).json();
    let index = client.create(&id_of(&directory, "id"));
    assert_eq!(index["name"], "Quarterly Papers");
    let named = client.post("/api/v1/indexes", &json!({ "source_directory_id": "dir-a", "name": null })).json();
    assert!(named["name"].as_str().is_some_and(|name| name.contains(' ')), "{named}");
}

#[test]
fn every_route_accepts_both_ids_unless_configured_otherwise() {
    for (setting, by_id, by_export) in [("any", 200, 200), ("id", 200, 404), ("export", 404, 200)] {
        let server = server(&[("index-id", setting)]);
        let client = Client::of(&server);
        let index = client.create("dir-a");
        let status = |field: &str| client.get(&format!("/api/v1/indexes/{}", id_of(&index, field))).status;
        assert_eq!((status("id"), status("export_config_id")), (by_id, by_export), "{setting}");
        assert_eq!(status("sync_config_id"), 404);
        assert_eq!(status("output_directory_id"), 404);
    }
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let export = id_of(&client.create("dir-a"), "export_config_id");
    client.advance("1s");
    assert_eq!(client.post(&format!("/api/v1/indexes/{export}/sync"), &json!(null)).status, 202);
    assert_eq!(client.post(&format!("/api/v1/indexes/{export}/sync/cancel"), &json!(null)).status, 202);
    assert_eq!(client.delete(&format!("/api/v1/indexes/{export}")).status, 204);
    assert_eq!(client.get(&format!("/api/v1/indexes/{export}")).text(), r#"{"detail":"Index not found"}"#);
}

#[test]
fn an_unknown_directory_is_created_unless_references_are_strict() {
    let lenient = server(&[]);
    let client = Client::of(&lenient);
    client.create("dir-mentioned");
    assert_eq!(client.get("/api/v1/beta/directories/dir-mentioned").json()["type"], "user");

    let strict = server(&[("strict-references", "true")]);
    let client = Client::of(&strict);
    let refused = client.post("/api/v1/indexes", &json!({ "source_directory_id": "dir-mentioned" }));
    assert_eq!((refused.status, refused.text().as_str()), (404, r#"{"detail":"Directory not found"}"#));
    let directory = client.post("/api/v1/beta/directories", &json!({ "name": "Papers" })).json();
    assert_eq!(client.create(&id_of(&directory, "id"))["source_directory_id"], directory["id"]);
}

#[test]
fn an_output_directory_exists_with_its_index_and_is_no_valid_source() {
    let server = server(&[]);
    let client = Client::of(&server);
    let index = client.create("dir-a");
    let output = id_of(&index, "output_directory_id");
    let directory = client.get(&format!("/api/v1/beta/directories/{output}")).json();
    assert_eq!((&directory["type"], &directory["id"]), (&json!("index"), &index["output_directory_id"]));
    let refused = client.post("/api/v1/indexes", &json!({ "source_directory_id": output }));
    assert_eq!((refused.status, &refused.json()["detail"][0]["type"]), (422, &json!("value_error")));
    client.delete(&format!("/api/v1/indexes/{}", id_of(&index, "id")));
    assert_eq!(client.get(&format!("/api/v1/beta/directories/{output}")).status, 404);
    assert_eq!(client.get("/api/v1/beta/directories/dir-a").status, 200);
}

#[test]
fn values_checked_by_the_service_are_rejected_with_the_allowed_values() {
    let cases = [
        (json!({ "sync_frequency": "hourly" }), json!(["body", "sync_frequency"]), "on_source_change"),
        (
            json!({ "products": [{ "product_type": "split", "product_config_id": "cfg-1" }] }),
            json!(["body", "products", 0, "product_type"]),
            "parse, extract",
        ),
        (
            json!({ "store_attachments": ["items", "audio"] }),
            json!(["body", "store_attachments", 1]),
            "screenshots, items",
        ),
        (json!({ "name": "mock:explode" }), json!(["body", "name"]), "mock:stuck"),
    ];
    for status in ["422", "400"] {
        let server = server(&[("unknown-value-status", status)]);
        let client = Client::of(&server);
        for (fields, loc, allowed) in &cases {
            let mut body = fields.clone();
            body["source_directory_id"] = json!("dir-a");
            let refused = client.post("/api/v1/indexes", &body);
            assert_eq!(refused.status.to_string(), status, "{body}");
            let violation = &refused.json()["detail"][0];
            assert_eq!((&violation["type"], &violation["loc"]), (&json!("value_error"), loc));
            assert!(violation["msg"].as_str().is_some_and(|msg| msg.contains(allowed)), "{violation}");
        }
        let state = client.get("/__admin/state").json();
        let tenant = &state["tenants"][0];
        assert_eq!(
            (&tenant["indexes"], &tenant["directories"]),
            (&json!([]), &json!([])),
            "rejected requests create nothing"
        );
    }
}

#[test]
fn every_documented_value_is_accepted() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (field, values) in [
        ("sync_frequency", vec![json!("manual"), json!("daily"), json!("on_source_change")]),
        ("vector_target", vec![json!("DEFAULT"), json!("DISABLED")]),
        ("store_attachments", vec![json!(null), json!([]), json!(["screenshots", "items"])]),
        ("products", vec![json!(null), json!([{ "product_type": "parse", "product_config_id": "cfg-1" }])]),
    ] {
        for value in values {
            let body = json!({ "source_directory_id": "dir-a", field: value });
            assert_eq!(client.post("/api/v1/indexes", &body).status, 201, "{body}");
        }
    }
}

#[test]
fn a_directory_is_returned_as_it_was_created() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let body = json!({ "name": "Papers", "type": "ephemeral", "description": "Short-lived", "system_metadata": { "a": [1, 2.50, null] } });
    let directory = client.post("/api/v1/beta/directories", &body).json();
    assert_eq!(directory["expires_at"], "2026-01-02T00:00:00Z");
    for field in ["name", "type", "description", "system_metadata"] {
        assert_eq!(directory[field], body[field], "{field}");
    }
    assert_eq!(client.get(&format!("/api/v1/beta/directories/{}", id_of(&directory, "id"))).json(), directory);
}

#[test]
fn contract_mode_accepts_unknown_ids() {
    let server = server(&[("contract", "true")]);
    let client = Client::of(&server);
    assert_eq!(client.get("/api/v1/indexes/index_id").json()["id"], "index_id");
    assert_eq!(client.post("/api/v1/indexes/other/sync", &json!(null)).status, 202);
    assert_eq!(client.post("/api/v1/indexes/other/sync/cancel", &json!(null)).status, 202);
    assert_eq!(client.get("/api/v1/indexes?page_token=any").status, 200);
    assert_eq!(client.get("/api/v1/beta/directories/directory_id").json()["id"], "directory_id");
    assert_eq!(client.delete("/api/v1/indexes/another").status, 204);
    let body = json!({ "source_directory_id": "d", "sync_frequency": "sync_frequency" });
    assert_eq!(client.post("/api/v1/indexes", &body).status, 201);
    assert_eq!(client.post("/api/v1/indexes", &json!({ "name": "no source" })).status, 422);
}

#[test]
fn the_openapi_document_lists_the_operations_and_its_references_lead_to_components() {
    let server = server(&[]);
    let contract = Client::of(&server).get("/openapi.json").json();
    let names: Vec<&str> = contract["paths"]
        .as_object()
        .expect("paths")
        .values()
        .flat_map(|path| path.as_object().expect("methods").values())
        .map(|operation| operation["operationId"].as_str().expect("a name"))
        .collect();
    assert!(names.contains(&"indexes.create") && names.contains(&"directories.list"), "{names:?}");
    let text = contract.to_string();
    assert!(!text.contains("$defs") && !text.contains("x-in"), "references point to components");
}
