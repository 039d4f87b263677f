//! Refusals of the store as API errors.

use crate::error::ApiError;
use crate::store::StoreError;

/// The status of a create over a quota, if its fault rule has no `status=`.
const OVER_QUOTA: u16 = 402;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::NotFound(_) => 404,
            StoreError::QuotaExceeded { .. } => OVER_QUOTA,
            StoreError::TooMany { .. }
            | StoreError::TooManyProjects { .. }
            | StoreError::TooManyVersions { .. }
            | StoreError::TooManyTurns { .. }
            | StoreError::StateFull => 403,
            StoreError::DuplicateUniqueId(_) => 409,
            StoreError::InvalidCursor => 400,
        };
        ApiError::text(status, error.to_string())
    }
}
