//! Documents of one key: another key neither sees nor changes them.

use serde_json::json;

use crate::support::{
    Client, DIRECTORIES, FILES, FIND, GREP, INDEXES, READ, RETRIEVE, id_of, manual_clock_server, text_of,
};

#[test]
fn another_key_sees_and_changes_nothing() {
    let server = manual_clock_server(&[("sync-duration", "0")]);
    let client = Client::of(&server);
    let other = client.with_key("llx-other");
    let directory = client.directory("d");
    let file = client.upload(&directory, "a.txt", "alpha");
    let index = client.index_over(&directory);
    let found = client.found_id(&index, "a.txt");
    for path in [FILES, DIRECTORIES, INDEXES] {
        assert_eq!(other.show(path)["items"], json!([]), "{path}");
        assert_eq!(other.show(&format!("{path}?include_deleted=true"))["items"], json!([]), "{path}");
    }
    let upload = text_of(&file, "file_id");
    let directory_path = format!("{DIRECTORIES}/{directory}");
    let file_path = format!("{directory_path}/files/{}", id_of(&file));
    let search = json!({ "index_id": index, "file_id": found, "query": "a", "pattern": "a" });
    let before = client.state();
    for (method, path, body) in [
        ("GET", directory_path.clone(), None),
        ("PATCH", directory_path.clone(), Some(json!({ "name": "x" }))),
        ("DELETE", directory_path.clone(), None),
        ("GET", format!("{directory_path}/files"), None),
        ("POST", format!("{directory_path}/files"), Some(json!({ "file_id": upload }))),
        ("POST", format!("{directory_path}/files/bulk-delete"), Some(json!({ "directory_file_ids": [file["id"]] }))),
        ("GET", file_path.clone(), None),
        ("PATCH", file_path.clone(), Some(json!({ "display_name": "x" }))),
        ("DELETE", file_path, None),
        ("GET", format!("{FILES}/{upload}"), None),
        ("GET", format!("{FILES}/{upload}/content"), None),
        ("DELETE", format!("{FILES}/{upload}"), None),
        ("POST", RETRIEVE.to_owned(), Some(search.clone())),
        ("POST", FIND.to_owned(), Some(search.clone())),
        ("POST", GREP.to_owned(), Some(search.clone())),
        ("POST", READ.to_owned(), Some(search)),
    ] {
        assert_eq!(other.send(method, &path, body.as_ref()).status, 404, "{method} {path}");
    }
    let own = other.directory("mine");
    let refused = other.post(&format!("{DIRECTORIES}/{own}/files"), &json!({ "file_id": upload }));
    assert_eq!(refused.status, 404, "a file of another tenant cannot be added");
    assert_eq!(client.state(), before);
    assert_eq!(client.retrieved(&index, "alpha"), ["alpha"]);
}
