//! What a collection knows of its resources by their keys: which belong to which parent, which are deleted, and when
//! one is purged or expires.

use std::collections::{BTreeMap, BTreeSet};

use super::key::UntypedKey;
use super::saved::Deletion;
use crate::clock::Timestamp;

/// The tables of a collection. They do not know its type.
#[derive(Debug, Default)]
pub(super) struct KeyTables {
    /// By parent.
    children: BTreeMap<UntypedKey, BTreeSet<UntypedKey>>,
    /// When deleted resources were deleted, as long as their rows are kept.
    deleted: BTreeMap<UntypedKey, Timestamp>,
    /// Deleted rows by the time at which they are purged.
    purges: BTreeSet<(Timestamp, UntypedKey)>,
    /// Rows by the time at which they expire; deleted ones may be among them.
    expiries: BTreeSet<(Timestamp, UntypedKey)>,
}

impl KeyTables {
    /// Adds a resource below its parent.
    pub(super) fn add_child(&mut self, parent: UntypedKey, key: UntypedKey) {
        self.children.entry(parent).or_default().insert(key);
    }

    /// Removes a resource below its parent.
    pub(super) fn remove_child(&mut self, parent: UntypedKey, key: UntypedKey) {
        let Some(keys) = self.children.get_mut(&parent) else { return };
        keys.remove(&key);
        if keys.is_empty() {
            self.children.remove(&parent);
        }
    }

    /// The resources below a parent whose keys are less than `end`, deleted or not, oldest first.
    pub(super) fn children(
        &self,
        parent: UntypedKey,
        end: UntypedKey,
    ) -> impl DoubleEndedIterator<Item = UntypedKey> + '_ {
        self.children.get(&parent).into_iter().flat_map(move |keys| keys.range(..end).copied())
    }

    /// When a resource was deleted, if it was.
    pub(super) fn deleted_at(&self, key: UntypedKey) -> Option<Timestamp> {
        self.deleted.get(&key).copied()
    }

    /// Whether a resource is deleted.
    pub(super) fn is_deleted(&self, key: UntypedKey) -> bool {
        self.deleted.contains_key(&key)
    }

    /// How many resources are deleted and have rows.
    pub(super) fn deleted_count(&self) -> usize {
        self.deleted.len()
    }

    /// Marks a resource as deleted; its row is purged at `purge_at`.
    pub(super) fn mark_deleted(&mut self, key: UntypedKey, now: Timestamp, purge_at: Timestamp) {
        self.deleted.insert(key, now);
        self.purges.insert((purge_at, key));
    }

    /// Forgets that a resource is deleted; whether it was.
    pub(super) fn forget_deleted(&mut self, key: UntypedKey) -> bool {
        self.deleted.remove(&key).is_some()
    }

    /// When each deleted row is purged.
    pub(super) fn purge_times(&self) -> BTreeMap<UntypedKey, Timestamp> {
        self.purges.iter().map(|(at, key)| (*key, *at)).collect()
    }

    /// When a resource was deleted and is purged, if it was deleted.
    pub(super) fn deletion(&self, key: UntypedKey, purge_times: &BTreeMap<UntypedKey, Timestamp>) -> Option<Deletion> {
        Some(Deletion { at: self.deleted_at(key)?, purge_at: *purge_times.get(&key)? })
    }

    /// Takes out the next row whose purge time has come.
    pub(super) fn pop_purge(&mut self, now: Timestamp) -> Option<UntypedKey> {
        self.purges.first().filter(|(at, _)| *at <= now)?;
        self.purges.pop_first().map(|(_, key)| key)
    }

    /// Takes out the row that is purged first, if there are more than `limit`.
    pub(super) fn pop_excess_purge(&mut self, limit: usize) -> Option<UntypedKey> {
        if self.purges.len() > limit { self.purges.pop_first().map(|(_, key)| key) } else { None }
    }

    /// Adds the time at which a resource expires.
    pub(super) fn add_expiry(&mut self, at: Timestamp, key: UntypedKey) {
        self.expiries.insert((at, key));
    }

    /// Takes out the next expiry up to `now`, which may be that of a deleted resource.
    pub(super) fn pop_expiry(&mut self, now: Timestamp) -> Option<(Timestamp, UntypedKey)> {
        self.expiries.first().filter(|(at, _)| *at <= now)?;
        self.expiries.pop_first()
    }
}
