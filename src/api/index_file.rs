//! A file of an index, found by its id alone: what the index stores beside its chunks is asked for without naming it.

use std::sync::Arc;

use super::page_attachment::{AttachmentKind, PageAttachment};
use crate::store::{Cursor, Index, IndexContent, IndexedFile, Key, Scope};

/// A file of an index.
#[derive(Debug)]
pub(super) struct IndexFile {
    pub(super) content: Arc<IndexContent>,
    position: usize,
    /// The kinds of attachments that the index stores.
    pub(super) kinds: Vec<AttachmentKind>,
    /// Whether the index exports vectors, and not a document of each file.
    pub(super) has_vectors: bool,
}

impl IndexFile {
    /// The file that an id names, in the newest index that has it and that is accepted.
    pub(super) fn find(scope: &mut Scope<'_>, id: &str, accepts: fn(&Index) -> bool) -> Option<Self> {
        let keys: Vec<Key<Index>> = scope.reachable();
        keys.into_iter().map(|key| scope.store.get(key)).filter(|index| accepts(index)).find_map(|index| {
            let content = index.content.clone()?;
            let position = content.position_of(id)?;
            let (kinds, has_vectors) = (AttachmentKind::of_index(index), index.exports_vectors());
            Some(Self { content, position, kinds, has_vectors })
        })
    }

    /// The file that an id names, in the newest index that stores attachments of it.
    pub(super) fn with_attachments(scope: &mut Scope<'_>, id: &str) -> Option<Self> {
        Self::find(scope, id, |index| !AttachmentKind::of_index(index).is_empty())
    }

    pub(super) fn file(&self) -> &IndexedFile {
        &self.content.files[self.position]
    }

    /// Its attachments with their places in lists.
    pub(super) fn attachments(&self) -> impl Iterator<Item = (Cursor, PageAttachment)> {
        let page_count = self.page_count();
        let of_kind = move |kind: &AttachmentKind| {
            let kind = *kind;
            (1..=page_count).map(move |page| PageAttachment::new(kind, page))
        };
        self.kinds.iter().flat_map(of_kind).map(|attachment| (attachment.cursor(), attachment))
    }

    /// The attachment of this name.
    pub(super) fn attachment(&self, name: &str) -> Option<PageAttachment> {
        let (folder, file) = name.split_once('/')?;
        let kind = self.kinds.iter().copied().find(|kind| kind.folder() == folder)?;
        let number = file.strip_prefix("page_")?.strip_suffix(kind.extension())?.strip_suffix('.')?;
        let page = number.parse().ok().filter(|page| (1..=self.page_count()).contains(page))?;
        // A number has one form only.
        Some(PageAttachment::new(kind, page)).filter(|attachment| attachment.name() == name)
    }

    fn page_count(&self) -> usize {
        self.file().document.document().page_count()
    }
}
