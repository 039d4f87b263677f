//! The resources of one type in a tenant: found by id, listed by parent, deleted with or without a time in which
//! lagging reads still see them. It knows no type by name.

use hashbrown::HashMap;

use super::id_table::IdTable;
use super::key::UntypedKey;
use super::key_tables::KeyTables;
use super::saved::{Deletion, RowState, SavedCounters};
use super::state_faults::Lag;
use super::{Id, Key, Kind, Resource};
use crate::clock::Timestamp;
use crate::seed::{RandomStream, Seed, Streams};

/// The resources of one type.
#[derive(Debug)]
pub(crate) struct Collection<T: Resource> {
    /// Searched several times by each request, and rarely listed as a whole, which then sorts the keys.
    rows: HashMap<UntypedKey, Box<StoredRow<T>>>,
    ids: IdTable,
    /// By [`Resource::second_id`].
    second_ids: IdTable,
    tables: KeyTables,
    next_key: Key<T>,
    live: usize,
    /// How many resources were created by requests for that, apart from those that were created implicitly. Random
    /// values are drawn by this number, so that naming a resource changes nothing in those that are created.
    created: u64,
    /// Where those values come from, once they are asked for.
    streams: Option<Streams>,
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
            rows: HashMap::new(),
            ids: IdTable::default(),
            second_ids: IdTable::default(),
            tables: KeyTables::default(),
            next_key: Key::MIN,
            live: 0,
            created: 0,
            streams: None,
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
        self.insert_at(key.typed(), resource);
        self.row_mut(key).is_requested = is_requested;
        if let Some(Deletion { at, purge_at }) = deletion {
            self.mark_deleted(key.typed(), at, purge_at);
        }
    }

    fn insert_at(&mut self, key: Key<T>, resource: T) {
        self.live += usize::from(resource.counts());
        self.ids.insert(&resource.meta().id, key.untyped(), |key| &self.rows[&key].resource.meta().id);
        if let Some(id) = resource.second_id() {
            let id_of = |key| self.rows[&key].resource.second_id().expect("it has one since it was added");
            self.second_ids.insert(id, key.untyped(), id_of);
        }
        self.tables.add_child(resource.parent().untyped(), key.untyped());
        if let Some(at) = resource.expires_at() {
            self.tables.add_expiry(at, key.untyped());
        }
        self.rows.insert(key.untyped(), Box::new(StoredRow { resource, is_requested: false }));
    }

    /// Every resource with its place, deleted or not, oldest first.
    pub(super) fn all_rows(&self) -> impl Iterator<Item = (RowState, &T)> {
        let purge_times = self.tables.purge_times();
        self.sorted_keys().into_iter().map(move |key| {
            let StoredRow { resource, is_requested } = &*self.rows[&key];
            let deletion = self.tables.deletion(key, &purge_times);
            (RowState { key, is_requested: *is_requested, deletion }, resource)
        })
    }

    /// Whether a resource has this key, deleted or not.
    pub(super) fn contains(&self, key: Key<T>) -> bool {
        self.rows.contains_key(&key.untyped())
    }

    /// The random stream of the next resource that a request creates.
    pub(super) fn next_stream(&mut self, seed: &Seed) -> RandomStream {
        self.streams.get_or_insert_with(|| seed.streams(T::KIND.plural)).stream(self.created)
    }

    /// Counts a resource as created by a request for that.
    pub(super) fn count_created(&mut self, key: Key<T>) {
        self.created += 1;
        self.row_mut(key.untyped()).is_requested = true;
    }

    /// The key that the next resource gets.
    pub(super) fn next_key(&self) -> Key<T> {
        self.next_key
    }

    /// The resource with this key. Keys are handed out for resources that exist; no request can remove one in between.
    #[inline]
    pub(crate) fn get(&self, key: Key<T>) -> &T {
        &self.rows[&key.untyped()].resource
    }

    /// The resource with this key, to change it.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key<T>) -> &mut T {
        &mut self.row_mut(key.untyped()).resource
    }

    #[inline]
    fn row_mut(&mut self, key: UntypedKey) -> &mut StoredRow<T> {
        self.rows.get_mut(&key).expect("a key is handed out for a resource that exists")
    }

    /// The keys of all rows, oldest first.
    fn sorted_keys(&self) -> Vec<UntypedKey> {
        let mut keys: Vec<UntypedKey> = self.rows.keys().copied().collect();
        keys.sort_unstable();
        keys
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

    /// The resources that have this id and that are visible, in any order.
    pub(super) fn with_id(&self, id: &Id, visibility: Visibility) -> impl Iterator<Item = Key<T>> {
        self.all_with_id(id).filter(move |key| self.is_visible(*key, visibility))
    }

    /// The oldest resource that has this id and is not deleted.
    pub(crate) fn live_with_id(&self, id: &Id) -> Option<Key<T>> {
        self.all_with_id(id).filter(|key| !self.is_deleted(*key)).min()
    }

    /// The resources that have this id, deleted or not, in any order.
    #[inline]
    pub(super) fn all_with_id(&self, id: &Id) -> impl Iterator<Item = Key<T>> {
        let keys = self.ids.candidates(id).chain(self.second_ids.candidates(id)).map(UntypedKey::typed);
        keys.filter(move |key| self.get(*key).ids().any(|own| own == id))
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

    /// How many resources are not deleted.
    pub(super) fn count(&self) -> usize {
        self.rows.len() - self.tables.deleted_count()
    }

    /// All resources that are not deleted, oldest first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key<T>> {
        self.sorted_keys().into_iter().map(UntypedKey::typed).filter(|key| !self.is_deleted(*key))
    }

    /// All resources from this key on, deleted or not.
    pub(super) fn keys_from(&self, first: Key<T>) -> impl Iterator<Item = Key<T>> {
        (first.ordinal()..self.next_key.ordinal()).map(Key::new).filter(|key| self.contains(*key))
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
        let key = key.untyped();
        let Some(row) = self.rows.get_mut(&key).filter(|_| !self.tables.is_deleted(key)) else { return };
        row.resource.release_content();
        self.live -= usize::from(row.resource.counts());
        self.tables.mark_deleted(key, now, purge_at);
    }

    /// Takes the next expiry up to `now` out: its time and its resource.
    pub(super) fn pop_expired(&mut self, now: Timestamp) -> Option<(Timestamp, Key<T>)> {
        while let Some((at, key)) = self.tables.pop_expiry(now) {
            let key = key.typed();
            if self.contains(key) && !self.is_deleted(key) {
                return Some((at, key));
            }
        }
        None
    }

    /// Removes a row; its weight in bytes.
    pub(super) fn remove(&mut self, key: Key<T>) -> usize {
        let Some(row) = self.rows.remove(&key.untyped()) else { return 0 };
        if !self.tables.forget_deleted(key.untyped()) {
            self.live -= usize::from(row.resource.counts());
        }
        self.ids.remove(&row.resource.meta().id, key.untyped());
        if let Some(id) = row.resource.second_id() {
            self.second_ids.remove(id, key.untyped());
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
        let keys = self.keys().filter(|key| self.rows[&key.untyped()].is_requested);
        keys.map(|key| self.get(key).meta().id.clone()).collect()
    }

    fn counters(&self) -> SavedCounters {
        SavedCounters { next_key: self.next_key.ordinal(), created: self.created }
    }

    fn set_counters(&mut self, counters: SavedCounters) -> Result<(), &'static str> {
        (self.next_key, self.created) = (Key::new(counters.next_key), counters.created);
        let next = self.next_key.untyped();
        if self.rows.keys().any(|key| *key >= next) { Err("next_key: a resource has it") } else { Ok(()) }
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
