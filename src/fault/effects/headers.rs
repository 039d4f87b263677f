//! Headers that are added or replaced, those for the client's retries among them, and how long a client waits because
//! of them.

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};

use super::ResponseEffect;
use crate::clock::scaled;
use crate::fault::action::RuleDraft;
use crate::fault::row::ClauseClass::{Adjust, Edit};
use crate::fault::row::{ClauseRow, valued};
use crate::fault::value;
use crate::fault::view::{RequestView, RetryTiming};
use crate::matcher::ParseError;
use crate::response::{RETRY_AFTER_MS, Response, SHOULD_RETRY, duration_in};

const MILLISECOND: Duration = Duration::from_millis(1);

pub(super) const ROWS: &[ClauseRow] = &[
    valued("content-type=TEXT", Edit, |draft, value| {
        value::header_value(value).map(|value| draft.add_effect(HeaderEffect(CONTENT_TYPE, value)))
    })
    .doc("another content type", "indexes.get content-type=text/html"),
    valued("header=NAME:VALUE", Adjust, header)
        .repeatable()
        .doc("adds or replaces a header", "indexes.list status=503 header=x-region:eu header=via:proxy"),
    valued("retry-after=DURATION", Adjust, retry_after).doc(
        "the header retry-after, in whole seconds; a number without a unit is in seconds too",
        "* status=429 retry-after=2s first=3",
    ),
    valued("retry-after-ms=N", Adjust, |draft, value| {
        value::number(value).map(|millis| draft.adjustment.retry.retry_after_ms = Some(Duration::from_millis(millis)))
    })
    .doc("the header retry-after-ms, which the SDKs prefer", "* status=429 retry-after-ms=50"),
    valued("should-retry=true|false", Adjust, should_retry)
        .doc("the header x-should-retry, which the SDKs follow", "* status=500 should-retry=false"),
];

#[derive(Debug)]
struct HeaderEffect(HeaderName, HeaderValue);

impl ResponseEffect for HeaderEffect {
    fn apply(&self, response: &mut Response) {
        response.headers.insert(self.0.clone(), self.1.clone());
    }
}

/// How long a rule asks clients to wait before they retry.
#[derive(Debug, Default)]
pub(in crate::fault) struct RetryWaits {
    /// The wait of the last `retry-after`.
    retry_after: Option<Duration>,
    retry_after_ms: Option<Duration>,
    /// Whether the wait is on the tenant's clock, whatever the time scale.
    pub(super) is_unscaled: bool,
}

fn header(draft: &mut RuleDraft, value: &str) -> Result<(), ParseError> {
    let (name, value) = value.split_once(':').ok_or("is not of the form NAME:VALUE")?;
    let name = value::header_name(name.trim())?;
    if ["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
        let problem = format!("{name} frames the response; content-length=, truncate= and close break it on purpose");
        return Err(problem.into());
    }
    let value = value::header_value(value.trim())?;
    let retry = &mut draft.adjustment.retry;
    retry.retry_after = seconds_of(&value).filter(|_| name == RETRY_AFTER).or(retry.retry_after);
    draft.add_effect(HeaderEffect(name, value));
    Ok(())
}

fn retry_after(draft: &mut RuleDraft, value: &str) -> Result<(), ParseError> {
    let wait = value::seconds(value)?;
    draft.adjustment.retry.retry_after = Some(wait);
    draft.add_effect(HeaderEffect(RETRY_AFTER, HeaderValue::from(whole_seconds(wait))));
    Ok(())
}

fn should_retry(draft: &mut RuleDraft, value: &str) -> Result<(), ParseError> {
    let word = HeaderValue::from_static(if value::boolean(value)? { "true" } else { "false" });
    draft.add_effect(HeaderEffect(SHOULD_RETRY, word));
    Ok(())
}

impl RetryWaits {
    /// The wait before the client retries: the one that the response asks for, or else the client's own; none if it
    /// will not retry. Adds `retry-after-ms` if the rule has it, or if the wait is another one in real time.
    pub(in crate::fault) fn apply(&self, response: &mut Response, request: &RequestView<'_>) -> Option<Duration> {
        // The official SDKs retry after these.
        let is_retried = matches!(response.code(), Some(408 | 409 | 429 | 500..));
        let is_timed = is_retried && request.retry_timing != RetryTiming::Real;
        let promised = self
            .retry_after_ms
            .or(self.retry_after)
            .or_else(|| response.headers.get(RETRY_AFTER).and_then(seconds_of))
            .or_else(|| is_timed.then(|| backoff(request.attempt)));
        let announced = match request.retry_timing {
            RetryTiming::Scaled(_) if self.is_unscaled => promised,
            RetryTiming::Scaled(scale) if is_retried => promised.map(|wait| scaled(wait, scale).max(MILLISECOND)),
            RetryTiming::Jumped if is_retried => promised.map(|_| MILLISECOND),
            _ => self.retry_after_ms,
        };
        if let Some(wait) = announced {
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            response.headers.insert(RETRY_AFTER_MS, HeaderValue::from(millis));
        }
        promised
    }
}

/// The official SDKs' own wait before they retry: 0.5 s, doubled with each attempt, at most 8 s.
fn backoff(attempt: u64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(4);
    Duration::from_millis(500 << doublings)
}

fn seconds_of(value: &HeaderValue) -> Option<Duration> {
    duration_in(value, 1.0)
}

pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
