//! The settings that the resources of a store follow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{DuplicateUniqueId, Fidelity, IndexId, References, ScoreThresholdOn, Settings, SyncConflict};
use crate::store::sync::Script;

/// The settings that a store follows; the same for all tenants.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// What an unknown `source_directory_id` means.
    pub(crate) references: References,
    /// Which ids name an index.
    pub(crate) index_id: IndexId,
    /// The status that refuses a value which the service checks in its own code.
    pub(crate) unknown_value_status: u16,
    /// Whether unknown ids and tokens are accepted.
    pub(crate) fidelity: Fidelity,
    /// How long a sync of the source takes.
    pub(crate) sync_duration: Duration,
    /// The script of a sync without a fault or a magic name.
    pub(crate) script: Arc<Script>,
    /// The script of a sync whose source directory is deleted.
    pub(crate) script_without_source: Arc<Script>,
    /// The response to a sync request while a sync runs.
    pub(crate) sync_conflict: SyncConflict,
    /// How a file is treated whose `unique_id` another file of its directory has.
    pub(crate) duplicate_unique_id: DuplicateUniqueId,
    /// What `score_threshold` is compared with while reranking is on.
    pub(crate) score_threshold_on: ScoreThresholdOn,
    /// Texts that replace what reading a file of this name gives.
    pub(crate) parse_results: BTreeMap<String, Box<str>>,
    /// The URL under which clients reach the server, for URLs in responses; by default the host that a request names.
    pub(crate) public_url: Option<String>,
    /// Items on a page when the client does not say.
    pub(crate) page_size: usize,
    /// Items of a kind.
    pub(crate) max_items: usize,
}

impl Policy {
    /// The policy that `settings` say.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            references: settings.references,
            index_id: settings.index_id,
            unknown_value_status: settings.unknown_value_status,
            fidelity: settings.fidelity,
            sync_duration: settings.sync_duration,
            script: Arc::new(Script::plain(settings.sync_duration, settings.export_duration)),
            script_without_source: Arc::new(Script::failing(settings.sync_duration, "The source directory is deleted")),
            sync_conflict: settings.sync_conflict,
            duplicate_unique_id: settings.duplicate_unique_id,
            score_threshold_on: settings.score_threshold_on,
            parse_results: settings.parse_results.clone(),
            public_url: settings.public_url.clone(),
            page_size: settings.page_size,
            max_items: settings.max_items,
        }
    }
}
