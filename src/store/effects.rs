//! What a request did beside its response.

use super::Id;
use super::state_faults::AppliedFaults;
use crate::clock::Timestamp;
use crate::search::ChunkCounts;

/// The effects of a request beside its response.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// The faults on state that were applied.
    pub(crate) applied: AppliedFaults,
    /// The times at which something will happen because of the request, for clocks that jump from event to event.
    pub(crate) events: Vec<Timestamp>,
    /// The id of the resource that it created; of several, the last one, which its response shows.
    pub(crate) created: Option<Id>,
    /// The ids of the resources that it deleted, or that it found expired, without those that belonged to them.
    pub(crate) deleted: Vec<Id>,
    /// What its search over the chunks of an index left out, if it made one.
    pub(crate) chunk_counts: Option<Box<ChunkCounts>>,
}

impl Effects {
    /// Adds what a later stage of the same request did.
    pub(crate) fn merge(&mut self, later: Self) {
        self.applied.merge(later.applied);
        self.events.extend(later.events);
        self.created = later.created.or(self.created.take());
        self.deleted.extend(later.deleted);
        self.chunk_counts = later.chunk_counts.or(self.chunk_counts.take());
    }
}
