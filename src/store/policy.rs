//! The settings that a store follows.

use std::sync::Arc;
use std::time::Duration;

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
    /// How long a sync takes.
    sync_duration: Duration,
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
            sync_duration: settings.sync_duration,
            script_without_source: Arc::new(Script::failing(settings.sync_duration, "The source directory is deleted")),
            duplicate_unique_id: settings.duplicate_unique_id,
            max_items: settings.max_items,
        }
    }

    /// The script of a sync of the index with this name: that of a magic name, or the plain one.
    ///
    /// Errors: what a magic name should be.
    pub(crate) fn script_of(&self, name: &str) -> Result<Arc<Script>, String> {
        let magic = Script::from_magic_name(name, self.sync_duration);
        magic.map_or_else(|| Ok(Arc::clone(&self.script)), |script| script.map(Arc::new))
    }
}
