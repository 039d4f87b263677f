//! The files in the output directory of an index: the parsed copies that its last export left. They can be listed and
//! shown, and are changed by syncs only.

use super::directory_file_view::{FileBody, FileFacts, FileFilter};
use super::metadata;
use super::paging::{PageBody, PageParams};
use crate::error::ApiError;
use crate::response::Payload;
use crate::store::{Directory, Id, Index, IndexContent, IndexedFile, Kind, Resource, Scope, StoreError};

/// The name of the list, which its page tokens are valid for.
const LIST: &str = "directories.files.list of an output directory";

/// Lists the files of an output directory in the order of their names: a sync makes them all at one time.
pub(super) fn list(
    scope: &mut Scope<'_>,
    directory: u64,
    filter: &FileFilter,
    page: &PageParams,
) -> Result<Payload, ApiError> {
    let index = index_of(scope, directory);
    let content = index.and_then(|index| scope.store.get::<Index>(index).content.clone());
    let name = format!("{LIST} {}", scope.store.get::<Directory>(directory).id);
    let request = page.page(&name, "query", &scope.store.policy)?;
    let updated_at = content.as_ref().map_or(scope.now, |content| content.selected_at);
    let accepts = |file: &IndexedFile| {
        filter.accepts(&FileFacts {
            display_name: &file.name,
            unique_id: &file.unique_id,
            file_id: &file.file_id,
            updated_at,
        })
    };
    let found = scope.page_of_content(content.as_deref(), request, accepts);
    let found = page.refuse_token(found, "query", scope)?;
    let items = found.ordinals.iter().filter_map(|place| {
        let content = content.as_ref()?;
        Some(body(scope, directory, content, content.files.get(usize::try_from(*place).ok()?)?))
    });
    Ok(Payload::json(&PageBody::new(items.collect(), found.next_token.clone())))
}

/// Shows a file of an output directory.
pub(super) fn get(scope: &mut Scope<'_>, directory: u64, id: &str) -> Result<Payload, ApiError> {
    let index = index_of(scope, directory);
    let content = index.and_then(|index| scope.store.get::<Index>(index).content.clone());
    let wanted = Id::parse(id);
    let content = content.ok_or(StoreError::NotFound(Kind::DirectoryFile))?;
    let file = content.files.iter().find(|file| file.id == wanted);
    let file = file.ok_or(StoreError::NotFound(Kind::DirectoryFile))?;
    Ok(Payload::json(&body(scope, directory, &content, file)))
}

/// The index with this output directory, brought up to the present.
fn index_of(scope: &mut Scope<'_>, directory: u64) -> Option<u64> {
    let index = Index::with_output(scope, directory)?;
    scope.store.get_mut::<Index>(index).advance_to(scope.now);
    Some(index)
}

fn body<'a>(scope: &'a Scope<'_>, directory: u64, content: &IndexContent, file: &'a IndexedFile) -> FileBody<'a> {
    let directory: &Directory = scope.store.get(directory);
    FileBody {
        id: &file.id,
        created_at: content.selected_at,
        updated_at: content.selected_at,
        project_id: scope.store.project_id(directory.project),
        directory_id: &directory.id,
        unique_id: &file.unique_id,
        display_name: &file.name,
        file_id: &file.file_id,
        metadata: file.metadata.as_deref().unwrap_or(&metadata::EMPTY),
        deleted_at: None,
        download_url: None,
    }
}
