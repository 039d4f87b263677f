//! What a world goes by: the settings that its resources know, and what a single call is made to see of them.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Fidelity, IndexId, References, Settings, SyncConflict};
use crate::sync::Script;

/// The settings that a world knows; the same for all tenants.
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

/// What one call is made to see of its world; the default is the truth. A handler takes out what came to pass, so that what
/// is left is what did not.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    /// Reads see the world as it was so long ago.
    pub lag: Option<Duration>,
    /// The index that the call names is gone from now on.
    pub vanish: Option<Vanish>,
    /// Creates beyond so many live items are refused with this status.
    pub quota: Option<(usize, u16)>,
    /// The course of a sync that the call starts.
    pub script: Option<Arc<Script>>,
    /// What is wrong with the page.
    pub page: Option<PageFault>,
}

/// Says that an index disappears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vanish;

/// What can be wrong with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFault {
    /// Its token leads back to itself.
    RepeatToken,
    /// The token that was sent counts as expired.
    ExpiredToken,
    /// It is empty although a next one follows.
    EmptyMiddle,
}

impl Policy {
    /// What of `settings` a world knows.
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
