//! Retrieval from an index: chunks by a query, files by name, matches in a file, the text of a file.

mod chunks;
mod filter;
mod texts;

use http::Method;

use crate::operation::{Answer, Authentication, BodyKind, Effect, Emulation, Operation};
use crate::store::Kind;
use crate::store::state_faults::StateFault;

/// The rows of retrieval.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "retrieval.retrieve",
        summary: "Finds the chunks of an index that fit a query.",
        method: Method::POST,
        path: "/api/v1/retrieval/retrieve",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::Chunk,
        body: BodyKind::Json,
        emulation: Some(Emulation {
            params: "retrieval.retrieve.params",
            body: Some("retrieval.retrieve.request"),
            status: 200,
            response: Some("retrieval_results"),
            state_faults: &[StateFault::Lag],
            handler: |scope, request| chunks::retrieve(scope, request.body()?),
        }),
    },
    Operation {
        name: "retrieval.find",
        summary: "Finds the files of an index by name.",
        method: Method::POST,
        path: "/api/v1/retrieval/files/find",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        emulation: Some(Emulation {
            params: "retrieval.find.params",
            body: Some("retrieval.find.request"),
            status: 200,
            response: Some("found_file_page"),
            state_faults: &[StateFault::Lag, StateFault::Page],
            handler: |scope, request| texts::find(scope, &request).map(Answer::Payload),
        }),
    },
    Operation {
        name: "retrieval.grep",
        summary: "Searches a file of an index by a regular expression.",
        method: Method::POST,
        path: "/api/v1/retrieval/files/grep",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        emulation: Some(Emulation {
            params: "retrieval.grep.params",
            body: Some("retrieval.grep.request"),
            status: 200,
            response: Some("grep_match_page"),
            state_faults: &[StateFault::Lag, StateFault::Page],
            handler: |scope, request| texts::grep(scope, &request),
        }),
    },
    Operation {
        name: "retrieval.read",
        summary: "Reads the text of a file of an index.",
        method: Method::POST,
        path: "/api/v1/retrieval/files/read",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::DirectoryFile,
        body: BodyKind::Json,
        emulation: Some(Emulation {
            params: "retrieval.read.params",
            body: Some("retrieval.read.request"),
            status: 200,
            response: Some("file_text"),
            state_faults: &[StateFault::Lag],
            handler: |scope, request| texts::read(scope, &request.body()?).map(Answer::Payload),
        }),
    },
];
