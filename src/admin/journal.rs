//! Shows the journal, filtered by the query.

use serde::Serialize;

use super::about::EntryView;
use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Entry, Filter, Fit, Journal, Outcome};
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

/// The query parameters of a part of the journal.
pub(super) const PARAMETERS: &[&str] =
    &["tenant", "operation", "status", "when", "fault", "outcome", "text", "before", "limit"];

/// Those that are about an entry alone.
pub(super) const FILTERS: &[&str] = &["tenant", "operation", "status", "when", "fault", "outcome", "text"];

/// Those that become the words of a [`Filter`].
const FILTER_WORDS: &[&str] = &["operation", "status", "when", "fault", "outcome"];

#[derive(Serialize, Default)]
pub(super) struct JournalView {
    pub(super) entries: Vec<EntryView>,
    dropped: u64,
    /// The number of requests that have not ended, whatever the filter.
    open: usize,
    /// The number of entries that may fit or not, because they have not ended or their body was not kept whole; absent
    /// when there are none.
    #[serde(skip_serializing_if = "is_zero")]
    undecided: usize,
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    Ok(Response::json(200, &selected(instance, request)?))
}

/// The entries that the query asks for.
pub(super) fn selected(instance: &Instance, request: &Request) -> Result<JournalView, ApiError> {
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
    let before = before(request, &journals)?;
    let mut view =
        JournalView { dropped: read::evicted_requests(instance, named.as_deref()), ..JournalView::default() };
    let mut entries = Vec::new();
    for (recorded, dropped) in journals {
        view.dropped += dropped;
        view.open += recorded.iter().filter(|entry| entry.outcome == Outcome::Open).count();
        for entry in recorded.into_iter().filter(|entry| entry.seq < before) {
            match filter.fit(&entry) {
                Fit::Fits => entries.push(entry),
                Fit::Undecided => view.undecided += 1,
                Fit::Differs => {}
            }
        }
    }
    if named.is_none() {
        entries.sort_by_key(|entry: &Entry| entry.real_time);
    }
    let skipped = entries.len().saturating_sub(limit);
    view.entries = entries.into_iter().skip(skipped).map(EntryView::of).collect();
    Ok(view)
}

/// The number of a request; only those before it are shown.
fn before(request: &Request, journals: &[(Vec<Entry>, u64)]) -> Result<u64, ApiError> {
    let Some(number) = read::number(request, "before")? else { return Ok(u64::MAX) };
    if journals.iter().filter(|(entries, _)| !entries.is_empty()).count() > 1 {
        let problem = "is a number within a tenant, and several have requests; add tenant";
        return Err(read::refusal(&ParseError::new("before", problem)));
    }
    Ok(number as u64)
}

/// The filter in the query.
pub(super) fn filter(instance: &Instance, request: &Request) -> Result<Filter, ApiError> {
    let words = read::parameters(request).map(|(name, value)| (name.into_owned(), value.into_owned()));
    let words: Vec<_> = words.filter(|(name, _)| FILTER_WORDS.contains(&name.as_str())).collect();
    let filter = Filter::of(&words, &instance.targets);
    let filter = match read::query(request, "text") {
        Some(text) => filter.and_then(|filter| filter.with_text(&text)),
        None => filter,
    };
    filter.map_err(|error| read::refusal(&error))
}

/// The entries of a journal and the number of evicted ones, so that they are filtered without its lock.
fn copied(journal: &Journal) -> (Vec<Entry>, u64) {
    (journal.entries(), journal.dropped())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
