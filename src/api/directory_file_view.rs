//! A directory file as the service prints it, the filter of lists, and the admin state. The order of the fields is that of
//! the service's contract.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::metadata;
use super::presigned::PresignedUrl;
use crate::clock::Timestamp;
use crate::schema::Time;
use crate::store::{Blob, Directory, DirectoryFile, Id, Reading, Resource, Store};

/// Which files of a directory a list shows.
#[derive(Deserialize)]
pub(super) struct FileFilter {
    display_name: Option<String>,
    display_name_contains: Option<String>,
    unique_id: Option<String>,
    file_id: Option<String>,
    #[serde(default)]
    pub(super) include_deleted: bool,
    updated_at_on_or_after: Option<Time>,
    updated_at_on_or_before: Option<Time>,
}

/// What a filter looks at in a file.
pub(super) struct FileFacts<'a> {
    pub(super) display_name: &'a str,
    pub(super) unique_id: &'a str,
    pub(super) file_id: &'a Id,
    pub(super) updated_at: Timestamp,
}

/// A directory file as the service prints it. The order of the fields is that of its contract.
#[derive(Serialize)]
pub(super) struct FileBody<'a> {
    pub(super) id: &'a Id,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) project_id: &'a Id,
    pub(super) directory_id: &'a Id,
    pub(super) unique_id: &'a str,
    pub(super) display_name: &'a str,
    pub(super) file_id: &'a Id,
    pub(super) metadata: &'a Map<String, Value>,
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) download_url: Option<PresignedUrl>,
}

impl FileFilter {
    pub(super) fn accepts(&self, file: &FileFacts<'_>) -> bool {
        let contains = |part: &str| file.display_name.to_lowercase().contains(&part.to_lowercase());
        self.display_name.as_deref().is_none_or(|name| file.display_name == name)
            && self.display_name_contains.as_deref().is_none_or(contains)
            && self.unique_id.as_deref().is_none_or(|id| file.unique_id == id)
            && self.file_id.as_deref().is_none_or(|id| Id::parse(id) == *file.file_id)
            && self.updated_at_on_or_after.is_none_or(|Time(at)| file.updated_at >= at)
            && self.updated_at_on_or_before.is_none_or(|Time(at)| file.updated_at <= at)
    }
}

impl<'a> FileFacts<'a> {
    /// What a filter looks at in this file.
    pub(super) fn of(file: &'a DirectoryFile) -> Self {
        Self {
            display_name: &file.display_name,
            unique_id: &file.unique_id,
            file_id: &file.file_id,
            updated_at: file.updated_at,
        }
    }
}

/// Every directory file as the admin state shows it, oldest first: as the service prints it, then what reading it gave.
pub(super) fn state(store: &mut Store, _now: Timestamp) -> Vec<Value> {
    let shown = |ordinal| {
        let mut shown = serde_json::to_value(body(store, ordinal, None)).unwrap_or_default();
        shown["kept"] = kept(&store.get::<DirectoryFile>(ordinal).blob);
        shown
    };
    store.ordinals::<DirectoryFile>().into_iter().map(shown).collect()
}

/// What reading a content gave: the size of its text, or why there is none.
fn kept(blob: &Blob) -> Value {
    match &blob.reading {
        Reading::Document(document) => {
            let document = document.document();
            json!({
                "characters": document.text().len_chars(),
                "pages": document.page_count(),
                "chunks": document.chunks().len(),
                "stand_in": document.is_stand_in(),
            })
        }
        Reading::Failed(reason) => json!({ "error": &**reason }),
    }
}

/// The directory file with this ordinal.
pub(super) fn body(store: &Store, ordinal: u64, download_url: Option<PresignedUrl>) -> FileBody<'_> {
    let file: &DirectoryFile = store.get(ordinal);
    FileBody {
        id: &file.id,
        created_at: file.created_at,
        updated_at: file.updated_at,
        project_id: store.project_id(file.project),
        directory_id: &store.get::<Directory>(file.directory).id,
        unique_id: &file.unique_id,
        display_name: &file.display_name,
        file_id: &file.file_id,
        metadata: file.metadata.as_deref().unwrap_or(&metadata::EMPTY),
        deleted_at: DirectoryFile::collection(store).deleted_at(ordinal),
        download_url,
    }
}
