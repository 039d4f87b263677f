//! Shows the chunks of a file: the parts of its text that retrieval finds.

use super::read;
use crate::api;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

/// The number of chunks that are shown without `limit`.
const CHUNKS: usize = 100;

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let named = read::query(request, "tenant");
    let (from, limit) = (positive(request, "from")?.unwrap_or(1), positive(request, "limit")?.unwrap_or(CHUNKS));
    let id = read::path_word(request, 1);
    for tenant in read::tenants(instance, named.as_deref())? {
        let mut state = tenant.lock();
        state.store.advance_to(tenant.clock.now());
        if let Some(chunks) = api::chunks_of(&state.store, &id, from, limit) {
            return Ok(Response::json(200, &chunks));
        }
    }
    Err(ApiError::text(404, format!("{id}: no file of a directory has this id")))
}

fn positive(request: &Request, name: &str) -> Result<Option<usize>, ApiError> {
    match read::number(request, name)? {
        Some(0) => Err(read::refusal(&ParseError::new(name, "is at least 1"))),
        number => Ok(number),
    }
}
