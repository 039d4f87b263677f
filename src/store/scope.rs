//! The store as one request sees and changes it: its project, its time, and the faults on state that it meets. Every
//! handler finds, lists, creates and deletes resources here, whatever their kind.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::collection::Visibility;
use super::cursor::{Cursor, Page, PageRequest};
use super::state_faults::{AppliedFaults, PageFault, StateFault, StateFaults};
use super::sync::Script;
use super::{Directory, Id, IndexContent, IndexedFile, Kind, Resource, Store, StoreError};
use crate::clock::Timestamp;
use crate::config::Fidelity;

/// The store as one request sees it.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// The resources of the tenant.
    pub(crate) store: &'a mut Store,
    /// The time of the request.
    pub(crate) now: Timestamp,
    project: Option<Uuid>,
    /// The kind of the resource that the request is about; a resource of another kind does not vanish.
    subject: Option<Kind>,
    faults: StateFaults,
    applied: AppliedFaults,
    events: Vec<Timestamp>,
}

/// What a request did beside its response.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// The faults on state that were applied.
    pub(crate) applied: AppliedFaults,
    /// The times at which something will happen because of the request, for clocks that jump from event to event.
    pub(crate) events: Vec<Timestamp>,
}

impl Effects {
    /// Adds what a later stage of the same request did.
    pub(crate) fn merge(&mut self, later: Self) {
        self.applied.merge(later.applied);
        self.events.extend(later.events);
    }
}

impl<'a> Scope<'a> {
    /// The scope of a request that names `project`, or none, and meets `faults`.
    pub(crate) fn new(store: &'a mut Store, now: Timestamp, project: Option<Uuid>, faults: StateFaults) -> Self {
        let applied = AppliedFaults::default();
        let mut scope = Self { store, now, project, subject: None, faults, applied, events: Vec::new() };
        scope.expire();
        scope.store.purge(now);
        scope
    }

    /// The same scope of a request that is about a resource of this kind: its directory, say, is only the way to it.
    pub(crate) fn about(mut self, kind: Kind) -> Self {
        self.subject = Some(kind);
        self
    }

    /// What the request did beside its response.
    pub(crate) fn into_effects(self) -> Effects {
        Effects { applied: self.applied, events: self.events }
    }

    /// The project that the request names.
    pub(super) fn named_project(&self) -> Option<Uuid> {
        self.project
    }

    /// The resource that `id` names: one that the request can see, or in contract mode one that is created for it.
    pub(crate) fn resolve<T: Resource>(&mut self, id: &str) -> Result<u64, StoreError> {
        self.resolve_in::<T>(id, None)
    }

    /// The same, and it is below `parent` if that is given.
    pub(crate) fn resolve_in<T: Resource>(&mut self, id: &str, parent: Option<u64>) -> Result<u64, StoreError> {
        let is_below = |resource: &T| parent.is_none_or(|parent| resource.parent() == parent);
        let found = self.find::<T>(id).filter(|ordinal| is_below(self.store.get(*ordinal)));
        if let Some(ordinal) = found.filter(|_| self.faults.vanish && self.subject.is_none_or(|kind| kind == T::KIND)) {
            self.applied.add(StateFault::Vanish);
            self.delete::<T>(ordinal);
            return Err(StoreError::NotFound(T::KIND));
        }
        let ordinal = match found {
            Some(ordinal) => ordinal,
            None if self.store.policy.fidelity == Fidelity::Contract => T::create_implicit(self, id, parent)?,
            None => return Err(StoreError::NotFound(T::KIND)),
        };
        self.store.get_mut::<T>(ordinal).advance_to(self.now);
        Ok(ordinal)
    }

    /// The resource that `id` names, if there is one that the request can see.
    pub(crate) fn find<T: Resource>(&mut self, id: &str) -> Option<u64> {
        let visibility = self.visibility(false);
        let id = Id::parse(id);
        let collection = T::collection(self.store);
        collection.with_id(&id, visibility).find(|ordinal| {
            let resource = collection.get(*ordinal);
            resource.is_named_by(&id, self.store) && self.sees_project(resource.project())
        })
    }

    /// A page of the resources below `parent` that `filter` accepts, newest first. Deleted ones are on it if `deleted`.
    pub(crate) fn page<T: Resource>(
        &mut self,
        parent: Option<u64>,
        request: PageRequest<'_>,
        deleted: bool,
        filter: impl Fn(&T) -> bool,
    ) -> Result<Page, StoreError> {
        let before = self.open_page(request)?;
        let visibility = self.visibility(deleted);
        let collection = T::collection(self.store);
        let rows = parent.into_iter().flat_map(|parent| {
            collection.newest_first(parent, before.as_ref().map(|cursor| cursor.ordinal), visibility)
        });
        let mut ordinals: Vec<u64> =
            rows.filter(|ordinal| filter(collection.get(*ordinal))).take(request.size + 1).collect();
        let more = ordinals.len() > request.size;
        ordinals.truncate(request.size);
        let next = ordinals.last().filter(|_| more).map(|last| Cursor::from(*last));
        for ordinal in &ordinals {
            self.store.get_mut::<T>(*ordinal).advance_to(self.now);
        }
        Ok(self.close_page(request.list, ordinals, before, next))
    }

    /// A page of the resources below `parent` that `filter` accepts, in the order of a text, then oldest first.
    pub(crate) fn page_sorted<T: Resource>(
        &mut self,
        parent: Option<u64>,
        request: PageRequest<'_>,
        filter: impl Fn(&T) -> bool,
        text: impl Fn(&T) -> Box<str>,
    ) -> Result<Page, StoreError> {
        let before = self.open_page(request)?;
        let visibility = self.visibility(false);
        let collection = T::collection(self.store);
        let ordinals = parent.into_iter().flat_map(|parent| collection.newest_first(parent, None, visibility));
        let accepted = ordinals.filter(|ordinal| filter(collection.get(*ordinal)));
        let cursors = accepted.map(|ordinal| Cursor { text: text(collection.get(ordinal)), ordinal });
        let mut cursors: Vec<Cursor> =
            cursors.filter(|cursor| before.as_ref().is_none_or(|before| cursor > before)).collect();
        cursors.sort_unstable();
        let more = cursors.len() > request.size;
        cursors.truncate(request.size);
        let ordinals = cursors.iter().map(|cursor| cursor.ordinal).collect();
        let next = cursors.pop().filter(|_| more);
        Ok(self.close_page(request.list, ordinals, before, next))
    }

    /// A page of `positions`, which ascend.
    pub(crate) fn page_of(
        &mut self,
        request: PageRequest<'_>,
        positions: impl Iterator<Item = u64>,
    ) -> Result<Page, StoreError> {
        let before = self.open_page(request)?;
        let after = before.as_ref().map(|cursor| cursor.ordinal);
        let rest = positions.filter(|position| after.is_none_or(|after| *position > after));
        let mut positions: Vec<u64> = rest.take(request.size + 1).collect();
        let more = positions.len() > request.size;
        positions.truncate(request.size);
        let next = positions.last().filter(|_| more).map(|last| Cursor::from(*last));
        Ok(self.close_page(request.list, positions, before, next))
    }

    /// A page of the files of an index that `filter` accepts, in the order of their names: their places in the content.
    pub(crate) fn page_of_content(
        &mut self,
        content: Option<&IndexContent>,
        request: PageRequest<'_>,
        filter: impl Fn(&IndexedFile) -> bool,
    ) -> Result<Page, StoreError> {
        let before = self.open_page(request)?;
        let files = content.map_or(&[][..], |content| &content.files);
        let is_after = |file: &IndexedFile| before.as_ref().is_none_or(|before| file.sort_key() > before.text);
        let rest = files.iter().zip(0..).filter(|(file, _)| filter(file) && is_after(file));
        let mut found: Vec<(&IndexedFile, u64)> = rest.take(request.size + 1).collect();
        let more = found.len() > request.size;
        found.truncate(request.size);
        let next = found.last().filter(|_| more).map(|(last, _)| Cursor { text: last.sort_key(), ordinal: 0 });
        let places = found.iter().map(|(_, place)| *place).collect();
        Ok(self.close_page(request.list, places, before, next))
    }

    /// The cursor after which the page of a request begins; `None` for the first page.
    pub(crate) fn open_page(&mut self, request: PageRequest<'_>) -> Result<Option<Cursor>, StoreError> {
        let Some(token) = request.token else { return Ok(None) };
        let opened = self.store.open_page_token(request.list, token);
        if opened.is_some() && self.faults.page == Some(PageFault::ExpiredToken) {
            self.applied.add(StateFault::Page);
            return Err(StoreError::InvalidCursor);
        }
        match opened {
            None if self.store.policy.fidelity == Fidelity::Contract => Ok(None),
            None => Err(StoreError::InvalidCursor),
            opened => Ok(opened),
        }
    }

    /// The page with these resources and the cursor of the next one, changed by the page fault that the request meets, if
    /// it fits.
    pub(crate) fn close_page(
        &mut self,
        list: &str,
        ordinals: Vec<u64>,
        before: Option<Cursor>,
        next: Option<Cursor>,
    ) -> Page {
        let (ordinals, next) = match (self.faults.page, before, next) {
            (Some(PageFault::RepeatToken), Some(before), _) => {
                self.applied.add(StateFault::Page);
                (ordinals, Some(before))
            }
            (Some(PageFault::EmptyMiddle), _, Some(next)) => {
                self.applied.add(StateFault::Page);
                (Vec::new(), Some(next))
            }
            (_, _, next) => (ordinals, next),
        };
        Page { ordinals, next_token: next.map(|cursor| self.store.page_token(list, &cursor)) }
    }

    /// Refuses a create that meets a quota which is used up.
    pub(crate) fn check_quota<T: Resource>(&mut self) -> Result<(), StoreError> {
        let live = self.store.live(T::KIND);
        match self.faults.quota.filter(|quota| live >= quota.limit) {
            None => Ok(()),
            Some(quota) => {
                self.applied.add(StateFault::Quota);
                Err(StoreError::QuotaExceeded { kind: T::KIND, quota })
            }
        }
    }

    /// Adds a resource if the limits allow it; its ordinal.
    pub(crate) fn insert<T: Resource>(&mut self, resource: T) -> Result<u64, StoreError> {
        let ordinal = self.store.insert(resource)?;
        self.expect_visible();
        Ok(ordinal)
    }

    /// How many resources of a kind were created by requests for that: the ordinal of the random stream of the next one.
    pub(crate) fn created<T: Resource>(&self) -> u64 {
        T::collection(self.store).created()
    }

    /// Counts the resource with this ordinal as created by a request for that.
    pub(crate) fn count_created<T: Resource>(&mut self, ordinal: u64) {
        T::collection_mut(self.store).count_created(ordinal);
    }

    /// The ordinal that the next resource of a kind gets, for [`Scope::undo_from`].
    pub(crate) fn next_ordinal<T: Resource>(&self) -> u64 {
        T::collection(self.store).next_ordinal()
    }

    /// Removes the resources of a kind that a refused request created on its way: those from `ordinal` on.
    pub(crate) fn undo_from<T: Resource>(&mut self, ordinal: u64) {
        for ordinal in ordinal..self.next_ordinal::<T>() {
            self.store.remove::<T>(ordinal);
        }
    }

    /// Deletes a resource and those that belong to it.
    pub(crate) fn delete<T: Resource>(&mut self, ordinal: u64) {
        T::delete_owned(self, ordinal);
        self.store.delete::<T>(ordinal, self.now);
        self.expect_visible();
    }

    /// Changes a resource in a way that may move it to another parent.
    pub(crate) fn change<T: Resource>(&mut self, ordinal: u64, change: impl FnOnce(&mut T)) {
        let before = self.store.get::<T>(ordinal).weight_bytes();
        T::collection_mut(self.store).change(ordinal, change);
        let after = self.store.get::<T>(ordinal).weight_bytes();
        self.store.reweigh(before, after);
    }

    /// Changes the ids of a resource.
    pub(super) fn rename<T: Resource>(&mut self, ordinal: u64, change: impl FnOnce(&mut T)) {
        T::collection_mut(self.store).rename(ordinal, change);
    }

    /// The first id that `mint` gives for a repeat number from 0 on and that no resource of the kind has. Equal contents
    /// get different ids in this way, in whatever order they arrive.
    pub(crate) fn unused_id<T: Resource>(&self, mint: impl Fn(u64) -> Id) -> Id {
        let is_used = |repeat| T::collection(self.store).with_exact_id(&mint(repeat)).is_some();
        // The used numbers are contiguous but for deleted resources: doubling, then halving, finds the end of them.
        let (mut used, mut free) = (0, 0);
        while is_used(free) {
            used = free;
            free = free * 2 + 1;
        }
        while free > used + 1 {
            let middle = used + (free - used) / 2;
            if is_used(middle) { used = middle } else { free = middle }
        }
        mint(free)
    }

    /// Deletes the resources whose time is over, as of that time.
    fn expire(&mut self) {
        while let Some((at, ordinal)) = self.store.directories.take_expired(self.now) {
            let now = std::mem::replace(&mut self.now, at);
            self.delete::<Directory>(ordinal);
            self.now = now;
        }
    }

    /// The script of a sync that the request starts, if a fault sets one.
    pub(crate) fn take_script(&mut self) -> Option<Arc<Script>> {
        let script = self.faults.script.take()?;
        self.applied.add(StateFault::Script);
        Some(script)
    }

    /// Notes times at which something will happen, for clocks that jump from event to event.
    pub(crate) fn expect(&mut self, times: Vec<Timestamp>) {
        self.events.extend(times);
    }

    /// Notes when lagging reads will see what was written now.
    fn expect_visible(&mut self) {
        let retention = self.store.tombstone_retention;
        if !retention.is_zero() {
            self.events.push(self.now.plus(retention));
        }
    }

    /// How the request sees a collection. A lag is planned for reads only.
    fn visibility(&mut self, deleted: bool) -> Visibility {
        if self.faults.lag.is_some() {
            self.applied.add(StateFault::Lag);
        }
        Visibility { now: self.now, lag: self.faults.lag.unwrap_or(Duration::ZERO), deleted }
    }
}

impl Store {
    /// Deletes and removes what a request at `now` would no longer find.
    pub(crate) fn advance_to(&mut self, now: Timestamp) {
        Scope::new(self, now, None, StateFaults::default());
    }
}
