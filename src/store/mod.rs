//! A tenant's resources: collections of each kind, and the rules by which one request sees and changes them. It knows
//! neither HTTP nor fault rules.

mod blob;
mod collection;
mod cursor;
mod directory;
mod directory_file;
mod error;
mod file;
mod id;
mod index;
mod index_content;
mod kind;
mod ledger;
mod policy;
mod project;
mod scope;
pub(crate) mod state_faults;
pub(crate) mod sync;

pub(crate) use blob::{Blob, Reading};
pub(crate) use collection::{AnyCollection, Collection, Resource};
pub(crate) use cursor::{Cursor, Page, PageRequest};
pub(crate) use directory::{Directory, DirectoryKind};
pub(crate) use directory_file::{DirectoryFile, NewDirectoryFile};
pub(crate) use error::StoreError;
pub(crate) use file::{File, NewFile};
pub(crate) use id::{Id, Prefix};
pub(crate) use index::{Index, NewIndex, Options, Product, Word};
pub(crate) use index_content::{FailedFile, IndexContent, IndexedFile};
pub(crate) use kind::Kind;
pub(crate) use ledger::Ledger;
pub(crate) use policy::Policy;
pub(crate) use project::Project;
pub(crate) use scope::{Effects, Scope};

use std::sync::Arc;
use std::time::Duration;

use ledger::Share;

use crate::clock::Timestamp;
use crate::seed::Seed;

/// The most deleted resources of a kind that are kept; the oldest are removed first.
const MAX_DELETED: usize = 10_000;

/// The resources of a tenant.
#[derive(Debug)]
pub(crate) struct Store {
    /// The settings that its resources follow.
    pub(crate) policy: Arc<Policy>,
    /// Where its random values come from.
    pub(crate) seed: Seed,
    projects: Collection<Project>,
    directories: Collection<Directory>,
    files: Collection<File>,
    directory_files: Collection<DirectoryFile>,
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
            files: Collection::default(),
            directory_files: Collection::default(),
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
    fn collections(&self) -> [&dyn AnyCollection; 5] {
        [&self.projects, &self.directories, &self.files, &self.directory_files, &self.indexes]
    }

    fn collections_mut(&mut self) -> [&mut dyn AnyCollection; 5] {
        [&mut self.projects, &mut self.directories, &mut self.files, &mut self.directory_files, &mut self.indexes]
    }

    /// The account of the bytes that the state of all tenants takes.
    pub(crate) fn ledger(&self) -> Arc<Ledger> {
        self.share.ledger()
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
        let weight = resource.weight_bytes();
        if !self.share.take(weight) {
            // Deleted resources make room for others before a request is refused.
            let purged: usize = self.collections_mut().into_iter().map(AnyCollection::purge_deleted).sum();
            self.share.give_back(purged);
            if !self.share.take(weight) {
                return Err(StoreError::StateFull);
            }
        }
        Ok(T::collection_mut(self).insert(resource))
    }

    /// Removes a resource at once, as if it had never been created.
    fn remove<T: Resource>(&mut self, ordinal: u64) {
        let bytes = T::collection_mut(self).remove(ordinal);
        self.share.give_back(bytes);
    }

    /// Deletes a resource: at once, or after the time in which lagging reads and lists of deleted resources still show it.
    fn delete<T: Resource>(&mut self, ordinal: u64, now: Timestamp) {
        let retention = self.tombstone_retention.max(self.get::<T>(ordinal).deleted_retention());
        if retention.is_zero() {
            self.remove::<T>(ordinal);
        } else {
            let collection = T::collection_mut(self);
            collection.mark_deleted(ordinal, now, now.plus(retention));
            collection.get_mut(ordinal).release_content();
            let purged = collection.purge_excess(MAX_DELETED);
            self.share.give_back(purged);
        }
    }

    /// Accounts for a resource whose weight changed. A change is never refused: the texts of a request are bounded.
    fn reweigh(&mut self, before: usize, after: usize) {
        self.share.give_back(before.saturating_sub(after));
        self.share.take_anyway(after.saturating_sub(before));
    }
}
