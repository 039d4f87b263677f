//! The headers that clients use for their retries.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};

use super::effect::Effect;
use super::view::RequestView;
use crate::clock::scaled;
use crate::error::response_with_status;
use crate::response::Response;
use crate::seed::RandomStream;

/// The length of the waits that responses ask clients for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RetryTiming {
    /// The length in the rule.
    Real,
    /// Multiplied by this number; `retry-after-ms` has the result in milliseconds.
    Scaled(f64),
    /// A millisecond: the clock jumps to the end of the wait when the client retries.
    Jumped,
}

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The response to a request over a limit, with headers for the time at which the next one is admitted.
pub(super) fn over_limit(requests: u64, wait: Duration, stream: &mut RandomStream) -> Response {
    let mut response = response_with_status(429, stream);
    let seconds = whole_seconds(wait);
    response.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    response.headers.insert("x-ratelimit-limit", HeaderValue::from(requests));
    response.headers.insert("x-ratelimit-remaining", HeaderValue::from(0));
    response.headers.insert("x-ratelimit-reset", HeaderValue::from(seconds));
    response
}

/// The wait before the client retries: the one that the response asks for, or else its own; none if it will not retry.
pub(super) fn promised_wait(response: &Response, effects: &[Effect], request: &RequestView<'_>) -> Option<Duration> {
    let mut asked = response.headers.get(RETRY_AFTER).and_then(seconds_of);
    for effect in effects {
        match effect {
            Effect::RetryAfter(wait) => asked = Some(*wait),
            Effect::Header(name, value) if *name == RETRY_AFTER => asked = seconds_of(value).or(asked),
            _ => {}
        }
    }
    let is_timed = is_retried(response) && request.retry_timing != RetryTiming::Real;
    exact_wait(effects).or(asked).or_else(|| is_timed.then(|| backoff(request.attempt())))
}

/// The response with the headers for a client's retries.
pub(super) fn with_retry_headers(
    mut response: Response,
    effects: &[Effect],
    promised: Option<Duration>,
    timing: RetryTiming,
) -> Response {
    for effect in effects {
        match effect {
            Effect::RetryAfter(wait) => {
                drop(response.headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(*wait))));
            }
            Effect::ShouldRetry(word) => {
                drop(response.headers.insert(SHOULD_RETRY, HeaderValue::from_static(word)));
            }
            _ => {}
        }
    }
    // A bucket fills by the tenant's clock, which is not scaled: a client that retried sooner would be refused again.
    let is_unscaled = effects.iter().any(|effect| matches!(effect, Effect::Limit(..)));
    let shown = match timing {
        RetryTiming::Scaled(_) if is_unscaled => promised,
        RetryTiming::Scaled(scale) if is_retried(&response) => {
            promised.map(|wait| scaled(wait, scale).max(Duration::from_millis(1)))
        }
        RetryTiming::Jumped if is_retried(&response) => promised.map(|_| Duration::from_millis(1)),
        RetryTiming::Real | RetryTiming::Scaled(_) | RetryTiming::Jumped => exact_wait(effects),
    };
    if let Some(wait) = shown {
        response.headers.insert(RETRY_AFTER_MS, HeaderValue::from(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)));
    }
    response
}

/// The wait of `retry-after-ms=`.
fn exact_wait(effects: &[Effect]) -> Option<Duration> {
    let mut waits = effects
        .iter()
        .filter_map(|effect| if let Effect::RetryAfterMs(millis) = effect { Some(*millis) } else { None });
    waits.next().map(Duration::from_millis)
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

fn seconds_of(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
