//! What each type of resource states about itself: its names, its parent, its size, and what happens when it is deleted
//! or named by a request.

use std::fmt;
use std::time::Duration;

use super::collections::HasCollection;
use super::id::{Id, Prefix};
use super::{Key, Policy, Project, Scope, StoreError};
use crate::clock::Timestamp;

/// A kind of resource, also one that is not stored, such as chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The name at the beginning of a sentence, such as `Index`.
    pub(crate) name: &'static str,
    /// The plural inside a sentence, such as `indexes`.
    pub(crate) plural: &'static str,
    /// The prefix of its ids.
    pub(crate) id_prefix: Prefix,
}

/// The values that every resource has.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    /// Its id, in the form of its kind, or the text by which a request named it.
    pub(crate) id: Id,
    pub(crate) project: Key<Project>,
    /// When it was created.
    pub(crate) created_at: Timestamp,
}

/// A resource. Each type implements this trait in its own file.
pub(crate) trait Resource: HasCollection + fmt::Debug + 'static {
    /// The type of the resource that lists it.
    type Parent: Resource;

    const KIND: Kind;

    /// About how many bytes it takes besides its texts: itself and its entries in the maps of the collection.
    const OVERHEAD_BYTES: usize;

    /// The values that every resource has.
    fn meta(&self) -> &Meta;

    /// The resource that lists it.
    fn parent(&self) -> Key<Self::Parent>;

    /// Creates the resource that a request named although nobody created it (`--contract`), below `parent` if the
    /// request names one.
    fn create_implicit(
        scope: &mut Scope<'_>,
        id: &str,
        parent: Option<Key<Self::Parent>>,
    ) -> Result<Key<Self>, StoreError>;

    /// The bytes of its texts, the id in `meta` aside.
    fn text_bytes(&self) -> usize {
        0
    }

    /// Another id that names it.
    fn second_id(&self) -> Option<&Id> {
        None
    }

    /// Whether it counts toward limits and quotas. A resource that belongs to another one does not.
    fn counts(&self) -> bool {
        true
    }

    /// Whether `id`, one of its ids, names it in requests under these settings.
    fn is_named_by(&self, _id: &Id, _policy: &Policy) -> bool {
        true
    }

    /// Brings a state that changes with time up to `now`.
    fn advance_to(&mut self, _now: Timestamp) {}

    /// How long it is kept after its deletion, for lists that include deleted resources.
    fn deleted_retention(&self) -> Duration {
        Duration::ZERO
    }

    /// Frees what no response shows of a deleted resource.
    fn release_content(&mut self) {}

    /// When it is deleted without a request, if it is.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }

    /// The times at which it changes without a request, as far as they are known.
    fn upcoming(&self) -> Vec<Timestamp> {
        self.expires_at().into_iter().collect()
    }

    /// Deletes the resources that belong to this one.
    fn delete_owned(_scope: &mut Scope<'_>, _key: Key<Self>) {}

    /// Every id that names it.
    fn ids(&self) -> impl Iterator<Item = &Id> {
        [&self.meta().id].into_iter().chain(self.second_id())
    }

    /// About how many bytes it takes.
    fn weight_bytes(&self) -> usize {
        Self::OVERHEAD_BYTES + 2 * self.meta().id.heap_bytes() + self.text_bytes()
    }
}
