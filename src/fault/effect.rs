//! The effects that a rule can have, and the properties of each.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use super::delay::Delay;
use super::json_edit::JsonEdit;
use crate::store::state_faults::{PageFault, StateFault};
use crate::store::sync::Script;

/// An effect of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    Status(u16),
    Body(String),
    Header(HeaderName, HeaderValue),
    RetryAfter(Duration),
    RetryAfterMs(u64),
    ShouldRetry(&'static str),
    Delay(Delay),
    Malformed,
    Truncate(usize),
    Empty,
    ContentType(HeaderValue),
    ContentLength(u64),
    Json(JsonEdit),
    Reset,
    ResetHead,
    ResetBody,
    ResetReply,
    Close,
    Hang,
    Stall,
    Dribble(usize, Duration),
    Bandwidth(u64),
    Garbage,
    Script(Arc<Script>),
    Message(String),
    Lag(Duration),
    Vanish,
    Quota(usize),
    Limit(u64, Duration),
    Burst(u64),
    Page(PageFault),
}

impl Effect {
    /// Whether it changes the body of a response or how that is sent, so that there must be a body.
    pub(super) fn needs_body(&self) -> bool {
        matches!(
            self,
            Self::Json(_)
                | Self::Malformed
                | Self::Truncate(_)
                | Self::Empty
                | Self::Stall
                | Self::ResetReply
                | Self::Dribble(..)
                | Self::Bandwidth(_)
        )
    }

    /// Whether no byte of an HTTP response is sent.
    pub(super) fn sends_nothing(&self) -> bool {
        matches!(self, Self::Reset | Self::ResetHead | Self::ResetBody | Self::Close | Self::Hang | Self::Garbage)
    }

    /// The fault on state that it plans, if any.
    pub(super) fn state_fault(&self) -> Option<StateFault> {
        match self {
            Self::Lag(_) => Some(StateFault::Lag),
            Self::Vanish => Some(StateFault::Vanish),
            Self::Quota(_) => Some(StateFault::Quota),
            Self::Page(_) => Some(StateFault::Page),
            Self::Script(_) => Some(StateFault::Script),
            _ => None,
        }
    }

    /// Its word in the rule language, for those effects that a refusal names.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Body(_) => "body",
            Self::Malformed => "malformed",
            Self::Truncate(_) => "truncate",
            Self::Empty => "empty",
            Self::Json(edit) => edit.word(),
            Self::Reset | Self::ResetHead | Self::ResetBody | Self::ResetReply => "reset",
            Self::Close => "close",
            Self::Hang => "hang",
            Self::Stall => "stall",
            Self::Dribble(..) => "dribble",
            Self::Bandwidth(_) => "bandwidth",
            Self::Garbage => "garbage",
            Self::Lag(_) => "lag",
            Self::Vanish => "vanish",
            Self::Quota(_) => "quota",
            Self::Page(_) => "page",
            Self::Script(_) => "script",
            _ => "effect",
        }
    }
}
