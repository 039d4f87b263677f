//! Search over the documents of an index: chunks by a query, places in a text by a regular expression.

mod chunk_counts;
pub(crate) mod grep;
mod ranking;

pub(crate) use self::chunk_counts::{ChunkCounts, RemovedChunks};
pub(crate) use self::ranking::{RankHit, RankQuery, Ranking, SearchableDocument, rank};
