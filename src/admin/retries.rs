//! Shows how clients retried.

use std::sync::Arc;

use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Entry, RetryReport};
use crate::request::Request;
use crate::response::Response;
use crate::tenant::Tenant;

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let tenants = read::tenants(instance, read::query(request, "tenant").as_deref())?;
    Ok(Response::json(200, &report(&tenants)))
}

/// How the clients of these tenants retried.
pub(super) fn report(tenants: &[Arc<Tenant>]) -> RetryReport {
    let mut entries: Vec<Entry> = Vec::new();
    let mut dropped = 0;
    for tenant in tenants {
        let journal = &tenant.lock().journal;
        entries.extend(journal.entries());
        dropped += journal.dropped();
    }
    RetryReport::of(&entries, dropped)
}
