//! The content of a file: its bytes as they were uploaded, and what reading them gave. It is read once, before the
//! upload is answered, and shared by every file and index that refers to it.

use std::fmt;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::StoreError;
use super::budget::{Allocation, TenantBudget};
use crate::documents::{Document, Unreadable};
use crate::search::SearchableDocument;

/// The content of a file.
#[derive(Debug)]
pub(crate) struct Blob {
    /// The name by which it was read; `None` for one that was released.
    pub(super) name: Option<Arc<str>>,
    /// The bytes as they were uploaded.
    pub(crate) bytes: Bytes,
    /// The content type that the upload stated.
    pub(crate) content_type: Option<Box<str>>,
    /// The SHA-256 of the bytes.
    pub(crate) hash: ContentHash,
    /// The result of reading the bytes.
    pub(crate) reading: Reading,
    /// The bytes that it takes of the budget; `None` for one that takes none.
    _allocation: Option<Allocation>,
}

/// A content as it comes.
#[derive(Debug, Clone)]
pub(crate) struct BlobSource<'a> {
    /// The name by which it is read.
    pub(crate) name: Arc<str>,
    /// The content type that the upload states.
    pub(crate) content_type: Option<&'a str>,
    pub(crate) bytes: Bytes,
}

/// The result of reading a file.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// A document that can be searched.
    Document(Arc<SearchableDocument>),
    /// Nothing; the text says why.
    Failed(Arc<str>),
}

/// The SHA-256 of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentHash([u8; 32]);

/// The bytes of a blob besides its content and its document.
const OVERHEAD_BYTES: usize = 256;

/// The content of files that are deleted.
static RELEASED: LazyLock<Arc<Blob>> = LazyLock::new(|| {
    let reading = Reading::Failed("the file is deleted".into());
    let (bytes, hash) = (Bytes::new(), ContentHash::of(&[]));
    Arc::new(Blob { name: None, bytes, content_type: None, hash, reading, _allocation: None })
});

impl Blob {
    /// The empty content of a deleted file.
    pub(super) fn released() -> Arc<Self> {
        Arc::clone(&RELEASED)
    }

    /// A content, and what reading it gave. The text of the document can share the memory of the bytes.
    ///
    /// Errors: the budget has no room.
    pub(crate) fn new(
        source: BlobSource<'_>,
        document: Result<Document, Unreadable>,
        budget: &Arc<TenantBudget>,
    ) -> Result<Arc<Self>, StoreError> {
        let reading = match document {
            Ok(document) => Reading::Document(Arc::new(SearchableDocument::new(document))),
            Err(unreadable) => Reading::Failed(unreadable.to_string().into()),
        };
        let BlobSource { name, content_type, bytes } = source;
        let weight =
            OVERHEAD_BYTES + name.len() + reading.weight_bytes() + if reading.shares(&bytes) { 0 } else { bytes.len() };
        let allocation = budget.allocate(weight).ok_or(StoreError::StateFull)?;
        let (hash, content_type) = (ContentHash::of(&bytes), content_type.map(Into::into));
        Ok(Arc::new(Self { name: Some(name), bytes, content_type, hash, reading, _allocation: Some(allocation) }))
    }

    /// What it contains, if it could be read.
    pub(super) fn document(&self) -> Option<Arc<SearchableDocument>> {
        match &self.reading {
            Reading::Document(document) => Some(Arc::clone(document)),
            Reading::Failed(_) => None,
        }
    }
}

impl Reading {
    /// Whether the text of the document is in the memory of these bytes.
    fn shares(&self, bytes: &Bytes) -> bool {
        matches!(self, Self::Document(document) if document.document().text().shares_memory_with(bytes))
    }

    fn weight_bytes(&self) -> usize {
        match self {
            Self::Document(document) => document.weight_bytes(),
            Self::Failed(reason) => reason.len(),
        }
    }
}

impl ContentHash {
    /// The hash of a content.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
