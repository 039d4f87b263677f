//! The file of an upload. It is read before the upload is answered, without the lock of the tenant.

use std::sync::Arc;

use bytes::Bytes;

use crate::config::Settings;
use crate::documents::{self, Unreadable};
use crate::error::ApiError;
use crate::multipart::FilePart;
use crate::operation::Pool;
use crate::schema::ValidRequest;
use crate::store::{Blob, BlobSource, Scope, TenantBudget};
use crate::worker::Worker;

/// The name of a file whose upload states none.
const UNNAMED: &str = "upload";

/// The name of a file and its content.
type NamedBlob = (Arc<str>, Arc<Blob>);

/// A file that was received and not read yet.
pub(super) struct Upload {
    part: FilePart,
    settings: Arc<Settings>,
    budget: Arc<TenantBudget>,
}

impl Upload {
    /// The file in this field of a form.
    pub(super) fn new(scope: &Scope<'_>, request: &ValidRequest, field: &str) -> Result<Self, ApiError> {
        let (settings, budget) = (Arc::clone(&request.settings), Arc::clone(&scope.store.budget));
        Ok(Self { part: request.file(field)?, settings, budget })
    }

    /// Where the file is read: a child process reads some formats.
    pub(super) fn pool(&self) -> Pool {
        let has_text = self.settings.parse_results.contains_key(self.name());
        if !has_text && documents::needs_child(self.name(), &self.part.bytes) { Pool::Child } else { Pool::Thread }
    }

    fn name(&self) -> &str {
        if self.part.filename.is_empty() { UNNAMED } else { &self.part.filename }
    }

    /// Reads the file; its name and its content.
    pub(super) fn read(self, worker: &Worker) -> Result<NamedBlob, ApiError> {
        let name: Arc<str> = self.name().into();
        let FilePart { content_type, bytes, .. } = self.part;
        // The bytes are copied: the body of the request, of which they are a part, would be kept as a whole.
        let bytes = Bytes::copy_from_slice(&bytes);
        let document = documents::read_or_replace(&name, &bytes, &self.settings.parse_results, worker);
        if let Err(Unreadable::NotTried(reason)) = &document {
            return Err(ApiError::text(503, reason.clone()));
        }
        let source = BlobSource { name: Arc::clone(&name), content_type: content_type.as_deref(), bytes };
        let blob = Blob::new(source, document, &self.budget)?;
        Ok((name, blob))
    }
}
