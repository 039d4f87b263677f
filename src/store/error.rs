//! Why the store refuses a request, without HTTP: the API maps each case to a response.

use super::Kind;

/// A refusal by the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// No resource of this kind has the id, as far as the request can see.
    NotFound(Kind),
    /// The tenant has as many resources of this kind as a fault on state lets it have.
    QuotaExceeded { kind: Kind, limit: usize },
    /// The tenant has as many resources of this kind as it may have.
    TooMany { kind: Kind, limit: usize },
    /// The tenant has as many projects as it may have.
    TooManyProjects { limit: usize },
    /// A configuration has as many versions as it may have.
    TooManyVersions { limit: usize },
    /// The chat session has as many turns as it may have.
    TooManyTurns { limit: usize },
    /// All tenants together hold as many bytes as they may hold.
    StateFull,
    /// Another file of the directory has this `unique_id`.
    DuplicateUniqueId(Box<str>),
    /// The cursor was not handed out for this list, or counts as expired.
    InvalidCursor,
}
