//! When a rule strikes: which requests it counts, and which of those it strikes.

use std::time::Duration;

use super::action::RuleDraft;
use super::row::{ClauseClass, ClauseRow, valued};
use super::value;
use super::view::RequestView;
use crate::key_label::{is_label, label_of};
use crate::matcher::{Condition, ParseError};

/// The clauses about when a rule strikes.
pub(super) const ROWS: &[ClauseRow] = &[
    trigger("first=N", |draft, value| value::positive(value).map(|n| draft.trigger.first = Some(n)))
        .doc("the first N requests that the rule counts", "* status=503 first=3"),
    trigger("nth=N", |draft, value| value::positive(value).map(|n| draft.trigger.nth = Some(n)))
        .doc("the Nth request that it counts", "indexes.create@after reset nth=1"),
    trigger("skip=N", |draft, value| value::at_least(0, value).map(|n| draft.trigger.skip = Some(n)))
        .doc("none of the first N; first=, nth= and every= count from there", "indexes.get status=500 skip=2 times=1"),
    trigger("every=N", |draft, value| value::positive(value).map(|n| draft.trigger.every = Some(n)))
        .doc("every Nth request", "indexes.* status=502 every=5"),
    trigger("times=N", |draft, value| value::positive(value).map(|n| draft.trigger.times = Some(n)))
        .doc("at most N requests", "indexes.get status=500 times=2"),
    trigger("rate=NUMBER|PERCENT%", |draft, value| value::share(value).map(|share| draft.trigger.rate = Some(share)))
        .doc("this share, at random from --seed: the same requests in every run", "* status=503 rate=5%"),
    trigger("between=DURATION..[DURATION]", |draft, value| {
        value::window(value).map(|window| draft.trigger.between = Some(window))
    })
    .doc("in this window since the key's first request", "* status=503 between=10s..30s"),
    trigger("when=header:NAME|query:NAME|path:NAME|body:POINTER[=VALUE|~REGEX]", |draft, value| {
        Condition::parse(value).map(|when| draft.trigger.when.push(when))
    })
    .repeatable()
    .doc(
        "on the content of the request: = compares, ~ matches, without either the value exists; of several, all hold",
        "indexes.create status=500 when=body:/name=draft",
    ),
    trigger("key=KEY", |draft, value| value::key(value).map(|key| draft.trigger.key = Some(key_label(&key))))
        .doc("only requests with this API key, or the key with this label", "* status=401 key=llx-team-b"),
    trigger("attempt=N", |draft, value| value::positive(value).map(|n| draft.trigger.attempt = Some(n))).doc(
        "on this attempt of a request, as the SDKs report it; else the place among equal requests",
        "* status=503 attempt=1",
    ),
    trigger("concurrency=N", |draft, value| value::positive(value).map(|n| draft.trigger.concurrency = Some(n)))
        .doc("while this many requests of the key are open", "* status=429 concurrency=10"),
];

const fn trigger(syntax: &'static str, read: fn(&mut RuleDraft, &str) -> Result<(), ParseError>) -> ClauseRow {
    valued(syntax, ClauseClass::Trigger, read)
}

/// Which requests a rule counts, and which of those it strikes. A field that is `None` holds for every request.
#[derive(Debug, Clone, Default)]
pub(super) struct Trigger {
    pub(super) first: Option<u64>,
    pub(super) nth: Option<u64>,
    pub(super) skip: Option<u64>,
    pub(super) every: Option<u64>,
    pub(super) times: Option<u64>,
    pub(super) rate: Option<f64>,
    pub(super) between: Option<(Duration, Option<Duration>)>,
    pub(super) when: Vec<Condition>,
    /// The label of the API key whose requests it counts.
    pub(super) key: Option<String>,
    pub(super) attempt: Option<u64>,
    pub(super) concurrency: Option<u64>,
}

impl Trigger {
    /// The reason why the numbers of this trigger can never all hold, if there is one.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        match self {
            Self { nth: Some(nth), first: Some(first), .. } if nth > first => {
                Some("nth is greater than first, so it would never strike")
            }
            Self { nth: Some(nth), every: Some(every), .. } if !nth.is_multiple_of(*every) => {
                Some("nth is no multiple of every, so it would never strike")
            }
            Self { first: Some(first), every: Some(every), .. } if first < every => {
                Some("every is greater than first, so it would never strike")
            }
            _ => None,
        }
    }

    /// The word that keeps the rule from striking the first request that it counts, if there is one.
    pub(super) fn excludes_first(&self) -> Option<&'static str> {
        match self {
            Self { skip: Some(1..), .. } => Some("skip"),
            Self { nth: Some(2..), .. } => Some("nth"),
            Self { every: Some(2..), .. } => Some("every"),
            _ => None,
        }
    }

    /// Whether it depends on the body of the request: also to tell the attempts of clients that do not report them.
    pub(super) fn needs_body(&self) -> bool {
        self.attempt.is_some() || self.when.iter().any(Condition::needs_body)
    }

    /// Whether a request counts.
    pub(super) fn counts(&self, request: &RequestView<'_>) -> bool {
        self.key.as_deref().is_none_or(|label| *label == *request.key)
            && self.concurrency.is_none_or(|least| request.open_requests as u64 >= least)
            && self.attempt.is_none_or(|attempt| request.attempt == attempt)
            && self.between.is_none_or(|window| is_within(window, request.now.since(request.first_request)))
            && self.when.iter().all(|when| when.holds(request))
    }

    /// Whether the rule strikes the `ordinal`-th request that it counts (from 1) after this number of `strikes`; `draw`
    /// gives a random number from 0 to 1.
    pub(super) fn strikes(&self, ordinal: u64, strikes: u64, draw: impl FnOnce() -> f64) -> bool {
        let Some(ordinal) = ordinal.checked_sub(self.skip.unwrap_or(0)).filter(|ordinal| *ordinal > 0) else {
            return false;
        };
        self.first.is_none_or(|first| ordinal <= first)
            && self.nth.is_none_or(|nth| ordinal == nth)
            && self.every.is_none_or(|every| ordinal.is_multiple_of(every))
            && self.times.is_none_or(|times| strikes < times)
            && self.rate.is_none_or(|rate| draw() < rate)
    }
}

/// Whether a time after the first request is in a window, which may have no end.
fn is_within((from, to): (Duration, Option<Duration>), elapsed: Duration) -> bool {
    from <= elapsed && to.is_none_or(|to| elapsed < to)
}

/// The label of an API key in `key=`, which may be the key or its label.
pub(super) fn key_label(key: &str) -> String {
    if is_label(key) { key.to_owned() } else { label_of(key) }
}
