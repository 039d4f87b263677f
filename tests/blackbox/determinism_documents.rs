//! Equal files get equal ids and give equal results, in whatever order they are uploaded, also in parallel.

use std::thread;

use serde_json::{Value, json};

use crate::support::{Client, DIRECTORIES, FILES, FIND, RETRIEVE, Upload, id_of, manual_clock_server, text_of};

/// An upload into one of two directories.
struct Document {
    directory: usize,
    name: &'static str,
    text: &'static str,
    /// A JSON object as text, or nothing.
    metadata: &'static str,
}

const EQUAL: &str = "equal words in many files";

const fn document(directory: usize, name: &'static str, text: &'static str, metadata: &'static str) -> Document {
    Document { directory, name, text, metadata }
}

/// Files that differ in one thing each: the directory, the name, the content, the metadata, or in nothing.
const DOCUMENTS: &[Document] = &[
    document(0, "a.txt", EQUAL, ""),
    document(1, "a.txt", EQUAL, ""),
    document(0, "b.txt", EQUAL, ""),
    document(0, "a.txt", EQUAL, r#"{"k":1}"#),
    document(0, "a.txt", EQUAL, r#"{"k":2}"#),
    document(0, "a.txt", EQUAL, ""),
    document(0, "a.txt", "other words", ""),
    document(0, "c.txt", EQUAL, ""),
    document(1, "c.md", "# Heading\n\nequal words in many files", ""),
    document(0, "d.txt", "a\0b", ""),
    document(0, "e.txt", "a\0b", ""),
    document(0, "b.txt.md", "One text in place of b.txt", ""),
    document(0, "b.txt.md", "Another text in place of b.txt", ""),
    document(0, "c.txt.md", "The text in place of c.txt", ""),
    document(0, "c.txt.md", "The text in place of c.txt", r#"{"k":1}"#),
];

impl Document {
    #[track_caller]
    fn upload(&self, client: &Client, directories: &[String; 2]) {
        let path = format!("{DIRECTORIES}/{}/files/upload", directories[self.directory]);
        let response = Upload::file("upload_file", self.name, self.text).text("metadata", self.metadata);
        let response = response.send(client, &path);
        assert_eq!(response.status, 201, "{}", response.text());
    }
}

/// What a client sees of a new server after all documents are uploaded: files in the order of their ids, since lists
/// show them in the order of their arrival, and all that an index returns as it is.
fn seen(upload_all: impl Fn(&Client, &[String; 2])) -> Value {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let directories = ["one", "two"].map(|name| client.directory(name));
    upload_all(&client, &directories);
    let sorted = |path: &str| {
        let mut list = client.show(path)["items"].as_array().expect("a list").clone();
        list.sort_by_key(id_of);
        Value::from(list)
    };
    let indexes = directories.each_ref().map(|directory| client.index_over(directory));
    client.advance("1h");
    let of_index = |index: &String| {
        let retrieve = |fields: Value| client.ask(RETRIEVE, index, fields);
        let shown = client.index(index);
        let output = text_of(&shown, "output_directory_id");
        json!({
            "index": shown,
            "found": client.ask(FIND, index, json!({ "page_size": 3 })),
            "parsed": client.show(&format!("{DIRECTORIES}/{output}/files")),
            "best": retrieve(json!({ "query": "equal words", "top_k": 3 })),
            "all": retrieve(json!({ "query": "many files", "top_k": 100, "rerank": { "enabled": false } })),
        })
    };
    json!({
        "files": sorted(FILES),
        "one": sorted(&format!("{DIRECTORIES}/{}/files", directories[0])),
        "two": sorted(&format!("{DIRECTORIES}/{}/files", directories[1])),
        "indexes": indexes.iter().map(of_index).collect::<Vec<_>>(),
    })
}

#[test]
fn the_order_of_uploads_changes_no_id_and_no_result() {
    let forwards = seen(|client, directories| DOCUMENTS.iter().for_each(|one| one.upload(client, directories)));
    let backwards = seen(|client, directories| DOCUMENTS.iter().rev().for_each(|one| one.upload(client, directories)));
    assert_eq!(forwards, backwards);
    assert_eq!(forwards["indexes"][0]["index"]["metadata"]["failed_files"].as_array().map(Vec::len), Some(3));
}

#[test]
fn parallel_uploads_give_the_ids_and_results_of_uploads_in_turn() {
    let in_turn = seen(|client, directories| DOCUMENTS.iter().for_each(|one| one.upload(client, directories)));
    for rotation in [0, 5, 10] {
        let parallel = seen(|client, directories| {
            thread::scope(|scope| {
                for at in 0..DOCUMENTS.len() {
                    let one = &DOCUMENTS[(at + rotation) % DOCUMENTS.len()];
                    scope.spawn(move || one.upload(client, directories));
                }
            });
        });
        assert_eq!(in_turn, parallel, "{rotation}");
    }
}

#[test]
fn files_that_are_uploaded_on_their_own_get_equal_ids_too() {
    let files = [("a.txt", "x", "parse"), ("a.txt", "x", "extract"), ("b.txt", "x", "parse"), ("a.txt", "x", "parse")];
    let uploaded = |order: &[usize]| {
        let server = manual_clock_server(&[]);
        let client = Client::of(&server);
        let upload = |at: &usize| {
            let (name, text, purpose) = files[*at];
            Upload::file("file", name, text).text("purpose", purpose).send(&client, FILES).json()
        };
        let mut shown: Vec<Value> = order.iter().map(upload).collect();
        shown.sort_by_key(id_of);
        shown
    };
    let expected = uploaded(&[0, 1, 2, 3]);
    assert_eq!(uploaded(&[3, 2, 1, 0]), expected);
    assert_eq!(uploaded(&[1, 3, 0, 2]), expected);
}

#[test]
fn another_seed_and_another_key_give_other_ids() {
    let id = |settings: &[(&str, &str)], key: &str| {
        let server = manual_clock_server(settings);
        id_of(&Client::of(&server).with_key(key).upload_file("a.txt", "x"))
    };
    let first = id(&[], "llx-1");
    assert_eq!(id(&[], "llx-1"), first);
    assert_ne!(id(&[("seed", "2")], "llx-1"), first);
    assert_ne!(id(&[], "llx-2"), first);
}
