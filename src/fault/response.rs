//! Answers that are injected: each status with the service's own body for it, and the headers that retries go by.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::json;

use super::effect::Effect;
use crate::clock::scaled;
use crate::response::Response;
use crate::seed::{self, RandomStream};

/// How waits are promised: what they are multiplied by, and whether the clock jumps over them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Waits {
    /// As they are.
    Real,
    /// Multiplied by this; the promise is repeated in milliseconds.
    Scaled(f64),
    /// Not at all: the clock jumps to their end when the client comes back.
    Jumped,
}

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// What the service says when it fails, as its users have reported it.
const OOPS: &str = "Oops! Something went wrong on our end. Please try again in a few minutes. If the error persists, please contact \
                    support by clicking the chat icon on cloud.llamaindex.ai providing this correlation ID: ";

/// The service's words for a failure of its own, with a correlation id from `stream`.
pub fn correlation(stream: &mut RandomStream) -> String {
    format!("{OOPS}{}", seed::uuid(stream))
}

/// The service's answer of this status.
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
        500 => correlation(stream),
        502..=504 => return gateway(status),
        _ => http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Injected")
            .to_owned(),
    };
    Response::json(status, &json!({ "detail": detail }))
}

/// What a gateway in front of the service says when the service does not.
fn gateway(status: u16) -> Response {
    let reason =
        http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let page = format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    Response::bytes(status, "text/html", page)
}

/// The answer of a limit that was passed, with headers that tell the truth about it.
pub(super) fn over_limit(requests: u64, wait: Duration, stream: &mut RandomStream) -> Response {
    let mut response = of_status(429, stream);
    let seconds = whole_seconds(wait);
    response.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    response.headers.insert("x-ratelimit-limit", HeaderValue::from(requests));
    response.headers.insert("x-ratelimit-remaining", HeaderValue::from(0));
    response.headers.insert("x-ratelimit-reset", HeaderValue::from(seconds));
    response
}

/// Puts on the headers that retries go by; the wait that is promised in the end, if any.
pub(super) fn promise(response: &mut Response, effects: &[Effect], waits: Waits, attempt: u64) -> Option<Duration> {
    let mut asked = response.headers.get(RETRY_AFTER).and_then(seconds_of);
    let mut exact = None;
    for effect in effects {
        match effect {
            Effect::RetryAfter(wait) => {
                response.headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(*wait)));
                asked = Some(*wait);
            }
            Effect::Header(name, value) if *name == RETRY_AFTER => asked = seconds_of(value).or(asked),
            Effect::RetryAfterMs(millis) => exact = Some(Duration::from_millis(*millis)),
            Effect::ShouldRetry(word) => {
                response.headers.insert(SHOULD_RETRY, HeaderValue::from_static(word));
            }
            _ => {}
        }
    }
    let retried = matches!(response.status, 408 | 409 | 429 | 500..);
    let promised = exact.or(asked).or_else(|| (retried && waits != Waits::Real).then(|| backoff(attempt)));
    // A bucket fills with the tenant's clock, which no scale changes: who came back sooner would be turned away again.
    let unscaled = effects.iter().any(|effect| matches!(effect, Effect::Limit(..)));
    let shown = match waits {
        Waits::Scaled(_) if unscaled => promised,
        Waits::Scaled(scale) if retried => promised.map(|wait| scaled(wait, scale).max(Duration::from_millis(1))),
        Waits::Jumped if retried => promised.map(|_| Duration::from_millis(1)),
        Waits::Real | Waits::Scaled(_) | Waits::Jumped => exact,
    };
    if let Some(wait) = shown {
        response.headers.insert(RETRY_AFTER_MS, HeaderValue::from(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)));
    }
    promised
}

/// What the official SDKs wait of themselves before they try again: 0.5 s, doubled with each attempt, at most 8 s.
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
