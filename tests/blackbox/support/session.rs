//! A client that sends many JSON requests with one key over one connection.

use serde_json::{Value, json};

use super::{Client, HttpResponse, RawConnection};

/// A client with an API key and a kept connection.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    connection: RawConnection,
}

impl Session {
    pub(crate) fn of(client: Client) -> Self {
        Self { connection: client.connect(), client }
    }

    pub(crate) fn key(&self) -> &str {
        self.client.key()
    }

    #[track_caller]
    pub(crate) fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> HttpResponse {
        let body = body.map(Value::to_string);
        let request = self.client.request_bytes(method, path, "", body.as_deref());
        self.connection.send(request).read_response_to(method).expect("a response")
    }

    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> HttpResponse {
        self.send("GET", path, None)
    }

    #[track_caller]
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> HttpResponse {
        self.send("POST", path, Some(body))
    }

    /// Creates a resource with this body; its id.
    #[track_caller]
    pub(crate) fn create(&mut self, path: &str, body: &Value) -> String {
        let response = self.post(path, body);
        assert_eq!(response.status, 201, "{}", response.text());
        response.json()["id"].as_str().expect("an id is a string").to_owned()
    }

    /// Advances the clock of this key.
    #[track_caller]
    pub(crate) fn advance(&mut self, by: &str) {
        let body = json!({ "tenant": self.key(), "by": by });
        assert_eq!(self.post("/__admin/clock/advance", &body).status, 200);
    }
}
