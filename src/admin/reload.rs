//! Reads the files of the settings again.

use crate::error::ApiError;
use crate::instance::Instance;
use crate::request::Request;
use crate::response::Response;

/// A broken file is refused with its place, and nothing is changed.
pub(super) fn reload(instance: &Instance, _: &Request) -> Result<Response, ApiError> {
    let reloaded = instance.reload().map_err(|problem| ApiError::text(422, problem))?;
    Ok(Response::json(200, &reloaded))
}
