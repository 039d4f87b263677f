//! The resources of one kind in a tenant: found by id, listed by parent, deleted with or without a time in which lagging
//! reads still see them. It knows no kind by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::{Id, Kind, Scope, Store, StoreError};
use crate::clock::Timestamp;

/// A resource. Each kind implements this trait in its own file.
pub(crate) trait Resource: fmt::Debug + Sized + 'static {
    /// Its kind.
    const KIND: Kind;

    /// Every id that names it.
    fn ids(&self) -> Vec<Id>;

    /// The ordinal of the resource that lists it: a project, or a directory.
    fn parent(&self) -> u64;

    /// The ordinal of its project.
    fn project(&self) -> u64;

    /// When it was created.
    fn created_at(&self) -> Timestamp;

    /// About how many bytes it takes, its entries in the maps of the collection included.
    fn weight_bytes(&self) -> usize;

    /// Whether it counts toward limits and quotas. A resource that belongs to another one does not.
    fn counts(&self) -> bool {
        true
    }

    /// Whether `id`, one of its ids, names it in requests under the settings of the store.
    fn is_named_by(&self, _id: &Id, _store: &Store) -> bool {
        true
    }

    /// Brings a state that changes with time up to `now`.
    fn advance_to(&mut self, _now: Timestamp) {}

    /// How long it is kept after its deletion, for lists that include deleted resources.
    fn deleted_retention(&self) -> Duration {
        Duration::ZERO
    }

    /// Gives up what no response shows of a deleted resource.
    fn release_content(&mut self) {}

    /// When it is deleted without a request, if it is.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }

    /// Deletes the resources that belong to this one.
    fn delete_owned(_scope: &mut Scope<'_>, _ordinal: u64) {}

    /// Creates the resource that a request named although nobody created it (`--contract`), below `parent` if the request
    /// names one.
    fn create_implicit(scope: &mut Scope<'_>, id: &str, parent: Option<u64>) -> Result<u64, StoreError>;

    /// The collection of its kind.
    fn collection(store: &Store) -> &Collection<Self>;

    /// The collection of its kind, to change it.
    fn collection_mut(store: &mut Store) -> &mut Collection<Self>;
}

/// The resources of one kind.
#[derive(Debug)]
pub(crate) struct Collection<T> {
    rows: BTreeMap<u64, Box<Row<T>>>,
    /// Several resources may have the same id when clients made it up: one in each project.
    ids: BTreeSet<(Id, u64)>,
    children: BTreeSet<(u64, u64)>,
    /// Deleted rows by the time at which they are purged.
    purges: BTreeSet<(Timestamp, u64)>,
    /// Rows by the time at which they expire; deleted ones may be among them.
    expiries: BTreeSet<(Timestamp, u64)>,
    next_ordinal: u64,
    live: usize,
    /// How many resources were created by requests for that, apart from those that were created implicitly. Random values
    /// are drawn by this number, so that naming a resource changes nothing in those that are created.
    created: u64,
}

/// A resource and its deletion.
#[derive(Debug)]
struct Row<T> {
    resource: T,
    deleted_at: Option<Timestamp>,
    /// Whether a request created it, rather than only named it.
    is_requested: bool,
}

/// Which resources of a collection are visible to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visibility {
    /// The time of the request.
    pub(crate) now: Timestamp,
    /// The age of the state that the request sees.
    pub(crate) lag: Duration,
    /// Whether it sees deleted resources too.
    pub(crate) deleted: bool,
}

/// The functions of a collection that do not depend on its kind.
pub(crate) trait AnyCollection {
    /// The kind of its resources.
    fn kind(&self) -> Kind;

    /// The number of live resources that count toward limits and quotas.
    fn live(&self) -> usize;

    /// The first id of each resource that a request created and that is not deleted, oldest first.
    fn created_by_requests(&self) -> Vec<Id>;

    /// Removes the rows whose purge time has come; returns their weight in bytes.
    fn purge(&mut self, now: Timestamp) -> usize;

    /// Removes all deleted rows; returns their weight in bytes.
    fn purge_deleted(&mut self) -> usize;
}

impl<T> Default for Collection<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            ids: BTreeSet::new(),
            children: BTreeSet::new(),
            purges: BTreeSet::new(),
            expiries: BTreeSet::new(),
            next_ordinal: 0,
            live: 0,
            created: 0,
        }
    }
}

impl<T: Resource> Collection<T> {
    /// Adds a resource; its ordinal.
    pub(super) fn insert(&mut self, resource: T) -> u64 {
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        self.live += usize::from(resource.counts());
        self.ids.extend(resource.ids().into_iter().map(|id| (id, ordinal)));
        self.children.insert((resource.parent(), ordinal));
        self.expiries.extend(resource.expires_at().map(|at| (at, ordinal)));
        self.rows.insert(ordinal, Box::new(Row { resource, deleted_at: None, is_requested: false }));
        ordinal
    }

    /// How many resources were created by requests for that.
    pub(crate) fn created(&self) -> u64 {
        self.created
    }

    /// Counts the resource with this ordinal as created by a request for that.
    pub(super) fn count_created(&mut self, ordinal: u64) {
        self.created += 1;
        if let Some(row) = self.rows.get_mut(&ordinal) {
            row.is_requested = true;
        }
    }

    /// The ordinal that the next resource gets.
    pub(super) fn next_ordinal(&self) -> u64 {
        self.next_ordinal
    }

    /// The resource with this ordinal. Ordinals are handed out for resources that exist; no request can remove one in
    /// between.
    pub(crate) fn get(&self, ordinal: u64) -> &T {
        &self.rows[&ordinal].resource
    }

    /// The resource with this ordinal, to change it.
    pub(crate) fn get_mut(&mut self, ordinal: u64) -> &mut T {
        &mut self.rows.get_mut(&ordinal).expect("an ordinal is handed out for a resource that exists").resource
    }

    /// Changes a resource in a way that may move it to another parent.
    pub(super) fn change(&mut self, ordinal: u64, change: impl FnOnce(&mut T)) {
        let resource = self.get_mut(ordinal);
        let before = resource.parent();
        change(resource);
        let after = resource.parent();
        self.children.remove(&(before, ordinal));
        self.children.insert((after, ordinal));
    }

    /// Changes the ids of a resource.
    pub(super) fn rename(&mut self, ordinal: u64, change: impl FnOnce(&mut T)) {
        let resource = self.get_mut(ordinal);
        let before = resource.ids();
        change(resource);
        let after = resource.ids();
        for id in before {
            self.ids.remove(&(id, ordinal));
        }
        self.ids.extend(after.into_iter().map(|id| (id, ordinal)));
    }

    /// The ordinals of the resources that have this id, oldest first, and that are visible.
    pub(super) fn with_id(&self, id: &Id, visibility: Visibility) -> impl Iterator<Item = u64> {
        let range = (id.clone(), 0)..=(id.clone(), u64::MAX);
        let ordinals = self.ids.range(range).map(|(_, ordinal)| *ordinal);
        ordinals.filter(move |ordinal| self.is_visible(*ordinal, visibility))
    }

    /// The ordinal of the oldest resource that has this id and is not deleted.
    pub(crate) fn live_with_id(&self, id: &Id) -> Option<u64> {
        let range = (id.clone(), 0)..=(id.clone(), u64::MAX);
        let mut ordinals = self.ids.range(range).map(|(_, ordinal)| *ordinal);
        ordinals.find(|ordinal| self.rows[ordinal].deleted_at.is_none())
    }

    /// The ordinal of the oldest resource that has this id, deleted or not.
    pub(super) fn with_exact_id(&self, id: &Id) -> Option<u64> {
        self.ids.range((id.clone(), 0)..=(id.clone(), u64::MAX)).map(|(_, ordinal)| *ordinal).next()
    }

    /// The ordinals of the visible resources below a parent, newest first, from below `before` on.
    pub(super) fn newest_first(
        &self,
        parent: u64,
        before: Option<u64>,
        visibility: Visibility,
    ) -> impl Iterator<Item = u64> {
        let range = (parent, 0)..(parent, before.unwrap_or(u64::MAX));
        let ordinals = self.children.range(range).rev().map(|(_, ordinal)| *ordinal);
        ordinals.filter(move |ordinal| self.is_visible(*ordinal, visibility))
    }

    /// The ordinals of the resources below a parent that are not deleted, oldest first.
    pub(crate) fn children(&self, parent: u64) -> impl Iterator<Item = u64> {
        let ordinals = self.children.range((parent, 0)..=(parent, u64::MAX)).map(|(_, ordinal)| *ordinal);
        ordinals.filter(|ordinal| self.rows[ordinal].deleted_at.is_none())
    }

    /// The ordinals of all resources that are not deleted, oldest first.
    pub(crate) fn ordinals(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().filter(|(_, row)| row.deleted_at.is_none()).map(|(ordinal, _)| *ordinal)
    }

    /// When a resource was deleted, if it was.
    pub(crate) fn deleted_at(&self, ordinal: u64) -> Option<Timestamp> {
        self.rows[&ordinal].deleted_at
    }

    /// Marks a resource as deleted, unless it is already; its row is purged at `purge_at`.
    pub(super) fn mark_deleted(&mut self, ordinal: u64, now: Timestamp, purge_at: Timestamp) {
        let Some(row) = self.rows.get_mut(&ordinal) else { return };
        if row.deleted_at.is_none() {
            row.deleted_at = Some(now);
            self.live -= usize::from(row.resource.counts());
            self.purges.insert((purge_at, ordinal));
        }
    }

    /// The time of the next expiry up to `now` and its resource, if there is one.
    pub(super) fn take_expired(&mut self, now: Timestamp) -> Option<(Timestamp, u64)> {
        while let Some((at, ordinal)) = self.expiries.first().copied().filter(|(at, _)| *at <= now) {
            self.expiries.pop_first();
            if self.rows.get(&ordinal).is_some_and(|row| row.deleted_at.is_none()) {
                return Some((at, ordinal));
            }
        }
        None
    }

    /// Removes the deleted rows that would be purged first, until `keep` are left; returns their weight in bytes.
    pub(super) fn purge_excess(&mut self, keep: usize) -> usize {
        let mut bytes = 0;
        while self.purges.len() > keep
            && let Some((_, ordinal)) = self.purges.pop_first()
        {
            bytes += self.remove(ordinal);
        }
        bytes
    }

    /// Removes a row; its weight in bytes.
    pub(super) fn remove(&mut self, ordinal: u64) -> usize {
        let Some(row) = self.rows.remove(&ordinal) else { return 0 };
        if row.deleted_at.is_none() {
            self.live -= usize::from(row.resource.counts());
        }
        for id in row.resource.ids() {
            self.ids.remove(&(id, ordinal));
        }
        self.children.remove(&(row.resource.parent(), ordinal));
        row.resource.weight_bytes()
    }

    fn is_visible(&self, ordinal: u64, visibility: Visibility) -> bool {
        let row = &self.rows[&ordinal];
        if visibility.lag.is_zero() {
            return visibility.deleted || row.deleted_at.is_none();
        }
        let is_created = row.resource.created_at().plus(visibility.lag) <= visibility.now;
        let is_deleted = row.deleted_at.is_some_and(|deleted| deleted.plus(visibility.lag) <= visibility.now);
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

    fn created_by_requests(&self) -> Vec<Id> {
        let rows = self.rows.values().filter(|row| row.is_requested && row.deleted_at.is_none());
        rows.filter_map(|row| row.resource.ids().into_iter().next()).collect()
    }

    fn purge(&mut self, now: Timestamp) -> usize {
        let mut bytes = 0;
        while let Some((purge_at, ordinal)) = self.purges.first().copied()
            && purge_at <= now
        {
            self.purges.pop_first();
            bytes += self.remove(ordinal);
        }
        bytes
    }

    fn purge_deleted(&mut self) -> usize {
        self.purge_excess(0)
    }
}
