//! An index as the store keeps it, packed: a million of them fit where a laptop has room.

use std::borrow::Cow;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::store::sync::Life;

/// A searchable index over a directory.
#[derive(Debug, Clone)]
pub struct Index {
    /// Its number in order of creation, never used again.
    pub ordinal: u64,
    /// An id that nobody minted (`--contract` alone), instead of `uuid`.
    pub given_id: Option<Box<str>>,
    /// `idx-…`
    pub uuid: Uuid,
    /// `dir-…`, the directory of what was parsed.
    pub output: Uuid,
    /// `cfg-…`
    pub sync_config: Uuid,
    /// `cfg-…`, the other id that clients request an index by.
    pub export_config: Uuid,
    /// The position of its project in the store's list.
    pub project: u32,
    /// The number of its source directory.
    pub source: u32,
    /// What people request it.
    pub name: Box<str>,
    /// What a client said of it.
    pub description: Option<Box<str>>,
    /// What it was asked to do; `None` when all of it is the default.
    pub options: Option<Box<Options>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was deleted; such an index is kept only as long as lagging reads may still see it.
    pub deleted_at: Option<Timestamp>,
    /// Its syncs.
    pub life: Life,
}

/// What an index was asked to do. Accepted and kept; nothing follows from it by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// `manual`, `daily` or `on_source_change`.
    pub sync_frequency: Word,
    /// `DEFAULT` or `DISABLED`.
    pub vector_target: Word,
    /// Product types and their configurations.
    pub products: Vec<Product>,
    /// `screenshots`, `items`.
    pub store_attachments: Vec<Word>,
}

/// A product type and its configuration.
pub type Product = (Word, Box<str>);

/// A word of the contract; one that is known takes no memory of its own.
pub type Word = Cow<'static, str>;

impl Default for Options {
    fn default() -> Self {
        Self {
            sync_frequency: "manual".into(),
            vector_target: "DEFAULT".into(),
            products: Vec::new(),
            store_attachments: Vec::new(),
        }
    }
}
