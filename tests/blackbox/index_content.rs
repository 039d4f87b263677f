//! The content of an index: what a sync selects when it starts is what its export leaves, and nothing else changes it.

use serde_json::{Value, json};

use crate::support::{Client, DIRECTORIES, FILES, INDEXES, RETRIEVE, id_of, items, manual_clock_server, text_of};

/// The time of a sync.
const SYNC: (&str, &str) = ("sync-duration", "10s");

/// A client with a directory of some files and an index over it that is ready.
struct Library {
    client: Client,
    directory: String,
    index: String,
}

impl Library {
    #[track_caller]
    fn new(client: Client, files: &[(&str, &str)]) -> Self {
        let directory = client.directory("library");
        for (name, text) in files {
            client.upload(&directory, name, text);
        }
        let index = client.index_over(&directory);
        client.advance("10s");
        Self { client, directory, index }
    }

    #[track_caller]
    fn upload(&self, name: &str, text: &str) -> Value {
        self.client.upload(&self.directory, name, text)
    }

    /// The path of the file with this name in the directory.
    #[track_caller]
    fn path(&self, name: &str) -> String {
        let list = format!("{DIRECTORIES}/{}/files", self.directory);
        let listed = self.client.show(&format!("{list}?display_name={name}"));
        format!("{list}/{}", id_of(&listed["items"][0]))
    }

    #[track_caller]
    fn sync(&self) {
        self.client.sync(&self.index);
        self.client.advance("10s");
    }

    #[track_caller]
    fn found(&self) -> Vec<String> {
        self.client.found(&self.index)
    }

    #[track_caller]
    fn status(&self) -> Value {
        self.client.index(&self.index)["metadata"].clone()
    }
}

#[test]
fn changes_of_files_take_effect_at_the_next_sync() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(
        client.clone(),
        &[("keep.txt", "kept"), ("move.txt", "moved"), ("gone.txt", "gone"), ("name.txt", "named")],
    );
    let other = client.directory("other");
    let before = (library.found(), client.retrieved(&library.index, "kept moved gone"));
    assert_eq!(before.0, ["gone.txt", "keep.txt", "move.txt", "name.txt"]);
    assert_eq!(before.1.len(), 4);
    library.upload("new.txt", "added");
    assert_eq!(client.patch(&library.path("move.txt"), &json!({ "target_directory_id": other })).status, 200);
    assert_eq!(client.delete(&library.path("gone.txt")).status, 204);
    let change = json!({ "display_name": "renamed.txt", "metadata": { "k": "v" } });
    assert_eq!(client.patch(&library.path("name.txt"), &change).status, 200);
    client.advance("1h");
    let unchanged = || assert_eq!((library.found(), client.retrieved(&library.index, "kept moved gone")), before);
    unchanged();
    client.sync(&library.index);
    unchanged();
    client.advance("9s");
    unchanged();
    client.advance("1s");
    assert_eq!(library.found(), ["keep.txt", "new.txt", "renamed.txt"]);
    let mut contents = client.retrieved(&library.index, "kept moved gone added named");
    contents.sort();
    assert_eq!(contents, ["added", "kept", "named"]);
    let filtered = client.ask(
        RETRIEVE,
        &library.index,
        json!({ "query": "named", "custom_filters": { "k": { "operator": "eq", "value": "v" } } }),
    );
    assert_eq!(filtered["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(filtered["results"][0]["metadata"], json!({ "k": "v" }));
}

#[test]
fn a_file_keeps_its_ids_and_chunks_when_it_is_synced_again() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &[("a.txt", "alpha beta"), ("b.txt", "gamma delta")]);
    let shown = || {
        let results = client.ask(RETRIEVE, &library.index, json!({ "query": "alpha" }));
        (
            client.found_id(&library.index, "a.txt"),
            client.found_id(&library.index, "b.txt"),
            results["results"][0]["static_fields"].clone(),
        )
    };
    let before = shown();
    library.upload("0.txt", "before all others");
    library.sync();
    assert_eq!(shown(), before);
    assert_eq!(client.delete(&library.path("b.txt")).status, 204);
    library.sync();
    assert_eq!(library.found(), ["0.txt", "a.txt"]);
    assert_eq!(client.found_id(&library.index, "a.txt"), before.0);
}

#[test]
fn what_changes_while_a_sync_runs_is_left_to_the_next_one() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &[("a.txt", "alpha")]);
    client.sync(&library.index);
    library.upload("b.txt", "beta");
    assert_eq!(client.delete(&library.path("a.txt")).status, 204);
    client.advance("10s");
    assert_eq!(library.found(), ["a.txt"], "the sync selected it before it was deleted");
    assert_eq!(client.text_in(&library.index, &client.found_id(&library.index, "a.txt")), "alpha");
    library.sync();
    assert_eq!(library.found(), ["b.txt"]);
}

#[test]
fn a_cancelled_sync_leaves_the_old_content() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &[("a.txt", "alpha")]);
    library.upload("b.txt", "beta");
    client.sync(&library.index);
    client.advance("5s");
    let cancel = format!("{INDEXES}/{}/sync/cancel", library.index);
    assert!(matches!(client.post(&cancel, &json!({})).status, 200 | 202));
    client.advance("1h");
    assert_eq!(library.found(), ["a.txt"]);
    assert_eq!(library.status()["status"], "ready");
    library.sync();
    assert_eq!(library.found(), ["a.txt", "b.txt"]);

    let fresh = client.index_over(&library.directory);
    assert!(matches!(client.post(&format!("{INDEXES}/{fresh}/sync/cancel"), &json!({})).status, 200 | 202));
    client.advance("1h");
    assert_eq!(client.found(&fresh), Vec::<String>::new(), "it was never ready");
}

#[test]
fn a_failed_sync_leaves_the_old_content_and_the_next_one_replaces_it() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &[("a.txt", "alpha")]);
    client.add_rule("sync script=pending:1s,failed message=broken times=1");
    library.upload("b.txt", "beta");
    library.sync();
    assert_eq!((library.status()["status"].clone(), library.found()), (json!("failed"), vec!["a.txt".to_owned()]));
    assert_eq!(client.retrieved(&library.index, "alpha"), ["alpha"]);
    library.sync();
    assert_eq!(
        (library.status()["status"].clone(), library.found()),
        (json!("ready"), vec!["a.txt".to_owned(), "b.txt".to_owned()])
    );
}

#[test]
fn a_scripted_sync_exports_what_it_selected_at_its_start_each_time_that_it_is_ready() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    client.add_rule("sync script=pending:1s,ready:1s,pending:1s,ready");
    let directory = client.directory("d");
    client.upload(&directory, "a.txt", "alpha");
    let index = client.index_over(&directory);
    client.upload(&directory, "b.txt", "beta");
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push((text_of(&client.index(&index)["metadata"], "status"), client.found(&index)));
        client.advance("1s");
    }
    let a = vec!["a.txt".to_owned()];
    let expected =
        [("pending", vec![]), ("ready", a.clone()), ("ready", a.clone()), ("ready", a.clone()), ("ready", a)];
    assert_eq!(seen, expected.map(|(status, files)| (status.to_owned(), files)));
    client.sync(&index);
    client.upload(&directory, "c.txt", "gamma");
    client.advance("10s");
    assert_eq!(client.found(&index), ["a.txt", "b.txt"]);
}

#[test]
fn a_script_that_counts_reads_exports_at_its_end() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    client.add_rule("sync script=pending*2,ready");
    let directory = client.directory("d");
    client.upload(&directory, "a.txt", "alpha");
    let index = client.index_over(&directory);
    assert_eq!(client.found(&index), Vec::<String>::new());
    let statuses: Vec<String> = (0..3).map(|_| text_of(&client.index(&index)["metadata"], "status")).collect();
    assert_eq!(statuses, ["pending", "pending", "ready"]);
    assert_eq!(client.found(&index), ["a.txt"]);
}

#[test]
fn a_sync_without_its_source_directory_fails_and_says_so() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &[("a.txt", "alpha")]);
    assert_eq!(client.delete(&format!("{DIRECTORIES}/{}", library.directory)).status, 204);
    assert_eq!(library.status()["status"], "ready");
    library.sync();
    let status = library.status();
    assert_eq!(status["status"], "failed");
    assert_eq!(status["error_message"], "The source directory is deleted");
    assert_eq!(library.found(), ["a.txt"], "its content stays");
    assert_eq!(client.text_in(&library.index, &client.found_id(&library.index, "a.txt")), "alpha");
}

#[test]
fn files_that_could_not_be_read_are_shown_for_the_sync_that_the_status_is_about() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &[("a.txt", "alpha"), ("broken.txt", "a\0b")]);
    let partly_ready = library.status();
    assert_eq!(partly_ready["failed_files"].as_array().map(Vec::len), Some(1), "{partly_ready}");

    client.add_rule("sync script=pending:1s,failed message=broken times=1");
    library.sync();
    let failed = json!({ "status": "failed", "error_message": "broken" });
    assert_eq!(library.status(), failed);
    assert_eq!(client.state()["indexes"][0]["metadata"], failed);
    assert_eq!(library.found(), ["a.txt"], "its content stays");
    library.sync();
    assert_eq!(library.status(), partly_ready);

    client.sync(&library.index);
    assert_eq!(client.post(&format!("{INDEXES}/{}/sync/cancel", library.index), &json!({})).status, 202);
    assert_eq!(library.status(), partly_ready, "a cancelled sync changes nothing");

    assert_eq!(client.delete(&format!("{DIRECTORIES}/{}", library.directory)).status, 204);
    library.sync();
    let failed = json!({ "status": "failed", "error_message": "The source directory is deleted" });
    assert_eq!((library.status(), library.found()), (failed, vec!["a.txt".to_owned()]));
}

#[test]
fn deleting_the_uploaded_file_leaves_the_directory_and_the_index() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &[("a.txt", "alpha")]);
    let file = text_of(&client.show(&library.path("a.txt")), "file_id");
    assert_eq!(client.delete(&format!("{FILES}/{file}")).status, 204);
    library.sync();
    assert_eq!(client.text_in(&library.index, &client.found_id(&library.index, "a.txt")), "alpha");
}

#[test]
fn an_empty_directory_gives_a_ready_index_without_results() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &[]);
    assert_eq!(library.status(), json!({ "status": "ready" }));
    assert_eq!((library.found(), client.retrieved(&library.index, "alpha")), (vec![], vec![]));
}

#[test]
fn an_index_that_is_not_ready_has_no_results() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let file = client.upload(&directory, "a.txt", "alpha");
    let index = client.index_over(&directory);
    client.advance("9.999999s");
    assert_eq!((client.found(&index), client.retrieved(&index, "alpha")), (vec![], vec![]));
    for (path, fields) in [("read", json!({})), ("grep", json!({ "pattern": "a" }))] {
        let mut body = json!({ "index_id": index, "file_id": file["id"] });
        body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        assert_eq!(client.post(&format!("/api/v1/retrieval/files/{path}"), &body).status, 404, "{path}");
    }
    client.advance("1us");
    assert_eq!(
        (client.found(&index), client.retrieved(&index, "alpha")),
        (vec!["a.txt".to_owned()], vec!["alpha".to_owned()])
    );
}

#[test]
fn an_index_without_vectors_retrieves_nothing_and_its_files_can_be_read() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    client.upload(&directory, "a.txt", "alpha");
    let new = json!({ "source_directory_id": directory, "vector_target": "DISABLED" });
    let index = id_of(&client.post(INDEXES, &new).json());
    client.advance("10s");
    assert_eq!(client.index(&index)["metadata"], json!({ "status": "ready" }));
    assert_eq!(client.retrieved(&index, "alpha"), Vec::<String>::new());
    let file = client.found_id(&index, "a.txt");
    assert_eq!(client.text_in(&index, &file), "alpha");
    let matches = client.ask(crate::support::GREP, &index, json!({ "file_id": file, "pattern": "ph" }));
    assert_eq!(matches["items"], json!([{ "start_char": 2, "end_char": 4, "content": "ph" }]));
}

#[test]
fn two_indexes_over_one_directory_have_contents_of_their_own() {
    let server = manual_clock_server(&[SYNC]);
    let client = Client::of(&server);
    let library = Library::new(client.clone(), &[("a.txt", "alpha")]);
    library.upload("b.txt", "beta");
    let second = client.index_over(&library.directory);
    client.advance("10s");
    assert_eq!(
        (library.found(), client.found(&second)),
        (vec!["a.txt".to_owned()], vec!["a.txt".to_owned(), "b.txt".to_owned()])
    );
    assert_ne!(client.found_id(&library.index, "a.txt"), client.found_id(&second, "a.txt"), "each has a parsed copy");
    assert_eq!(client.delete(&format!("{INDEXES}/{}", library.index)).status, 204);
    assert_eq!(client.found(&second).len(), 2);
    let outputs = items(&client.show(&format!("{DIRECTORIES}?type=index")), "id");
    assert_eq!(outputs, [text_of(&client.index(&second), "output_directory_id")]);
}

/// The metadata of an index over a directory with so many files, and the names of its files.
fn partial(client: &Client, files: usize) -> (Value, Vec<String>) {
    let directory = client.directory("d");
    for number in 0..files {
        client.upload(&directory, &format!("{number:02}.txt"), format!("text {number}"));
    }
    let index = client.post(INDEXES, &json!({ "source_directory_id": directory, "name": "mock:partial" })).json();
    let shown = client.show(&format!("{INDEXES}/{}", id_of(&index)));
    let output = format!("{DIRECTORIES}/{}/files", text_of(&shown, "output_directory_id"));
    (shown["metadata"].clone(), items(&client.show(&output), "display_name"))
}

#[test]
fn a_partial_sync_leaves_files_out_and_names_them() {
    let server = manual_clock_server(&[("sync-duration", "0")]);
    for (files, missing) in [(1, 1), (2, 1), (3, 1), (4, 2), (20, 7)] {
        let client = Client::of(&server).for_case(&files.to_string());
        let (metadata, left) = partial(&client, files);
        let failed = metadata["failed_files"].as_array().expect("a list");
        let failed: Vec<&str> = failed.iter().map(|file| file["name"].as_str().expect("a name")).collect();
        assert_eq!((failed.len(), left.len()), (missing, files - missing), "{files}: {metadata} {left:?}");
        assert!(left.iter().all(|name| !failed.contains(&&**name)), "{files}");
        let message = format!("{missing} of {files} files are missing: {}", failed.join(", "));
        assert_eq!((&metadata["status"], &metadata["error_message"]), (&json!("ready"), &json!(message)));
    }
}
