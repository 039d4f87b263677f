//! JSON calls under a key, one connection each.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::KEY;
use super::wire::{Answer, Wire};
use llamacloud_mock::embedded::MockServer;

/// A caller with a key.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    key: String,
}

impl Client {
    /// A caller of a server in this process, with the usual key.
    pub(crate) fn of(server: &MockServer) -> Self {
        Self::at(server.address())
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, key: KEY.to_owned() }
    }

    /// The same caller under another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The same caller under a key that a case of a table has for itself.
    pub(crate) fn for_case(&self, case: &str) -> Self {
        let letters = case.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
        self.with_key(&format!("llx-{}", letters.collect::<String>()))
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn wire(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// The bytes of a call, with a JSON body if there is one, and header lines (each with its CRLF) put in.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Vec<u8> {
        let body_lines = body.map_or_else(String::new, |body| {
            format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len())
        });
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{headers}{body_lines}\r\n{}",
            self.address,
            self.key,
            body.unwrap_or_default()
        )
        .into_bytes()
    }

    /// A call with header lines of its own; `None` when no whole answer came.
    pub(crate) fn try_call(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Option<Answer> {
        self.wire().send(self.request(method, path, headers, body)).answer_to(method)
    }

    #[track_caller]
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string);
        self.try_call(method, path, "", body.as_deref()).expect("an answer comes")
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None)
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body))
    }

    #[track_caller]
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None)
    }

    /// Makes an index over a directory, and shows it.
    #[track_caller]
    pub(crate) fn create(&self, directory: &str) -> Value {
        let answer = self.post("/api/v1/indexes", &json!({ "source_directory_id": directory }));
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Moves every clock on.
    #[track_caller]
    pub(crate) fn advance(&self, by: &str) {
        let answer = self.post("/__admin/clock/advance", &json!({ "by": by }));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// The journal's entries of this key, oldest first.
    #[track_caller]
    pub(crate) fn journal(&self) -> Vec<Value> {
        let answer = self.get(&format!("/__admin/journal?tenant={}", self.key));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["entries"].as_array().expect("a list").clone()
    }

    /// What became of rules in each call of this key, oldest first, as `name struck, other shadowed`.
    #[track_caller]
    pub(crate) fn fates(&self) -> Vec<String> {
        let text = |note: &Value, name: &str| note[name].as_str().expect("a text").to_owned();
        let fate = |note: &Value| format!("{} {}", text(note, "rule"), text(note, "outcome"));
        let fates = |entry: &Value| {
            let notes = entry["faults"].as_array().expect("a list");
            notes.iter().map(fate).collect::<Vec<_>>().join(", ")
        };
        self.journal().iter().map(fates).collect()
    }

    /// Gives this key a rule.
    #[track_caller]
    pub(crate) fn arm(&self, rule: &str) {
        let answer = self.post("/__admin/faults", &json!({ "rule": rule, "tenant": self.key }));
        assert_eq!(answer.status, 201, "{rule}: {}", answer.text());
    }
}
