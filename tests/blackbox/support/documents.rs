//! Requests about directories, files and retrieval, for tests that need many of them.

use serde_json::{Map, Value, json};

use super::{Client, HttpResponse, Upload};

pub(crate) const DIRECTORIES: &str = "/api/v1/beta/directories";
pub(crate) const FILES: &str = "/api/v1/beta/files";
pub(crate) const INDEXES: &str = "/api/v1/indexes";
pub(crate) const RETRIEVE: &str = "/api/v1/retrieval/retrieve";
pub(crate) const FIND: &str = "/api/v1/retrieval/files/find";
pub(crate) const GREP: &str = "/api/v1/retrieval/files/grep";
pub(crate) const READ: &str = "/api/v1/retrieval/files/read";

/// The text in a field of a JSON object.
#[track_caller]
pub(crate) fn text_of(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} of {value}")).to_owned()
}

/// The id of a resource that a response shows.
#[track_caller]
pub(crate) fn id_of(value: &Value) -> String {
    text_of(value, "id")
}

/// The texts of this field in the items of a page.
#[track_caller]
pub(crate) fn items(page: &Value, field: &str) -> Vec<String> {
    page["items"]
        .as_array()
        .unwrap_or_else(|| panic!("no page: {page}"))
        .iter()
        .map(|item| text_of(item, field))
        .collect()
}

/// A response's JSON, which has this status.
#[track_caller]
fn expect(status: u16, response: &HttpResponse) -> Value {
    assert_eq!(response.status, status, "{}", response.text());
    response.json()
}

impl Client {
    #[track_caller]
    pub(crate) fn patch(&self, path: &str, body: &Value) -> HttpResponse {
        self.send("PATCH", path, Some(body))
    }

    /// The JSON of a successful GET request.
    #[track_caller]
    pub(crate) fn show(&self, path: &str) -> Value {
        expect(200, &self.get(path))
    }

    /// Creates a directory; its id.
    #[track_caller]
    pub(crate) fn directory(&self, name: &str) -> String {
        id_of(&expect(201, &self.post(DIRECTORIES, &json!({ "name": name }))))
    }

    /// Uploads a file into a directory; the directory file.
    #[track_caller]
    pub(crate) fn upload(&self, directory: &str, name: &str, content: impl AsRef<[u8]>) -> Value {
        let path = format!("{DIRECTORIES}/{directory}/files/upload");
        expect(201, &Upload::file("upload_file", name, content).send(self, &path))
    }

    /// Uploads a file on its own; the file.
    #[track_caller]
    pub(crate) fn upload_file(&self, name: &str, content: impl AsRef<[u8]>) -> Value {
        expect(201, &Upload::file("file", name, content).text("purpose", "user_data").send(self, FILES))
    }

    /// The names of the files in a directory, in the order of the list.
    #[track_caller]
    pub(crate) fn names_in(&self, directory: &str) -> Vec<String> {
        items(&self.show(&format!("{DIRECTORIES}/{directory}/files?page_size=1000")), "display_name")
    }

    /// Creates an index over a directory; its id.
    #[track_caller]
    pub(crate) fn index_over(&self, directory: &str) -> String {
        id_of(&self.create(directory))
    }

    /// Starts a sync of an index.
    #[track_caller]
    pub(crate) fn sync(&self, index: &str) {
        let response = self.post(&format!("{INDEXES}/{index}/sync"), &json!({}));
        assert_eq!(response.status, 202, "{}", response.text());
    }

    /// An index as it is shown.
    #[track_caller]
    pub(crate) fn index(&self, index: &str) -> Value {
        self.show(&format!("{INDEXES}/{index}?expand=sync_in_progress"))
    }

    /// A request about an index that succeeds: its fields beside the id of the index.
    #[track_caller]
    pub(crate) fn ask(&self, path: &str, index: &str, fields: Value) -> Value {
        let Value::Object(fields) = fields else { panic!("{fields} is no object") };
        let body: Map<String, Value> = [("index_id".to_owned(), index.into())].into_iter().chain(fields).collect();
        expect(200, &self.post(path, &body.into()))
    }

    /// The names of the files of an index.
    #[track_caller]
    pub(crate) fn found(&self, index: &str) -> Vec<String> {
        items(&self.ask(FIND, index, json!({ "page_size": 1000 })), "file_name")
    }

    /// The id of the file of an index that has this name.
    #[track_caller]
    pub(crate) fn found_id(&self, index: &str, name: &str) -> String {
        let found = self.ask(FIND, index, json!({ "file_name": name }));
        assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{name}: {found}");
        text_of(&found["items"][0], "file_id")
    }

    /// The contents of the chunks that fit a query, best first.
    #[track_caller]
    pub(crate) fn retrieved(&self, index: &str, query: &str) -> Vec<String> {
        let results = self.ask(RETRIEVE, index, json!({ "query": query }));
        results["results"].as_array().expect("a list").iter().map(|result| text_of(result, "content")).collect()
    }

    /// The text of a file of an index.
    #[track_caller]
    pub(crate) fn text_in(&self, index: &str, file: &str) -> String {
        text_of(&self.ask(READ, index, json!({ "file_id": file })), "content")
    }

    /// The number of files and of directory files of this key.
    #[track_caller]
    pub(crate) fn stored(&self) -> (usize, usize) {
        let state = self.state();
        let count = |kind: &str| state[kind].as_array().expect("a list").len();
        (count("files"), count("directory_files"))
    }

    /// The text that an index has of a file, which is uploaded alone into a new directory; and the index.
    #[track_caller]
    pub(crate) fn read_alone(&self, name: &str, content: impl AsRef<[u8]>) -> (String, String) {
        let directory = self.directory("alone");
        self.upload(&directory, name, content);
        let index = self.index_over(&directory);
        (self.text_in(&index, &self.found_id(&index, name)), index)
    }

    /// The admin state of this key.
    #[track_caller]
    pub(crate) fn state(&self) -> Value {
        self.show(&format!("/__admin/state?tenant={}", self.key()))["tenants"][0].clone()
    }
}
