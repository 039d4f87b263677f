//! Why the store refuses a request, without HTTP: the API maps each case to a response. Of the texts, only the style
//! `… not found` is known of the service.

use std::fmt;

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

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(kind) => write!(f, "{} not found", kind.name),
            Self::QuotaExceeded { kind, limit } => {
                write!(f, "{} quota exceeded: at most {limit} {}", kind.name, kind.plural)
            }
            Self::TooMany { kind, limit } => {
                write!(f, "A tenant of this server has at most {limit} {} (--max-items)", kind.plural)
            }
            Self::TooManyProjects { limit } => write!(f, "A tenant of this server has at most {limit} projects"),
            Self::TooManyVersions { limit } => write!(f, "A configuration of this server has at most {limit} versions"),
            Self::TooManyTurns { limit } => write!(f, "A chat session of this server has at most {limit} turns"),
            Self::StateFull => f.write_str("The state of all tenants is as large as it may be (--max-state-bytes)"),
            Self::DuplicateUniqueId(unique_id) => {
                write!(f, "A file with the unique_id {unique_id:?} is in the directory")
            }
            Self::InvalidCursor => f.write_str("Invalid page token"),
        }
    }
}
