//! Refusals of the store as API errors. Of the texts, only the style `{"detail": "… not found"}` is known of the
//! service.

use crate::error::ApiError;
use crate::store::StoreError;

/// The status of a create over a quota, if its fault rule has no `status=`.
const OVER_QUOTA: u16 = 402;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(kind) => ApiError::text(404, format!("{} not found", kind.name)),
            StoreError::QuotaExceeded { kind, limit } => {
                ApiError::text(OVER_QUOTA, format!("{} quota exceeded: at most {limit} {}", kind.name, kind.plural))
            }
            StoreError::TooMany { kind, limit } => ApiError::text(
                403,
                format!("A tenant of this server has at most {limit} {} (--max-items)", kind.plural),
            ),
            StoreError::TooManyProjects { limit } => {
                ApiError::text(403, format!("A tenant of this server has at most {limit} projects"))
            }
            StoreError::TooManyVersions { limit } => {
                ApiError::text(403, format!("A configuration of this server has at most {limit} versions"))
            }
            StoreError::TooManyTurns { limit } => {
                ApiError::text(403, format!("A chat session of this server has at most {limit} turns"))
            }
            StoreError::StateFull => {
                ApiError::text(403, "The state of all tenants is as large as it may be (--max-state-bytes)")
            }
            StoreError::DuplicateUniqueId(unique_id) => {
                ApiError::text(409, format!("A file with the unique_id {unique_id:?} is in the directory"))
            }
            StoreError::InvalidCursor => ApiError::text(400, "Invalid page token"),
        }
    }
}
