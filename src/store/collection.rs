//! The resources of one type in a tenant: found by id, listed by parent, deleted with or without a time in which
//! lagging reads still see them. It knows no type by name.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::key::UntypedKey;
use super::key_tables::KeyTables;
use super::saved::{Deletion, RowState, SavedCounters};
use super::state_faults::Lag;
use super::{Id, Key, Kind, Resource};
use crate::clock::Timestamp;

/// The resources of one type.
#[derive(Debug)]
pub(crate) struct Collection<T: Resource> {
    rows: BTreeMap<Key<T>, Box<StoredRow<T>>>,
    /// Keys by the hashes of their ids, which take half the memory of the ids. Several resources may have the same id
    /// when clients made it up: one in each project.
    ids: HashTable<(u64, UntypedKey)>,
    /// With a key of its own, because clients can choose ids.
    hasher: DefaultHashBuilder,
    tables: KeyTables,
    next_key: Key<T>,
    live: usize,
    /// How many resources were created by requests for that, apart from those that were created implicitly. Random
    /// values are drawn by this number, so that naming a resource changes nothing in those that are created.
    created: u64,
}

/// A resource and its origin.
#[derive(Debug)]
struct StoredRow<T> {
    resource: T,
    /// Whether a request created it, rather than only named it.
    is_requested: bool,
}

/// Which resources of a collection are visible to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visibility {
    /// The time of the request.
    pub(crate) now: Timestamp,
    /// How far the request lags behind writes.
    pub(crate) lag: Option<Lag>,
    /// Whether it sees deleted resources too.
    pub(crate) deleted: bool,
}

/// The functions of a collection that do not depend on its type.
pub(crate) trait AnyCollection {
    /// The kind of its resources.
    fn kind(&self) -> Kind;

    /// The number of live resources that count toward limits and quotas.
    fn live(&self) -> usize;

    /// Whether a resource has this id, deleted or not.
    fn has_id(&self, id: &Id) -> bool;

    /// The id of each resource that a request created and that is not deleted, oldest first.
    fn created_by_requests(&self) -> Vec<Id>;

    /// The counters by which the keys and the random values of later resources are made.
    fn counters(&self) -> SavedCounters;

    /// Continues these counters; an error if a resource has a key that would be made again.
    fn set_counters(&mut self, counters: SavedCounters) -> Result<(), &'static str>;

    /// Removes the rows whose purge time has come; returns their weight in bytes.
    fn purge(&mut self, now: Timestamp) -> usize;

    /// Removes the deleted rows that would be purged first, until `limit` are left; returns their weight in bytes.
    fn purge_excess(&mut self, limit: usize) -> usize;
}

impl<T: Resource> Default for Collection<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            ids: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            tables: KeyTables::default(),
            next_key: Key::MIN,
            live: 0,
            created: 0,
        }
    }
}

impl<T: Resource> Collection<T> {
    /// Adds a resource; its key.
    pub(super) fn insert(&mut self, resource: T) -> Key<T> {
        let key = self.next_key;
        self.next_key = key.next();
        self.insert_at(key, resource);
        key
    }

    /// Adds a resource at a place that none has. The counters do not change.
    pub(super) fn insert_row(&mut self, state: &RowState, resource: T) {
        let RowState { key, is_requested, deletion } = *state;
        let key = key.typed();
        self.insert_at(key, resource);
        if let Some(row) = self.rows.get_mut(&key) {
            row.is_requested = is_requested;
        }
        if let Some(Deletion { at, purge_at }) = deletion {
            self.mark_deleted(key, at, purge_at);
        }
    }

    fn insert_at(&mut self, key: Key<T>, resource: T) {
        self.live += usize::from(resource.counts());
        for id in resource.ids() {
            let hash = self.hasher.hash_one(id);
            self.ids.insert_unique(hash, (hash, key.untyped()), |(hash, _)| *hash);
        }
        self.tables.add_child(resource.parent().untyped(), key.untyped());
        if let Some(at) = resource.expires_at() {
            self.tables.add_expiry(at, key.untyped());
        }
        self.rows.insert(key, Box::new(StoredRow { resource, is_requested: false }));
    }

    /// Every resource with its place, deleted or not, oldest first.
    pub(super) fn all_rows(&self) -> impl Iterator<Item = (RowState, &T)> {
        let purge_times = self.tables.purge_times();
        self.rows.iter().map(move |(key, row)| {
            let (key, is_requested) = (key.untyped(), row.is_requested);
            let deletion = self.tables.deletion(key, &purge_times);
            (RowState { key, is_requested, deletion }, &row.resource)
        })
    }

    /// Whether a resource has this key, deleted or not.
    pub(super) fn contains(&self, key: Key<T>) -> bool {
        self.rows.contains_key(&key)
    }

    /// How many resources were created by requests for that: the ordinal of the random stream of the next one.
    pub(crate) fn created(&self) -> u64 {
        self.created
    }

    /// Counts a resource as created by a request for that.
    pub(super) fn count_created(&mut self, key: Key<T>) {
        self.created += 1;
        if let Some(row) = self.rows.get_mut(&key) {
            row.is_requested = true;
        }
    }

    /// The key that the next resource gets.
    pub(super) fn next_key(&self) -> Key<T> {
        self.next_key
    }

    /// The resource with this key. Keys are handed out for resources that exist; no request can remove one in between.
    pub(crate) fn get(&self, key: Key<T>) -> &T {
        &self.rows[&key].resource
    }

    /// The resource with this key, to change it.
    pub(crate) fn get_mut(&mut self, key: Key<T>) -> &mut T {
        &mut self.rows.get_mut(&key).expect("a key is handed out for a resource that exists").resource
    }

    /// Changes a resource in a way that may move it to another parent.
    pub(super) fn change(&mut self, key: Key<T>, change: impl FnOnce(&mut T)) {
        let resource = self.get_mut(key);
        let before = resource.parent();
        change(resource);
        let after = resource.parent();
        self.tables.remove_child(before.untyped(), key.untyped());
        self.tables.add_child(after.untyped(), key.untyped());
    }

    /// The resources that have this id, oldest first, and that are visible.
    pub(super) fn with_id(&self, id: &Id, visibility: Visibility) -> impl Iterator<Item = Key<T>> {
        self.all_with_id(id).filter(move |key| self.is_visible(*key, visibility))
    }

    /// The oldest resource that has this id and is not deleted.
    pub(crate) fn live_with_id(&self, id: &Id) -> Option<Key<T>> {
        self.all_with_id(id).find(|key| !self.is_deleted(*key))
    }

    /// The resources that have this id, deleted or not, oldest first.
    pub(super) fn all_with_id(&self, id: &Id) -> impl Iterator<Item = Key<T>> {
        let hash = self.hasher.hash_one(id);
        let same_hash = self.ids.iter_hash(hash).filter(|(own, _)| *own == hash).map(|(_, key)| *key);
        let has_id = |key: &UntypedKey| self.get(key.typed()).ids().any(|own| own == id);
        let mut keys: Vec<UntypedKey> = same_hash.filter(has_id).collect();
        keys.sort_unstable();
        keys.into_iter().map(UntypedKey::typed)
    }

    /// The visible resources below a parent, newest first, from below `before` on.
    pub(super) fn newest_first(
        &self,
        parent: Key<T::Parent>,
        before: Option<Key<T>>,
        visibility: Visibility,
    ) -> impl Iterator<Item = Key<T>> {
        let end = before.map_or(UntypedKey::MAX, Key::untyped);
        let keys = self.tables.children(parent.untyped(), end).rev().map(UntypedKey::typed);
        keys.filter(move |key| self.is_visible(*key, visibility))
    }

    /// The resources below a parent that are not deleted, oldest first.
    pub(crate) fn children(&self, parent: Key<T::Parent>) -> impl Iterator<Item = Key<T>> {
        let keys = self.tables.children(parent.untyped(), UntypedKey::MAX).map(UntypedKey::typed);
        keys.filter(|key| !self.is_deleted(*key))
    }

    /// All resources that are not deleted, oldest first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key<T>> {
        self.rows.keys().copied().filter(|key| !self.is_deleted(*key))
    }

    /// All resources from this key on, deleted or not.
    pub(super) fn keys_from(&self, first: Key<T>) -> impl Iterator<Item = Key<T>> {
        self.rows.range(first..).map(|(key, _)| *key)
    }

    /// The time of the earliest write that is missing from what a lagging read found, if `current` is what is there.
    pub(super) fn missing_write(&self, found: &[Key<T>], current: &[Key<T>]) -> Option<Timestamp> {
        let created = current.iter().filter(|key| !found.contains(key)).map(|key| self.get(*key).meta().created_at);
        let deleted = found.iter().filter(|key| !current.contains(key)).filter_map(|key| self.deleted_at(*key));
        created.chain(deleted).min()
    }

    /// When a resource was deleted, if it was.
    pub(crate) fn deleted_at(&self, key: Key<T>) -> Option<Timestamp> {
        self.tables.deleted_at(key.untyped())
    }

    /// Marks a resource as deleted, unless it is already; its row is purged at `purge_at`.
    pub(super) fn mark_deleted(&mut self, key: Key<T>, now: Timestamp, purge_at: Timestamp) {
        let Some(row) = self.rows.get_mut(&key).filter(|_| !self.tables.is_deleted(key.untyped())) else { return };
        row.resource.release_content();
        self.live -= usize::from(row.resource.counts());
        self.tables.mark_deleted(key.untyped(), now, purge_at);
    }

    /// Takes the next expiry up to `now` out: its time and its resource.
    pub(super) fn pop_expired(&mut self, now: Timestamp) -> Option<(Timestamp, Key<T>)> {
        while let Some((at, key)) = self.tables.pop_expiry(now) {
            let key = key.typed();
            if self.rows.contains_key(&key) && !self.is_deleted(key) {
                return Some((at, key));
            }
        }
        None
    }

    /// Removes a row; its weight in bytes.
    pub(super) fn remove(&mut self, key: Key<T>) -> usize {
        let Some(row) = self.rows.remove(&key) else { return 0 };
        if !self.tables.forget_deleted(key.untyped()) {
            self.live -= usize::from(row.resource.counts());
        }
        for id in row.resource.ids() {
            let entry = self.ids.find_entry(self.hasher.hash_one(id), |(_, own)| *own == key.untyped());
            entry.expect("each id of a row is in the table").remove();
        }
        self.tables.remove_child(row.resource.parent().untyped(), key.untyped());
        row.resource.weight_bytes()
    }

    fn is_deleted(&self, key: Key<T>) -> bool {
        self.tables.is_deleted(key.untyped())
    }

    fn is_visible(&self, key: Key<T>, visibility: Visibility) -> bool {
        let deleted_at = self.deleted_at(key);
        let Some(lag) = visibility.lag else { return visibility.deleted || deleted_at.is_none() };
        let is_created = lag.shows(self.get(key).meta().created_at, visibility.now);
        let is_deleted = deleted_at.is_some_and(|deleted| lag.shows(deleted, visibility.now));
        is_created && (visibility.deleted || !is_deleted)
    }
}

impl<T: Resource> AnyCollection for Collection<T> {
    fn kind(&self) -> Kind {
        T::KIND
    }

    fn live(&self) -> usize {
        self.live
    }

    fn has_id(&self, id: &Id) -> bool {
        !self.rows.is_empty() && self.all_with_id(id).next().is_some()
    }

    fn created_by_requests(&self) -> Vec<Id> {
        let rows = self.rows.iter().filter(|(key, row)| row.is_requested && !self.is_deleted(**key));
        rows.map(|(_, row)| row.resource.meta().id.clone()).collect()
    }

    fn counters(&self) -> SavedCounters {
        SavedCounters { next_key: self.next_key.ordinal(), created: self.created }
    }

    fn set_counters(&mut self, counters: SavedCounters) -> Result<(), &'static str> {
        (self.next_key, self.created) = (Key::new(counters.next_key), counters.created);
        let last = self.rows.last_key_value().map(|(key, _)| *key);
        if last.is_some_and(|last| last >= self.next_key) { Err("next_key: a resource has it") } else { Ok(()) }
    }

    fn purge(&mut self, now: Timestamp) -> usize {
        let mut bytes = 0;
        while let Some(key) = self.tables.pop_purge(now) {
            bytes += self.remove(key.typed());
        }
        bytes
    }

    fn purge_excess(&mut self, limit: usize) -> usize {
        let mut bytes = 0;
        while let Some(key) = self.tables.pop_excess_purge(limit) {
            bytes += self.remove(key.typed());
        }
        bytes
    }
}
