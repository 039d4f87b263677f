//! An index as the service prints it. The order of the fields is that of its contract.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::state::AdminView;
use crate::clock::Timestamp;
use crate::store::sync::SyncOutcome;
use crate::store::{FailedFile, Id, Index, IndexOptions, Key, Product, Store};

/// An index.
#[derive(Serialize)]
pub(super) struct IndexBody<'a> {
    id: &'a Id,
    created_at: Timestamp,
    updated_at: Timestamp,
    name: &'a str,
    description: Option<&'a str>,
    project_id: &'a Id,
    source_directory_id: &'a Id,
    output_directory_id: &'a Id,
    sync_config_id: &'a Id,
    export_config_id: &'a Id,
    last_synced_at: Option<Timestamp>,
    last_exported_at: Option<Timestamp>,
    metadata: StatusBody<'a>,
    sync_in_progress: Option<bool>,
}

/// The state of an index. Only a `status` of `ready` or `failed` is documented as stable.
#[derive(Serialize)]
struct StatusBody<'a> {
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<Cow<'a, str>>,
    /// The files that could not be read by the sync that `status` is about. The service's own form for them is not
    /// known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed_files: Vec<FailedFileBody<'a>>,
}

/// A file that could not be read.
#[derive(Serialize)]
struct FailedFileBody<'a> {
    directory_file_id: &'a Id,
    name: &'a str,
    error: &'a str,
}

/// The most files that could not be read which are shown.
const MAX_FAILED_FILES: usize = 100;

/// The index with this key, with `sync_in_progress` if `shows_progress`.
pub(super) fn body(store: &Store, key: Key<Index>, shows_progress: bool) -> IndexBody<'_> {
    let index = store.get(key);
    let sync = &index.sync;
    let failed = failed_files(index);
    let (status, error_message) = match &sync.outcome {
        SyncOutcome::None => ("pending", None),
        SyncOutcome::Ready => ("ready", None),
        SyncOutcome::Partial(message) => ("ready", Some(Cow::from(&**message))),
        SyncOutcome::Failed(message) => ("failed", Some(Cow::from(&**message))),
    };
    IndexBody {
        id: &index.meta.id,
        created_at: index.meta.created_at,
        updated_at: sync.changed_at,
        name: &index.name,
        description: index.description.as_deref(),
        project_id: store.project_id(index.meta.project),
        source_directory_id: &index.source_directory_id,
        output_directory_id: &index.output_directory_id,
        sync_config_id: &index.sync_config_id,
        export_config_id: &index.export_config_id,
        last_synced_at: sync.last_synced_at,
        last_exported_at: sync.last_exported_at,
        metadata: StatusBody {
            status: sync.custom_status().unwrap_or(status),
            error_message: error_message.or_else(|| failed_message(failed)),
            failed_files: failed.iter().take(MAX_FAILED_FILES).map(FailedFileBody::of).collect(),
        },
        sync_in_progress: shows_progress.then_some(sync.in_progress()),
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
        let mut view = serde_json::to_value(body(store, key, true)).unwrap_or_default();
        view["kept"] = options_and_end(store.get(key));
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
