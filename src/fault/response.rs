//! Injected responses: each status with the body that the service sends with it, and the headers that clients use for
//! their retries.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::json;

use super::effect::Effect;
use super::view::RequestView;
use crate::clock::scaled;
use crate::response::Response;
use crate::seed::{self, RandomStream};

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

/// The service's text when it fails, as its users have reported it.
const FAILURE: &str = "Oops! Something went wrong on our end. Please try again in a few minutes. If the error persists, please contact \
                    support by clicking the chat icon on cloud.llamaindex.ai providing this correlation ID: ";

/// The service's text for an internal failure, with a correlation id from `stream`.
pub(crate) fn correlation_message(stream: &mut RandomStream) -> String {
    format!("{FAILURE}{}", seed::uuid(stream))
}

/// The service's response with this status.
pub(super) fn of_status(status: u16, stream: &mut RandomStream) -> Response {
    let detail = match status {
        ..200 | 204 | 304 => return Response::empty(status),
        401 => "Invalid authentication token".to_owned(),
        402 => "You have run out of credits. Please upgrade your plan to go on.".to_owned(),
        403 => "You do not have access to this project".to_owned(),
        404 => "Not found".to_owned(),
        409 => "A conflicting operation is in progress".to_owned(),
        413 => "Request body is too large".to_owned(),
        422 => {
            return Response::json(
                422,
                &json!({"detail": [{"type": "value_error", "loc": ["body"], "msg": "Value error, injected", "input": {}, "ctx": {"error": {}}}]}),
            );
        }
        429 => "Rate limit exceeded. Please try again later.".to_owned(),
        500 => correlation_message(stream),
        502..=504 => return gateway(status),
        _ => http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Injected")
            .to_owned(),
    };
    Response::json(status, &json!({ "detail": detail }))
}

/// The page that a gateway in front of the service sends when the service does not respond.
fn gateway(status: u16) -> Response {
    let reason =
        http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let page = format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    Response::bytes(status, "text/html", page)
}

/// The response to a request over a limit, with headers for the time at which the next one is admitted.
pub(super) fn over_limit(requests: u64, wait: Duration, stream: &mut RandomStream) -> Response {
    let mut response = of_status(429, stream);
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
    matches!(response.code(), Some(408 | 409 | 429 | 500..))
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
