//! How many chunks an index has, and how many of them each step of a search removed.

use serde::Serialize;

/// The chunks of an index, and those that are not among the results of a search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ChunkCounts {
    /// The chunks of the index.
    pub(crate) chunks: usize,
    /// Those that were removed.
    pub(crate) removed: RemovedChunks,
}

/// The number of chunks that each step of a search removed, in the order of the steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct RemovedChunks {
    /// Chunks of files that the filters do not accept.
    pub(crate) filter: usize,
    /// Chunks that neither list of the search has.
    pub(crate) candidates: usize,
    /// Chunks that do not reach the threshold.
    pub(crate) threshold: usize,
    /// Chunks after the last result. They are not compared with the threshold.
    pub(crate) top_k: usize,
}
