//! The journal, filtered.

use serde::Serialize;

use super::{House, read};
use crate::call::Call;
use crate::journal::{Entry, Journal};
use crate::problem::Problem;
use crate::reply::Reply;

#[derive(Serialize, Default)]
struct Shown {
    entries: Vec<Entry>,
    dropped: u64,
}

struct Filter {
    operation: Option<String>,
    status: Option<usize>,
}

pub(super) fn show(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let named = read::query(call, "tenant");
    let filter = Filter { operation: read::query(call, "operation"), status: read::number(call, "status")? };
    let limit = read::number(call, "limit")?.unwrap_or(usize::MAX);
    let mut shown = Shown::default();
    for tenant in read::tenants(house, named.as_deref())? {
        shown.add(&tenant.lock().journal, &filter);
    }
    if named.is_none() {
        shown.add(&house.strangers.lock(), &filter);
        shown.entries.sort_by_key(|entry| entry.wall);
    }
    let skipped = shown.entries.len().saturating_sub(limit);
    shown.entries.drain(..skipped);
    Ok(Reply::json(200, &shown))
}

impl Shown {
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
