//! A directory as the store keeps it.

use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// A folder of documents, or of what an index made of them.
#[derive(Debug, Clone)]
pub struct Directory {
    /// `dir-…` when minted, else as a client named it.
    pub id: Box<str>,
    /// The position of its project in the store's list.
    pub project: u32,
    /// What people request it.
    pub name: Box<str>,
    /// What a client said of it.
    pub description: Option<Box<str>>,
    /// What it is for.
    pub kind: DirectoryKind,
    /// The connector that fills it.
    pub connector_subscription_id: Option<Box<str>>,
    /// Free-form, as given.
    pub system_metadata: Option<Box<Map<String, Value>>>,
    /// When it came to exist.
    pub created_at: Timestamp,
    /// When it may be cleaned up.
    pub expires_at: Option<Timestamp>,
}

/// What a directory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryKind {
    /// Documents of a user.
    User,
    /// What an index parsed; comes and goes with the index.
    Index,
    /// Documents that may be cleaned up after a while.
    Ephemeral,
}

impl DirectoryKind {
    /// The service's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Index => "index",
            Self::Ephemeral => "ephemeral",
        }
    }
}
