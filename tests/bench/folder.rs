//! A directory of the emulator with uploaded files, and an index over them.

use std::time::Instant;

use serde_json::{Value, json};

use crate::load::{HttpResponse, KeepAlive, Load, TIME_LIMIT, request, run_load, send, upload};
use crate::server::Server;
use crate::text::Writer;

/// The number of connections over which files are uploaded.
pub(crate) const CONNECTIONS: u64 = 8;

/// A directory of a tenant.
pub(crate) struct Folder<'s> {
    pub(crate) server: &'s Server,
    pub(crate) key: String,
    id: String,
}

impl<'s> Folder<'s> {
    pub(crate) fn new(server: &'s Server, key: &str) -> Self {
        let create = request("POST /api/v1/beta/directories", key, r#"{"name":"Papers"}"#);
        Self { server, key: key.to_owned(), id: text_field(&send(server.address(), &create), "id") }
    }

    pub(crate) fn upload_request(&self, name: &str, content: impl AsRef<[u8]>) -> Vec<u8> {
        upload(&format!("POST /api/v1/beta/directories/{}/files/upload", self.id), &self.key, name, content)
    }

    /// Uploads files, each with so many chunks; the number of bytes of their texts.
    pub(crate) fn fill(&self, writer: &mut Writer, files: u64, chunks: u64) -> u64 {
        let chunks = usize::try_from(chunks).expect("a small number");
        let mut bytes = 0;
        // Few at a time: all of them together would take much memory here.
        for batch in (0..files).collect::<Vec<_>>().chunks(500) {
            let uploads: Vec<Vec<u8>> = batch
                .iter()
                .map(|number| {
                    let text = writer.paragraphs(chunks);
                    bytes += text.len() as u64;
                    self.upload_request(&format!("paper-{number}.txt"), &text)
                })
                .collect();
            let load = Load { requests: &uploads, connections: CONNECTIONS, keep: KeepAlive::Yes };
            run_load(self.server.address(), load, uploads.len() as u64);
        }
        bytes
    }

    /// Creates an index of the files and waits until it is ready; its id.
    pub(crate) fn index(&self) -> String {
        let body = json!({ "source_directory_id": self.id, "name": "Papers" }).to_string();
        let id = text_field(&self.send("POST /api/v1/indexes", &body), "id");
        let get = format!("GET /api/v1/indexes/{id}");
        let started = Instant::now();
        while json_of(&self.send(&get, ""))["metadata"]["status"] != "ready" {
            assert!(started.elapsed() < TIME_LIMIT, "the sync does not end");
        }
        id
    }

    /// The id in the index of its only file.
    pub(crate) fn only_file(&self, index: &str) -> String {
        let body = json!({ "index_id": index }).to_string();
        let found = json_of(&self.send("POST /api/v1/retrieval/files/find", &body));
        found["items"][0]["file_id"].as_str().expect("a file").to_owned()
    }

    pub(crate) fn send(&self, line: &str, body: &str) -> HttpResponse {
        send(self.server.address(), &request(line, &self.key, body))
    }
}

/// The body of a successful response.
pub(crate) fn json_of(response: &HttpResponse) -> Value {
    let text = String::from_utf8_lossy(&response.body);
    assert!((200..300).contains(&response.status), "the server rejects a request: {} {text}", response.status);
    serde_json::from_str(&text).expect("a JSON body")
}

fn text_field(response: &HttpResponse, name: &str) -> String {
    json_of(response)[name].as_str().expect("a text").to_owned()
}
