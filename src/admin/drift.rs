//! Shows what clients sent and the contract does not know.

use crate::error::ApiError;
use crate::instance::Instance;
use crate::request::Request;
use crate::response::Response;

#[expect(clippy::unnecessary_wraps, reason = "the signature of handlers")]
pub(super) fn show(instance: &Instance, _request: &Request) -> Result<Response, ApiError> {
    Ok(Response::json(200, &instance.drift.view()))
}
