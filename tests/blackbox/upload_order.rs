//! Clients upload files in parallel: equal files get equal ids and equal results, in whatever order they arrive.

use serde_json::{Value, json};

use crate::support::{Client, manual_clock_server};

const FILES: [(&str, &str); 3] = [("a.md", "alpha one"), ("b.md", "beta one"), ("c.md", "gamma")];

/// What a new server returns for an index over these files, which are uploaded in this order.
fn responses(order: impl Iterator<Item = (&'static str, &'static str)>) -> (Value, Value) {
    let server = manual_clock_server(&[("start-time", "2026-01-01T00:00:00Z")]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    for (name, text) in order {
        client.upload(&directory, name, text);
    }
    let index = client.create(&directory)["id"].clone();
    client.advance("1h");
    let ask = |path: &str, body: Value| client.post(&format!("/api/v1/retrieval/{path}"), &body).json();
    let found = ask("files/find", json!({ "index_id": index }));
    (found, ask("retrieve", json!({ "index_id": index, "query": "alpha beta" })))
}

#[test]
fn the_order_of_uploads_changes_neither_ids_nor_results() {
    let forwards = responses(FILES.into_iter());
    assert_eq!(forwards.0["items"].as_array().map(Vec::len), Some(FILES.len()));
    assert_eq!(forwards.1["results"].as_array().map(Vec::len), Some(FILES.len()));
    assert_eq!(responses(FILES.into_iter().rev()), forwards);
}
