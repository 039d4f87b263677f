//! The files in the output directory of an index: the parsed copies that its last export left. They can be listed and
//! shown, and are changed by syncs only.

use std::sync::Arc;

use super::directory_file_view::DirectoryFileBody;
use super::file_filter::{DirectoryFileFilter, FileFacts};
use super::metadata;
use super::paging::{self, PageParams};
use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::response::Payload;
use crate::store::{Directory, DirectoryFile, Id, Index, IndexContent, IndexedFile, Key, Resource, Scope, StoreError};

/// The name of the list, which its page tokens are valid for.
const LIST: &str = "directories.files.list of an output directory";

/// Lists the files of an output directory in the order of their names: a sync makes them all at one time.
pub(super) fn list(
    scope: &mut Scope<'_>,
    directory: Key<Directory>,
    filter: &DirectoryFileFilter,
    page: &PageParams<'_>,
) -> Result<Payload, ApiError> {
    let content = content_of(scope, directory);
    let list = format!("{LIST} {}", scope.store.get(directory).meta.id);
    let updated_at = content.as_ref().map_or(scope.now, |content| content.selected_at);
    let accepts = |file: &&IndexedFile| {
        filter.accepts(&FileFacts {
            display_name: &file.name,
            unique_id: &file.unique_id,
            file_id: &file.file_id,
            updated_at,
        })
    };
    let files = content.iter().flat_map(|content| &content.files).filter(accepts);
    let found = page.find(&list, |page| scope.page_of(page, files.map(|file| (file.cursor(), file))))?;
    Ok(paging::payload(&found, |file| body(scope, directory, updated_at, file)))
}

/// Shows a file of an output directory.
pub(super) fn get(scope: &mut Scope<'_>, directory: Key<Directory>, id: &str) -> Result<Payload, ApiError> {
    let content = content_of(scope, directory);
    let id = Id::parse(id);
    let content = content.ok_or(StoreError::NotFound(DirectoryFile::KIND))?;
    let file = content.files.iter().find(|file| file.id == id);
    let file = file.ok_or(StoreError::NotFound(DirectoryFile::KIND))?;
    Ok(Payload::json(&body(scope, directory, content.selected_at, file)))
}

/// The content of the index with this output directory, brought up to the present.
fn content_of(scope: &mut Scope<'_>, directory: Key<Directory>) -> Option<Arc<IndexContent>> {
    let key = Index::with_output(scope, directory)?;
    let index = scope.store.get_mut(key);
    index.advance_to(scope.now);
    index.content.clone()
}

fn body<'a>(
    scope: &'a Scope<'_>,
    directory: Key<Directory>,
    selected_at: Timestamp,
    file: &'a IndexedFile,
) -> DirectoryFileBody<'a> {
    let directory = scope.store.get(directory);
    DirectoryFileBody {
        id: &file.id,
        created_at: selected_at,
        updated_at: selected_at,
        project_id: scope.store.project_id(directory.meta.project),
        directory_id: &directory.meta.id,
        unique_id: &file.unique_id,
        display_name: &file.name,
        file_id: &file.file_id,
        metadata: file.metadata.as_deref().unwrap_or(&metadata::EMPTY),
        deleted_at: None,
        download_url: None,
    }
}
