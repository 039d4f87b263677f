//! The store as one request sees and changes it: its project, its time, and the faults on state that it meets. Every
//! handler finds, lists, creates and deletes resources here, whatever their kind.

use std::sync::Arc;

use uuid::Uuid;

use super::collection::{AnyCollection as _, Collection, Visibility};
use super::collections::Collections;
use super::effects::Effects;
use super::paging::{Cursor, Page, PageRequest, cut};
use super::state_faults::{AppliedFaults, PageFault, StateFault, StateFaults};
use super::sync::Script;
use super::{Id, Key, Kind, Meta, Prefix, Project, Resource, Store, StoreError};
use crate::clock::Timestamp;
use crate::config::Fidelity;
use crate::search::ChunkCounts;

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
    created: Option<Id>,
    deleted: Vec<Id>,
    chunk_counts: Option<Box<ChunkCounts>>,
    /// Whether what belongs to a deleted resource is being deleted.
    is_cascading: bool,
}

impl<'a> Scope<'a> {
    /// The scope of a request that names `project`, or none, and meets `faults`.
    pub(crate) fn new(store: &'a mut Store, now: Timestamp, project: Option<Uuid>, faults: StateFaults) -> Self {
        let applied = AppliedFaults::default();
        let deleted = std::mem::take(&mut store.expired);
        let mut scope = Self {
            store,
            now,
            project,
            subject: None,
            faults,
            applied,
            events: Vec::new(),
            created: None,
            deleted,
            chunk_counts: None,
            is_cascading: false,
        };
        Collections::expire(&mut scope);
        scope.store.purge(now);
        scope
    }

    /// The scope of a request about a resource of this kind. Others, such as its directory, do not vanish.
    pub(crate) fn about(mut self, kind: Kind) -> Self {
        self.subject = Some(kind);
        self
    }

    /// The effects of the request beside its response.
    pub(crate) fn into_effects(self) -> Effects {
        let Self { applied, events, created, deleted, chunk_counts, .. } = self;
        Effects { applied, events, created, deleted, chunk_counts }
    }

    /// The project that the request names, else the default one. It is created if need be.
    pub(crate) fn project_for_write(&mut self) -> Result<Key<Project>, StoreError> {
        match (self.project, self.existing_project()) {
            (_, Some(project)) => Ok(project),
            (Some(uuid), None) => Project::create_implicit(self, &uuid.hyphenated().to_string(), None),
            (None, None) => Ok(Project::DEFAULT),
        }
    }

    /// The project whose resources a list shows: the one that the request names, else the default one. `None` if
    /// nothing was created in it.
    pub(crate) fn existing_project(&self) -> Option<Key<Project>> {
        match self.project {
            None => Some(Project::DEFAULT),
            Some(uuid) => self.store.collection().all_with_id(&Id::Minted(Prefix::NONE, uuid)).min(),
        }
    }

    /// Whether the request sees resources of `project`: ids are found across projects if it names none.
    fn sees_project(&self, project: Key<Project>) -> bool {
        self.project.is_none_or(|uuid| *self.store.project_id(project) == Id::Minted(Prefix::NONE, uuid))
    }

    /// The resource that `id` names: one that the request can see, or in contract mode one that is created for it.
    pub(crate) fn resolve<T: Resource>(&mut self, id: &str) -> Result<Key<T>, StoreError> {
        self.resolve_in(id, None)
    }

    /// The resource that `id` names, as in [`Scope::resolve`]; below `parent` if that is given.
    pub(crate) fn resolve_in<T: Resource>(
        &mut self,
        id: &str,
        parent: Option<Key<T::Parent>>,
    ) -> Result<Key<T>, StoreError> {
        let is_below = |resource: &T| parent.is_none_or(|parent| resource.parent() == parent);
        let found = self.find::<T>(id).filter(|key| is_below(self.store.get(*key)));
        if let Some(key) = found.filter(|_| self.faults.vanish && self.subject.is_none_or(|kind| kind == T::KIND)) {
            self.applied.add(StateFault::Vanish);
            self.delete(key);
            return Err(StoreError::NotFound(T::KIND));
        }
        let key = match found {
            Some(key) => key,
            None if self.store.policy.fidelity == Fidelity::Contract => T::create_implicit(self, id, parent)?,
            None => return Err(StoreError::NotFound(T::KIND)),
        };
        self.store.get_mut(key).advance_to(self.now);
        Ok(key)
    }

    /// The resource that `id` names, if there is one that the request can see.
    pub(crate) fn find<T: Resource>(&mut self, id: &str) -> Option<Key<T>> {
        let id = Id::parse(id);
        let is_meant = |scope: &Self, resource: &T| {
            resource.is_named_by(&id, &scope.store.policy) && scope.sees_project(resource.meta().project)
        };
        self.look(false, |scope, visibility| {
            let collection = scope.store.collection::<T>();
            let named = collection.with_id(&id, visibility);
            named.filter(|key| is_meant(scope, collection.get(*key))).min()
        })
    }

    /// The resources that `look` finds. If the request lags and would find others without that, the lag is applied.
    fn look<T: Resource, C>(&mut self, deleted: bool, look: impl Fn(&Self, Visibility) -> C) -> C
    where
        C: IntoIterator<Item = Key<T>> + Clone,
    {
        let visibility = Visibility { now: self.now, lag: self.faults.lag, deleted };
        let found = look(self, visibility);
        if visibility.lag.is_some() {
            let current = look(self, Visibility { lag: None, ..visibility });
            let [found, current] = [found.clone(), current].map(|keys| keys.into_iter().collect::<Vec<_>>());
            let missing = self.store.collection::<T>().missing_write(&found, &current);
            if let Some(write) = missing {
                self.applied.add_lag(write);
            }
        }
        found
    }

    /// The resource that [`Scope::find`] finds; it is created if there is none.
    pub(super) fn find_or_create<T: Resource>(&mut self, id: &str) -> Result<Key<T>, StoreError> {
        self.find(id).map_or_else(|| T::create_implicit(self, id, None), Ok)
    }

    /// The resources that the request finds by their ids, brought up to the present: newest first, of the project that
    /// it names or of all.
    pub(crate) fn reachable<T: Resource<Parent = Project>>(&mut self) -> Vec<Key<T>> {
        let projects =
            self.project.map_or_else(|| self.store.keys(), |_| self.existing_project().into_iter().collect());
        let mut keys: Vec<Key<T>> = projects.into_iter().flat_map(|project| self.visible(Some(project))).collect();
        keys.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
        for key in &keys {
            self.store.get_mut(*key).advance_to(self.now);
        }
        keys
    }

    /// The resources below `parent` that the request sees, newest first.
    pub(crate) fn visible<T: Resource>(&mut self, parent: Option<Key<T::Parent>>) -> Vec<Key<T>> {
        self.look(false, |scope, visibility| -> Vec<Key<T>> {
            let collection = scope.store.collection::<T>();
            parent.into_iter().flat_map(|parent| collection.newest_first(parent, None, visibility)).collect()
        })
    }

    /// A page of the resources below `parent` that `filter` accepts, newest first. Deleted ones are on it if `deleted`.
    pub(crate) fn page<T: Resource>(
        &mut self,
        parent: Option<Key<T::Parent>>,
        request: PageRequest<'_>,
        deleted: bool,
        filter: impl Fn(&T) -> bool,
    ) -> Result<Page<Key<T>>, StoreError> {
        let before = self.open_page(request)?;
        let before_key = before.as_ref().map(|cursor| Key::new(cursor.number()));
        let rows: Vec<_> = self.look(deleted, |scope, visibility| {
            let collection = scope.store.collection::<T>();
            let rows = parent.into_iter().flat_map(|parent| collection.newest_first(parent, before_key, visibility));
            // One more than the page has shows whether another page follows.
            rows.filter(|key| filter(collection.get(*key))).take(request.size + 1).collect()
        });
        let (keys, last) = cut(rows.into_iter(), request.size);
        for key in &keys {
            self.store.get_mut(*key).advance_to(self.now);
        }
        Ok(self.close_page(request.list, keys, before, last.map(Cursor::from)))
    }

    /// A page of the resources below `parent` that `filter` accepts, in the order of their places.
    pub(crate) fn page_sorted<T: Resource>(
        &mut self,
        parent: Option<Key<T::Parent>>,
        request: PageRequest<'_>,
        filter: impl Fn(&T) -> bool,
        place: impl Fn(Key<T>, &T) -> Cursor,
    ) -> Result<Page<Key<T>>, StoreError> {
        let before = self.open_page(request)?;
        let cursor = |collection: &Collection<T>, key: Key<T>| place(key, collection.get(key));
        let rows: Vec<_> = self.look(false, |scope, visibility| {
            let collection = scope.store.collection::<T>();
            let keys = parent.into_iter().flat_map(|parent| collection.newest_first(parent, None, visibility));
            let accepted = keys.filter(|key| filter(collection.get(*key)));
            let items = accepted.map(|key| (cursor(collection, key), key));
            let mut rest: Vec<_> =
                items.filter(|(cursor, _)| before.as_ref().is_none_or(|before| cursor > before)).collect();
            rest.sort_unstable();
            rest.into_iter().map(|(_, key)| key).take(request.size + 1).collect()
        });
        let (keys, last) = cut(rows.into_iter(), request.size);
        let last = last.map(|key| cursor(self.store.collection(), key));
        Ok(self.close_page(request.list, keys, before, last))
    }

    /// A page of `items`, which stand in the order of their cursors.
    pub(crate) fn page_of<T: Clone>(
        &mut self,
        request: PageRequest<'_>,
        items: impl Iterator<Item = (Cursor, T)>,
    ) -> Result<Page<T>, StoreError> {
        let before = self.open_page(request)?;
        let rest = items.filter(|(cursor, _)| before.as_ref().is_none_or(|before| cursor > before));
        let (items, last) = cut(rest, request.size);
        let items = items.into_iter().map(|(_, item)| item).collect();
        Ok(self.close_page(request.list, items, before, last.map(|(cursor, _)| cursor)))
    }

    /// The cursor after which the page of a request begins; `None` for the first page.
    pub(crate) fn open_page(&mut self, request: PageRequest<'_>) -> Result<Option<Cursor>, StoreError> {
        let Some(token) = request.token else { return Ok(None) };
        let opened = Cursor::open(&self.store.seed, request.list, token);
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

    /// The page with these items and the cursor of the next one, changed by the page fault that the request meets, if
    /// it fits.
    pub(crate) fn close_page<T>(
        &mut self,
        list: &str,
        items: Vec<T>,
        before: Option<Cursor>,
        next: Option<Cursor>,
    ) -> Page<T> {
        let (items, next) = match (self.faults.page, before, next) {
            (Some(PageFault::RepeatToken), Some(before), _) => {
                self.applied.add(StateFault::Page);
                (items, Some(before))
            }
            (Some(PageFault::EmptyMiddle), _, Some(next)) => {
                self.applied.add(StateFault::Page);
                (Vec::new(), Some(next))
            }
            (_, _, next) => (items, next),
        };
        Page { items, next_token: next.map(|cursor| cursor.seal(&self.store.seed, list)) }
    }

    /// Refuses a create that meets a quota which is used up.
    pub(crate) fn check_quota<T: Resource>(&mut self) -> Result<(), StoreError> {
        let live = self.store.collection::<T>().live();
        match self.faults.quota.filter(|limit| live >= *limit) {
            None => Ok(()),
            Some(limit) => {
                self.applied.add(StateFault::Quota);
                Err(StoreError::QuotaExceeded { kind: T::KIND, limit })
            }
        }
    }

    /// Adds a resource if the limits allow it; its key.
    pub(crate) fn insert<T: Resource>(&mut self, resource: T) -> Result<Key<T>, StoreError> {
        self.store.insert(resource)
    }

    /// The values of [`Meta`] for a resource with this id, created now in the project of the request.
    pub(crate) fn new_meta(&mut self, id: Id) -> Result<Meta, StoreError> {
        Ok(Meta { id, project: self.project_for_write()?, created_at: self.now })
    }

    /// Counts a resource as created by a request for that.
    pub(crate) fn count_created<T: Resource>(&mut self, key: Key<T>) {
        self.store.collection_mut().count_created(key);
        self.created = Some(self.store.get(key).meta().id.clone());
    }

    /// The key that the next resource of a type gets, for [`Scope::undo_from`].
    pub(crate) fn next_key<T: Resource>(&self) -> Key<T> {
        self.store.collection().next_key()
    }

    /// Removes the resources that a refused request created on its way: those from `first` on.
    pub(crate) fn undo_from<T: Resource>(&mut self, first: Key<T>) {
        let keys: Vec<Key<T>> = self.store.collection().keys_from(first).collect();
        for key in keys {
            self.store.remove(key);
        }
    }

    /// Deletes a resource and those that belong to it.
    pub(crate) fn delete<T: Resource>(&mut self, key: Key<T>) {
        let is_owned = std::mem::replace(&mut self.is_cascading, true);
        T::delete_owned(self, key);
        self.is_cascading = is_owned;
        if !is_owned {
            self.deleted.push(self.store.get(key).meta().id.clone());
        }
        self.store.delete(key, self.now);
    }

    /// The first id that the random streams of `purpose` give and that no resource of the type has. Equal contents get
    /// different ids in this way, and the order of arrival does not matter.
    pub(super) fn unused_id<T: Resource>(&self, purpose: &str) -> Id {
        let streams = self.store.seed.streams(purpose);
        let mint = |repeat| Id::mint(T::KIND.id_prefix, &mut streams.stream(repeat));
        let is_used = |repeat| self.store.collection::<T>().all_with_id(&mint(repeat)).next().is_some();
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

    /// Deletes the resources of a type whose time is over, as of that time.
    pub(super) fn expire<T: Resource>(&mut self) {
        while let Some((at, key)) = self.store.collection_mut::<T>().pop_expired(self.now) {
            let now = std::mem::replace(&mut self.now, at);
            self.delete(key);
            self.now = now;
        }
    }

    /// The script of a sync that the request starts, if a fault sets one.
    pub(crate) fn take_script(&mut self) -> Option<Arc<Script>> {
        let script = self.faults.script.take()?;
        self.applied.add(StateFault::Script);
        Some(script)
    }

    /// The text of the answer to a message, if a fault sets one.
    pub(crate) fn take_reply(&mut self) -> Option<Arc<str>> {
        let reply = self.faults.reply.take()?;
        self.applied.add(StateFault::Reply);
        Some(reply)
    }

    /// Notes what a search left out.
    pub(crate) fn note_chunks(&mut self, counts: ChunkCounts) {
        self.chunk_counts = Some(Box::new(counts));
    }

    /// Notes times at which something will happen, for clocks that jump from event to event.
    pub(crate) fn expect(&mut self, times: Vec<Timestamp>) {
        self.events.extend(times);
    }
}
