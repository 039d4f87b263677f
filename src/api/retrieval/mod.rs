//! Retrieval from an index: chunks by a query, files by name, matches in a file, the text of a file.

mod chunks;
mod filter;
mod texts;

pub(super) use chunks::{RetrievalResults, passages};

use http::Method;

use crate::operation::{Answer, BodyKind, Operation};
use crate::store::state_faults::StateFault;
use crate::store::{DirectoryFile, Kind, Prefix, Resource};

/// A part of a document.
const CHUNK: Kind = Kind { name: "Chunk", plural: "chunks", id_prefix: Prefix::NONE };

/// The rows of retrieval.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "retrieval.retrieve",
        summary: "Finds the chunks of an index that fit a query.",
        method: Method::POST,
        path: "/api/v1/retrieval/retrieve",
        resource: CHUNK,
        body: BodyKind::Json,
        response: Some("retrieval_results"),
        state_faults: &[StateFault::Lag],
        handler: chunks::retrieve,
        ..Operation::READ
    },
    Operation {
        name: "retrieval.find",
        summary: "Finds the files of an index by name.",
        method: Method::POST,
        path: "/api/v1/retrieval/files/find",
        resource: DirectoryFile::KIND,
        body: BodyKind::Json,
        response: Some("found_file_page"),
        handler: |scope, request| texts::find(scope, request).map(Answer::Payload),
        ..Operation::LIST
    },
    Operation {
        name: "retrieval.grep",
        summary: "Searches a file of an index by a regular expression.",
        method: Method::POST,
        path: "/api/v1/retrieval/files/grep",
        resource: DirectoryFile::KIND,
        body: BodyKind::Json,
        response: Some("grep_match_page"),
        handler: texts::grep,
        ..Operation::LIST
    },
    Operation {
        name: "retrieval.read",
        summary: "Reads the text of a file of an index.",
        method: Method::POST,
        path: "/api/v1/retrieval/files/read",
        resource: DirectoryFile::KIND,
        body: BodyKind::Json,
        response: Some("file_text"),
        state_faults: &[StateFault::Lag],
        handler: |scope, request| texts::read(scope, request).map(Answer::Payload),
        ..Operation::READ
    },
];
