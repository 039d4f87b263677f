//! Shows how clients retried.

use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Entry, RetryReport};
use crate::request::Request;
use crate::response::Response;

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut dropped = 0;
    for tenant in read::tenants(instance, read::query(request, "tenant").as_deref())? {
        let journal = &tenant.lock().journal;
        entries.extend(journal.entries());
        dropped += journal.dropped();
    }
    Ok(Response::json(200, &RetryReport::of(&entries, dropped)))
}
