//! An index as the service prints it. The order of the fields is that of its contract.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::index_coverage;
use super::state::AdminView;
use crate::json_object::JsonObject;
use crate::store::sync::SyncOutcome;
use crate::store::{FailedFile, Id, Index, IndexOptions, Key, Product, Store};

/// A file that could not be read.
#[derive(Serialize)]
struct FailedFileBody<'a> {
    directory_file_id: &'a Id,
    name: &'a str,
    error: &'a str,
}

/// A file in whose text something is missing.
#[derive(Serialize)]
struct IncompleteFileBody<'a> {
    directory_file_id: &'a Id,
    name: &'a str,
    remark: &'a str,
}

/// The most files that could not be read which are shown, and the most incomplete files.
const MAX_SHOWN_FILES: usize = 100;

/// Bytes of a usual index in JSON.
const INDEX_BYTES: usize = 768;

/// The index with this key in JSON, with `sync_in_progress` if `shows_progress`.
pub(super) fn json(store: &Store, key: Key<Index>, shows_progress: bool) -> Vec<u8> {
    let index = store.get(key);
    let sync = &index.sync;
    let mut json = JsonObject::with_capacity(INDEX_BYTES);
    json.text("id", &index.meta.id);
    json.text("created_at", index.meta.created_at);
    json.text("updated_at", sync.changed_at);
    json.text("name", &*index.name);
    json.text("description", index.description.as_deref());
    json.text("project_id", store.project_id(index.meta.project));
    json.text("source_directory_id", &index.source_directory_id);
    json.text("output_directory_id", &index.output_directory_id);
    json.text("sync_config_id", &index.sync_config_id);
    json.text("export_config_id", &index.export_config_id);
    json.text("last_synced_at", sync.last_synced_at);
    json.text("last_exported_at", sync.last_exported_at);
    json.object("metadata", |json| add_status(json, index));
    if shows_progress {
        json.value("sync_in_progress", &sync.in_progress());
    } else {
        json.text("sync_in_progress", None::<&str>);
    }
    json.finish()
}

/// Adds the state of an index. Only a `status` of `ready` or `failed` is documented as stable.
fn add_status(json: &mut JsonObject, index: &Index) {
    let failed = failed_files(index);
    let (status, error_message) = match &index.sync.outcome {
        SyncOutcome::None => ("pending", None),
        SyncOutcome::Ready => ("ready", None),
        SyncOutcome::Partial(Some(message)) => ("ready", Some(Cow::from(&**message))),
        SyncOutcome::Partial(None) => ("ready", Some(Cow::from(missing_message(index, failed)))),
        SyncOutcome::Failed(message) => ("failed", Some(Cow::from(&**message))),
    };
    json.text("status", index.sync.custom_status().unwrap_or(status));
    if let Some(message) = error_message.or_else(|| failed_message(failed)) {
        json.text("error_message", &*message);
    }
    // Those that could not be read by the sync that `status` is about. The service's own form for them is not known.
    if !failed.is_empty() {
        let shown: Vec<_> = failed.iter().take(MAX_SHOWN_FILES).map(FailedFileBody::of).collect();
        json.value("failed_files", &shown);
    }
    // Those in whose text something is missing. This field is the emulator's own.
    let incomplete = incomplete_files(index);
    if !incomplete.is_empty() {
        json.value("incomplete_files", &incomplete);
    }
}

impl<'a> FailedFileBody<'a> {
    fn of(file: &'a FailedFile) -> Self {
        Self { directory_file_id: &file.id, name: &file.name, error: &file.reason }
    }
}

/// The files that the last sync could not read. A sync that failed has read none: those of the content, which an
/// earlier sync left, are not the reason.
fn failed_files(index: &Index) -> &[FailedFile] {
    match (&index.sync.outcome, &index.content) {
        (SyncOutcome::Ready | SyncOutcome::Partial(_), Some(content)) => &content.failed,
        _ => &[],
    }
}

/// The first of the files in whose text something is missing. A sync that failed leaves those of an earlier one.
fn incomplete_files(index: &Index) -> Vec<IncompleteFileBody<'_>> {
    let files = index.content.iter().flat_map(|content| content.incomplete());
    let shown = files.take(MAX_SHOWN_FILES);
    shown
        .map(|(file, remark)| IncompleteFileBody { directory_file_id: &file.source_id, name: &file.name, remark })
        .collect()
}

/// The message of an index after a partial sync, which names the missing files.
fn missing_message(index: &Index, failed: &[FailedFile]) -> String {
    if failed.is_empty() {
        return "The sync was partial, but the source directory has no file that could be left out".to_owned();
    }
    let all = failed.len() + index.content.as_ref().map_or(0, |content| content.files.len());
    let names: Vec<&str> = failed.iter().take(MAX_SHOWN_FILES).map(|file| &*file.name).collect();
    let more = failed.len() - names.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{} of {all} files are missing: {}{more}", failed.len(), names.join(", "))
}

/// The message of an index in which files are missing because they could not be read.
fn failed_message(failed: &[FailedFile]) -> Option<Cow<'static, str>> {
    match failed {
        [] => None,
        [file] => Some(format!("1 file could not be read: {}: {}", file.name, file.reason).into()),
        [file, ..] => {
            Some(format!("{} files could not be read, such as {}: {}", failed.len(), file.name, file.reason).into())
        }
    }
}

/// As the service prints it, then what no response of the API shows.
impl AdminView for Index {
    fn view(store: &Store, key: Key<Self>) -> Value {
        let mut view: Value = serde_json::from_slice(&json(store, key, true)).expect("an index is written as JSON");
        view["kept"] = options_and_end(store.get(key));
        view["files"] = index_coverage::files(store, store.get(key)).into();
        view
    }
}

/// The options of an index, and the time at which its running sync ends if only time decides that.
fn options_and_end(index: &Index) -> Value {
    let default = IndexOptions::default();
    let options = index.options.as_deref().unwrap_or(&default);
    let product = |product: &Product| {
        json!({
            "product_type": product.product_type,
            "product_config_id": product.product_config_id,
        })
    };
    json!({
        "products": options.products.iter().map(product).collect::<Vec<_>>(),
        "sync_frequency": options.sync_frequency,
        "vector_target": options.vector_target,
        "store_attachments": options.store_attachments,
        "sync_ends_at": index.sync.ends_at(),
    })
}
