//! Requests about chat, and the events of their answers.

use serde_json::{Value, json};

use super::{Client, HttpResponse, text_of};

pub(crate) const CHAT: &str = "/api/v1/chat";

/// The events in a stream of them.
#[track_caller]
pub(crate) fn events_of(stream: &str) -> Vec<Value> {
    let events = stream.strip_suffix("\n\n").unwrap_or_else(|| panic!("no empty line at the end: {stream:?}"));
    let json = |event: &str| serde_json::from_str(event.strip_prefix("data: ").expect("one line of data"));
    events.split("\n\n").map(|event| json(event).unwrap_or_else(|error| panic!("{event}: {error}"))).collect()
}

/// The types of events.
pub(crate) fn types_of(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().expect("a type")).collect()
}

/// The text of an answer.
#[track_caller]
pub(crate) fn answer_of(events: &[Value]) -> String {
    text_of(events.iter().find(|event| event["type"] == "text").expect("a text"), "content")
}

impl Client {
    /// Creates a chat session that is bound to no index; its id.
    #[track_caller]
    pub(crate) fn chat_session(&self) -> String {
        let created = self.post(CHAT, &json!({}));
        assert_eq!(created.status, 201, "{}", created.text());
        text_of(&created.json(), "session_id")
    }

    /// Sends a message.
    #[track_caller]
    pub(crate) fn message(&self, session: &str, index_ids: &[&str], prompt: &str) -> HttpResponse {
        self.post(&stream_path(session), &json!({ "index_ids": index_ids, "prompt": prompt }))
    }

    /// The events of the answer to a message.
    #[track_caller]
    pub(crate) fn answer(&self, session: &str, index_ids: &[&str], prompt: &str) -> Vec<Value> {
        let response = self.message(session, index_ids, prompt);
        assert_eq!(response.status, 200, "{}", response.text());
        events_of(&response.text())
    }

    /// The bytes of a request that sends a message.
    pub(crate) fn message_bytes(&self, session: &str, index_ids: &[&str], prompt: &str) -> Vec<u8> {
        let body = json!({ "index_ids": index_ids, "prompt": prompt }).to_string();
        self.request_bytes("POST", &stream_path(session), "", Some(&body))
    }

    /// The history of a session.
    #[track_caller]
    pub(crate) fn history(&self, session: &str) -> Vec<Value> {
        self.show(&format!("{CHAT}/{session}"))["events"].as_array().expect("a list").clone()
    }

    /// An index over files with these names and texts; its id.
    #[track_caller]
    pub(crate) fn index_of(&self, files: &[(&str, &str)]) -> String {
        let directory = self.directory("d");
        for (name, text) in files {
            self.upload(&directory, name, *text);
        }
        self.index_over(&directory)
    }
}

/// The path of messages to a session.
pub(crate) fn stream_path(session: &str) -> String {
    format!("{CHAT}/{session}/messages/stream")
}
