//! The files in the output directory of an index: the parsed copies that its last export left. They can be listed and
//! shown, and are changed by syncs only. Those of an index that exports no vectors have a URL: that of a document.

use std::sync::Arc;

use super::directory_file_view::DirectoryFileBody;
use super::directory_files::GetDirectoryFile;
use super::exported_file;
use super::file_filter::{DirectoryFileFilter, FileFacts};
use super::files::is_expanded;
use super::metadata;
use super::paging::{self, PageParams};
use super::presigned::{DOCUMENT, PresignedUrl, part_id};
use crate::error::ApiError;
use crate::response::Payload;
use crate::schema::ValidRequest;
use crate::store::{Directory, DirectoryFile, Id, Index, IndexContent, IndexedFile, Key, Resource, Scope, StoreError};

/// The name of the list, which its page tokens are valid for.
const LIST: &str = "directories.files.list of an output directory";

/// Lists the files of an output directory in the order of their names: a sync makes them all at one time.
pub(super) fn list(
    scope: &mut Scope<'_>,
    directory: Key<Directory>,
    filter: &DirectoryFileFilter,
    request: &ValidRequest,
) -> Result<Payload, ApiError> {
    let page = PageParams::of_query(request)?;
    let output = Output::of(scope, directory);
    let list = format!("{LIST} {}", scope.store.get(directory).meta.id);
    let updated_at = output.content.as_ref().map_or(scope.now, |content| content.selected_at);
    let accepts = |file: &&IndexedFile| {
        filter.accepts(&FileFacts {
            display_name: &file.name,
            unique_id: &file.unique_id,
            file_id: &file.file_id,
            updated_at,
        })
    };
    let files = output.content.iter().flat_map(|content| &content.files).filter(accepts);
    let found = page.find(&list, |page| scope.page_of(page, files.map(|file| (file.cursor(), file))))?;
    let is_expanded = is_expanded(filter.expand.as_deref());
    Ok(paging::payload(&found, |file| {
        let download_url = output.url(scope, request, file).filter(|_| is_expanded);
        DirectoryFileBody { updated_at, created_at: updated_at, download_url, ..body(scope, directory, file) }
    }))
}

/// Shows a file of an output directory.
pub(super) fn get(
    scope: &mut Scope<'_>,
    directory: Key<Directory>,
    file: &GetDirectoryFile,
    request: &ValidRequest,
) -> Result<Payload, ApiError> {
    let output = Output::of(scope, directory);
    let id = Id::parse(&file.directory_file_id);
    let content = output.content.as_ref().ok_or(StoreError::NotFound(DirectoryFile::KIND))?;
    let found = content.files.iter().find(|file| file.id == id).ok_or(StoreError::NotFound(DirectoryFile::KIND))?;
    let (updated_at, is_expanded) = (content.selected_at, is_expanded(file.expand.as_deref()));
    let download_url = output.url(scope, request, found).filter(|_| is_expanded);
    let body = DirectoryFileBody { updated_at, created_at: updated_at, download_url, ..body(scope, directory, found) };
    Ok(Payload::json(&body))
}

/// What an output directory holds.
struct Output {
    content: Option<Arc<IndexContent>>,
    /// Whether it has a document of each file, since its index exports no vectors.
    has_documents: bool,
}

impl Output {
    /// The output in this directory, brought up to the present.
    fn of(scope: &mut Scope<'_>, directory: Key<Directory>) -> Self {
        let Some(key) = Index::with_output(scope, directory) else {
            return Self { content: None, has_documents: false };
        };
        let index = scope.store.get_mut(key);
        index.advance_to(scope.now);
        Self { content: index.content.clone(), has_documents: !index.exports_vectors() }
    }

    /// The URL of the document of a file.
    fn url(&self, scope: &Scope<'_>, request: &ValidRequest, file: &IndexedFile) -> Option<PresignedUrl> {
        let name = exported_file::name(file);
        self.has_documents.then(|| PresignedUrl::new(scope, request, &part_id(&file.id, DOCUMENT), &name, None))
    }
}

/// A file without its times and its URL.
fn body<'a>(scope: &'a Scope<'_>, directory: Key<Directory>, file: &'a IndexedFile) -> DirectoryFileBody<'a> {
    let directory = scope.store.get(directory);
    DirectoryFileBody {
        id: &file.id,
        created_at: scope.now,
        updated_at: scope.now,
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
