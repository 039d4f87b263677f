//! Shows the journal, filtered by the query.

use serde::Serialize;

use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Entry, Filter, Fit, Journal, Outcome};
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

/// The query parameters that say which entries are shown.
const FILTER_PARAMETERS: &[&str] = &["operation", "status", "when", "fault", "outcome"];

#[derive(Serialize, Default)]
struct JournalView {
    entries: Vec<Entry>,
    dropped: u64,
    /// The number of requests that have not ended, whatever the filter.
    open: usize,
    /// The number of entries that may fit or not, because they have not ended or their body was not kept whole; absent
    /// when there are none.
    #[serde(skip_serializing_if = "is_zero")]
    undecided: usize,
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let named = read::query(request, "tenant");
    let filter = filter(instance, request)?;
    let limit = read::number(request, "limit")?.unwrap_or(usize::MAX);
    if limit == 0 {
        return Err(read::refusal(&ParseError::new("limit", "0 shows no entry; it is at least 1")));
    }
    let mut journals = Vec::new();
    for tenant in read::tenants(instance, named.as_deref())? {
        journals.push(copied(&tenant.lock().journal));
    }
    if named.is_none() {
        journals.push(copied(&instance.unauthenticated.lock()));
    }
    let mut view = JournalView::default();
    for (entries, dropped) in journals {
        view.dropped += dropped;
        view.open += entries.iter().filter(|entry| entry.outcome == Outcome::Open).count();
        for entry in entries {
            match filter.fit(&entry) {
                Fit::Fits => view.entries.push(entry),
                Fit::Undecided => view.undecided += 1,
                Fit::Differs => {}
            }
        }
    }
    if named.is_none() {
        view.entries.sort_by_key(|entry| entry.real_time);
    }
    let skipped = view.entries.len().saturating_sub(limit);
    view.entries.drain(..skipped);
    Ok(Response::json(200, &view))
}

/// The filter in the query.
fn filter(instance: &Instance, request: &Request) -> Result<Filter, ApiError> {
    let words = read::parameters(request).map(|(name, value)| (name.into_owned(), value.into_owned()));
    let words: Vec<_> = words.filter(|(name, _)| FILTER_PARAMETERS.contains(&name.as_str())).collect();
    Filter::of(&words, &instance.targets).map_err(|error| read::refusal(&error))
}

/// The entries of a journal and the number of evicted ones, so that they are filtered without its lock.
fn copied(journal: &Journal) -> (Vec<Entry>, u64) {
    (journal.entries(), journal.dropped())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
