//! A tenant's resources: collections of each kind, and the rules by which one request sees and changes them. It knows
//! neither HTTP nor fault rules.

mod collection;
mod cursor;
mod directory;
mod error;
mod id;
mod index;
mod kind;
mod ledger;
mod policy;
mod project;
mod scope;
pub(crate) mod state_faults;
pub(crate) mod sync;

pub(crate) use collection::{AnyCollection, Collection, Resource};
pub(crate) use cursor::{Page, PageRequest};
pub(crate) use directory::{Directory, DirectoryKind};
pub(crate) use error::StoreError;
pub(crate) use id::{Id, Prefix};
pub(crate) use index::{Index, NewIndex, Options, Product, Word};
pub(crate) use kind::Kind;
pub(crate) use ledger::Ledger;
pub(crate) use policy::Policy;
pub(crate) use project::Project;
pub(crate) use scope::Scope;

use std::sync::Arc;
use std::time::Duration;

use ledger::Share;

use crate::clock::Timestamp;
use crate::seed::Seed;

/// The resources of a tenant.
#[derive(Debug)]
pub(crate) struct Store {
    /// The settings that its resources follow.
    pub(crate) policy: Arc<Policy>,
    /// Where its random values come from.
    pub(crate) seed: Seed,
    projects: Collection<Project>,
    directories: Collection<Directory>,
    indexes: Collection<Index>,
    /// How long a deleted resource may still be visible to lagging reads.
    tombstone_retention: Duration,
    share: Share,
}

impl Store {
    /// An empty store with a default project.
    pub(crate) fn new(policy: Arc<Policy>, seed: Seed, ledger: Arc<Ledger>) -> Self {
        let mut projects = Collection::default();
        projects.insert(Project::default_of(&seed));
        Self {
            policy,
            seed,
            projects,
            directories: Collection::default(),
            indexes: Collection::default(),
            tombstone_retention: Duration::ZERO,
            share: Share::new(ledger),
        }
    }

    /// Removes everything, so that equal requests create equal resources again.
    pub(crate) fn reset(&mut self) {
        let retention = self.tombstone_retention;
        let ledger = self.share.ledger();
        *self = Self::new(Arc::clone(&self.policy), self.seed.clone(), ledger);
        self.tombstone_retention = retention;
    }

    /// Keeps resources that are deleted from now on for `retention`, for reads that lag.
    pub(crate) fn set_tombstone_retention(&mut self, retention: Duration) {
        self.tombstone_retention = retention;
    }

    /// How many live resources of a kind count toward quotas; 0 for a kind that is not emulated.
    pub(crate) fn live(&self, kind: Kind) -> usize {
        self.collections().iter().find(|collection| collection.kind() == kind).map_or(0, |found| found.live())
    }

    /// The kind and the id of each resource that a request created and that is not deleted.
    pub(crate) fn created_by_requests(&self) -> Vec<(Kind, Id)> {
        let of = |collection: &dyn AnyCollection| {
            let kind = collection.kind();
            collection.created_by_requests().into_iter().map(move |id| (kind, id)).collect::<Vec<_>>()
        };
        self.collections().into_iter().flat_map(of).collect()
    }

    /// Every collection.
    fn collections(&self) -> [&dyn AnyCollection; 3] {
        [&self.projects, &self.directories, &self.indexes]
    }

    fn collections_mut(&mut self) -> [&mut dyn AnyCollection; 3] {
        [&mut self.projects, &mut self.directories, &mut self.indexes]
    }

    /// Removes the rows whose purge time has come.
    fn purge(&mut self, now: Timestamp) {
        let purged: usize = self.collections_mut().into_iter().map(|collection| collection.purge(now)).sum();
        self.share.give_back(purged);
    }

    /// The resource with this ordinal.
    pub(crate) fn get<T: Resource>(&self, ordinal: u64) -> &T {
        T::collection(self).get(ordinal)
    }

    /// The resource with this ordinal, to change it.
    pub(crate) fn get_mut<T: Resource>(&mut self, ordinal: u64) -> &mut T {
        T::collection_mut(self).get_mut(ordinal)
    }

    /// The ordinals of all resources of a kind that are not deleted, oldest first.
    pub(crate) fn ordinals<T: Resource>(&self) -> Vec<u64> {
        T::collection(self).ordinals().collect()
    }

    /// The id of a project.
    pub(crate) fn project_id(&self, project: u64) -> &Id {
        &self.projects.get(project).id
    }

    /// Adds a resource if the limits allow it; its ordinal.
    fn insert<T: Resource>(&mut self, resource: T) -> Result<u64, StoreError> {
        let limit = self.policy.max_items;
        if resource.counts() && T::collection(self).live() >= limit {
            return Err(StoreError::TooMany { kind: T::KIND, limit });
        }
        if !self.share.take(resource.weight_bytes()) {
            return Err(StoreError::StateFull);
        }
        Ok(T::collection_mut(self).insert(resource))
    }

    /// Removes a resource at once, as if it had never been created.
    fn remove<T: Resource>(&mut self, ordinal: u64) {
        let bytes = T::collection_mut(self).remove(ordinal);
        self.share.give_back(bytes);
    }

    /// Deletes a resource: at once, or after the time in which lagging reads still see it.
    fn delete<T: Resource>(&mut self, ordinal: u64, now: Timestamp) {
        if self.tombstone_retention.is_zero() {
            self.remove::<T>(ordinal);
        } else {
            let purge_at = now.plus(self.tombstone_retention);
            T::collection_mut(self).mark_deleted(ordinal, now, purge_at);
        }
    }
}
