//! Choices where the service is not known that no other test is about.

use serde_json::{Value, json};

use crate::support::{Client, DIRECTORIES, FILES, INDEXES, Upload, id_of, items, manual_clock_server, server, text_of};

#[test]
fn generated_names_and_times_that_nothing_publishes() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    assert_eq!(client.show("/api/v1/projects")[0]["name"], "Default");
    let index = client.post(INDEXES, &json!({ "source_directory_id": "dir-a", "name": "Papers" })).json();
    let output = client.show(&format!("{DIRECTORIES}/{}", text_of(&index, "output_directory_id")));
    assert_eq!(output["name"], "Papers (output)");
    let file = Upload::file("file", "a.txt", "a").text("purpose", "anything").send(&client, FILES);
    assert_eq!((file.status, &file.json()["expires_at"]), (201, &Value::Null));
}

#[test]
fn a_429_has_no_headers_of_its_own() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.list status=429");
    let response = client.get(INDEXES);
    let retry = ["retry-after", "retry-after-ms", "x-ratelimit-limit", "x-ratelimit-remaining"];
    assert_eq!((response.status, retry.map(|name| response.header(name))), (429, [None; 4]));
}

#[test]
fn an_index_that_is_synced_daily_waits_for_a_request() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for frequency in ["daily", "on_source_change"] {
        let directory = client.directory(frequency);
        let body = json!({ "source_directory_id": directory, "sync_frequency": frequency });
        let index = id_of(&client.post(INDEXES, &body).json());
        client.advance("1h");
        let before = client.index(&index);
        client.upload(&directory, "a.txt", "alpha");
        client.advance("72h");
        assert_eq!(client.index(&index), before, "{frequency}");
        client.sync(&index);
        client.advance("1h");
        assert_eq!(client.found(&index), ["a.txt"]);
    }
}

#[test]
fn the_attachments_of_a_file_are_those_of_the_newest_index() {
    let server = manual_clock_server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let file = id_of(&client.upload(&directory, "a.txt", "alpha"));
    let attachments = || items(&client.show(&format!("/api/v1/beta/attachments?source_id={file}")), "name");
    let index_with = |stored: &str| {
        let body = json!({ "source_directory_id": directory, "store_attachments": [stored] });
        id_of(&client.post(INDEXES, &body).json())
    };
    index_with("items");
    assert_eq!(attachments(), ["items/page_1.json"]);
    let newest = index_with("screenshots");
    assert_eq!(attachments(), ["screenshots/page_1.jpg"]);
    assert_eq!(client.delete(&format!("{INDEXES}/{newest}")).status, 204);
    assert_eq!(attachments(), ["items/page_1.json"]);
}
