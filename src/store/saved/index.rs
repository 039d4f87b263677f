//! Saves indexes: the status, the sync that runs, and the files that syncs have selected.

use std::sync::Arc;

use serde_json::Value;

use super::SavedResource;
use super::content::Contents;
use super::restoration::RestoreContext;
use super::sync_run::{restore_run, save_run};
use super::value::SavedObject;
use crate::store::index::SelectedFiles;
use crate::store::sync::{SyncOutcome, SyncState};
use crate::store::{FailedFile, FieldReader, Index, IndexContent, IndexOptions, IndexedFile, Meta, Product};

/// The words for the files in an index that its last sync selected.
const SELECTED: &str = "selected";
const PARTIAL: &str = "partial";

/// The word for a status, and its message.
fn save_outcome(outcome: &SyncOutcome) -> (&'static str, Option<&Arc<str>>) {
    match outcome {
        SyncOutcome::None => ("pending", None),
        SyncOutcome::Ready => ("ready", None),
        SyncOutcome::Partial(reason) => ("partial", reason.as_ref()),
        SyncOutcome::Failed(reason) => ("failed", Some(reason)),
    }
}

fn restore_outcome(fields: &mut FieldReader<'_>) -> Result<SyncOutcome, String> {
    Ok(match (fields.take("status")?, fields.take("error_message")?) {
        ("pending", None) => SyncOutcome::None,
        ("ready", None) => SyncOutcome::Ready,
        ("partial", reason) => SyncOutcome::Partial(reason),
        ("failed", Some(reason)) => SyncOutcome::Failed(reason),
        ("failed", None) => return Err(".error_message: is missing beside the status failed".to_owned()),
        ("pending" | "ready", Some(_)) => {
            return Err(".error_message: has an effect only with the status failed or partial".to_owned());
        }
        (other, _) => return Err(format!(".status: {other:?} is not one of pending, ready, partial, failed")),
    })
}

fn save_options(options: &IndexOptions, object: &mut SavedObject) {
    object.put("sync_frequency", &options.sync_frequency);
    object.put("vector_target", &options.vector_target);
    let products = options.products.iter().map(|Product { product_type, product_config_id }| {
        SavedObject::of(|object| {
            object.put("product_type", product_type);
            object.put("product_config_id", product_config_id);
        })
    });
    object.put_list("products", products.collect());
    object.put("store_attachments", &options.store_attachments);
}

fn save_sync(index: &Index, object: &mut SavedObject, contents: &mut Contents) {
    let (sync, SelectedFiles { all, partial }) = (&index.sync, &index.selected);
    object.put("last_synced_at", &sync.last_synced_at);
    object.put("last_exported_at", &sync.last_exported_at);
    object.put("changed_at", &sync.changed_at);
    object.put("exports", &sync.exports);
    object.put("taken_exports", &index.exports);
    if let Some(run) = &sync.run {
        object.put_object("run", |object| save_run(run, object));
    }
    object.put_object("selected", |object| save_files(all, object, contents));
    if let Some(partial) = partial {
        object.put_object("partial", |object| save_files(partial, object, contents));
    }
    let is_partial = |content| partial.as_ref().is_some_and(|partial| Arc::ptr_eq(content, partial));
    match &index.content {
        None => {}
        Some(content) if Arc::ptr_eq(content, all) => object.put("content", SELECTED),
        Some(content) if is_partial(content) => object.put("content", PARTIAL),
        Some(content) => object.put_object("content", |object| {
            object.put_object("earlier", |object| save_files(content, object, contents));
        }),
    }
}

/// The files in an index.
fn restore_content(
    fields: &mut FieldReader<'_>,
    selected: &SelectedFiles,
    context: &RestoreContext<'_>,
) -> Result<Option<Arc<IndexContent>>, String> {
    let earlier = |fields: &mut FieldReader<'_>| fields.object("earlier", |fields| restore_files(fields, context));
    match fields.value("content") {
        None => Ok(None),
        Some(Value::String(word)) if word == SELECTED => Ok(Some(Arc::clone(&selected.all))),
        Some(Value::String(word)) if word == PARTIAL => match &selected.partial {
            Some(partial) => Ok(Some(Arc::clone(partial))),
            None => Err(".content: partial has no files".to_owned()),
        },
        Some(value) => FieldReader::read(value, earlier)
            .and_then(|content| content.map(Some).ok_or_else(|| ".earlier: is missing".to_owned()))
            .map_err(|problem| format!(".content{problem}")),
    }
}

fn save_files(content: &IndexContent, object: &mut SavedObject, contents: &mut Contents) {
    let files = content.files.iter().map(|file| SavedObject::of(|object| save_file(file, object, contents)));
    object.put("selected_at", &content.selected_at);
    object.put_list("files", files.collect());
    let failed = content.failed.iter().map(|FailedFile { id, name, reason }| {
        SavedObject::of(|object| {
            object.put("id", id);
            object.put("name", name);
            object.put("reason", reason);
        })
    });
    object.put_list("failed", failed.collect());
}

fn restore_files(fields: &mut FieldReader<'_>, context: &RestoreContext<'_>) -> Result<Arc<IndexContent>, String> {
    let files = fields.list("files", |fields| restore_file(fields, context))?;
    let failed = fields.list("failed", |fields| {
        Ok(FailedFile { id: fields.take("id")?, name: fields.take("name")?, reason: fields.take("reason")? })
    })?;
    let selected_at = fields.take("selected_at")?;
    IndexContent::kept(context.store, files, failed, selected_at).map_err(|error| format!(": {error}"))
}

fn save_file(file: &IndexedFile, object: &mut SavedObject, contents: &mut Contents) {
    object.put("id", &file.id);
    object.put("source_id", &file.source_id);
    object.put("file_id", &file.file_id);
    object.put("unique_id", &file.unique_id);
    object.put("name", &file.name);
    contents.save(&file.blob, &file.name, object);
    object.put_map("metadata", file.metadata.as_deref());
    object.put("modified_at", &file.modified_at);
}

fn restore_file(fields: &mut FieldReader<'_>, context: &RestoreContext<'_>) -> Result<IndexedFile, String> {
    let blob = context.content(fields)?;
    Ok(IndexedFile {
        id: fields.take("id")?,
        source_id: fields.take("source_id")?,
        file_id: fields.take("file_id")?,
        unique_id: fields.take("unique_id")?,
        name: fields.take("name")?,
        metadata: fields.map("metadata")?.map(Arc::new),
        modified_at: fields.take("modified_at")?,
        document: blob.document().ok_or(".content: is no document")?,
        blob,
    })
}

impl SavedResource for Index {
    fn save(&self, object: &mut SavedObject, contents: &mut Contents) {
        let (status, message) = save_outcome(&self.sync.outcome);
        object.put("export_config_id", &self.export_config_id);
        object.put("sync_config_id", &self.sync_config_id);
        object.put("source_directory_id", &self.source_directory_id);
        object.put("output_directory_id", &self.output_directory_id);
        object.put("output_directory", &self.output_directory);
        object.put("name", &self.name);
        object.put("description", &self.description);
        if let Some(options) = &self.options {
            object.put_object("options", |object| save_options(options, object));
        }
        object.put("status", &status);
        object.put("error_message", &message);
        object.put_object("sync", |object| save_sync(self, object, contents));
    }

    fn restore(fields: &mut FieldReader<'_>, meta: Meta, context: &RestoreContext<'_>) -> Result<Self, String> {
        let outcome = restore_outcome(fields)?;
        let output_directory = context.key(fields, "output_directory")?;
        let synced = fields.object("sync", |fields| {
            let partial = fields.object("partial", |fields| restore_files(fields, context))?;
            let all = fields.object("selected", |fields| restore_files(fields, context))?;
            let selected = SelectedFiles { all: all.ok_or(".selected: is missing")?, partial };
            let files = restore_content(fields, &selected, context)?;
            let state = SyncState {
                outcome,
                last_synced_at: fields.take("last_synced_at")?,
                last_exported_at: fields.take("last_exported_at")?,
                changed_at: fields.take("changed_at")?,
                exports: fields.count("exports")?,
                run: fields.object("run", restore_run)?,
            };
            Ok((state, selected, files, fields.count("taken_exports")?))
        })?;
        let (sync, selected, files, exports) = synced.ok_or(".sync: is missing")?;
        Ok(Self {
            meta,
            output_directory_id: fields.take("output_directory_id")?,
            output_directory,
            sync_config_id: fields.take("sync_config_id")?,
            export_config_id: fields.take("export_config_id")?,
            source_directory_id: fields.take("source_directory_id")?,
            name: fields.take("name")?,
            description: fields.take("description")?,
            options: fields.object("options", IndexOptions::read)?.map(Box::new),
            sync,
            content: files,
            selected,
            exports,
        })
    }
}
