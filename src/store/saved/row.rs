//! The place of a resource in its collection, which decides the order of lists and whether the resource is deleted.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::Timestamp;
use crate::store::key::UntypedKey;

/// The highest number that a saved counter can have: one that counts on from there never overflows.
const MAX_COUNT: u64 = 1 << 53;

/// The place of a resource in its collection.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct RowState {
    pub(in crate::store) key: UntypedKey,
    /// Whether a request created it, rather than only named it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::store) is_requested: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) deletion: Option<Deletion>,
}

/// When a resource was deleted, and when its row is purged.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct Deletion {
    pub(in crate::store) at: Timestamp,
    pub(in crate::store) purge_at: Timestamp,
}

/// Reads a counter; an error if it is higher than any can be.
pub(super) fn counter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let count = u64::deserialize(deserializer)?;
    if count <= MAX_COUNT { Ok(count) } else { Err(D::Error::custom(format!("{count}: more than {MAX_COUNT}"))) }
}
