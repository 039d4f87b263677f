//! The headers that clients use for their retries, and how long a client waits because of them.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};

use crate::clock::scaled;
use crate::fault::draft::RuleDraft;
use crate::fault::row::{ClauseClass, ClauseRow, valued};
use crate::fault::value;
use crate::fault::view::{RequestView, RetryTiming};
use crate::matcher::ParseError;
use crate::response::Response;

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

pub(super) const ROWS: &[ClauseRow] = &[
    valued("retry-after=DURATION", ClauseClass::Adjust, |mut draft, value| {
        let wait = value::seconds(value)?;
        draft.action.adjustment.retry.asked = Some(wait);
        draft.action.adjustment.retry.headers.push((RETRY_AFTER, HeaderValue::from(whole_seconds(wait))));
        Ok(draft)
    })
    .doc(
        "the header retry-after, in whole seconds; a number without a unit is in seconds too",
        "* status=429 retry-after=2s first=3",
    ),
    valued("retry-after-ms=N", ClauseClass::Adjust, |mut draft, value| {
        draft.action.adjustment.retry.exact = Some(Duration::from_millis(value::number(value)?));
        Ok(draft)
    })
    .doc("the header retry-after-ms, which the SDKs prefer", "* status=429 retry-after-ms=50"),
    valued("should-retry=true|false", ClauseClass::Adjust, should_retry)
        .doc("the header x-should-retry, which the SDKs follow", "* status=500 should-retry=false"),
];

/// What a rule tells a client about its retries.
#[derive(Debug, Default)]
pub(in crate::fault) struct RetryHeaders {
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The wait of the last `retry-after`.
    pub(super) asked: Option<Duration>,
    /// The wait of `retry-after-ms`.
    exact: Option<Duration>,
    /// Whether the wait is on the tenant's clock, which no time scale changes.
    pub(super) is_unscaled: bool,
}

fn should_retry(mut draft: RuleDraft, value: &str) -> Result<RuleDraft, ParseError> {
    let word = if value::boolean(value)? { "true" } else { "false" };
    draft.action.adjustment.retry.headers.push((SHOULD_RETRY, HeaderValue::from_static(word)));
    Ok(draft)
}

impl RetryHeaders {
    /// The wait before the client retries: the one that the response asks for, or else its own; none if it will not retry.
    pub(in crate::fault) fn promised_wait(&self, response: &Response, request: &RequestView<'_>) -> Option<Duration> {
        let of_response = || response.headers.get(RETRY_AFTER).and_then(seconds_of);
        let is_timed = is_retried(response) && request.retry_timing != RetryTiming::Real;
        let own = || is_timed.then(|| backoff(request.attempt()));
        self.exact.or(self.asked).or_else(of_response).or_else(own)
    }

    /// The response with the headers for the client's retries.
    pub(in crate::fault) fn applied(
        &self,
        mut response: Response,
        promised: Option<Duration>,
        timing: RetryTiming,
    ) -> Response {
        for (name, value) in &self.headers {
            response.headers.insert(name, value.clone());
        }
        let shown = match timing {
            RetryTiming::Scaled(_) if self.is_unscaled => promised,
            RetryTiming::Scaled(scale) if is_retried(&response) => {
                promised.map(|wait| scaled(wait, scale).max(Duration::from_millis(1)))
            }
            RetryTiming::Jumped if is_retried(&response) => promised.map(|_| Duration::from_millis(1)),
            RetryTiming::Real | RetryTiming::Scaled(_) | RetryTiming::Jumped => self.exact,
        };
        if let Some(wait) = shown {
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            response.headers.insert(RETRY_AFTER_MS, HeaderValue::from(millis));
        }
        response
    }
}

/// Whether the official SDKs retry after a response.
fn is_retried(response: &Response) -> bool {
    matches!(response.status, 408 | 409 | 429 | 500..)
}

/// The official SDKs' own wait before they retry: 0.5 s, doubled with each attempt, at most 8 s.
fn backoff(attempt: u64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(4);
    Duration::from_millis(500 << doublings)
}

/// The wait that a header asks for.
pub(super) fn asked_wait(name: &HeaderName, value: &HeaderValue) -> Option<Duration> {
    seconds_of(value).filter(|_| *name == RETRY_AFTER)
}

fn seconds_of(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
