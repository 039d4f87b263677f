//! Responses are valid against the contract that the server publishes.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Contract, KEY, standing};

/// The contract's fields of an index, in its order.
const INDEX_FIELDS: &[&str] = &[
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

/// The contract's fields of a directory, in its order.
const DIRECTORY_FIELDS: &[&str] = &[
    "id",
    "created_at",
    "updated_at",
    "project_id",
    "name",
    "description",
    "type",
    "connector_subscription_id",
    "expires_at",
    "system_metadata",
    "deleted_at",
];

const PAGE_FIELDS: &[&str] = &["items", "next_page_token", "total_size"];

/// Good calls and the operations they are, so that every row is called in more than one state.
fn good_calls(client: &Client) -> Vec<(&'static str, Answer)> {
    let indexes = "/api/v1/indexes";
    let directories = "/api/v1/beta/directories";
    let every_field = json!({
        "source_directory_id": "dir-a", "name": "Ünïcode 😀", "description": "", "sync_frequency": "daily",
        "products": [{ "product_type": "parse", "product_config_id": "cfg-1" }],
        "store_attachments": ["screenshots", "items"], "vector_target": "DISABLED",
    });
    let index = client.create("dir-b");
    let path = format!("{indexes}/{}", index["id"].as_str().expect("a text"));
    let directory = json!({ "name": "d", "type": "ephemeral", "system_metadata": { "k": [1.5, null] } });
    let made = client.post(directories, &directory);
    let made_id = made.json()["id"].as_str().expect("a text").to_owned();
    let output_id = index["output_directory_id"].as_str().expect("a text").to_owned();
    let mut calls = vec![
        ("indexes.create", client.post(indexes, &every_field)),
        ("indexes.create", client.post(indexes, &json!({ "source_directory_id": "dir-c", "name": "mock:fail" }))),
        ("indexes.create", client.post(indexes, &json!({ "source_directory_id": "dir-c", "name": "mock:partial" }))),
        ("directories.create", made),
        ("directories.create", client.post(directories, &json!({ "name": "n" }))),
        ("directories.get", client.get(&format!("{directories}/{made_id}"))),
        ("directories.get", client.get(&format!("{directories}/dir-a"))),
        ("directories.get", client.get(&format!("{directories}/{output_id}"))),
        ("directories.list", client.get(directories)),
        ("directories.list", client.get(&format!("{directories}?types=user&types=index&page_size=1"))),
        ("indexes.get", client.get(&path)),
        ("indexes.get", client.get(&format!("{path}?expand=sync_in_progress"))),
        ("indexes.list", client.get(&format!("{indexes}?page_size=2"))),
        ("indexes.list", client.get(&format!("{indexes}?source_directory_id=nothing"))),
        ("indexes.cancel_sync", client.post(&format!("{path}/sync/cancel"), &json!({}))),
        ("indexes.get", client.get(&path)),
    ];
    client.advance("1h");
    calls.extend([
        ("indexes.list", client.get(indexes)),
        ("indexes.sync", client.post(&format!("{path}/sync"), &json!({}))),
        ("indexes.get", client.get(&format!("{path}?expand=sync_in_progress"))),
        ("indexes.delete", client.delete(&path)),
    ]);
    calls
}

#[test]
fn every_good_answer_satisfies_the_schema_of_its_operation() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let contract = Contract::of(&client);
    let calls = good_calls(&client);
    for operation in contract.operations() {
        let answers: Vec<_> = calls.iter().filter(|(name, _)| *name == operation.name).collect();
        assert!(!answers.is_empty(), "{} was not called", operation.name);
        for (_, answer) in answers {
            assert_eq!(answer.status, operation.status, "{}: {}", operation.name, answer.text());
            match &operation.response {
                Some(schema) => contract.assert_valid(schema, answer),
                None => assert_eq!(answer.text(), "", "{}", operation.name),
            }
        }
    }
}

#[test]
fn refusals_satisfy_their_schemas() {
    let server = standing(&[("api-key", KEY)]);
    let client = Client::of(&server);
    let contract = Contract::of(&client);
    let stranger = client.with_key("llx-stranger");
    let unknown = "/api/v1/indexes/idx-unknown";
    let running = format!("/api/v1/indexes/{}/sync", client.create("dir-a")["id"].as_str().expect("a text"));
    let sentences = [
        (404, client.get(unknown)),
        (404, client.get("/nothing")),
        (405, client.call("PUT", unknown, None)),
        (401, stranger.get(unknown)),
        (409, client.post(&running, &json!({}))),
        (400, client.try_call("POST", "/api/v1/indexes", "", Some("NaN")).expect("an answer comes")),
    ];
    for (status, answer) in sentences {
        assert_eq!(answer.status, status, "{}", answer.text());
        contract.assert_valid("Refusal", &answer);
    }
    let violations = [
        client.post("/api/v1/indexes", &json!({ "source_directory_id": 1, "products": [{}] })),
        client.post("/api/v1/indexes", &json!({ "source_directory_id": "d", "sync_frequency": "hourly" })),
        client.get("/api/v1/indexes?page_size=x&project_id=y"),
        client.get("/api/v1/indexes?page_token=made-up"),
        client.try_call("POST", "/api/v1/indexes", "", Some("{")).expect("an answer comes"),
    ];
    for answer in violations {
        assert_eq!(answer.status, 422, "{}", answer.text());
        contract.assert_valid("HTTPValidationError", &answer);
    }
}

#[test]
fn a_schema_refuses_what_breaks_it() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let good = client.create("dir-a");
    let schema = Contract::of(&client).schema("IndexResponse");
    assert!(schema.is_valid(&good));
    for field in INDEX_FIELDS {
        let mut bad = good.clone();
        bad.as_object_mut().expect("an object").remove(*field);
        assert!(!schema.is_valid(&bad), "without {field}");
        bad[*field] = json!([1]);
        assert!(!schema.is_valid(&bad), "with another {field}");
    }
}

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn answers_have_every_field_in_the_order_of_the_contract_and_are_compact() {
    let server = standing(&[]);
    let client = Client::of(&server);
    let index = client.post("/api/v1/indexes", &json!({ "source_directory_id": "dir-a" }));
    let page = client.get("/api/v1/indexes");
    let directory = client.get("/api/v1/beta/directories/dir-a");
    assert_eq!(fields(&index.json()), INDEX_FIELDS);
    assert_eq!(fields(&page.json()), PAGE_FIELDS);
    assert_eq!(fields(&page.json()["items"][0]), INDEX_FIELDS);
    assert_eq!(fields(&directory.json()), DIRECTORY_FIELDS);
    let nulls = ["description", "last_synced_at", "last_exported_at", "sync_in_progress"];
    assert!(nulls.iter().all(|field| index.json()[field].is_null()), "{}", index.text());
    assert!(page.json()["next_page_token"].is_null() && page.json()["total_size"].is_null(), "{}", page.text());
    for answer in [index, page, directory] {
        assert_eq!(answer.text(), answer.json().to_string(), "is compact");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}
