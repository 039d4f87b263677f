//! The endpoints of the real API that are not emulated yet. Their rows route, authenticate and meet fault rules like
//! others; the response is 404 with the name of the operation in a header.

use http::Method;

use crate::operation::{Authentication, BodyKind, Effect, Operation};
use crate::store::Kind;

/// The fields that the rows have in common.
const ROW: Operation = Operation {
    name: "",
    summary: "",
    method: Method::GET,
    path: "",
    authentication: Authentication::Key,
    effect: Effect::Reads,
    resource: Kind::Attachment,
    body: BodyKind::None,
    emulation: None,
};

/// The rows without an emulation.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "attachments.list",
        summary: "Lists the attachments of a file.",
        path: "/api/v1/beta/attachments",
        resource: Kind::Attachment,
        ..ROW
    },
    Operation {
        name: "attachments.get",
        summary: "Returns a URL for an attachment.",
        path: "/api/v1/beta/attachments/{attachment_name:path}",
        resource: Kind::Attachment,
        ..ROW
    },
    Operation {
        name: "configurations.create",
        summary: "Creates or replaces a configuration.",
        method: Method::POST,
        path: "/api/v1/beta/configurations",
        effect: Effect::Creates,
        resource: Kind::Configuration,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "configurations.list",
        summary: "Lists configurations.",
        path: "/api/v1/beta/configurations",
        resource: Kind::Configuration,
        ..ROW
    },
    Operation {
        name: "configurations.retrieve",
        summary: "Shows a configuration.",
        path: "/api/v1/beta/configurations/{config_id}",
        resource: Kind::Configuration,
        ..ROW
    },
    Operation {
        name: "configurations.update",
        summary: "Changes a configuration.",
        method: Method::PUT,
        path: "/api/v1/beta/configurations/{config_id}",
        effect: Effect::Changes,
        resource: Kind::Configuration,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "configurations.delete",
        summary: "Deletes a configuration.",
        method: Method::DELETE,
        path: "/api/v1/beta/configurations/{config_id}",
        effect: Effect::Deletes,
        resource: Kind::Configuration,
        ..ROW
    },
    Operation {
        name: "chat.create",
        summary: "Creates a chat session.",
        method: Method::POST,
        path: "/api/v1/chat",
        effect: Effect::Creates,
        resource: Kind::ChatSession,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "chat.list",
        summary: "Lists chat sessions.",
        path: "/api/v1/chat",
        resource: Kind::ChatSession,
        ..ROW
    },
    Operation {
        name: "chat.retrieve",
        summary: "Shows a chat session.",
        path: "/api/v1/chat/{session_id}",
        resource: Kind::ChatSession,
        ..ROW
    },
    Operation {
        name: "chat.delete",
        summary: "Deletes a chat session.",
        method: Method::DELETE,
        path: "/api/v1/chat/{session_id}",
        effect: Effect::Deletes,
        resource: Kind::ChatSession,
        ..ROW
    },
    Operation {
        name: "chat.get_summary",
        summary: "Shows the summary of a chat session.",
        path: "/api/v1/chat/{session_id}/summary",
        resource: Kind::ChatSession,
        ..ROW
    },
    Operation {
        name: "chat.stream",
        summary: "Sends a message and streams the answer.",
        method: Method::POST,
        path: "/api/v1/chat/{session_id}/messages/stream",
        effect: Effect::Changes,
        resource: Kind::ChatSession,
        body: BodyKind::Json,
        ..ROW
    },
];
