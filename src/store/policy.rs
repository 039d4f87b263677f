//! What a store goes by: the settings that its resources know.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Fidelity, IndexId, References, Settings, SyncConflict};
use crate::store::sync::Script;

/// The settings that a store knows; the same for all tenants.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What an unknown `source_directory_id` means.
    pub references: References,
    /// Which ids name an index.
    pub index_id: IndexId,
    /// The status that refuses a value which the service checks in its own code.
    pub unknown_value_status: u16,
    /// Whether ids and tokens that nobody made are taken as good.
    pub fidelity: Fidelity,
    /// How long a sync of the source takes.
    pub sync_duration: Duration,
    /// The course of a sync that nobody scripted.
    pub script: Arc<Script>,
    /// What a sync gets that comes while one runs.
    pub sync_conflict: SyncConflict,
    /// Items on a page when the client does not say.
    pub page_size: usize,
    /// Items of a kind.
    pub max_items: usize,
}

impl Policy {
    /// What of `settings` a store knows.
    pub fn new(settings: &Settings) -> Self {
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
