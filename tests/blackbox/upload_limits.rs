//! Uploads at the limits of the server and under fault rules: an upload that is refused stores nothing.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, Upload, server};

const DIRECTORIES: &str = "/api/v1/beta/directories";

/// The path of the files of a new directory.
fn new_directory(client: &Client) -> String {
    let created = client.post(DIRECTORIES, &json!({ "name": "d" })).json();
    format!("{DIRECTORIES}/{}/files", created["id"].as_str().expect("a string"))
}

/// The form of a small file.
fn small_file() -> Upload {
    Upload::file("upload_file", "a.txt", "text")
}

/// The number of files and of directory files that the key of a client sees.
fn stored(client: &Client, files: &str) -> (usize, usize) {
    let count = |path: &str| client.get(path).json()["items"].as_array().map_or(0, Vec::len);
    (count("/api/v1/beta/files"), count(files))
}

#[track_caller]
fn assert_names_flag(response: &HttpResponse, flag: &str) {
    let body: Value = response.json();
    let detail = body["detail"].as_str().expect("a text");
    assert!(response.status == 403 && detail.contains(flag), "{}: {detail}", response.status);
}

#[test]
fn an_upload_over_the_number_of_items_is_refused_and_stores_nothing() {
    let server = server(&[("max-items", "2")]);
    let client = Client::of(&server);
    let files = new_directory(&client);
    let path = format!("{files}/upload");
    for _ in 0..2 {
        assert_eq!(small_file().send(&client, &path).status, 201);
    }
    assert_names_flag(&small_file().send(&client, &path), "--max-items");
    assert_eq!(stored(&client, &files), (2, 2));
}

#[test]
fn an_upload_over_the_size_of_the_state_is_refused_and_stores_nothing() {
    let server = server(&[("max-state-bytes", "1MiB")]);
    let client = Client::of(&server);
    let files = new_directory(&client);
    let path = format!("{files}/upload");
    let large = Upload::file("upload_file", "large.txt", "word ".repeat(400_000));
    assert_names_flag(&large.send(&client, &path), "--max-state-bytes");
    assert_eq!(stored(&client, &files), (0, 0));
    assert_eq!(small_file().send(&client, &path).status, 201, "the refused upload took no room");
}

#[test]
fn a_fault_before_an_upload_stores_nothing_and_a_lost_response_stores_all() {
    let server = server(&[]);
    let client = Client::of(&server);
    let files = new_directory(&client);
    let path = format!("{files}/upload");
    client.add_rule("directories.files.upload@before status=503 first=1");
    assert_eq!(small_file().send(&client, &path).status, 503);
    assert_eq!(stored(&client, &files), (0, 0));
    client.add_rule("files.create reset=reply first=1");
    let form = Upload::file("file", "b.txt", "text").text("purpose", "user_data");
    assert!(form.try_send(&client, "/api/v1/beta/files").is_none(), "the response is lost");
    assert_eq!(stored(&client, &files), (1, 0));
}

#[test]
fn a_quota_on_uploads_refuses_the_upload_past_it() {
    let server = server(&[]);
    let client = Client::of(&server);
    let files = new_directory(&client);
    let path = format!("{files}/upload");
    client.add_rule("directories.files.upload quota=1");
    assert_eq!(small_file().send(&client, &path).status, 201);
    assert!(small_file().send(&client, &path).status >= 400);
    assert_eq!(stored(&client, &files), (1, 1));
}

#[test]
fn another_key_sees_no_uploads_and_a_reset_removes_them() {
    let server = server(&[]);
    let client = Client::of(&server);
    let files = new_directory(&client);
    assert_eq!(small_file().send(&client, &format!("{files}/upload")).status, 201);
    let other = client.with_key("llx-other");
    assert_eq!(other.get(&files).status, 404);
    assert_eq!(other.get("/api/v1/beta/files").json()["items"], json!([]));
    assert_eq!(client.post("/__admin/reset", &json!({ "tenant": client.key() })).status, 204);
    assert_eq!(client.get("/api/v1/beta/files").json()["items"], json!([]));
    assert_eq!(client.get(&files).status, 404);
}
