//! The files of an index: a sync selects them when it starts, and changes of the source directory take effect at the next.

use serde_json::{Value, json};

use crate::support::{Client, Upload, manual_clock_server};

const DIRECTORIES: &str = "/api/v1/beta/directories";
const RETRIEVAL: &str = "/api/v1/retrieval";

/// A source directory and an index over it.
struct Source<'a> {
    client: &'a Client,
    id: String,
    index: String,
}

impl<'a> Source<'a> {
    /// A directory with these files, and an index after its first sync.
    fn with(client: &'a Client, files: &[(&str, &str)]) -> Self {
        let id = client.post(DIRECTORIES, &json!({ "name": "d" })).json()["id"].as_str().expect("a string").to_owned();
        let source = Self { client, id, index: String::new() };
        for (name, text) in files {
            source.upload(name, text);
        }
        let index = client.create(&source.id)["id"].as_str().expect("a string").to_owned();
        client.advance("1h");
        Self { index, ..source }
    }

    #[track_caller]
    fn upload(&self, name: &str, text: &str) -> String {
        let path = format!("{DIRECTORIES}/{}/files/upload", self.id);
        let response = Upload::file("upload_file", name, text).send(self.client, &path);
        assert_eq!(response.status, 201, "{}", response.text());
        response.json()["id"].as_str().expect("a string").to_owned()
    }

    fn start_sync(&self) {
        assert_eq!(self.client.post(&format!("/api/v1/indexes/{}/sync", self.index), &json!({})).status, 202);
    }

    fn sync(&self) {
        self.start_sync();
        self.client.advance("1h");
    }

    fn metadata(&self) -> Value {
        self.client.get(&format!("/api/v1/indexes/{}", self.index)).json()["metadata"].clone()
    }

    /// The files that the index finds.
    fn found(&self) -> Vec<(String, String)> {
        let response = self.client.post(&format!("{RETRIEVAL}/files/find"), &json!({ "index_id": self.index })).json();
        let text = |item: &Value, field: &str| item[field].as_str().expect("a string").to_owned();
        let items = response["items"].as_array().expect("a list").clone();
        items.iter().map(|item| (text(item, "file_name"), text(item, "file_id"))).collect()
    }

    fn names(&self) -> Vec<String> {
        self.found().into_iter().map(|(name, _)| name).collect()
    }

    fn read(&self, file_id: &str) -> String {
        let body = json!({ "index_id": self.index, "file_id": file_id });
        let response = self.client.post(&format!("{RETRIEVAL}/files/read"), &body);
        assert_eq!(response.status, 200, "{}", response.text());
        response.json()["content"].as_str().expect("a string").to_owned()
    }
}

#[test]
fn changes_of_the_source_take_effect_at_the_next_sync_and_not_before() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let source = Source::with(&client, &[("a.md", "alpha"), ("b.md", "beta")]);
    assert_eq!(source.names(), ["a.md", "b.md"]);
    let files = format!("{DIRECTORIES}/{}/files", source.id);
    let listed = client.get(&files).json()["items"].clone();
    let id_of = |at: usize| listed[at]["id"].as_str().expect("a string").to_owned();
    client.delete(&format!("{files}/{}", id_of(1)));
    client.send("PATCH", &format!("{files}/{}", id_of(0)), Some(&json!({ "display_name": "renamed.md" })));
    source.upload("c.md", "gamma");
    source.start_sync();
    source.upload("late.md", "delta");
    assert_eq!(source.names(), ["a.md", "b.md"], "the sync runs");
    client.advance("1h");
    assert_eq!(source.names(), ["renamed.md", "c.md"]);
    source.sync();
    assert_eq!(source.names(), ["renamed.md", "c.md", "late.md"]);
}

#[test]
fn a_cancelled_or_failed_sync_keeps_the_files() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let source = Source::with(&client, &[("a.md", "alpha")]);
    source.upload("b.md", "beta");
    source.start_sync();
    client.post(&format!("/api/v1/indexes/{}/sync/cancel", source.index), &json!({}));
    client.advance("1h");
    assert_eq!(source.names(), ["a.md"]);
    client.add_rule("sync script=pending:1s,failed first=1");
    source.sync();
    assert_eq!((source.metadata()["status"].as_str(), source.names()), (Some("failed"), vec!["a.md".to_owned()]));
    source.sync();
    assert_eq!(source.names(), ["a.md", "b.md"]);
}

#[test]
fn a_sync_without_its_source_directory_fails_and_says_so() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let source = Source::with(&client, &[("a.md", "alpha")]);
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{}", source.id)).status, 204);
    assert_eq!(source.names(), ["a.md"], "the index stays");
    source.sync();
    let metadata = source.metadata();
    assert_eq!(metadata["status"], "failed");
    assert_eq!(metadata["error_message"], "The source directory is deleted");
}

#[test]
fn a_sidecar_gives_the_text_of_the_file_beside_it_and_is_listed_only() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let files = [("a.pdf", "%PDF-1.7"), ("a.pdf.md", "the exact text"), ("README", "plain"), ("README.md", "marked")];
    let source = Source::with(&client, &files);
    assert_eq!(source.names(), ["a.pdf", "README", "README.md"]);
    assert_eq!(source.read(&source.found()[0].1), "the exact text");
    let listed = client.get(&format!("{DIRECTORIES}/{}/files", source.id)).json()["items"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(4));
}

#[test]
fn a_file_of_a_kind_that_is_not_read_has_a_marked_stand_in_and_a_broken_text_fails_alone() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let source = Source::with(&client, &[("a.pdf", "%PDF-1.7"), ("broken.txt", "a\0b"), ("c.md", "gamma")]);
    assert_eq!(source.names(), ["a.pdf", "c.md"]);
    assert!(source.read(&source.found()[0].1).starts_with("[llamacloud-mock stand-in: a.pdf is application/pdf"));
    let metadata = source.metadata();
    assert_eq!((&metadata["status"], &metadata["failed_files"][0]["name"]), (&json!("ready"), &json!("broken.txt")));
}

#[test]
fn a_file_is_named_by_the_id_of_its_copy_its_source_or_its_upload() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let source = Source::with(&client, &[("a.md", "alpha")]);
    let shown = client.get(&format!("{DIRECTORIES}/{}/files", source.id)).json()["items"][0].clone();
    let parsed = source.found()[0].1.clone();
    for id in [parsed.as_str(), shown["id"].as_str().expect("a string"), shown["file_id"].as_str().expect("a string")] {
        assert_eq!(source.read(id), "alpha", "{id}");
    }
    source.sync();
    assert_eq!(source.found()[0].1, parsed, "the id of the copy stays");
}

#[test]
fn equal_files_that_arrive_in_another_order_have_equal_ids() {
    let ids = |order: &[(&str, &str)]| {
        let server = manual_clock_server(&[("start-time", "2026-01-01T00:00:00Z")]);
        let client = Client::of(&server);
        let source = Source::with(&client, order);
        let mut found = source.found();
        found.sort();
        let query = json!({ "index_id": source.index, "query": "alpha beta" });
        (found, client.post(&format!("{RETRIEVAL}/retrieve"), &query).json())
    };
    let (forwards, results) = ids(&[("a.md", "alpha one"), ("b.md", "beta one"), ("c.md", "gamma")]);
    let (backwards, other_results) = ids(&[("c.md", "gamma"), ("b.md", "beta one"), ("a.md", "alpha one")]);
    assert_eq!(forwards, backwards);
    assert_eq!(results, other_results);
}

#[test]
fn texts_of_a_folder_replace_what_reading_gives() {
    let folder = tempfile::tempdir().expect("a folder for the texts");
    std::fs::write(folder.path().join("report.pdf.md"), "parsed text").expect("it can be written");
    let server = manual_clock_server(&[("parse-results", folder.path().to_str().expect("UTF-8"))]);
    let client = Client::of(&server);
    let source = Source::with(&client, &[("report.pdf", "%PDF-1.7")]);
    assert_eq!(source.read(&source.found()[0].1), "parsed text");
}

#[test]
fn without_a_vector_export_nothing_is_retrieved_but_files_are_read() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let source = Source::with(&client, &[("a.md", "alpha")]);
    let body = json!({ "source_directory_id": source.id, "vector_target": "DISABLED" });
    let index = client.post("/api/v1/indexes", &body).json()["id"].as_str().expect("a string").to_owned();
    client.advance("1h");
    let source = Source { index, id: source.id, client: &client };
    let query = json!({ "index_id": source.index, "query": "alpha" });
    assert_eq!(client.post(&format!("{RETRIEVAL}/retrieve"), &query).json(), json!({ "results": [] }));
    assert_eq!(source.read(&source.found()[0].1), "alpha");
}
