//! Judges an expectation by the recorded requests, or by the resources that there are.

use std::cmp::Reverse;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::report::Verdict;
use crate::api;
use crate::journal::{CountRange, Difference, Entry, Expectation, ExpectationSubject, Filter, Fit};
use crate::matcher::{Condition, RequestParts};
use crate::suggest;
use crate::tenant::Tenant;

/// The number of matching requests or resources that are shown.
const MAX_SHOWN: usize = 3;

/// The requests that are judged.
#[derive(Debug, Clone, Copy)]
pub(in crate::admin) struct Recorded<'a> {
    pub(in crate::admin) entries: &'a [Entry],
    /// The number of evicted ones.
    pub(in crate::admin) dropped: u64,
    /// The number of tenants that were evicted with what they had.
    pub(in crate::admin) evicted_tenants: usize,
}

/// The verdict on an expectation, and why.
#[derive(Debug)]
pub(in crate::admin) struct Judgement {
    pub(in crate::admin) verdict: Verdict,
    /// The number of requests or resources that fit.
    pub(in crate::admin) count: usize,
    /// The first of those that fit.
    pub(in crate::admin) fitting: Vec<Value>,
    /// Those that do not fit, nearest first.
    pub(in crate::admin) misses: Vec<Miss>,
    /// The number of requests of the operation, or of resources of the kind, that do not fit.
    pub(in crate::admin) missed: usize,
    /// What was seen, in a sentence.
    pub(in crate::admin) detail: String,
    /// Whether more requests, or time, can change the verdict.
    pub(in crate::admin) may_change: bool,
}

/// A request or a resource that does not fit.
#[derive(Debug, Clone, Serialize)]
pub(in crate::admin) struct Miss {
    /// The number of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// The id of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    differs: Vec<Difference>,
}

/// What was counted.
#[derive(Debug, Default)]
struct Tally {
    count: usize,
    fitting: Vec<Value>,
    misses: Vec<Miss>,
    /// The number of those that may fit or not.
    undecided: usize,
}

/// Judges by the requests, or by the resources of the tenants.
pub(in crate::admin) fn judge(expectation: &Expectation, recorded: Recorded<'_>, tenants: &[Arc<Tenant>]) -> Judgement {
    let Recorded { entries, dropped, evicted_tenants } = recorded;
    let (mut tally, evicted) = match &expectation.subject {
        ExpectationSubject::Requests(filter) => {
            let text = || format!("{dropped} requests were evicted (--journal-entries, --journal-bytes)");
            (Tally::of_requests(filter, entries), (dropped > 0).then(text))
        }
        ExpectationSubject::State { kind, conditions } => {
            let text = || evicted_tenants_text(evicted_tenants);
            (Tally::of_resources(kind, conditions, tenants), (evicted_tenants > 0).then(text))
        }
    };
    let range = expectation.count;
    let verdict = verdict(range, &tally, evicted.is_some());
    let is_over = range.most.is_some_and(|most| tally.count > most);
    let is_met_for_good = range.least > 0 && verdict == Verdict::Passed;
    tally.misses.sort_by_cached_key(Miss::distance);
    Judgement {
        verdict,
        may_change: !is_over && !is_met_for_good,
        detail: tally.sentence(expectation, evicted),
        count: tally.count,
        missed: tally.misses.len(),
        fitting: tally.fitting,
        misses: tally.misses,
    }
}

/// Why what was there of evicted tenants is not known.
pub(super) fn evicted_tenants_text(tenants: usize) -> String {
    format!("{tenants} tenants were evicted with what they had (--max-tenants)")
}

/// What was evicted may have been of any number; so may requests whose fit is not known.
fn verdict(range: CountRange, tally: &Tally, has_evicted: bool) -> Verdict {
    let possible = if has_evicted { usize::MAX } else { tally.count + tally.undecided };
    match range.most {
        Some(most) if tally.count > most => Verdict::Failed,
        _ if possible < range.least => Verdict::Failed,
        Some(most) if possible > most => Verdict::NotJudged,
        _ if tally.count < range.least => Verdict::NotJudged,
        _ => Verdict::Passed,
    }
}

impl Tally {
    fn of_requests(filter: &Filter, entries: &[Entry]) -> Self {
        let mut tally = Self::default();
        for entry in entries {
            match filter.fit(entry) {
                Fit::Fits => tally.fits(|| serde_json::to_value(entry).unwrap_or_default()),
                Fit::Undecided => tally.undecided += 1,
                Fit::Differs if filter.has_operation(entry) => {
                    let differs = filter.differences(entry);
                    tally.misses.push(Miss { seq: Some(entry.seq), id: None, differs });
                }
                Fit::Differs => {}
            }
        }
        tally
    }

    fn of_resources(kind: &str, conditions: &[Condition], tenants: &[Arc<Tenant>]) -> Self {
        let mut tally = Self::default();
        for tenant in tenants {
            let resources = api::state_of(&mut tenant.lock().store, tenant.clock.now());
            let Some(Value::Array(resources)) = resources.get(kind) else { continue };
            for resource in resources {
                let parts = ResourceParts(resource);
                let differing = conditions.iter().filter(|condition| !condition.holds(&parts));
                let differs: Vec<_> = differing.map(|condition| Difference::of(condition, &parts)).collect();
                if differs.is_empty() {
                    tally.fits(|| resource.clone());
                } else {
                    let id = resource["id"].as_str().map(str::to_owned);
                    tally.misses.push(Miss { seq: None, id, differs });
                }
            }
        }
        tally
    }

    fn fits(&mut self, shown: impl FnOnce() -> Value) {
        self.count += 1;
        if self.fitting.len() < MAX_SHOWN {
            self.fitting.push(shown());
        }
    }

    /// What was counted, and for a count that is too small what is nearest to it.
    fn sentence(&self, expectation: &Expectation, evicted: Option<String>) -> String {
        let (one, many, of) = match &expectation.subject {
            ExpectationSubject::Requests(filter) => {
                ("request", "requests", filter.pattern().unwrap_or("any operation").to_owned())
            }
            ExpectationSubject::State { kind, .. } => ("resource", "resources", kind.clone()),
        };
        let noun = |count: usize| if count == 1 { one } else { many };
        let total = self.count + self.undecided + self.misses.len();
        let seen = match total {
            0 => format!("no {one} of {of}"),
            _ => format!("{total} {} of {of}, {} as expected", noun(total), self.count),
        };
        let mut parts = vec![seen, format!("expected {}", expectation.count)];
        let nearest = self.misses.first().filter(|_| self.count < expectation.count.least);
        parts.extend(nearest.map(|nearest| format!("nearest: {nearest}")));
        if self.undecided > 0 {
            parts.push(format!("not known of {}: not ended, or not kept whole", self.undecided));
        }
        parts.extend(evicted);
        parts.join("; ")
    }
}

impl Miss {
    /// How far it is from what is expected: the number of differences, then how different they are. Of equal ones the
    /// latest comes first.
    fn distance(&self) -> (usize, usize, Reverse<Option<u64>>) {
        let texts = self.differs.iter().map(|difference| {
            suggest::distance(&difference.expected, difference.actual.as_deref().unwrap_or_default())
        });
        (self.differs.len(), texts.sum(), Reverse(self.seq))
    }
}

/// As a line: `request 3: body:/name = Draft, expected draft`.
impl std::fmt::Display for Miss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.seq, &self.id) {
            (Some(seq), _) => write!(f, "request {seq}: ")?,
            (None, id) => write!(f, "{}: ", id.as_deref().unwrap_or("-"))?,
        }
        let differences: Vec<String> = self.differs.iter().map(Difference::to_string).collect();
        f.write_str(&differences.join(", "))
    }
}

/// A resource for conditions: they are about its JSON.
struct ResourceParts<'a>(&'a Value);

impl RequestParts for ResourceParts<'_> {
    fn header_values(&self, _name: &str) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
        std::iter::empty()
    }

    fn query(&self) -> Option<&str> {
        None
    }

    fn path_param(&self, _name: &str) -> Option<std::borrow::Cow<'_, str>> {
        None
    }

    fn content(&self) -> Option<&Value> {
        Some(self.0)
    }
}
