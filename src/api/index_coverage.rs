//! Which files of its source directory an index has, and why it has not the others: what the admin state shows of it.

use serde_json::{Value, json};

use crate::store::sync::SyncOutcome;
use crate::store::{Directory, DirectoryFile, Index, IndexContent, Store};

/// The files of the source directory of an index, then those that the index has and the directory has no more.
pub(super) fn files(store: &Store, index: &Index) -> Vec<Value> {
    let directories = store.collection::<Directory>();
    let source = directories.live_with_id(&index.source_directory_id);
    let collection = store.collection::<DirectoryFile>();
    let there: Vec<&DirectoryFile> =
        source.into_iter().flat_map(|source| collection.children(source)).map(|key| collection.get(key)).collect();
    let shown = there.iter().map(|file| match why_missing(index, file) {
        None => json!({ "id": file.meta.id, "name": file.display_name, "in_index": true }),
        Some(why) => json!({ "id": file.meta.id, "name": file.display_name, "in_index": false, "why": why }),
    });
    let indexed = index.content.iter().flat_map(|content| &content.files);
    let deleted = indexed.filter(|indexed| there.iter().all(|file| file.meta.id != indexed.source_id));
    let why = "it is deleted; the next sync leaves it out";
    let deleted = deleted.map(|file| json!({ "id": file.source_id, "name": file.name, "in_index": true, "why": why }));
    shown.chain(deleted).collect()
}

/// Why an index has not a file of its directory; `None` if it has it.
fn why_missing(index: &Index, file: &DirectoryFile) -> Option<String> {
    let Some(content) = &index.content else {
        return Some(match &index.sync.outcome {
            SyncOutcome::Failed(message) => format!("the sync failed: {message}"),
            _ => "no sync has ended yet".to_owned(),
        });
    };
    if content.files.iter().any(|indexed| indexed.source_id == file.meta.id) {
        return None;
    }
    if let Some(failed) = content.failed.iter().find(|failed| failed.id == file.meta.id) {
        return Some(failed.reason.to_string());
    }
    Some(match original_of(content, file) {
        Some(name) => format!("it is the text of {name}"),
        None => "it arrived after the last sync had begun".to_owned(),
    })
}

/// The name of the file whose text this one is.
fn original_of<'a>(content: &IndexContent, file: &'a DirectoryFile) -> Option<&'a str> {
    let name = file.display_name.strip_suffix(IndexContent::SIDECAR_EXTENSION)?;
    let is_there =
        content.files.iter().any(|file| *file.name == *name) || content.failed.iter().any(|file| *file.name == *name);
    is_there.then_some(name)
}
