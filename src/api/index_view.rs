//! An index, and a page of them, as the service prints them; the order of fields is its contract's. It changes nothing.

use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::ids::Prefixed;
use crate::clock::Timestamp;
use crate::response::Response;
use crate::store::Store;
use crate::store::sync::SyncOutcome;

/// An index.
#[derive(Serialize)]
pub(super) struct IndexBody<'a> {
    id: Id<'a>,
    created_at: Timestamp,
    updated_at: Timestamp,
    name: &'a str,
    description: Option<&'a str>,
    project_id: Uuid,
    source_directory_id: &'a str,
    output_directory_id: Prefixed,
    sync_config_id: Prefixed,
    export_config_id: Prefixed,
    last_synced_at: Option<Timestamp>,
    last_exported_at: Option<Timestamp>,
    metadata: Metadata<'a>,
    sync_in_progress: Option<bool>,
}

/// What the service says of an index's state. Only `status` of `ready` or `failed` is stable there.
#[derive(Serialize)]
struct Metadata<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
}

/// A page of indexes.
#[derive(Serialize)]
struct IndexPageBody<'a> {
    items: Vec<IndexBody<'a>>,
    next_page_token: Option<String>,
    total_size: Option<u64>,
}

/// How an index is called.
enum Id<'a> {
    Minted(Prefixed),
    RawRequest(&'a str),
}

impl Serialize for Id<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Minted(id) => id.serialize(serializer),
            Self::RawRequest(id) => serializer.serialize_str(id),
        }
    }
}

/// Whether an answer shows `sync_in_progress`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Hidden,
    Shown,
}

/// The page of these indexes.
pub(super) fn page(store: &Store, ordinals: &[u64], next_page_token: Option<String>) -> Response {
    let items = ordinals.iter().map(|ordinal| body(store, *ordinal, Progress::Hidden)).collect();
    Response::json(200, &IndexPageBody { items, next_page_token, total_size: None })
}

/// Every index as the service would show it at `now`, in order of creation.
pub fn all(store: &mut Store, now: Timestamp) -> Vec<Value> {
    let ordinals: Vec<u64> = store.indexes().map(|index| index.ordinal).collect();
    for ordinal in &ordinals {
        store.index_at_mut(*ordinal).life.bring_to(now);
    }
    let shown = |ordinal: &u64| serde_json::to_value(body(store, *ordinal, Progress::Shown));
    ordinals.iter().map(shown).filter_map(Result::ok).collect()
}

/// The index with this number.
pub(super) fn body(store: &Store, ordinal: u64, progress: Progress) -> IndexBody<'_> {
    let index = store.index_at(ordinal);
    let life = index.life.view();
    let id = index.given_id.as_deref().map_or(Id::Minted(Prefixed("idx-", index.uuid)), Id::RawRequest);
    IndexBody {
        id,
        created_at: index.created_at,
        updated_at: life.changed_at,
        name: &index.name,
        description: index.description.as_deref(),
        project_id: store.project_id(index.project),
        source_directory_id: &store.directory(index.source).id,
        output_directory_id: Prefixed("dir-", index.output),
        sync_config_id: Prefixed("cfg-", index.sync_config),
        export_config_id: Prefixed("cfg-", index.export_config),
        last_synced_at: life.last_synced_at,
        last_exported_at: life.last_exported_at,
        metadata: metadata(life.outcome),
        sync_in_progress: (progress == Progress::Shown).then_some(life.in_progress),
    }
}

fn metadata(outcome: &SyncOutcome) -> Metadata<'_> {
    let (status, error_message) = match outcome {
        SyncOutcome::None => ("pending", None),
        SyncOutcome::Ready => ("ready", None),
        SyncOutcome::Partial(message) => ("ready", Some(&**message)),
        SyncOutcome::Failed(message) => ("failed", Some(&**message)),
    };
    Metadata { status, error_message }
}
