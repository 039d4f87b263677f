//! The keys of resources by their ids, which stand in the resources only: neither they nor their hashes are kept twice.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::Id;
use super::key::UntypedKey;

/// Keys by the hashes of ids. Several resources may have the same id when clients made it up: one in each project.
#[derive(Debug, Default)]
pub(super) struct IdTable {
    keys: HashTable<UntypedKey>,
    /// With a key of its own, because clients can choose ids.
    hasher: DefaultHashBuilder,
}

impl IdTable {
    /// Adds the key of a resource with this id; `id_of` finds the ids of those that were added before.
    pub(super) fn insert<'a>(&mut self, id: &Id, key: UntypedKey, id_of: impl Fn(UntypedKey) -> &'a Id) {
        let Self { keys, hasher } = self;
        keys.insert_unique(hasher.hash_one(id), key, |key| hasher.hash_one(id_of(*key)));
    }

    /// Removes a key that was added with this id.
    pub(super) fn remove(&mut self, id: &Id, key: UntypedKey) {
        let entry = self.keys.find_entry(self.hasher.hash_one(id), |own| *own == key);
        entry.expect("each id of a row is in the table").remove();
    }

    /// The keys of the resources that have this id, among others.
    pub(super) fn candidates(&self, id: &Id) -> impl Iterator<Item = UntypedKey> {
        self.keys.iter_hash(self.hasher.hash_one(id)).copied()
    }
}
