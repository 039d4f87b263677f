//! Attachments: listed, and handed out by presigned URLs. A file has them if an index over it stores them.

use serde::{Deserialize, Serialize};

use super::index_file::IndexFile;
use super::paging::{self, PageParams};
use super::presigned::{PresignedUrl, part_id};
use crate::clock::Timestamp;
use crate::config::Fidelity;
use crate::error::ApiError;
use crate::operation::{Answer, Job, Operation};
use crate::response::Payload;
use crate::schema::ValidRequest;
use crate::store::state_faults::StateFault;
use crate::store::{Id, Kind, Page, Prefix, Scope, StoreError};

/// A part of what parsing left of a file.
const ATTACHMENT: Kind = Kind { name: "Attachment", plural: "attachments", id_prefix: Prefix::NONE };

/// The name of the list of attachments, which its page tokens are valid for.
const LIST: &str = "attachments.list";

/// The rows of attachments.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: LIST,
        summary: "Lists the attachments of a file.",
        path: "/api/v1/beta/attachments",
        resource: ATTACHMENT,
        response: Some("attachment_page"),
        handler: list,
        ..Operation::LIST
    },
    Operation {
        name: "attachments.get",
        summary: "Returns a URL for an attachment.",
        path: "/api/v1/beta/attachments/{attachment_name:path}",
        resource: ATTACHMENT,
        response: Some("presigned_url"),
        state_faults: &[StateFault::Lag],
        handler: |scope, request| get(scope, request).map(Answer::Payload),
        ..Operation::READ
    },
];

#[derive(Deserialize)]
struct AttachmentFilter {
    source_id: String,
}

#[derive(Deserialize)]
struct AttachmentPath {
    attachment_name: String,
    source_id: String,
}

/// An attachment as the service prints it.
#[derive(Serialize)]
struct AttachmentBody {
    name: String,
    size: usize,
    last_modified: Timestamp,
}

/// Lists the attachments of a file: its items, then its screenshots, by page. A file without stored attachments has
/// none. Their sizes are found without the lock: each content is made for that.
fn list(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Answer, ApiError> {
    let (filter, page): (AttachmentFilter, _) = (request.params()?, PageParams::of_query(request)?);
    let list = format!("{LIST} {}", filter.source_id);
    let source = IndexFile::with_attachments(scope, &filter.source_id);
    let attachments = source.iter().flat_map(IndexFile::attachments);
    let found = page.find(&list, |page| scope.page_of(page, attachments))?;
    let Some(source) = source else {
        return Ok(Answer::Payload(paging::payload(&Page { items: Vec::new(), next_token: None }, |()| ())));
    };
    Ok(Answer::Job(Job::reading(move || {
        paging::payload(&found, |attachment| AttachmentBody {
            name: attachment.name(),
            size: attachment.bytes(source.file()).len(),
            last_modified: source.content.selected_at,
        })
    })))
}

fn get(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let path: AttachmentPath = request.params()?;
    let source = IndexFile::with_attachments(scope, &path.source_id);
    let found = source.as_ref().filter(|source| source.attachment(&path.attachment_name).is_some());
    let id = match found {
        Some(source) => source.file().id.clone(),
        None if scope.store.policy.fidelity == Fidelity::Contract => Id::parse(&path.source_id),
        None => return Err(StoreError::NotFound(ATTACHMENT).into()),
    };
    let part = part_id(&id, &path.attachment_name);
    Ok(Payload::json(&PresignedUrl::new(scope, request, &part, &path.attachment_name, None)))
}
