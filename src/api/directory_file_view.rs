//! A directory file as the service and the admin API print it.

use std::ops::Range;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::metadata;
use super::presigned::PresignedUrl;
use super::state::AdminView;
use crate::clock::Timestamp;
use crate::store::{Blob, DirectoryFile, Id, Key, Reading, Store};

/// A directory file as the service prints it. The order of the fields is that of its contract.
#[derive(Serialize)]
pub(super) struct DirectoryFileBody<'a> {
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

/// As the service prints it, then what reading it gave.
impl AdminView for DirectoryFile {
    fn view(store: &Store, key: Key<Self>) -> Value {
        let mut view = serde_json::to_value(body(store, key, None)).unwrap_or_default();
        view["kept"] = reading(&store.get(key).blob);
        view["kept"]["sha256"] = store.get(key).blob.hash.to_string().into();
        view
    }
}

/// The result of reading a content: the size of its text, or why there is none.
fn reading(blob: &Blob) -> Value {
    match &blob.reading {
        Reading::Document(document) => {
            let document = document.document();
            json!({
                "characters": document.text().len_chars(),
                "pages": document.page_count(),
                "chunks": document.chunks().len(),
                "stand_in": document.is_stand_in(),
                "remark": document.remark(),
            })
        }
        Reading::Failed(reason) => json!({ "error": &**reason }),
    }
}

/// The chunks of a file that is not deleted, by its id or by that of its upload: at most `limit`, from the `from`-th
/// on, counted from 1. `None` if there is no such file.
pub(crate) fn chunks_of(store: &Store, id: &str, from: usize, limit: usize) -> Option<Value> {
    let (id, files) = (Id::parse(id), store.keys::<DirectoryFile>());
    let mut files = files.into_iter().map(|key| store.get(key));
    let file = files.find(|file| file.meta.id == id || file.file_id == id)?;
    let mut view = json!({ "id": file.meta.id, "name": file.display_name, "count": 0, "chunks": [] });
    match &file.blob.reading {
        Reading::Failed(reason) => view["why"] = json!(**reason),
        Reading::Document(document) => {
            let document = document.document();
            let chunk = |(position, bytes): (usize, &Range<u32>)| {
                let page = document.page_of(document.text().char_of(bytes.start as usize));
                json!({ "number": position + 1, "page": page, "text": document.content(bytes) })
            };
            let shown = document.chunks().iter().enumerate().skip(from - 1).take(limit);
            (view["count"], view["chunks"]) = (document.chunks().len().into(), shown.map(chunk).collect());
        }
    }
    Some(view)
}

/// The directory file with this key.
pub(super) fn body(
    store: &Store,
    key: Key<DirectoryFile>,
    download_url: Option<PresignedUrl>,
) -> DirectoryFileBody<'_> {
    let file = store.get(key);
    DirectoryFileBody {
        id: &file.meta.id,
        created_at: file.meta.created_at,
        updated_at: file.updated_at,
        project_id: store.project_id(file.meta.project),
        directory_id: &store.get(file.directory).meta.id,
        unique_id: &file.unique_id,
        display_name: &file.display_name,
        file_id: &file.file_id,
        metadata: file.metadata.as_deref().unwrap_or(&metadata::EMPTY),
        deleted_at: store.collection().deleted_at(key),
        download_url,
    }
}
