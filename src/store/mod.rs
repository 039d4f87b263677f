//! A tenant's resources: collections of each type, and the rules by which one request sees and changes them. It knows
//! neither HTTP nor fault rules.

mod blob;
mod budget;
mod chat_session;
mod collection;
mod collections;
mod configuration;
mod described;
mod directory;
mod directory_file;
mod effects;
mod error;
mod field_reader;
mod file;
mod id;
mod id_table;
mod index;
mod index_content;
mod key;
mod key_tables;
mod paging;
mod policy;
mod project;
mod resource;
mod saved;
mod scope;
pub(crate) mod state_faults;
pub(crate) mod sync;
#[cfg(test)]
mod tests;

pub(crate) use blob::{Blob, BlobSource, Reading};
pub(crate) use budget::{StateBudget, TenantBudget};
pub(crate) use chat_session::{ChatSession, ChatTurn, DEFAULT_ACCESS, NewTurn, Usage};
pub(crate) use collection::Collection;
pub(crate) use collections::resources;
pub(crate) use configuration::{Configuration, ConfigurationSettings, ConfigurationVersion};
pub(crate) use described::Descriptions;
pub(crate) use directory::{Directory, DirectoryKind};
pub(crate) use directory_file::{DirectoryFile, NewDirectoryFile};
pub(crate) use effects::Effects;
pub(crate) use error::StoreError;
pub(crate) use field_reader::FieldReader;
pub(crate) use file::{DescribedFile, File, NewFile};
pub(crate) use id::{Id, Prefix};
pub(crate) use index::{ContractWord, Index, IndexOptions, NewIndex, Product};
pub(crate) use index_content::{FailedFile, IndexContent, IndexedFile};
pub(crate) use key::Key;
pub(crate) use paging::{Cursor, Page, PageRequest};
pub(crate) use policy::Policy;
pub(crate) use project::Project;
pub(crate) use resource::{Kind, Meta, Resource};
pub(crate) use saved::{ContentReader, SavedObject, SavedTenant, TenantSource, save_tenant};
pub(crate) use scope::Scope;

use std::sync::Arc;
use std::time::Duration;

use budget::Allocation;
use chat_session::DescribedSession;
use collection::AnyCollection;
use collections::Collections;
use configuration::DescribedConfiguration;
use directory::DescribedDirectory;
use index::DescribedIndex;
use project::DescribedProject;
use saved::RowState;
use state_faults::StateFaults;

use crate::clock::Timestamp;
use crate::seed::{RandomStream, Seed};

/// The most deleted resources of a kind that are kept; the oldest are removed first.
const MAX_DELETED: usize = 10_000;

/// The resources of a tenant.
#[derive(Debug)]
pub(crate) struct Store {
    /// The settings that its resources follow.
    pub(crate) policy: Arc<Policy>,
    /// Where its random values come from.
    pub(crate) seed: Seed,
    /// The bytes that its resources and their contents take.
    pub(crate) budget: Arc<TenantBudget>,
    all: Collections,
    /// The bytes of the resources without their contents.
    allocation: Allocation,
    /// How long a deleted resource may still be visible to lagging reads.
    tombstone_retention: Duration,
    /// Whether a world created resources, with ids that a random stream could give again.
    has_world: bool,
    /// The ids of the resources that expired since the last request. They are effects of the next one, even if somebody
    /// looks between.
    expired: Vec<Id>,
}

impl Store {
    /// An empty store with a default project.
    pub(crate) fn new(policy: Arc<Policy>, seed: Seed, budget: Arc<StateBudget>) -> Self {
        Self::with_budget(policy, seed, TenantBudget::new(budget))
    }

    fn with_budget(policy: Arc<Policy>, seed: Seed, budget: Arc<TenantBudget>) -> Self {
        let mut store = Self { has_world: false, ..Self::without_resources(policy, seed, budget) };
        let project = Project::default_of(&store.seed);
        store.collection_mut().insert(project);
        store
    }

    /// A store without any resource, not even a project, for a copy of another one.
    fn without_resources(policy: Arc<Policy>, seed: Seed, budget: Arc<TenantBudget>) -> Self {
        let (all, allocation) = (Collections::default(), Allocation::new(&budget));
        let (tombstone_retention, has_world, expired) = (Duration::ZERO, true, Vec::new());
        Self { policy, seed, budget, all, allocation, tombstone_retention, has_world, expired }
    }

    /// Takes the resources of a saved tenant. An error is to stand behind its place.
    pub(crate) fn become_copy(&mut self, saved: &TenantSource) -> Result<(), String> {
        let retention = self.tombstone_retention;
        let copy = saved.restore(Arc::clone(&self.policy), self.seed.clone(), Arc::clone(&self.budget))?;
        *self = Self { tombstone_retention: retention, ..copy };
        Ok(())
    }

    /// Removes everything, so that equal requests create equal resources again.
    pub(crate) fn reset(&mut self) {
        let retention = self.tombstone_retention;
        *self = Self::with_budget(Arc::clone(&self.policy), self.seed.clone(), Arc::clone(&self.budget));
        self.tombstone_retention = retention;
    }

    /// Deletes and removes what a request at `now` would no longer find.
    pub(crate) fn advance_to(&mut self, now: Timestamp) {
        let effects = Scope::new(self, now, None, StateFaults::default()).into_effects();
        self.expired = effects.deleted;
    }

    /// Brings every resource up to `now`, as requests do that read them.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        self.advance_to(now);
        for key in self.keys::<Index>() {
            self.get_mut(key).advance_to(now);
        }
    }

    /// Keeps resources that are deleted from now on for `retention`, for reads that lag.
    pub(crate) fn set_tombstone_retention(&mut self, retention: Duration) {
        self.tombstone_retention = retention;
    }

    /// The bytes that its resources and their contents take of the budget of all tenants.
    pub(crate) fn used_bytes(&self) -> usize {
        self.budget.used_bytes()
    }

    /// The random stream of the next resource of this type that a request creates.
    pub(crate) fn next_stream<T: Resource>(&mut self) -> RandomStream {
        T::collection_mut(&mut self.all).next_stream(&self.seed)
    }

    /// The id of the next resource of this type that a request creates.
    pub(crate) fn next_id<T: Resource>(&mut self) -> Id {
        let mut stream = self.next_stream::<T>();
        self.mint_unused(T::KIND.id_prefix, &mut stream)
    }

    /// The next id of a random stream; the next that no resource has, if a world gave ids: it can give one of the
    /// stream. Without a world nothing is looked up, which would be 2 % of a create.
    fn mint_unused(&self, prefix: Prefix, stream: &mut RandomStream) -> Id {
        loop {
            let id = Id::mint(prefix, stream);
            if !self.has_world || !self.all.iter().any(|collection| collection.has_id(&id)) {
                return id;
            }
        }
    }

    /// How many live resources of a kind count toward quotas; 0 for a kind that is not stored.
    pub(crate) fn live(&self, kind: Kind) -> usize {
        self.all.iter().find(|collection| collection.kind() == kind).map_or(0, AnyCollection::live)
    }

    /// The kind and the id of each resource that a request created and that is not deleted.
    pub(crate) fn created_by_requests(&self) -> Vec<(Kind, Id)> {
        let of = |collection: &dyn AnyCollection| {
            let kind = collection.kind();
            collection.created_by_requests().into_iter().map(move |id| (kind, id)).collect::<Vec<_>>()
        };
        self.all.iter().flat_map(of).collect()
    }

    /// The resources of a type.
    #[inline]
    pub(crate) fn collection<T: Resource>(&self) -> &Collection<T> {
        T::collection(&self.all)
    }

    #[inline]
    fn collection_mut<T: Resource>(&mut self) -> &mut Collection<T> {
        T::collection_mut(&mut self.all)
    }

    /// The resource with this key.
    #[inline]
    pub(crate) fn get<T: Resource>(&self, key: Key<T>) -> &T {
        self.collection().get(key)
    }

    /// The resource with this key, to change it in a way that changes neither its size nor its parent.
    #[inline]
    pub(crate) fn get_mut<T: Resource>(&mut self, key: Key<T>) -> &mut T {
        self.collection_mut().get_mut(key)
    }

    /// All resources of a type that are not deleted, oldest first.
    pub(crate) fn keys<T: Resource>(&self) -> Vec<Key<T>> {
        self.collection().keys().collect()
    }

    /// The id of a project.
    #[inline]
    pub(crate) fn project_id(&self, project: Key<Project>) -> &Id {
        &self.get(project).meta().id
    }

    /// Removes the rows whose purge time has come.
    fn purge(&mut self, now: Timestamp) {
        let bytes = self.all.iter_mut().map(|collection| collection.purge(now)).sum();
        self.allocation.shrink(bytes);
    }

    /// Adds a resource if the limits allow it; its key.
    fn insert<T: Resource>(&mut self, resource: T) -> Result<Key<T>, StoreError> {
        self.admit(&resource, resource.counts())?;
        Ok(self.collection_mut().insert(resource))
    }

    /// Adds a resource at its place in a collection, if the limits allow it.
    fn insert_row<T: Resource>(&mut self, state: &RowState, resource: T) -> Result<(), String> {
        let key = state.key.typed();
        if self.collection::<T>().contains(key) {
            return Err(format!(".row.key: {}: is given twice", key.ordinal()));
        }
        let counts = state.deletion.is_none() && resource.counts();
        self.admit(&resource, counts).map_err(|error| format!(".row: {error}"))?;
        self.collection_mut().insert_row(state, resource);
        Ok(())
    }

    /// Counts the weight of a resource, and refuses one over the limit if it counts toward that.
    fn admit<T: Resource>(&mut self, resource: &T, counts: bool) -> Result<(), StoreError> {
        let limit = self.policy.max_items;
        if counts && self.collection::<T>().live() >= limit {
            return Err(StoreError::TooMany { kind: T::KIND, limit });
        }
        self.reserve(resource.weight_bytes())
    }

    /// Counts `bytes` as used. Deleted resources make room for others before that is refused.
    fn reserve(&mut self, bytes: usize) -> Result<(), StoreError> {
        if self.allocation.grow(bytes) {
            return Ok(());
        }
        let purged = self.all.iter_mut().map(|collection| collection.purge_excess(0)).sum();
        self.allocation.shrink(purged);
        if self.allocation.grow(bytes) { Ok(()) } else { Err(StoreError::StateFull) }
    }

    /// Removes a resource at once, as if it had never been created.
    fn remove<T: Resource>(&mut self, key: Key<T>) {
        let bytes = self.collection_mut().remove(key);
        self.allocation.shrink(bytes);
    }

    /// Deletes a resource: at once, or after the time in which lagging reads and lists of deleted resources still show
    /// it.
    fn delete<T: Resource>(&mut self, key: Key<T>, now: Timestamp) {
        let retention = self.tombstone_retention.max(self.get(key).deleted_retention());
        if retention.is_zero() {
            self.remove(key);
        } else {
            let collection = self.collection_mut();
            collection.mark_deleted(key, now, now.plus(retention));
            let bytes = collection.purge_excess(MAX_DELETED);
            self.allocation.shrink(bytes);
        }
    }

    /// Changes a resource, its parent and its size too. A change is never refused: the texts of a request are bounded.
    pub(crate) fn change<T: Resource>(&mut self, key: Key<T>, change: impl FnOnce(&mut T)) {
        let before = self.get(key).weight_bytes();
        self.collection_mut().change(key, change);
        let after = self.get(key).weight_bytes();
        self.allocation.shrink(before.saturating_sub(after));
        self.allocation.grow_beyond_limit(after.saturating_sub(before));
    }

    /// Changes a resource if there is room for the bytes by which it grows.
    pub(crate) fn change_within_limit<T: Resource>(
        &mut self,
        key: Key<T>,
        growth: usize,
        change: impl FnOnce(&mut T),
    ) -> Result<(), StoreError> {
        self.reserve(growth)?;
        self.allocation.shrink(growth);
        self.change(key, change);
        Ok(())
    }
}
