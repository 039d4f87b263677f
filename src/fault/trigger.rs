//! When a rule strikes: which calls it counts, and which of those it hits.

use std::borrow::Cow;
use std::time::Duration;

use http::header::HeaderName;
use regex::Regex;
use serde_json::Value;

use super::armed::CallView;
use crate::clock::Moment;
use crate::seed;

/// Which calls a rule counts, and which of those it hits. What is not said holds for every call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Trigger {
    pub(super) first: Option<u64>,
    pub(super) nth: Option<u64>,
    pub(super) skip: Option<u64>,
    pub(super) every: Option<u64>,
    pub(super) times: Option<u64>,
    pub(super) rate: Option<f64>,
    pub(super) between: Option<(Duration, Duration)>,
    pub(super) when: Option<When>,
    /// The label of the only tenant that it counts calls of.
    pub(super) tenant: Option<String>,
    pub(super) attempt: Option<u64>,
    pub(super) concurrency: Option<u64>,
}

/// A condition on what a call says.
#[derive(Debug, Clone)]
pub(super) struct When {
    pub(super) subject: Subject,
    test: Test,
}

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Header(HeaderName),
    Query(String),
    Body(String),
}

#[derive(Debug, Clone)]
enum Test {
    /// It is there at all.
    Present,
    Equals(String),
    /// It matches the regular expression anywhere; a text that is no expression is looked for as it is.
    Matches(Regex),
}

impl PartialEq for When {
    fn eq(&self, other: &Self) -> bool {
        self.subject == other.subject && format!("{:?}", self.test) == format!("{:?}", other.test)
    }
}

impl Trigger {
    /// Why the numbers of this trigger can never all hold, if so.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        match self {
            Self { nth: Some(nth), first: Some(first), .. } if nth > first => {
                Some("nth comes after the first ones, so it would never strike")
            }
            Self { nth: Some(nth), every: Some(every), .. } if !nth.is_multiple_of(*every) => {
                Some("nth is never one of every, so it would never strike")
            }
            Self { first: Some(first), every: Some(every), .. } if first < every => {
                Some("every comes after the first ones, so it would never strike")
            }
            _ => None,
        }
    }

    /// Whether the body must be known to tell.
    pub(super) fn needs_body(&self) -> bool {
        matches!(&self.when, Some(When { subject: Subject::Body(_), .. }))
    }

    /// Whether a call counts.
    pub(super) fn counts(&self, call: &CallView<'_>) -> bool {
        self.tenant.as_deref().is_none_or(|label| label == call.tenant)
            && self.concurrency.is_none_or(|least| call.open_calls as u64 >= least)
            && self.attempt.is_none_or(|attempt| call.attempt() == attempt)
            && self.between.is_none_or(|window| is_within(window, call.now.since(call.first_call)))
            && self.when.as_ref().is_none_or(|when| when.holds(call))
    }

    /// Whether the `ordinal`-th call that counts (from 1) is hit, after so many `strikes`.
    pub(super) fn hits(&self, ordinal: u64, strikes: u64, chance: impl FnOnce() -> seed::Stream) -> bool {
        let Some(ordinal) = ordinal.checked_sub(self.skip.unwrap_or(0)).filter(|ordinal| *ordinal > 0) else {
            return false;
        };
        self.first.is_none_or(|first| ordinal <= first)
            && self.nth.is_none_or(|nth| ordinal == nth)
            && self.every.is_none_or(|every| ordinal.is_multiple_of(every))
            && self.times.is_none_or(|times| strikes < times)
            && self.rate.is_none_or(|rate| seed::fraction(&mut chance()) < rate)
    }
}

fn is_within((from, to): (Duration, Duration), elapsed: Duration) -> bool {
    (from..to).contains(&elapsed)
}

impl When {
    /// A condition on `subject`: that it is there, or `=` or `~` and a value.
    pub(super) fn new(subject: Subject, test: Option<(&str, String)>) -> Self {
        let test = match test {
            None => Test::Present,
            Some(("=", value)) => Test::Equals(value),
            Some((_, value)) => Test::Matches(expression(&value)),
        };
        Self { subject, test }
    }

    fn holds(&self, call: &CallView<'_>) -> bool {
        match &self.subject {
            Subject::Header(name) => call
                .head
                .headers
                .get_all(name)
                .iter()
                .any(|value| self.accepts(&String::from_utf8_lossy(value.as_bytes()))),
            Subject::Query(name) => {
                let query = call.head.query.as_deref().unwrap_or_default();
                form_urlencoded::parse(query.as_bytes()).any(|(key, value)| key == *name && self.accepts(&value))
            }
            Subject::Body(pointer) => {
                call.json().and_then(|body| body.pointer(pointer)).is_some_and(|value| self.accepts(&text_of(value)))
            }
        }
    }

    fn accepts(&self, text: &str) -> bool {
        match &self.test {
            Test::Present => true,
            Test::Equals(wanted) => text == wanted,
            Test::Matches(pattern) => pattern.is_match(text),
        }
    }
}

fn expression(text: &str) -> Regex {
    let limited = |pattern: &str| regex::RegexBuilder::new(pattern).size_limit(64 * 1024).build();
    limited(text)
        .or_else(|_| Regex::new(&regex::escape(text)))
        .unwrap_or_else(|_| Regex::new("^$").expect("is an expression"))
}

/// A JSON value as a rule's writer would write it: texts without quotes.
fn text_of(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}

/// A bucket that fills with time and empties with calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    tokens: f64,
    at: Moment,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn full(capacity: u64, now: Moment) -> Self {
        Self { tokens: as_float(capacity), at: now }
    }

    /// Takes a token; without one, how long until there is one.
    pub(super) fn take(&mut self, (calls, per): (u64, Duration), capacity: u64, now: Moment) -> Result<(), Duration> {
        let a_second = as_float(calls) / per.as_secs_f64();
        self.tokens = (self.tokens + now.since(self.at).as_secs_f64() * a_second).min(as_float(capacity));
        self.at = now;
        // Moments are in whole microseconds: a client that comes at the promised one finds its token, whatever the
        // arithmetic of fractions has lost on the way.
        if self.tokens > 1.0 - 1e-9 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let micros = ((1.0 - self.tokens) / a_second * 1e6).ceil();
        Err(Duration::try_from_secs_f64(micros / 1e6).unwrap_or(per))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bucket of 2^53 tokens is never empty")]
fn as_float(number: u64) -> f64 {
    number as f64
}
