//! The journal, filtered.

use serde::Serialize;

use super::{AdminContext, read};
use crate::error::ApiError;
use crate::journal::{Entry, Journal};
use crate::request::Request;
use crate::response::Response;

#[derive(Serialize, Default)]
struct JournalView {
    entries: Vec<Entry>,
    dropped: u64,
}

struct Filter {
    operation: Option<String>,
    status: Option<usize>,
}

pub(super) fn show(admin: AdminContext<'_>, request: &Request) -> Result<Response, ApiError> {
    let named = read::query(request, "tenant");
    let filter = Filter { operation: read::query(request, "operation"), status: read::number(request, "status")? };
    let limit = read::number(request, "limit")?.unwrap_or(usize::MAX);
    let mut shown = JournalView::default();
    for tenant in read::tenants(admin, named.as_deref())? {
        shown.add(&tenant.lock().journal, &filter);
    }
    if named.is_none() {
        shown.add(&admin.unauthenticated.lock(), &filter);
        shown.entries.sort_by_key(|entry| entry.wall);
    }
    let skipped = shown.entries.len().saturating_sub(limit);
    shown.entries.drain(..skipped);
    Ok(Response::json(200, &shown))
}

impl JournalView {
    fn add(&mut self, journal: &Journal, filter: &Filter) {
        self.entries.extend(journal.entries().into_iter().filter(|entry| filter.takes(entry)));
        self.dropped += journal.dropped();
    }
}

impl Filter {
    fn takes(&self, entry: &Entry) -> bool {
        let operation = self.operation.as_deref().is_none_or(|wanted| entry.operation == Some(wanted));
        operation && self.status.is_none_or(|wanted| entry.status.is_some_and(|status| usize::from(status) == wanted))
    }
}
