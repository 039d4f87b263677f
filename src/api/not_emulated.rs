//! The endpoints of the real API that are not emulated yet. Their rows route, authenticate and meet fault rules like
//! others; the response is 404 with the name of the operation in a header.

use http::Method;

use crate::operation::Operation;
use crate::store::{Kind, Prefix};

const CHAT_SESSION: Kind = Kind { name: "Session", plural: "sessions", id_prefix: Prefix::NONE };

/// The rows without an emulation.
pub(super) const OPERATIONS: &[Operation] = &[
    create("chat.create", "Creates a chat session.", "/api/v1/chat", CHAT_SESSION),
    read("chat.list", "Lists chat sessions.", "/api/v1/chat", CHAT_SESSION),
    read("chat.retrieve", "Shows a chat session.", "/api/v1/chat/{session_id}", CHAT_SESSION),
    delete("chat.delete", "Deletes a chat session.", "/api/v1/chat/{session_id}", CHAT_SESSION),
    read("chat.get_summary", "Shows the summary of a chat session.", "/api/v1/chat/{session_id}/summary", CHAT_SESSION),
    Operation {
        name: "chat.stream",
        summary: "Sends a message and streams the answer.",
        method: Method::POST,
        path: "/api/v1/chat/{session_id}/messages/stream",
        resource: CHAT_SESSION,
        ..Operation::CHANGE
    },
];

const fn read(name: &'static str, summary: &'static str, path: &'static str, resource: Kind) -> Operation {
    Operation { name, summary, path, resource, ..Operation::READ }
}

const fn create(name: &'static str, summary: &'static str, path: &'static str, resource: Kind) -> Operation {
    Operation { name, summary, path, resource, ..Operation::CREATE }
}

const fn delete(name: &'static str, summary: &'static str, path: &'static str, resource: Kind) -> Operation {
    Operation { name, summary, path, resource, ..Operation::DELETE }
}
