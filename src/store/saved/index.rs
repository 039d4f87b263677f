//! The saved form of an index: its status, the sync that runs, and the files that its syncs have selected.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::content::{ContentFields, Contents, SavedContent, SavedText, content_of};
use super::directory::{optional_object, saved_object};
use super::row::counter;
use super::{FormMeta, RowState, SavedForm, SavedMeta, require};
use crate::clock::Timestamp;
use crate::schema::PlainValue;
use crate::store::index::SelectedFiles;
use crate::store::sync::{SyncOutcome, SyncRun, SyncState};
use crate::store::{Directory, FailedFile, Id, Index, IndexContent, IndexOptions, IndexedFile, Key, Meta, Store};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedIndex {
    id: Id,
    export_config_id: Id,
    sync_config_id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project_id: Option<Id>,
    source_directory_id: Id,
    output_directory_id: Id,
    output_directory: Key<Directory>,
    name: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    options: Option<Box<IndexOptions>>,
    status: SavedStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_message: Option<Arc<str>>,
    sync: SavedSync,
    created_at: Timestamp,
    row: RowState,
}

/// How the last sync of an index has ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SavedStatus {
    Pending,
    Ready,
    Partial,
    Failed,
}

/// The syncs of an index.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedSync {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_synced_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_exported_at: Option<Timestamp>,
    changed_at: Timestamp,
    /// How many exports have ended, and how many when the files were last taken over.
    #[serde(deserialize_with = "counter")]
    exports: u64,
    #[serde(deserialize_with = "counter")]
    taken_exports: u64,
    /// The sync that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<SyncRun>,
    /// The files that the last sync selected.
    selected: SavedFiles,
    /// Those of them that a partial sync leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partial: Option<SavedFiles>,
    /// The files in the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<SavedIndexContent>,
}

/// The files in an index: those that its last sync selected, or those of an earlier one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SavedIndexContent {
    Selected,
    Partial,
    Earlier(SavedFiles),
}

/// Files that a sync has selected.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedFiles {
    selected_at: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<SavedIndexedFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failed: Vec<SavedFailedFile>,
}

/// A file that could be read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedIndexedFile {
    id: Id,
    source_id: Id,
    file_id: Id,
    unique_id: Box<str>,
    name: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<SavedText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<SavedContent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<PlainValue>,
    modified_at: Timestamp,
}

/// A file that could not be read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedFailedFile {
    id: Id,
    name: Box<str>,
    reason: Arc<str>,
}

impl SavedStatus {
    fn of(outcome: &SyncOutcome) -> (Self, Option<Arc<str>>) {
        match outcome {
            SyncOutcome::None => (Self::Pending, None),
            SyncOutcome::Ready => (Self::Ready, None),
            SyncOutcome::Partial(reason) => (Self::Partial, reason.clone()),
            SyncOutcome::Failed(reason) => (Self::Failed, Some(Arc::clone(reason))),
        }
    }

    fn outcome(self, message: Option<&Arc<str>>) -> Result<SyncOutcome, String> {
        Ok(match (self, message.map(Arc::clone)) {
            (Self::Pending, None) => SyncOutcome::None,
            (Self::Ready, None) => SyncOutcome::Ready,
            (Self::Partial, reason) => SyncOutcome::Partial(reason),
            (Self::Failed, Some(reason)) => SyncOutcome::Failed(reason),
            (Self::Failed, None) => return Err("error_message: is missing beside the status failed".to_owned()),
            (Self::Pending | Self::Ready, Some(_)) => {
                return Err("error_message: has an effect only with the status failed or partial".to_owned());
            }
        })
    }
}

impl SavedSync {
    fn of(index: &Index, contents: &mut Contents) -> Self {
        let (sync, SelectedFiles { all, partial }) = (&index.sync, &index.selected);
        Self {
            last_synced_at: sync.last_synced_at,
            last_exported_at: sync.last_exported_at,
            changed_at: sync.changed_at,
            exports: sync.exports,
            taken_exports: index.exports,
            run: sync.run.clone(),
            selected: SavedFiles::of(all, contents),
            partial: partial.as_ref().map(|partial| SavedFiles::of(partial, contents)),
            content: index.content.as_ref().map(|content| {
                if Arc::ptr_eq(content, all) {
                    SavedIndexContent::Selected
                } else if partial.as_ref().is_some_and(|partial| Arc::ptr_eq(content, partial)) {
                    SavedIndexContent::Partial
                } else {
                    SavedIndexContent::Earlier(SavedFiles::of(content, contents))
                }
            }),
        }
    }

    fn files(&mut self) -> impl Iterator<Item = (&'static str, &mut SavedFiles)> {
        let earlier = match &mut self.content {
            Some(SavedIndexContent::Earlier(files)) => Some(("sync.content.earlier", files)),
            _ => None,
        };
        let partial = self.partial.as_mut().map(|files| ("sync.partial", files));
        [("sync.selected", &mut self.selected)].into_iter().chain(partial).chain(earlier)
    }

    fn selected_files(&self, store: &Store) -> Result<SelectedFiles, String> {
        let partial = self.partial.as_ref().map(|files| files.restore(store)).transpose()?;
        Ok(SelectedFiles { all: self.selected.restore(store)?, partial })
    }

    fn index_content(&self, selected: &SelectedFiles, store: &Store) -> Result<Option<Arc<IndexContent>>, String> {
        Ok(match &self.content {
            None => None,
            Some(SavedIndexContent::Selected) => Some(Arc::clone(&selected.all)),
            Some(SavedIndexContent::Partial) => {
                let problem = || "sync.content: partial has no files".to_owned();
                Some(selected.partial.clone().ok_or_else(problem)?)
            }
            Some(SavedIndexContent::Earlier(files)) => Some(files.restore(store)?),
        })
    }
}

impl SavedFiles {
    fn of(content: &IndexContent, contents: &mut Contents) -> Self {
        let failed = content.failed.iter().map(|FailedFile { id, name, reason }| SavedFailedFile {
            id: id.clone(),
            name: name.clone(),
            reason: Arc::clone(reason),
        });
        Self {
            selected_at: content.selected_at,
            files: content.files.iter().map(|file| SavedIndexedFile::of(file, contents)).collect(),
            failed: failed.collect(),
        }
    }

    fn restore(&self, store: &Store) -> Result<Arc<IndexContent>, String> {
        let files = self.files.iter().map(SavedIndexedFile::restore).collect::<Result<_, _>>()?;
        let failed = self.failed.iter().map(|SavedFailedFile { id, name, reason }| FailedFile {
            id: id.clone(),
            name: name.clone(),
            reason: Arc::clone(reason),
        });
        IndexContent::kept(store, files, failed.collect(), self.selected_at).map_err(|error| format!("sync: {error}"))
    }
}

impl SavedIndexedFile {
    fn of(file: &IndexedFile, contents: &mut Contents) -> Self {
        let IndexedFile { id, source_id, file_id, unique_id, name, modified_at, .. } = file.clone();
        let (text, content) = contents.fields(&file.blob, &name);
        let metadata = file.metadata.as_deref().map(saved_object);
        Self { id, source_id, file_id, unique_id, name, text, content, metadata, modified_at }
    }

    fn restore(&self) -> Result<IndexedFile, String> {
        let blob = content_of(self.content.as_ref());
        let document = blob.document().ok_or_else(|| format!("sync: the content of {} is no document", self.id))?;
        Ok(IndexedFile {
            id: self.id.clone(),
            source_id: self.source_id.clone(),
            file_id: self.file_id.clone(),
            unique_id: self.unique_id.clone(),
            name: self.name.clone(),
            metadata: optional_object(self.metadata.as_ref(), "sync: metadata")?,
            modified_at: self.modified_at,
            document,
            blob,
        })
    }
}

impl SavedForm for SavedIndex {
    type Resource = Index;

    fn of(index: &Index, SavedMeta { id, project_id, created_at, row }: SavedMeta, contents: &mut Contents) -> Self {
        let (status, error_message) = SavedStatus::of(&index.sync.outcome);
        Self {
            id,
            export_config_id: index.export_config_id.clone(),
            sync_config_id: index.sync_config_id.clone(),
            project_id,
            source_directory_id: index.source_directory_id.clone(),
            output_directory_id: index.output_directory_id.clone(),
            output_directory: index.output_directory,
            name: index.name.clone(),
            description: index.description.clone(),
            options: index.options.clone(),
            status,
            error_message,
            sync: SavedSync::of(index, contents),
            created_at,
            row,
        }
    }

    fn meta(&self) -> FormMeta<'_> {
        FormMeta { id: &self.id, project_id: self.project_id.as_ref(), created_at: self.created_at, row: &self.row }
    }

    fn contents(&mut self) -> Vec<(String, ContentFields<'_>)> {
        let files = self.sync.files().flat_map(|(place, files)| {
            files.files.iter_mut().enumerate().map(move |(at, file)| {
                let SavedIndexedFile { name, text, content, .. } = file;
                (format!("{place}.files[{at}]."), ContentFields { name, text, content })
            })
        });
        files.collect()
    }

    fn restore(&self, meta: Meta, store: &Store) -> Result<Index, String> {
        if self.row.deletion.is_none() {
            require(store, self.output_directory, "output_directory")?;
        }
        let outcome = self.status.outcome(self.error_message.as_ref())?;
        let SavedSync { last_synced_at, last_exported_at, changed_at, exports, taken_exports, ref run, .. } = self.sync;
        let run =
            run.as_ref().map(|run| run.restored().map_err(|problem| format!("sync.run.{problem}"))).transpose()?;
        let selected = self.sync.selected_files(store)?;
        let content = self.sync.index_content(&selected, store)?;
        Ok(Index {
            meta,
            output_directory_id: self.output_directory_id.clone(),
            output_directory: self.output_directory,
            sync_config_id: self.sync_config_id.clone(),
            export_config_id: self.export_config_id.clone(),
            source_directory_id: self.source_directory_id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            options: self.options.clone(),
            sync: SyncState { outcome, last_synced_at, last_exported_at, changed_at, exports, run },
            content,
            selected,
            exports: taken_exports,
        })
    }
}
