//! Search over the documents of an index: chunks by a query, places in a text by a regular expression.

pub(crate) mod grep;
mod ranking;

pub(crate) use self::ranking::{RankHit, RankQuery, SearchableDocument, rank};
