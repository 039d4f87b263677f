//! What a rule can do to a request, and what each of these effects is by nature. It does nothing itself.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::store::PageFault;
use crate::store::sync::Script;

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    Status(u16),
    Body(String),
    Header(HeaderName, HeaderValue),
    RetryAfter(Duration),
    RetryAfterMs(u64),
    ShouldRetry(&'static str),
    Delay(Duration, Duration),
    Malformed,
    Truncate(usize),
    Empty,
    ContentType(HeaderValue),
    ContentLength(u64),
    Drift(Drift),
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

/// An edit of a good answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Drift {
    Drop(String),
    Null(String),
    Retype(String),
    Rename(String, String),
    Add(String, Value),
}

impl Effect {
    /// Whether it does something to the body of an answer, so that there must be one.
    pub(super) fn needs_body(&self) -> bool {
        matches!(
            self,
            Self::Drift(_)
                | Self::Malformed
                | Self::Truncate(_)
                | Self::Empty
                | Self::Stall
                | Self::ResetReply
                | Self::Dribble(..)
                | Self::Bandwidth(_)
        )
    }

    /// Whether no byte of an answer is sent, or none that is HTTP.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self, Self::Reset | Self::ResetHead | Self::ResetBody | Self::Close | Self::Hang | Self::Garbage)
    }

    /// Its word in the rule language, as far as something is ever said of it by that.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Body(_) => "body",
            Self::Malformed => "malformed",
            Self::Truncate(_) => "truncate",
            Self::Empty => "empty",
            Self::Drift(drift) => drift.word(),
            Self::Reset | Self::ResetHead | Self::ResetBody | Self::ResetReply => "reset",
            Self::Close => "close",
            Self::Hang => "hang",
            Self::Stall => "stall",
            Self::Dribble(..) => "dribble",
            Self::Bandwidth(_) => "bandwidth",
            Self::Garbage => "garbage",
            _ => "effect",
        }
    }
}

impl Drift {
    fn word(&self) -> &'static str {
        match self {
            Self::Drop(_) => "drop",
            Self::Null(_) => "null",
            Self::Retype(_) => "retype",
            Self::Rename(..) => "rename",
            Self::Add(..) => "add",
        }
    }
}
