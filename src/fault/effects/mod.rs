//! The effects of rules, a file a family: the rows of its clauses, the meaning of their values, and what they do. A new
//! effect is a row in one of them; a new family is a file, a line in [`ROWS`], and a type that implements
//! [`ResponseEffect`].

mod body;
mod delay;
mod events;
mod headers;
mod json;
mod replacement;
mod state;
mod wire;

use std::fmt;

pub(super) use delay::DelayEffect;
pub(super) use events::{EventFault, EventFaults};
pub(super) use headers::RetryWaits;
pub(super) use json::{JsonEdit, edited_json};
pub(super) use replacement::{RateLimit, TokenBucket, over_limit};
pub(super) use state::{combined, is_any_applied};

use super::row::ClauseRow;
use super::view::RequestView;
use crate::response::Response;

/// The rows of every family, in the order in which they are explained.
pub(super) const ROWS: &[&[ClauseRow]] =
    &[replacement::ROWS, body::ROWS, headers::ROWS, delay::ROWS, json::ROWS, wire::ROWS, events::ROWS, state::ROWS];

/// An effect on a response, which comes from the service or from a rule.
pub(super) trait ResponseEffect: fmt::Debug + Send + Sync {
    /// Whether the response to a request has what the effect changes.
    fn fits(&self, _response: &Response, _request: &RequestView<'_>) -> bool {
        true
    }

    fn apply(&self, response: &mut Response);

    /// Whether it makes pauses on the tenant's clock.
    fn pauses(&self) -> bool {
        false
    }

    /// Whether it keeps the connection open and silent without a time limit.
    fn holds(&self) -> bool {
        false
    }

    /// Whether it closes the connection after the whole response.
    fn closes_after(&self) -> bool {
        false
    }
}
