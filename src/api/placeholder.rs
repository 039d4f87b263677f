//! The handler of operations whose own handler is not written yet.

use crate::error::ApiError;
use crate::response::Payload;
use crate::schema::ValidRequest;
use crate::store::Scope;

/// Answers 404, whatever the request.
pub(super) fn respond(_scope: &mut Scope<'_>, _request: ValidRequest) -> Result<Payload, ApiError> {
    Err(ApiError::text(404, "Not found"))
}
