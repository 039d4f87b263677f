//! What fault rules see of a request.

use serde_json::Value;
use std::borrow::Cow;

use crate::clock::Timestamp;
use crate::content::Content;
use crate::matcher::RequestParts;
use crate::request::{Head, RETRY_COUNT};
use crate::seed::Seed;

/// The view of a request that fault rules get.
#[derive(Debug)]
pub(crate) struct RequestView<'a> {
    /// The operation's position among the [`Targets`](super::Targets).
    pub(crate) operation: usize,
    /// The label of its API key.
    pub(crate) key: Cow<'a, str>,
    pub(crate) head: &'a Head,
    /// `None` before it is read.
    pub(crate) content: Option<&'a Content>,
    /// When it is decided, on the tenant's clock.
    pub(crate) now: Timestamp,
    /// The time of the tenant's first request.
    pub(crate) first_request: Timestamp,
    /// The number of the tenant's unfinished requests, this one included.
    pub(crate) open_requests: usize,
    /// The number of the tenant's live resources of the kind that the operation is about.
    pub(crate) resources: usize,
    /// The root of the tenant's random streams.
    pub(crate) seed: &'a Seed,
    /// The length of the waits that responses ask for.
    pub(crate) retry_timing: RetryTiming,
}

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

impl RequestView<'_> {
    /// The number of this attempt, from 1, as the official SDKs report it.
    pub(super) fn attempt(&self) -> u64 {
        let retries = self.head.header(&RETRY_COUNT).and_then(|count| count.parse::<u64>().ok());
        retries.unwrap_or(0).saturating_add(1)
    }
}

impl RequestParts for RequestView<'_> {
    fn header_values(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        self.head.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()))
    }

    fn query(&self) -> Option<&str> {
        self.head.query.as_deref()
    }

    fn content(&self) -> Option<&Value> {
        self.content.and_then(Content::value)
    }
}
