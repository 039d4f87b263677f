//! Which files of its source directory an index has, and why it has not the others: what the admin state shows of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::store::sync::SyncOutcome;
use crate::store::{Directory, DirectoryFile, Id, Index, IndexContent, Store};

/// The files that the last export of an index left, by id and by name.
struct Coverage<'a> {
    indexed: BTreeSet<&'a Id>,
    failed: BTreeMap<&'a Id, &'a str>,
    names: BTreeSet<&'a str>,
}

/// The files of the source directory of an index, then those that the index has and the directory has no more.
pub(super) fn files(store: &Store, index: &Index) -> Vec<Value> {
    let source = store.collection::<Directory>().live_with_id(&index.source_directory_id);
    let collection = store.collection::<DirectoryFile>();
    let there: Vec<&DirectoryFile> =
        source.into_iter().flat_map(|source| collection.children(source)).map(|key| collection.get(key)).collect();
    let coverage = index.content.as_deref().map(Coverage::of);
    let shown = there.iter().map(|file| {
        let why =
            coverage.as_ref().map_or_else(|| Some(why_not_exported(index)), |coverage| coverage.why_missing(file));
        match why {
            None => json!({ "id": file.meta.id, "name": file.display_name, "in_index": true }),
            Some(why) => json!({ "id": file.meta.id, "name": file.display_name, "in_index": false, "why": why }),
        }
    });
    let ids: BTreeSet<&Id> = there.iter().map(|file| &file.meta.id).collect();
    let indexed = index.content.iter().flat_map(|content| &content.files);
    let deleted = indexed.filter(|indexed| !ids.contains(&indexed.source_id)).map(|file| {
        let why = "it is deleted; the next sync leaves it out";
        json!({ "id": file.source_id, "name": file.name, "in_index": true, "why": why })
    });
    shown.chain(deleted).collect()
}

/// Why an index has no file yet.
fn why_not_exported(index: &Index) -> String {
    match &index.sync.outcome {
        SyncOutcome::Failed(message) => format!("the sync failed: {message}"),
        _ => "no sync has ended yet".to_owned(),
    }
}

impl<'a> Coverage<'a> {
    fn of(content: &'a IndexContent) -> Self {
        let (files, failed) = (&content.files, &content.failed);
        Self {
            indexed: files.iter().map(|file| &file.source_id).collect(),
            failed: failed.iter().map(|file| (&file.id, &*file.reason)).collect(),
            names: files.iter().map(|file| &*file.name).chain(failed.iter().map(|file| &*file.name)).collect(),
        }
    }

    /// Why a file of the directory is missing; `None` if it is not.
    fn why_missing(&self, file: &DirectoryFile) -> Option<String> {
        if self.indexed.contains(&file.meta.id) {
            return None;
        }
        if let Some(reason) = self.failed.get(&file.meta.id) {
            return Some((*reason).to_owned());
        }
        let original = file.display_name.strip_suffix(IndexContent::SIDECAR_EXTENSION);
        Some(match original.filter(|name| self.names.contains(name)) {
            Some(name) => format!("it is the text of {name}"),
            None => "it arrived after the last sync had begun".to_owned(),
        })
    }
}
