//! The attachments of the pages of a file: which there are, their names, and their contents, which are made of the text
//! of the page when they are asked for.

use bytes::Bytes;
use serde::Serialize;

use crate::documents::page::DocumentPage;
use crate::store::{Cursor, Id, Index, IndexedFile};

/// An attachment of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageAttachment {
    kind: AttachmentKind,
    /// From 1 on.
    page: usize,
}

/// What an attachment shows of a page, in the order of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttachmentKind {
    /// Its items, as JSON.
    Items,
    /// Its picture, as JPEG.
    Screenshots,
}

/// A reference to an attachment, in a chunk. The order of the fields is that of the contract.
#[derive(Debug, Serialize)]
pub(super) struct AttachmentRef<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    attachment_name: String,
    source_id: &'a Id,
}

impl AttachmentKind {
    const ALL: [Self; 2] = [Self::Items, Self::Screenshots];

    /// The kinds that an index stores.
    pub(super) fn of_index(index: &Index) -> Vec<Self> {
        let options = index.options.as_ref();
        let is_stored = |kind: &Self| {
            options.is_some_and(|options| options.store_attachments.iter().any(|stored| *stored == kind.folder()))
        };
        Self::ALL.into_iter().filter(is_stored).collect()
    }

    /// Its word in `store_attachments`, and the folder in the names of its attachments.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Screenshots => "screenshots",
        }
    }

    /// Its word in references.
    const fn word(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Screenshots => "screenshot",
        }
    }

    /// The extension of the names of its attachments.
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Items => "json",
            Self::Screenshots => "jpg",
        }
    }

    /// The media type of its attachments.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Items => "application/json",
            Self::Screenshots => "image/jpeg",
        }
    }
}

impl PageAttachment {
    /// The attachment of this kind of a page, counted from 1.
    pub(super) fn new(kind: AttachmentKind, page: usize) -> Self {
        Self { kind, page }
    }

    /// Its kind.
    pub(super) fn kind(self) -> AttachmentKind {
        self.kind
    }

    /// Its name, such as `screenshots/page_7.jpg`.
    pub(super) fn name(self) -> String {
        format!("{}/page_{}.{}", self.kind.folder(), self.page, self.kind.extension())
    }

    /// Its content in a file.
    pub(super) fn bytes(self, file: &IndexedFile) -> Bytes {
        let page = DocumentPage::of(file.document.document(), self.page);
        let page = page.expect("an attachment is of a page that the file has");
        match self.kind {
            AttachmentKind::Items => serde_json::to_vec(&page.items()).expect("items are written as JSON").into(),
            AttachmentKind::Screenshots => page.picture(&file.name).into(),
        }
    }

    /// Its place in lists.
    pub(super) fn cursor(self) -> Cursor {
        Cursor::new(self.kind.folder().into(), self.page as u64)
    }
}

/// References to the attachments of these kinds of a page of a file.
pub(super) fn references<'a>(kinds: &[AttachmentKind], file: &'a Id, page: usize) -> Vec<AttachmentRef<'a>> {
    let reference = |kind: &AttachmentKind| {
        let attachment_name = PageAttachment::new(*kind, page).name();
        AttachmentRef { kind: kind.word(), attachment_name, source_id: file }
    };
    kinds.iter().map(reference).collect()
}
