//! The file of an upload. It is read before the upload is answered, without the lock of the tenant.

use std::sync::Arc;

use crate::error::ApiError;
use crate::multipart::FilePart;
use crate::store::{Blob, Ledger, Policy};

/// The name of a file whose upload states none.
const UNNAMED: &str = "upload";

/// A file that was received and not read yet.
pub(super) struct Upload {
    part: FilePart,
    policy: Arc<Policy>,
    ledger: Arc<Ledger>,
}

impl Upload {
    /// The file in a part of a form.
    pub(super) fn new(part: FilePart, policy: &Arc<Policy>, ledger: Arc<Ledger>) -> Self {
        Self { part, policy: Arc::clone(policy), ledger }
    }

    /// Reads the file; its name and its content.
    pub(super) fn read(self) -> Result<(Box<str>, Arc<Blob>), ApiError> {
        let FilePart { filename, content_type, bytes, .. } = self.part;
        let name: Box<str> = if filename.is_empty() { UNNAMED.into() } else { filename.into() };
        let text = self.policy.parse_results.get(&*name).map(|text| &**text);
        let blob = Blob::read(&name, &bytes, content_type.as_deref(), text, &self.ledger)?;
        Ok((name, blob))
    }
}
