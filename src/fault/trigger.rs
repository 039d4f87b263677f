//! When a rule strikes: which requests it counts, and which of those it hits.

use std::time::Duration;

use super::view::RequestView;
use super::when::When;
use crate::clock::Timestamp;

/// Which requests a rule counts, and which of those it hits. What is not said holds for every request.
#[derive(Debug, Clone, Default)]
pub(super) struct Trigger {
    pub(super) first: Option<u64>,
    pub(super) nth: Option<u64>,
    pub(super) skip: Option<u64>,
    pub(super) every: Option<u64>,
    pub(super) times: Option<u64>,
    pub(super) rate: Option<f64>,
    pub(super) between: Option<(Duration, Duration)>,
    pub(super) when: Option<When>,
    /// The label of the only tenant that it counts requests of.
    pub(super) tenant: Option<String>,
    pub(super) attempt: Option<u64>,
    pub(super) concurrency: Option<u64>,
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

    /// The word because of which the first request that counts is never hit, if there is one.
    pub(super) fn misses_first(&self) -> Option<&'static str> {
        match self {
            Self { skip: Some(1..), .. } => Some("skip"),
            Self { nth: Some(2..), .. } => Some("nth"),
            Self { every: Some(2..), .. } => Some("every"),
            _ => None,
        }
    }

    /// Whether the body must be known to tell.
    pub(super) fn needs_body(&self) -> bool {
        self.when.as_ref().is_some_and(When::needs_body)
    }

    /// Whether a request counts.
    pub(super) fn counts(&self, request: &RequestView<'_>) -> bool {
        self.tenant.as_deref().is_none_or(|label| *label == *request.key)
            && self.concurrency.is_none_or(|least| request.open_calls as u64 >= least)
            && self.attempt.is_none_or(|attempt| request.attempt() == attempt)
            && self.between.is_none_or(|window| is_within(window, request.now.since(request.first_call)))
            && self.when.as_ref().is_none_or(|when| when.holds(request))
    }

    /// Whether the `ordinal`-th request that counts (from 1) is hit, after so many `strikes`; `chance` draws from 0 to 1.
    pub(super) fn hits(&self, ordinal: u64, strikes: u64, chance: impl FnOnce() -> f64) -> bool {
        let Some(ordinal) = ordinal.checked_sub(self.skip.unwrap_or(0)).filter(|ordinal| *ordinal > 0) else {
            return false;
        };
        self.first.is_none_or(|first| ordinal <= first)
            && self.nth.is_none_or(|nth| ordinal == nth)
            && self.every.is_none_or(|every| ordinal.is_multiple_of(every))
            && self.times.is_none_or(|times| strikes < times)
            && self.rate.is_none_or(|rate| chance() < rate)
    }
}

fn is_within((from, to): (Duration, Duration), elapsed: Duration) -> bool {
    (from..to).contains(&elapsed)
}

/// A bucket that fills with time and empties with requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn full(capacity: u64, now: Timestamp) -> Self {
        Self { tokens: as_float(capacity), at: now }
    }

    /// Takes a token; without one, how long until there is one.
    pub(super) fn take(
        &mut self,
        (requests, per): (u64, Duration),
        capacity: u64,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let a_second = as_float(requests) / per.as_secs_f64();
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
