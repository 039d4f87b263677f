//! Search over the documents of an index.

mod ranking;

pub(crate) use self::ranking::{Hit, RankQuery, SearchableDocument, rank};
