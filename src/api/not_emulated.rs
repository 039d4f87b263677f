//! The endpoints of the real API that are not emulated yet. Their rows route, authenticate and meet fault rules like
//! others; the response is 404 with the name of the operation in a header.

use http::Method;

use crate::operation::{Effect, Operation};
use crate::store::{Kind, Prefix};

const ATTACHMENT: Kind = Kind { name: "Attachment", plural: "attachments", id_prefix: Prefix::NONE };
const CONFIGURATION: Kind = Kind { name: "Configuration", plural: "configurations", id_prefix: Prefix::CONFIGURATION };
const CHAT_SESSION: Kind = Kind { name: "Session", plural: "sessions", id_prefix: Prefix::NONE };

/// The rows without an emulation.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "attachments.list",
        summary: "Lists the attachments of a file.",
        path: "/api/v1/beta/attachments",
        resource: ATTACHMENT,
        ..Operation::READ
    },
    Operation {
        name: "attachments.get",
        summary: "Returns a URL for an attachment.",
        path: "/api/v1/beta/attachments/{attachment_name:path}",
        resource: ATTACHMENT,
        ..Operation::READ
    },
    Operation {
        name: "configurations.create",
        summary: "Creates or replaces a configuration.",
        path: "/api/v1/beta/configurations",
        effect: Effect::Upserts,
        resource: CONFIGURATION,
        ..Operation::CREATE
    },
    Operation {
        name: "configurations.list",
        summary: "Lists configurations.",
        path: "/api/v1/beta/configurations",
        resource: CONFIGURATION,
        ..Operation::READ
    },
    Operation {
        name: "configurations.retrieve",
        summary: "Shows a configuration.",
        path: "/api/v1/beta/configurations/{config_id}",
        resource: CONFIGURATION,
        ..Operation::READ
    },
    Operation {
        name: "configurations.update",
        summary: "Changes a configuration.",
        method: Method::PUT,
        path: "/api/v1/beta/configurations/{config_id}",
        resource: CONFIGURATION,
        ..Operation::CHANGE
    },
    Operation {
        name: "configurations.delete",
        summary: "Deletes a configuration.",
        path: "/api/v1/beta/configurations/{config_id}",
        resource: CONFIGURATION,
        ..Operation::DELETE
    },
    Operation {
        name: "chat.create",
        summary: "Creates a chat session.",
        path: "/api/v1/chat",
        resource: CHAT_SESSION,
        ..Operation::CREATE
    },
    Operation {
        name: "chat.list",
        summary: "Lists chat sessions.",
        path: "/api/v1/chat",
        resource: CHAT_SESSION,
        ..Operation::READ
    },
    Operation {
        name: "chat.retrieve",
        summary: "Shows a chat session.",
        path: "/api/v1/chat/{session_id}",
        resource: CHAT_SESSION,
        ..Operation::READ
    },
    Operation {
        name: "chat.delete",
        summary: "Deletes a chat session.",
        path: "/api/v1/chat/{session_id}",
        resource: CHAT_SESSION,
        ..Operation::DELETE
    },
    Operation {
        name: "chat.get_summary",
        summary: "Shows the summary of a chat session.",
        path: "/api/v1/chat/{session_id}/summary",
        resource: CHAT_SESSION,
        ..Operation::READ
    },
    Operation {
        name: "chat.stream",
        summary: "Sends a message and streams the answer.",
        method: Method::POST,
        path: "/api/v1/chat/{session_id}/messages/stream",
        resource: CHAT_SESSION,
        ..Operation::CHANGE
    },
];
