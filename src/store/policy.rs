//! The settings that the resources of a store follow.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Fidelity, IndexId, References, Settings, SyncConflict};
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
    /// The response to a sync request while a sync runs.
    pub(crate) sync_conflict: SyncConflict,
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
            sync_conflict: settings.sync_conflict,
            page_size: settings.page_size,
            max_items: settings.max_items,
        }
    }
}
