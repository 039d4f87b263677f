//! Shows how clients retried.

use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Entry, RetryReport};
use crate::request::Request;
use crate::response::Response;

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let named = read::query(request, "tenant");
    let mut entries: Vec<Entry> = Vec::new();
    let mut dropped = read::evicted_requests(instance, named.as_deref());
    for tenant in read::tenants(instance, named.as_deref())? {
        let journal = &tenant.lock().journal;
        entries.extend(journal.entries());
        dropped += journal.dropped();
    }
    Ok(Response::json(200, &RetryReport::of(&entries, dropped)))
}
