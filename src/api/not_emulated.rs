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
    resource: Kind::File,
    body: BodyKind::None,
    emulation: None,
};

/// The rows without an emulation.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "directories.update",
        summary: "Changes the name or the description of a directory.",
        method: Method::PATCH,
        path: "/api/v1/beta/directories/{directory_id}",
        effect: Effect::Changes,
        resource: Kind::Directory,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "directories.delete",
        summary: "Deletes a directory.",
        method: Method::DELETE,
        path: "/api/v1/beta/directories/{directory_id}",
        effect: Effect::Deletes,
        resource: Kind::Directory,
        ..ROW
    },
    Operation {
        name: "directories.files.add",
        summary: "Adds an uploaded file to a directory.",
        method: Method::POST,
        path: "/api/v1/beta/directories/{directory_id}/files",
        effect: Effect::Creates,
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "directories.files.list",
        summary: "Lists the files of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files",
        resource: Kind::DirectoryFile,
        ..ROW
    },
    Operation {
        name: "directories.files.upload",
        summary: "Uploads a file into a directory.",
        method: Method::POST,
        path: "/api/v1/beta/directories/{directory_id}/files/upload",
        effect: Effect::Creates,
        resource: Kind::DirectoryFile,
        body: BodyKind::Multipart,
        ..ROW
    },
    Operation {
        name: "directories.files.bulk_delete",
        summary: "Deletes several files of a directory.",
        method: Method::POST,
        path: "/api/v1/beta/directories/{directory_id}/files/bulk-delete",
        effect: Effect::Deletes,
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "directories.files.get",
        summary: "Shows a file of a directory.",
        path: "/api/v1/beta/directories/{directory_id}/files/{directory_file_id}",
        resource: Kind::DirectoryFile,
        ..ROW
    },
    Operation {
        name: "directories.files.update",
        summary: "Changes or moves a file of a directory.",
        method: Method::PATCH,
        path: "/api/v1/beta/directories/{directory_id}/files/{directory_file_id}",
        effect: Effect::Changes,
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "directories.files.delete",
        summary: "Deletes a file of a directory.",
        method: Method::DELETE,
        path: "/api/v1/beta/directories/{directory_id}/files/{directory_file_id}",
        effect: Effect::Deletes,
        resource: Kind::DirectoryFile,
        ..ROW
    },
    Operation {
        name: "files.create",
        summary: "Uploads a file.",
        method: Method::POST,
        path: "/api/v1/beta/files",
        effect: Effect::Creates,
        resource: Kind::File,
        body: BodyKind::Multipart,
        ..ROW
    },
    Operation { name: "files.list", summary: "Lists files.", path: "/api/v1/beta/files", resource: Kind::File, ..ROW },
    Operation {
        name: "files.query",
        summary: "Lists files (deprecated).",
        method: Method::POST,
        path: "/api/v1/beta/files/query",
        resource: Kind::File,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "files.retrieve",
        summary: "Shows a file.",
        path: "/api/v1/beta/files/{file_id:uuid}",
        resource: Kind::File,
        ..ROW
    },
    Operation {
        name: "files.delete",
        summary: "Deletes a file.",
        method: Method::DELETE,
        path: "/api/v1/beta/files/{file_id:uuid}",
        effect: Effect::Deletes,
        resource: Kind::File,
        ..ROW
    },
    Operation {
        name: "files.content",
        summary: "Returns a URL for the content of a file.",
        path: "/api/v1/beta/files/{file_id:uuid}/content",
        resource: Kind::File,
        ..ROW
    },
    Operation {
        name: "retrieval.retrieve",
        summary: "Finds the chunks of an index that fit a query.",
        method: Method::POST,
        path: "/api/v1/retrieval/retrieve",
        resource: Kind::Chunk,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "retrieval.find",
        summary: "Finds the files of an index by name.",
        method: Method::POST,
        path: "/api/v1/retrieval/files/find",
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "retrieval.grep",
        summary: "Searches a file of an index by a regular expression.",
        method: Method::POST,
        path: "/api/v1/retrieval/files/grep",
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        ..ROW
    },
    Operation {
        name: "retrieval.read",
        summary: "Reads the text of a file of an index.",
        method: Method::POST,
        path: "/api/v1/retrieval/files/read",
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        ..ROW
    },
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
        name: "projects.list",
        summary: "Lists projects.",
        path: "/api/v1/projects",
        resource: Kind::Project,
        ..ROW
    },
    Operation {
        name: "projects.get",
        summary: "Shows a project.",
        path: "/api/v1/projects/{project_id:uuid}",
        resource: Kind::Project,
        ..ROW
    },
    Operation {
        name: "v2_projects.list",
        summary: "Lists projects, by page.",
        path: "/api/v2/projects",
        resource: Kind::Project,
        ..ROW
    },
    Operation {
        name: "v2_projects.get",
        summary: "Shows a project.",
        path: "/api/v2/projects/{project_id:uuid}",
        resource: Kind::Project,
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
