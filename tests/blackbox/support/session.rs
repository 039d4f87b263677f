//! JSON calls under a key over one connection that is kept: for tests that make many.

use serde_json::{Value, json};

use super::{Answer, Client, Wire};

/// A caller with a key and a connection of its own.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    wire: Wire,
}

impl Session {
    pub(crate) fn of(client: Client) -> Self {
        Self { wire: client.wire(), client }
    }

    pub(crate) fn key(&self) -> &str {
        self.client.key()
    }

    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string);
        let request = self.client.request(method, path, "", body.as_deref());
        self.wire.send(request).answer_to(method).expect("an answer comes")
    }

    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.call("GET", path, None)
    }

    #[track_caller]
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body))
    }

    /// Makes an index of these fields; its id.
    #[track_caller]
    pub(crate) fn create(&mut self, path: &str, body: &Value) -> String {
        let answer = self.post(path, body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().expect("an id is a text").to_owned()
    }

    /// Moves this key's clock on.
    #[track_caller]
    pub(crate) fn advance(&mut self, by: &str) {
        let body = json!({ "tenant": self.key(), "by": by });
        assert_eq!(self.post("/__admin/clock/advance", &body).status, 200);
    }
}
