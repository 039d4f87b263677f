//! Responses are valid against the contract that the server publishes.

use serde_json::{Value, json};

use crate::support::{CHAT, Client, Contract, HttpResponse, KEY, Upload, events_of, manual_clock_server};

/// The fields of an index in the order of the contract.
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

/// The fields of a directory in the order of the contract.
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

/// Successful responses of every operation in more than one state, with the operation's name.
fn successful_responses(client: &Client) -> Vec<(&'static str, HttpResponse)> {
    let indexes = "/api/v1/indexes";
    let directories = "/api/v1/beta/directories";
    let every_field = json!({
        "source_directory_id": "dir-a", "name": "Ünïcode 😀", "description": "", "sync_frequency": "daily",
        "products": [{ "product_type": "parse", "product_config_id": "cfg-1" }],
        "store_attachments": ["screenshots", "items"], "vector_target": "DISABLED",
    });
    let index = client.create("dir-b");
    let path = format!("{indexes}/{}", index["id"].as_str().expect("a string"));
    let directory = json!({ "name": "d", "type": "ephemeral", "system_metadata": { "k": [1.5, null] } });
    let made = client.post(directories, &directory);
    let made_id = made.json()["id"].as_str().expect("a string").to_owned();
    let output_id = index["output_directory_id"].as_str().expect("a string").to_owned();
    let mut requests = vec![
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
    requests.extend([
        ("indexes.list", client.get(indexes)),
        ("indexes.sync", client.post(&format!("{path}/sync"), &json!({}))),
        ("indexes.get", client.get(&format!("{path}?expand=sync_in_progress"))),
        ("indexes.delete", client.delete(&path)),
    ]);
    requests
}

/// Successful responses of the operations on files, directory files, projects and retrieval.
fn document_responses(client: &Client) -> Vec<(&'static str, HttpResponse)> {
    let (files, directories, retrieval) = ("/api/v1/beta/files", "/api/v1/beta/directories", "/api/v1/retrieval");
    let id_of = |response: &HttpResponse| response.json()["id"].as_str().expect("a string").to_owned();
    let directory = id_of(&client.post(directories, &json!({ "name": "documents" })));
    let directory_path = format!("{directories}/{directory}");
    let in_directory = format!("{directory_path}/files");
    let created = Upload::file("file", "a.md", "# A\n\nalpha").text("purpose", "user_data").send(client, files);
    let file = id_of(&created);
    let uploaded = Upload::file("upload_file", "b.md", "# B\n\nbeta äöü")
        .text("metadata", r#"{"year": 2024, "tags": ["x"]}"#)
        .send(client, &format!("{in_directory}/upload"));
    let uploaded_id = id_of(&uploaded);
    let added = client.post(&in_directory, &json!({ "file_id": file }));
    let added_id = id_of(&added);
    let index = client.create(&directory);
    client.advance("1h");
    let index = index["id"].as_str().expect("a string");
    let find = client.post(&format!("{retrieval}/files/find"), &json!({ "index_id": index, "page_size": 1 }));
    let found = find.json()["items"][0]["file_id"].clone();
    let query = json!({ "index_id": index, "query": "beta" });
    let grep = json!({ "index_id": index, "file_id": found, "pattern": "a", "context_chars": 2 });
    let project = client.get("/api/v1/projects").json()[0]["id"].as_str().expect("a string").to_owned();
    vec![
        ("files.create", created),
        ("directories.files.upload", uploaded),
        ("directories.files.add", added),
        ("directories.files.list", client.get(&format!("{in_directory}?expand=download_url"))),
        ("directories.files.get", client.get(&format!("{in_directory}/{uploaded_id}?expand=download_url"))),
        ("directories.files.update", patch(client, &format!("{in_directory}/{added_id}"), &json!({ "metadata": {} }))),
        ("directories.update", patch(client, &directory_path, &json!({ "description": "d" }))),
        ("files.list", client.get(&format!("{files}?order_by=name&expand=download_url&page_size=1"))),
        ("files.query", client.post(&format!("{files}/query"), &json!({}))),
        ("files.retrieve", client.get(&format!("{files}/{file}"))),
        ("files.content", client.get(&format!("{files}/{file}/content?expires_at_seconds=5"))),
        ("retrieval.retrieve", client.post(&format!("{retrieval}/retrieve"), &query)),
        ("retrieval.find", find),
        ("retrieval.grep", client.post(&format!("{retrieval}/files/grep"), &grep)),
        (
            "retrieval.read",
            client.post(&format!("{retrieval}/files/read"), &json!({ "index_id": index, "file_id": found })),
        ),
        ("projects.list", client.get("/api/v1/projects")),
        ("projects.get", client.get(&format!("/api/v1/projects/{project}"))),
        ("v2_projects.list", client.get("/api/v2/projects")),
        ("v2_projects.get", client.get(&format!("/api/v2/projects/{project}"))),
        ("directories.files.delete", client.delete(&format!("{in_directory}/{added_id}"))),
        (
            "directories.files.bulk_delete",
            client.post(&format!("{in_directory}/bulk-delete"), &json!({ "directory_file_ids": [uploaded_id] })),
        ),
        ("files.delete", client.delete(&format!("{files}/{file}"))),
        ("directories.delete", client.delete(&directory_path)),
    ]
}

/// Successful responses of the operations on configurations.
fn configuration_responses(client: &Client) -> Vec<(&'static str, HttpResponse)> {
    let configurations = "/api/v1/beta/configurations";
    let parameters = json!({ "product_type": "parse_v2", "tier": "agentic", "version": "latest" });
    let created = client.post(configurations, &json!({ "name": "n", "parameters": parameters }));
    let path = format!("{configurations}/{}", created.json()["id"].as_str().expect("a string"));
    let other = json!({ "name": "m", "parameters": { "product_type": "unknown", "any": [1.5, null] } });
    vec![
        ("configurations.create", created),
        ("configurations.create", client.post(configurations, &other)),
        ("configurations.update", client.send("PUT", &path, Some(&json!({ "name": "o" })))),
        ("configurations.list", client.get(&format!("{configurations}?page_size=2"))),
        ("configurations.retrieve", client.get(&path)),
        ("configurations.retrieve", client.get(&format!("{configurations}/cfg-PARSE_FAST"))),
        ("configurations.delete", client.delete(&path)),
    ]
}

/// Successful responses of the operations on attachments.
fn attachment_responses(client: &Client) -> Vec<(&'static str, HttpResponse)> {
    let attachments = "/api/v1/beta/attachments";
    let directory = client.directory("attached");
    let file = client.upload(&directory, "a.md", "# A\u{c}b")["id"].as_str().expect("a string").to_owned();
    client.post(
        "/api/v1/indexes",
        &json!({ "source_directory_id": directory, "store_attachments": ["screenshots", "items"] }),
    );
    client.advance("1h");
    vec![
        ("attachments.list", client.get(&format!("{attachments}?source_id={file}&page_size=3"))),
        ("attachments.list", client.get(&format!("{attachments}?source_id=nothing"))),
        ("attachments.get", client.get(&format!("{attachments}/screenshots%2Fpage_2.jpg?source_id={file}"))),
    ]
}

/// Successful responses of the operations on chat sessions.
fn chat_responses(client: &Client) -> Vec<(&'static str, HttpResponse)> {
    let index = client.create("dir-chat")["id"].as_str().expect("a string").to_owned();
    let created = client.post(CHAT, &json!({ "index_ids": [index] }));
    let path = format!("{CHAT}/{}", created.json()["session_id"].as_str().expect("a string"));
    let without_turns = client.get(&format!("{path}/summary"));
    let message = json!({ "index_ids": [index], "prompt": "hello" });
    let stream = client.post(&format!("{path}/messages/stream"), &message);
    // The schema is that of the list of events.
    let events = Value::from(events_of(&stream.text())).to_string().into_bytes();
    vec![
        ("chat.create", client.send("POST", CHAT, None)),
        ("chat.create", created),
        ("chat.get_summary", without_turns),
        ("chat.stream", HttpResponse { body: events, ..stream }),
        ("chat.get_summary", client.get(&format!("{path}/summary"))),
        ("chat.retrieve", client.get(&path)),
        ("chat.list", client.get(&format!("{CHAT}?page_size=1"))),
        ("chat.delete", client.delete(&path)),
    ]
}

fn patch(client: &Client, path: &str, body: &Value) -> HttpResponse {
    client.send("PATCH", path, Some(body))
}

#[test]
fn every_successful_response_matches_the_schema_of_its_operation() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let contract = Contract::of(&client);
    let requests =
        [successful_responses, document_responses, configuration_responses, attachment_responses, chat_responses];
    let requests: Vec<_> = requests.iter().flat_map(|responses| responses(&client)).collect();
    // A download is the content of a file, which has no schema.
    for operation in contract.operations().iter().filter(|row| row.name != "files.download") {
        let responses: Vec<_> = requests.iter().filter(|(name, _)| *name == operation.name).collect();
        assert!(!responses.is_empty(), "{} was not requested", operation.name);
        for (_, response) in responses {
            assert_eq!(response.status, operation.status, "{}: {}", operation.name, response.text());
            match &operation.response {
                Some(schema) => contract.assert_valid(schema, response),
                None => assert_eq!(response.text(), "", "{}", operation.name),
            }
        }
    }
}

#[test]
fn api_errors_match_their_schemas() {
    let server = manual_clock_server(&[("api-key", KEY)]);
    let client = Client::of(&server);
    let contract = Contract::of(&client);
    let stranger = client.with_key("llx-stranger");
    let unknown = "/api/v1/indexes/idx-unknown";
    let running = format!("/api/v1/indexes/{}/sync", client.create("dir-a")["id"].as_str().expect("a string"));
    let sentences = [
        (404, client.get(unknown)),
        (404, client.get("/nothing")),
        (405, client.send("PUT", unknown, None)),
        (401, stranger.get(unknown)),
        (409, client.post(&running, &json!({}))),
        (400, client.try_send("POST", "/api/v1/indexes", "", Some("NaN")).expect("a response")),
    ];
    for (status, response) in sentences {
        assert_eq!(response.status, status, "{}", response.text());
        contract.assert_valid("Refusal", &response);
    }
    let violations = [
        client.post("/api/v1/indexes", &json!({ "source_directory_id": 1, "products": [{}] })),
        client.post("/api/v1/indexes", &json!({ "source_directory_id": "d", "sync_frequency": "hourly" })),
        client.get("/api/v1/indexes?page_size=x&project_id=y"),
        client.get("/api/v1/indexes?page_token=made-up"),
        client.try_send("POST", "/api/v1/indexes", "", Some("{")).expect("a response"),
    ];
    for response in violations {
        assert_eq!(response.status, 422, "{}", response.text());
        contract.assert_valid("HTTPValidationError", &response);
    }
}

#[test]
fn a_schema_rejects_invalid_responses() {
    let server = manual_clock_server(&[]);
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
fn responses_have_every_field_in_contract_order_as_compact_json() {
    let server = manual_clock_server(&[]);
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
    for response in [index, page, directory] {
        assert_eq!(response.text(), response.json().to_string(), "is compact");
        assert_eq!(response.header("content-type"), Some("application/json"));
    }
}
