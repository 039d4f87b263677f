//! Another response instead of the service's: one with a given status, or that of a rate limit, which is a token bucket
//! to which time adds tokens and from which each request takes one.

use std::time::Duration;

use http::header::{HeaderValue, RETRY_AFTER};

use super::headers::whole_seconds;
use crate::clock::Timestamp;
use crate::error::response_with_status;
use crate::fault::action::RuleDraft;
use crate::fault::row::ClauseClass::{Adjust, Replace};
use crate::fault::row::{ClauseRow, valued};
use crate::fault::value;
use crate::matcher::ParseError;
use crate::response::Response;
use crate::seed::RandomStream;

pub(super) const ROWS: &[ClauseRow] = &[
    valued("status=N", Replace, |draft, value| value::status(value).map(|code| draft.status = Some(code))).doc(
        "responds with this status and the body that the service sends for it; 502 to 504 have the HTML of a gateway",
        "indexes.get status=404",
    ),
    valued("limit=N/DURATION", Replace, limit)
        .doc("a token bucket; over this rate 429 with correct retry-after and x-ratelimit-*", "* limit=5/10s"),
    valued("burst=N", Adjust, |draft, value| value::positive(value).map(|burst| draft.burst = Some(burst)))
        .with("limit")
        .doc("the number of tokens in a full bucket, if that is not the N of limit=", "* limit=5/10s burst=20"),
];

fn limit(draft: &mut RuleDraft, value: &str) -> Result<(), ParseError> {
    let (requests, per) = value.split_once('/').ok_or("is not of the form N/DURATION")?;
    let requests = value::positive(requests)?;
    draft.limit = Some(RateLimit { requests, per: value::over_zero(per)?, capacity: requests });
    // A bucket fills by the tenant's clock, which is not scaled: a client that retried sooner would be refused again.
    draft.adjustment.retry.is_unscaled = true;
    Ok(())
}

/// The response to a request over a limit, with headers for the time at which the next one is admitted.
pub(in crate::fault) fn over_limit(limit: RateLimit, wait: Duration, stream: &mut RandomStream) -> Response {
    let mut response = response_with_status(429, stream);
    let seconds = whole_seconds(wait);
    response.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    response.headers.insert("x-ratelimit-limit", HeaderValue::from(limit.requests));
    response.headers.insert("x-ratelimit-remaining", HeaderValue::from(0));
    response.headers.insert("x-ratelimit-reset", HeaderValue::from(seconds));
    response
}

/// How fast a bucket fills, and how many tokens it holds.
#[derive(Debug, Clone, Copy)]
pub(in crate::fault) struct RateLimit {
    pub(in crate::fault) requests: u64,
    pub(in crate::fault) per: Duration,
    pub(in crate::fault) capacity: u64,
}

/// A bucket of tokens; every request takes one.
#[derive(Debug, Clone, Copy)]
pub(in crate::fault) struct TokenBucket {
    limit: RateLimit,
    tokens: f64,
    filled_at: Timestamp,
}

impl TokenBucket {
    /// A full bucket.
    pub(in crate::fault) fn full(limit: RateLimit, now: Timestamp) -> Self {
        Self { limit, tokens: as_float(limit.capacity), filled_at: now }
    }

    /// Takes a token; the error is how long until there is one.
    pub(in crate::fault) fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        let per_second = as_float(self.limit.requests) / self.limit.per.as_secs_f64();
        let added = now.since(self.filled_at).as_secs_f64() * per_second;
        self.tokens = (self.tokens + added).min(as_float(self.limit.capacity));
        self.filled_at = now;
        // Timestamps are in whole microseconds: a client that retries at the announced time gets its token in spite of
        // rounding errors.
        if self.tokens > 1.0 - 1e-9 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let micros = ((1.0 - self.tokens) / per_second * 1e6).ceil();
        Err(Duration::try_from_secs_f64(micros / 1e6).unwrap_or(self.limit.per))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bucket of 2^53 tokens is never empty")]
fn as_float(number: u64) -> f64 {
    number as f64
}
