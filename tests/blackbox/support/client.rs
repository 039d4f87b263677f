//! A client that sends JSON requests with an API key, each over a new connection.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::connection::{HttpResponse, RawConnection};
use super::{KEY, wait_for};
use llamacloud_mock::embedded::MockServer;

/// A client with an API key.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    key: String,
}

impl Client {
    /// A client of an embedded server, with the usual key.
    pub(crate) fn of(server: &MockServer) -> Self {
        Self::at(server.address())
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, key: KEY.to_owned() }
    }

    /// The same client with another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The same client with a key derived from a test case, so that cases do not share a tenant.
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

    pub(crate) fn connect(&self) -> RawConnection {
        RawConnection::connect(self.address)
    }

    /// The bytes of a request with these header lines (each with its CRLF) and optionally a JSON body.
    pub(crate) fn request_bytes(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Vec<u8> {
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

    /// Sends a request with additional header lines; `None` without a complete response.
    pub(crate) fn try_send(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Option<HttpResponse> {
        self.connect().send(self.request_bytes(method, path, headers, body)).read_response_to(method)
    }

    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, body: Option<&Value>) -> HttpResponse {
        let body = body.map(Value::to_string);
        self.try_send(method, path, "", body.as_deref()).expect("a response")
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> HttpResponse {
        self.send("GET", path, None)
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> HttpResponse {
        self.send("POST", path, Some(body))
    }

    #[track_caller]
    pub(crate) fn delete(&self, path: &str) -> HttpResponse {
        self.send("DELETE", path, None)
    }

    /// Creates an index over a directory and returns it.
    #[track_caller]
    pub(crate) fn create(&self, directory: &str) -> Value {
        let response = self.post("/api/v1/indexes", &json!({ "source_directory_id": directory }));
        assert_eq!(response.status, 201, "{}", response.text());
        response.json()
    }

    /// Advances every clock.
    #[track_caller]
    pub(crate) fn advance(&self, by: &str) {
        let response = self.post("/__admin/clock/advance", &json!({ "by": by }));
        assert_eq!(response.status, 200, "{}", response.text());
    }

    /// The journal's entries of this key, oldest first. Before its first request the key has no journal.
    #[track_caller]
    pub(crate) fn journal(&self) -> Vec<Value> {
        let response = self.get(&format!("/__admin/journal?tenant={}", self.key));
        if response.status == 404 {
            return Vec::new();
        }
        assert_eq!(response.status, 200, "{}", response.text());
        response.json()["entries"].as_array().expect("a list").clone()
    }

    /// Waits until so many requests of this key are decided; their entries. A request that hangs is decided already.
    #[track_caller]
    pub(crate) fn wait_for_entries(&self, count: usize) -> Vec<Value> {
        let is_decided = |entry: &Value| {
            entry["outcome"] != "open" || entry["status"].is_number() || entry["faults"] != Value::Array(Vec::new())
        };
        let decided = || self.journal().into_iter().filter(is_decided).collect::<Vec<_>>();
        wait_for(&format!("{count} requests are decided"), decided, |entries| entries.len() >= count)
    }

    /// The number of unfinished requests of this key; 0 before its first request.
    #[track_caller]
    pub(crate) fn open_calls(&self) -> u64 {
        let state = self.get(&format!("/__admin/state?tenant={}", self.key)).json();
        state["tenants"][0]["open_calls"].as_u64().unwrap_or(0)
    }

    /// Waits until this key has so many unfinished requests, and the journal lists them: each is decided, or waits for
    /// its body. A request that a rule holds is listed as cut.
    #[track_caller]
    pub(crate) fn wait_for_open_calls(&self, count: u64) {
        let journal = || self.get(&format!("/__admin/journal?tenant={}&limit=1", self.key)).json();
        let is_listed = |journal: &Value| {
            journal["open"].as_u64().unwrap_or(0) == count || journal["entries"][0]["outcome"] == "cut"
        };
        let open = || (self.open_calls(), journal());
        wait_for(&format!("{count} requests are open"), open, |(open, shown)| *open == count && is_listed(shown));
    }

    /// The fault outcomes of each request of this key, oldest first, such as `name struck, other shadowed`.
    #[track_caller]
    pub(crate) fn fault_outcomes(&self) -> Vec<String> {
        let text = |note: &Value, name: &str| note[name].as_str().expect("a string").to_owned();
        let outcome = |note: &Value| format!("{} {}", text(note, "rule"), text(note, "outcome"));
        let outcomes = |entry: &Value| {
            let notes = entry["faults"].as_array().expect("a list");
            notes.iter().map(outcome).collect::<Vec<_>>().join(", ")
        };
        self.journal().iter().map(outcomes).collect()
    }

    /// Adds a fault rule for this key.
    #[track_caller]
    pub(crate) fn add_rule(&self, rule: &str) {
        let response = self.post("/__admin/faults", &json!({ "rule": rule, "tenant": self.key }));
        assert_eq!(response.status, 201, "{rule}: {}", response.text());
    }
}
