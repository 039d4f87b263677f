//! Uploaded files: created, listed, shown, downloaded, deleted.

use http::Method;

use super::placeholder;
use crate::operation::{Authentication, BodyKind, Effect, Emulation, Operation};
use crate::store::Kind;
use crate::store::state_faults::StateFault;

/// The rows of files.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "files.create",
        summary: "Uploads a file.",
        method: Method::POST,
        path: "/api/v1/beta/files",
        authentication: Authentication::Key,
        effect: Effect::Creates,
        resource: Kind::File,
        body: BodyKind::Multipart,
        emulation: Some(Emulation {
            params: "files.create.params",
            body: Some("files.create.request"),
            status: 201,
            response: Some("file"),
            state_faults: &[StateFault::Quota],
            handler: placeholder::respond,
        }),
    },
    Operation {
        name: "files.list",
        summary: "Lists files.",
        method: Method::GET,
        path: "/api/v1/beta/files",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::File,
        body: BodyKind::None,
        emulation: Some(Emulation {
            params: "files.list.params",
            body: None,
            status: 200,
            response: Some("file_page"),
            state_faults: &[StateFault::Lag, StateFault::Page],
            handler: placeholder::respond,
        }),
    },
    Operation {
        name: "files.retrieve",
        summary: "Shows a file.",
        method: Method::GET,
        path: "/api/v1/beta/files/{file_id:uuid}",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::File,
        body: BodyKind::None,
        emulation: Some(Emulation {
            params: "files.retrieve.params",
            body: None,
            status: 200,
            response: Some("file"),
            state_faults: &[StateFault::Lag, StateFault::Vanish],
            handler: placeholder::respond,
        }),
    },
    Operation {
        name: "files.delete",
        summary: "Deletes a file.",
        method: Method::DELETE,
        path: "/api/v1/beta/files/{file_id:uuid}",
        authentication: Authentication::Key,
        effect: Effect::Deletes,
        resource: Kind::File,
        body: BodyKind::None,
        emulation: Some(Emulation {
            params: "files.delete.params",
            body: None,
            status: 204,
            response: None,
            state_faults: &[StateFault::Vanish],
            handler: placeholder::respond,
        }),
    },
    Operation {
        name: "files.content",
        summary: "Returns a URL for the content of a file.",
        method: Method::GET,
        path: "/api/v1/beta/files/{file_id:uuid}/content",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::File,
        body: BodyKind::None,
        emulation: Some(Emulation {
            params: "files.content.params",
            body: None,
            status: 200,
            response: Some("presigned_url"),
            state_faults: &[StateFault::Lag, StateFault::Vanish],
            handler: placeholder::respond,
        }),
    },
    Operation {
        name: "files.query",
        summary: "Lists files (deprecated).",
        method: Method::POST,
        path: "/api/v1/beta/files/query",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::File,
        body: BodyKind::Json,
        emulation: Some(Emulation {
            params: "files.query.params",
            body: Some("files.query.request"),
            status: 200,
            response: Some("file_page"),
            state_faults: &[StateFault::Lag, StateFault::Page],
            handler: placeholder::respond,
        }),
    },
];
