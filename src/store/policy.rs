//! The settings that a store follows.

use std::sync::Arc;

use crate::config::{DuplicateUniqueId, Fidelity, IndexId, Settings};
use crate::store::sync::Script;

/// The settings that a store follows; the same for all tenants.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// Which ids name an index.
    pub(crate) index_id: IndexId,
    /// Whether unknown ids and tokens are accepted.
    pub(crate) fidelity: Fidelity,
    /// The script of a sync without a fault or a magic name.
    pub(crate) script: Arc<Script>,
    /// The script of a sync whose source directory is deleted.
    pub(crate) script_without_source: Arc<Script>,
    /// How a file is treated whose `unique_id` another file of its directory has.
    pub(crate) duplicate_unique_id: DuplicateUniqueId,
    /// The most items of a kind.
    pub(crate) max_items: usize,
}

impl Policy {
    /// The policy that `settings` say.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            index_id: settings.index_id,
            fidelity: settings.fidelity,
            script: Arc::new(Script::plain(settings.sync_duration, settings.export_duration)),
            script_without_source: Arc::new(Script::failing(settings.sync_duration, "The source directory is deleted")),
            duplicate_unique_id: settings.duplicate_unique_id,
            max_items: settings.max_items,
        }
    }
}
