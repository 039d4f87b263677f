//! Values that the service checks in its own code: an invalid one is rejected with one `value_error` that lists the
//! allowed values, with the configured status; every documented value is accepted.

use serde_json::{Value, json};

use crate::support::{Client, DIRECTORIES, FILES, FIND, GREP, HttpResponse, READ, RETRIEVE, id_of, server};

/// The response, and the expected location, allowed values and echoed input.
type Row = (HttpResponse, Value, &'static str, Value);

fn create(client: &Client, field: &str, value: &Value) -> HttpResponse {
    client.post("/api/v1/indexes", &json!({ "source_directory_id": "dir-a", field: value }))
}

fn rows(client: &Client) -> Vec<Row> {
    let products = json!([
        { "product_type": "parse", "product_config_id": "cfg-1" },
        { "product_type": "split", "product_config_id": "cfg-2" },
    ]);
    let index = create(client, "name", &json!("searched")).json()["id"].clone();
    let find = "/api/v1/retrieval/files/find";
    vec![
        (
            client.post(find, &json!({ "index_id": index, "page_size": -1 })),
            json!(["body", "page_size"]),
            "page_size should be at least 1",
            json!(-1),
        ),
        (
            create(client, "sync_frequency", &json!("hourly")),
            json!(["body", "sync_frequency"]),
            "sync_frequency should be one of: manual, daily, on_source_change",
            json!("hourly"),
        ),
        (
            create(client, "store_attachments", &json!(["items", "Items"])),
            json!(["body", "store_attachments", 1]),
            "store_attachments should be one of: screenshots, items",
            json!("Items"),
        ),
        (
            create(client, "products", &products),
            json!(["body", "products", 1, "product_type"]),
            "product_type should be one of: parse, extract",
            json!("split"),
        ),
        (
            client.get("/api/v1/indexes?page_size=0"),
            json!(["query", "page_size"]),
            "page_size should be at least 1",
            json!("0"),
        ),
        (
            client.get("/api/v1/indexes?page_token=made-up"),
            json!(["query", "page_token"]),
            "page_token should be one that this list returned",
            json!("made-up"),
        ),
    ]
}

#[test]
fn a_value_that_the_service_rejects_is_answered_with_the_allowed_values() {
    for (setting, status) in [("422", 422), ("400", 400)] {
        let server = server(&[("unknown-value-status", setting)]);
        for (response, loc, allowed, input) in rows(&Client::of(&server)) {
            let violation = json!({
                "type": "value_error", "loc": loc, "msg": format!("Value error, {allowed}"), "input": input,
                "ctx": { "error": {} },
            });
            assert_eq!((response.status, response.text()), (status, json!({ "detail": [violation] }).to_string()));
        }
    }
}

#[test]
fn a_schema_violation_is_422_and_is_reported_before_value_checks() {
    let server = server(&[("unknown-value-status", "400")]);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": 1, "sync_frequency": "hourly" });
    let response = client.post("/api/v1/indexes", &body);
    let kinds: Vec<_> =
        response.json()["detail"].as_array().expect("a list").iter().map(|v| v["type"].clone()).collect();
    assert_eq!((response.status, kinds), (422, vec![json!("string_type")]));
}

#[test]
fn a_keyword_of_a_replaced_schema_that_the_framework_does_not_have_is_a_value_error() {
    let schema = json!({
        "type": "object",
        "properties": { "source_directory_id": { "type": "string" }, "size": { "type": "integer", "multipleOf": 5 } },
        "allOf": [{ "required": ["name"] }],
    });
    let folder = temp_dir::TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("indexes.create.request.json"), schema.to_string())
        .expect("the file can be written");
    let server = server(&[("schemas", folder.path().to_str().expect("a UTF-8 path"))]);
    let client = Client::of(&server);
    let rows = [
        (json!({ "name": "n", "size": "7" }), json!([["body", "size"]])),
        (json!({ "size": 10 }), json!([["body"]])),
        (json!({ "name": 1, "size": 6, "source_directory_id": 1 }), json!([["body", "source_directory_id"]])),
    ];
    for (body, locations) in rows {
        let response = client.post("/api/v1/indexes", &body);
        let detail = response.json()["detail"].clone();
        let found: Vec<_> = detail.as_array().expect("a list").iter().map(|violation| &violation["loc"]).collect();
        assert_eq!((response.status, json!(found)), (422, locations), "{body}: {detail}");
    }
    assert_eq!(
        client.post("/api/v1/indexes", &json!({ "name": "n", "size": "10", "source_directory_id": "d" })).status,
        201
    );
}

#[test]
fn every_documented_value_is_accepted() {
    let server = server(&[]);
    let client = Client::of(&server);
    let product = |kind: &str| json!([{ "product_type": kind, "product_config_id": "cfg-1" }]);
    let documented = [
        ("sync_frequency", json!("manual")),
        ("sync_frequency", json!("daily")),
        ("sync_frequency", json!("on_source_change")),
        ("store_attachments", json!(["screenshots", "items"])),
        ("products", product("parse")),
        ("products", product("extract")),
        ("vector_target", json!("DEFAULT")),
        ("vector_target", json!("DISABLED")),
    ];
    for (field, value) in documented {
        let response = create(&client, field, &value);
        assert_eq!(response.status, 201, "{field} {value}: {}", response.text());
    }
    assert_eq!(client.get("/api/v1/indexes?page_size=1001&page_token=").status, 200);
}

#[test]
fn a_handler_reads_the_same_from_every_form_of_a_number() {
    let server = server(&[("sync-duration", "0"), ("clock", "manual")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    client.upload(&directory, "a.txt", "one two one two one");
    let index = client.index_over(&directory);
    let file = client.found_id(&index, "a.txt");
    for (path, field, integer, float) in [
        (FIND, "page_size", json!(1), json!(1.0)),
        (GREP, "page_size", json!(2), json!(2.0)),
        (GREP, "context_chars", json!(1), json!(1.0)),
        (READ, "offset", json!(2), json!(2.0)),
        (READ, "max_length", json!(3), json!(3.0)),
        (RETRIEVE, "top_k", json!(0), json!(-0.0)),
        (RETRIEVE, "num_candidates", json!(1), json!(1.0)),
        (RETRIEVE, "rerank", json!({ "top_n": 0 }), json!({ "top_n": 0.0 })),
    ] {
        let answer = |value: &Value| {
            let body = json!({ "index_id": index, "file_id": file, "query": "one", "pattern": "one", field: value });
            let response = client.post(path, &body);
            assert_eq!(response.status, 200, "{field}: {value}: {}", response.text());
            response.text()
        };
        assert_eq!(answer(&integer), answer(&float), "{field}");
    }
}

#[test]
fn a_handler_reads_the_same_from_every_form_of_an_id_or_a_time() {
    let server = server(&[("sync-duration", "0"), ("clock", "manual")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let file = client.upload(&directory, "a.txt", "one")["file_id"].as_str().expect("an id").to_owned();
    let project = &client.show("/api/v1/projects")[0];
    let (project, organization) = (id_of(project), project["organization_id"].as_str().expect("an id").to_owned());
    let listed = format!("{DIRECTORIES}/{directory}/files?updated_at_on_or_before=");
    for (path, id) in [
        (format!("{FILES}/"), &file),
        (format!("{FILES}?file_ids="), &file),
        ("/api/v1/projects/".to_owned(), &project),
        ("/api/v2/projects/".to_owned(), &project),
        ("/api/v1/projects?organization_id=".to_owned(), &organization),
        (format!("{FILES}?project_id="), &project),
    ] {
        let shown = client.show(&format!("{path}{id}"));
        for form in [id.to_uppercase(), id.replace('-', ""), format!("urn:uuid:{id}")] {
            assert_eq!(client.show(&format!("{path}{form}")), shown, "{path}{form}");
        }
    }
    let content = |id: &str| client.show(&format!("{FILES}/{id}/content"));
    assert_eq!(content(&file.to_uppercase()), content(&file));
    let query = |id: &str, project: &str| {
        let filter = json!({ "file_ids": [id], "project_id": project });
        client.post(&format!("{FILES}/query"), &json!({ "filter": filter })).text()
    };
    assert_eq!(query(&file.to_uppercase(), &project.to_uppercase()), query(&file, &project));
    for (form, other) in [("2000-01-01", "2000-01-01T01:00:00%2B01:00"), ("2033-05-18T03:33:20Z", "2000000000")] {
        assert_eq!(client.show(&format!("{listed}{form}")), client.show(&format!("{listed}{other}")), "{form}");
    }
    assert_ne!(client.show(&format!("{listed}2000-01-01")), client.show(&format!("{listed}9999-01-01")));
}
