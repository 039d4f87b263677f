//! Files in directories: filters, changes, deletion, and what is refused. Names are data.

use serde_json::{Value, json};

use crate::support::{Client, Upload, manual_clock_server};

const DIRECTORIES: &str = "/api/v1/beta/directories";

/// A new directory and the path of its files.
fn directory(client: &Client) -> (String, String) {
    let id = client.post(DIRECTORIES, &json!({ "name": "d" })).json()["id"].as_str().expect("a string").to_owned();
    let files = format!("{DIRECTORIES}/{id}/files");
    (id, files)
}

/// Uploads a file and returns its id.
#[track_caller]
fn upload(client: &Client, files: &str, name: &str) -> String {
    let response = Upload::file("upload_file", name, name).send(client, &format!("{files}/upload"));
    assert_eq!(response.status, 201, "{}", response.text());
    response.json()["id"].as_str().expect("a string").to_owned()
}

/// The shown names of the files that a list returns.
fn names(client: &Client, list: &str) -> Vec<String> {
    let items = client.get(list).json()["items"].clone();
    let names = items.as_array().expect("a list").iter().map(|item| item["display_name"].as_str().expect("a string"));
    names.map(str::to_owned).collect()
}

#[test]
fn every_filter_of_a_list_applies() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (_, files) = directory(&client);
    upload(&client, &files, "a.txt");
    client.advance("1h");
    let second = upload(&client, &files, "B.txt");
    let shown = client.get(&format!("{files}/{second}")).json();
    let text = |field: &str| shown[field].as_str().expect("a string").to_owned();
    let (file_id, time) = (text("file_id"), text("updated_at"));
    for (filter, expected) in [
        ("display_name=a.txt".to_owned(), vec!["a.txt"]),
        ("display_name=A.txt".to_owned(), vec![]),
        ("display_name_contains=b.".to_owned(), vec!["B.txt"]),
        ("unique_id=a.txt".to_owned(), vec!["a.txt"]),
        (format!("file_id={file_id}"), vec!["B.txt"]),
        (format!("updated_at_on_or_after={time}"), vec!["B.txt"]),
        (format!("updated_at_on_or_before={time}"), vec!["B.txt", "a.txt"]),
        ("updated_at_on_or_after=2999-01-01".to_owned(), vec![]),
    ] {
        assert_eq!(names(&client, &format!("{files}?{filter}")), expected, "{filter}");
    }
}

#[test]
fn a_bulk_deletion_deletes_all_or_nothing() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let ((_, files), (_, others)) = (directory(&client), directory(&client));
    let (first, second, foreign) =
        (upload(&client, &files, "a"), upload(&client, &files, "b"), upload(&client, &others, "c"));
    let delete = |ids: &[&String]| client.post(&format!("{files}/bulk-delete"), &json!({ "directory_file_ids": ids }));
    assert_eq!(delete(&[&first, &foreign]).status, 404);
    assert_eq!(names(&client, &files), ["b", "a"]);
    assert_eq!(delete(&[&first, &second, &first]).status, 204);
    assert!(names(&client, &files).is_empty());
    assert_eq!(names(&client, &format!("{files}?include_deleted=true")), ["b", "a"]);
    assert_eq!(names(&client, &others), ["c"]);
}

#[test]
fn a_change_replaces_metadata_and_keeps_what_is_absent() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (_, files) = directory(&client);
    let path = format!("{files}/{}", upload(&client, &files, "a.txt"));
    let change = |body: Value| client.send("PATCH", &path, Some(&body)).json();
    assert_eq!(change(json!({ "metadata": { "a": 1, "b": ["x"] } }))["metadata"], json!({ "a": 1, "b": ["x"] }));
    assert_eq!(change(json!({ "display_name": "shown" }))["metadata"], json!({ "a": 1, "b": ["x"] }));
    assert_eq!(change(json!({ "metadata": { "c": null } }))["metadata"], json!({ "c": null }));
    let cleared = change(json!({ "metadata": null, "unique_id": "u" }));
    assert_eq!(
        (&cleared["metadata"], &cleared["unique_id"], &cleared["display_name"]),
        (&json!({}), &json!("u"), &json!("shown"))
    );
}

#[test]
fn metadata_that_is_no_json_object_is_refused_and_nothing_is_stored() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (_, files) = directory(&client);
    for metadata in ["[1]", "text", "{", r#"{"a": {"b": 1}}"#, r#"{"a": [1]}"#] {
        let form = Upload::file("upload_file", "a.txt", "text").text("metadata", metadata);
        let response = form.send(&client, &format!("{files}/upload"));
        assert_eq!(response.status, 422, "{metadata}");
        assert_eq!(response.json()["detail"][0]["loc"], json!(["body", "metadata"]));
    }
    assert!(names(&client, &files).is_empty());
    assert_eq!(client.get("/api/v1/beta/files").json()["items"], json!([]));
}

#[test]
fn a_second_file_with_a_unique_id_is_refused_if_the_setting_says_so() {
    let refusing = manual_clock_server(&[("duplicate-unique-id", "409")]);
    let allowing = manual_clock_server(&[]);
    for (server, status) in [(&refusing, 409), (&allowing, 201)] {
        let client = Client::of(server);
        let (_, files) = directory(&client);
        let form = Upload::file("upload_file", "a.txt", "text").text("unique_id", "u");
        assert_eq!(form.send(&client, &format!("{files}/upload")).status, 201);
        assert_eq!(form.send(&client, &format!("{files}/upload")).status, status);
        let stored = client.get("/api/v1/beta/files").json()["items"].as_array().expect("a list").len();
        assert_eq!(stored, if status == 201 { 2 } else { 1 }, "a refused upload stores no file");
    }
}

#[test]
fn the_output_directory_of_an_index_is_changed_by_its_syncs_only() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (source, files) = directory(&client);
    upload(&client, &files, "a.txt");
    let index = client.create(&source);
    let output = format!("{DIRECTORIES}/{}", index["output_directory_id"].as_str().expect("a string"));
    assert!(names(&client, &format!("{output}/files")).is_empty());
    client.advance("1h");
    assert_eq!(names(&client, &format!("{output}/files")), ["a.txt"]);
    let parsed = client.get(&format!("{output}/files")).json()["items"][0]["id"].clone();
    let found = client.post("/api/v1/retrieval/files/find", &json!({ "index_id": index["id"] })).json();
    assert_eq!(found["items"], json!([{ "file_id": parsed, "file_name": "a.txt" }]));
    let form = Upload::file("upload_file", "b.txt", "text");
    assert_eq!(form.send(&client, &format!("{output}/files/upload")).status, 403);
    assert_eq!(client.delete(&output).status, 403);
}

#[test]
fn a_directory_is_deleted_with_its_files_and_an_ephemeral_one_by_the_clock() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let id = |kind: &str| {
        let created = client.post(DIRECTORIES, &json!({ "name": kind, "type": kind }));
        created.json()["id"].as_str().expect("a string").to_owned()
    };
    let (user, ephemeral) = (id("user"), id("ephemeral"));
    let file = upload(&client, &format!("{DIRECTORIES}/{ephemeral}/files"), "a.txt");
    client.advance("23h59m59s");
    assert_eq!(client.get(&format!("{DIRECTORIES}/{ephemeral}")).status, 200);
    client.advance("1s");
    assert_eq!(client.get(&format!("{DIRECTORIES}/{ephemeral}")).status, 404);
    assert_eq!(client.get(&format!("{DIRECTORIES}/{ephemeral}/files/{file}")).status, 404);
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{user}")).status, 204);
    assert_eq!(client.get(DIRECTORIES).json()["items"], json!([]));
    let deleted = client.get(&format!("{DIRECTORIES}?include_deleted=true")).json()["items"].clone();
    assert_eq!(deleted.as_array().map(Vec::len), Some(2));
    client.advance("720h");
    client.advance("1s");
    assert_eq!(client.get(&format!("{DIRECTORIES}?include_deleted=true")).json()["items"], json!([]));
}

#[test]
fn names_are_data_and_never_paths() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (_, files) = directory(&client);
    for name in ["../../etc/passwd", "/etc/passwd", "a\u{1}b", "\u{202e}gpj.exe", "a%2e%2e", "\u{1f9c0}"] {
        let shown = client.get(&format!("{files}/{}", upload(&client, &files, name))).json();
        assert_eq!(shown["display_name"], json!(name));
    }
}
