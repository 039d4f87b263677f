//! What fault rules see of a request.

use serde_json::Value;
use std::borrow::Cow;

use crate::clock::Timestamp;
use crate::content::Content;
use crate::matcher::RequestParts;
use crate::request::{Head, PathParams};
use crate::seed::Seed;

/// The view of a request that fault rules get.
#[derive(Debug)]
pub(crate) struct RequestView<'a> {
    /// The operation's position among the [`Targets`](super::Targets).
    pub(crate) operation: usize,
    /// The label of its API key.
    pub(crate) key: Cow<'a, str>,
    pub(crate) head: &'a Head,
    /// The parameters in its path.
    pub(crate) path: &'a PathParams,
    /// The number of this attempt, from 1: as the client reports it, else its place in the chain of equal requests if a
    /// rule needs that.
    pub(crate) attempt: u64,
    /// `None` before it is read.
    pub(crate) content: Option<&'a Content>,
    /// When it is decided, on the tenant's clock.
    pub(crate) now: Timestamp,
    /// The time to which an `auto` clock was last set, from which it has jumped since; `None` on other clocks.
    pub(crate) jumped_from: Option<Timestamp>,
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

impl RequestParts for RequestView<'_> {
    fn header_values(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        self.head.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()))
    }

    fn query(&self) -> Option<&str> {
        self.head.query.as_deref()
    }

    fn path_param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.path.iter().find(|(param, _)| *param == name).map(|(_, value)| value.as_str().into())
    }

    fn content(&self) -> Option<&Value> {
        self.content.and_then(Content::value)
    }
}
