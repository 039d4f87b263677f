//! Shows the journal, filtered by the query.

use serde::Serialize;

use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Entry, Journal, Outcome};
use crate::matcher::{Condition, ParseError, matching_operations};
use crate::operation::path_param_names;
use crate::request::Request;
use crate::response::Response;

/// The statuses that a response can have.
const STATUSES: std::ops::RangeInclusive<usize> = 100..=599;

#[derive(Serialize, Default)]
struct JournalView {
    entries: Vec<Entry>,
    dropped: u64,
    /// The number of requests that have not ended, whatever the filter.
    open: usize,
    /// The number of entries that a condition on the body could not be checked on, because their body was not kept
    /// whole; absent when there are none.
    #[serde(skip_serializing_if = "is_zero")]
    undecided: usize,
}

/// Which entries are shown.
struct Filter {
    /// The names of operations.
    operations: Option<Vec<&'static str>>,
    status: Option<usize>,
    /// The conditions on headers and on the query.
    conditions: Vec<Condition>,
    body_conditions: Vec<Condition>,
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let named = read::query(request, "tenant");
    let filter = Filter::read(instance, request)?;
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
        for entry in entries.into_iter().filter(|entry| filter.accepts(entry)) {
            if entry.request_body.is_cut() && !filter.body_conditions.is_empty() {
                view.undecided += 1;
            } else if entry.fulfils(&filter.body_conditions) {
                view.entries.push(entry);
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

/// The entries of a journal and the number of evicted ones, so that they are filtered without its lock.
fn copied(journal: &Journal) -> (Vec<Entry>, u64) {
    (journal.entries(), journal.dropped())
}

impl Filter {
    fn read(instance: &Instance, request: &Request) -> Result<Self, ApiError> {
        let operations = match read::query(request, "operation") {
            None => None,
            Some(pattern) => {
                let positions =
                    matching_operations(&pattern, &instance.targets).map_err(|error| read::refusal(&error))?;
                Some(positions.into_iter().map(|position| instance.targets[position].name).collect())
            }
        };
        let params: Vec<&str> = instance.targets.iter().flat_map(|target| path_param_names(target.path)).collect();
        let condition = |text: String| {
            let parsed = Condition::parse(&text);
            let checked = parsed.and_then(|condition| condition.check_path_param(&params).map(|()| condition));
            checked.map_err(|error| read::refusal(&error.at(format_args!("when={text}"))))
        };
        let status = read::number(request, "status")?;
        if let Some(status) = status.filter(|status| !STATUSES.contains(status)) {
            let problem = format!("{status} is not a status from 100 to 599");
            return Err(read::refusal(&ParseError::new("status", problem)));
        }
        let all: Vec<Condition> = read::query_all(request, "when").map(condition).collect::<Result<_, _>>()?;
        let (body_conditions, conditions) = all.into_iter().partition(Condition::needs_body);
        Ok(Self { operations, status, conditions, body_conditions })
    }

    /// Whether an entry has one of the operations and the status, and fulfils the conditions that do not need its body.
    fn accepts(&self, entry: &Entry) -> bool {
        let has_operation = |wanted: &Vec<&str>| entry.operation.is_some_and(|operation| wanted.contains(&operation));
        self.operations.as_ref().is_none_or(has_operation)
            && self.status.is_none_or(|wanted| entry.status.is_some_and(|status| usize::from(status) == wanted))
            && entry.fulfils(&self.conditions)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
