//! The place of a resource in its collection, which decides the order of lists and whether the resource is deleted.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::Timestamp;
use crate::store::Key;

/// The highest number that a saved counter can have: one that counts on from there never overflows.
const MAX_COUNT: u64 = 1 << 53;

/// The place of a resource in its collection.
#[derive(Debug)]
pub(in crate::store) struct RowState<T> {
    pub(in crate::store) key: Key<T>,
    /// Whether a request created it, rather than only named it.
    pub(in crate::store) is_requested: bool,
    /// When it was deleted, and when its row is purged.
    pub(in crate::store) deleted: Option<(Timestamp, Timestamp)>,
}

/// The saved place of a resource.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedRow {
    key: u64,
    pub(super) created_at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_requested: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purge_at: Option<Timestamp>,
}

impl SavedRow {
    pub(super) fn new<T>(state: &RowState<T>, created_at: Timestamp) -> Self {
        let (deleted_at, purge_at) = state.deleted.unzip();
        Self { key: state.key.ordinal(), created_at, is_requested: state.is_requested, deleted_at, purge_at }
    }

    pub(super) fn state<T>(&self) -> Result<RowState<T>, String> {
        if self.deleted_at.is_some() != self.purge_at.is_some() {
            return Err("row: needs both of deleted_at and purge_at, or none".to_owned());
        }
        let (key, is_requested) = (Key::new(self.key), self.is_requested);
        Ok(RowState { key, is_requested, deleted: self.deleted_at.zip(self.purge_at) })
    }

    /// Whether the resource is deleted.
    pub(super) fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}

/// Reads a counter; an error if it is higher than any can be.
pub(super) fn counter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let count = u64::deserialize(deserializer)?;
    if count <= MAX_COUNT { Ok(count) } else { Err(D::Error::custom(format!("{count}: more than {MAX_COUNT}"))) }
}
