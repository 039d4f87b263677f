//! Searching in documents.

pub(crate) mod grep;
