//! Which recorded requests a rule would have struck, if it had been there before the first of them. Other rules are
//! left aside.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use super::action::{ActionKind, Phase};
use super::active::ActiveRule;
use super::rule::Rule;
use super::target::Targets;
use super::view::{RequestView, RetryTiming};
use crate::clock::Timestamp;
use crate::content::Content;
use crate::journal::Entry;
use crate::request::{Head, PathParams};
use crate::seed::Seed;

/// The recorded requests of a tenant that a rule would have struck.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Preview {
    pub(crate) would_strike: Vec<u64>,
    /// The number of requests of which the journal does not hold what the rule depends on.
    pub(crate) undecided: usize,
}

/// A recorded request with what a [`RequestView`] borrows.
struct RecordedRequest<'a> {
    entry: &'a Entry,
    operation: usize,
    head: Head,
    path: PathParams,
    content: Content,
}

impl Rule {
    /// Judges the entries of a tenant, oldest first.
    pub(crate) fn preview(self, entries: &[Entry], targets: &Targets, seed: &Seed) -> Preview {
        let first_request = entries.first().map_or(Timestamp::default(), |entry| entry.at);
        let mut active = ActiveRule::new(self.into(), 0);
        let mut preview = Preview::default();
        for entry in entries {
            let Some(operation) = targets.iter().position(|target| Some(target.name) == entry.operation) else {
                continue;
            };
            if !active.is_about(operation, active.rule.phase) || !active.rule.considers(entry) {
                continue;
            }
            let recorded = RecordedRequest::of(entry, operation);
            let view = recorded.view(seed, first_request);
            if active.rule.lacks_facts_of(entry) {
                preview.undecided += 1;
            } else if active.rule.trigger.counts(&view) && active.count(&view).is_some() {
                active.strikes += 1;
                preview.would_strike.push(entry.seq);
            }
        }
        preview
    }

    /// Whether it looks at a request with this end: a rule that replaces or edits a response applies only to a success.
    fn considers(&self, entry: &Entry) -> bool {
        let is_success = entry.status.is_some_and(|status| (200..300).contains(&status));
        self.phase == Phase::Before
            || matches!(self.action.kind, ActionKind::Adjust)
            || is_success
            || entry.is_unanswered()
    }

    /// Whether it depends on what an entry does not hold.
    fn lacks_facts_of(&self, entry: &Entry) -> bool {
        let has_quota = matches!(&self.action.kind, ActionKind::State(faults, _) if faults.quota.is_some());
        has_quota
            || self.trigger.concurrency.is_some()
            || self.trigger.attempt.is_some() && entry.retry_count.is_none()
            || self.trigger.needs_body() && entry.lacks_body()
            || self.phase == Phase::After && entry.is_unanswered()
    }
}

impl<'a> RecordedRequest<'a> {
    fn of(entry: &'a Entry, operation: usize) -> Self {
        let (path, query) = match entry.path.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (&*entry.path, None),
        };
        let head = Head { method: entry.method.clone(), path: path.to_owned(), query, headers: headers_of(entry) };
        let content = Content::of_record(entry.request_body.bytes());
        Self { entry, operation, head, path: entry.path_params(), content }
    }

    fn view<'b>(&'b self, seed: &'b Seed, first_request: Timestamp) -> RequestView<'b> {
        RequestView {
            operation: self.operation,
            key: Cow::Borrowed(self.entry.tenant.as_deref().unwrap_or_default()),
            head: &self.head,
            path: &self.path,
            attempt: self.entry.retry_count.map_or(1, |count| u64::from(count) + 1),
            content: Some(&self.content),
            now: self.entry.at,
            jumped_from: None,
            first_request,
            open_requests: 1,
            resources: 0,
            seed,
            retry_timing: RetryTiming::Real,
        }
    }
}

fn headers_of(entry: &Entry) -> HeaderMap {
    let parsed = entry
        .request_headers
        .iter()
        .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::from_str(&value).ok()?)));
    let mut headers = HeaderMap::new();
    parsed.for_each(|(name, value)| _ = headers.append(name, value));
    headers
}
