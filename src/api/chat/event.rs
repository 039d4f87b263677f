//! The events of a turn as the service prints them. The order of the fields is that of its contract.

use bytes::Bytes;
use serde::Serialize;

use crate::api::retrieval::RetrievalResults;
use crate::response;
use crate::store::Usage;

/// An event of a turn.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ChatEvent<'a> {
    UserInput {
        content: &'a str,
    },
    ThinkingDelta {
        content: &'a str,
    },
    Thinking {
        content: &'a str,
    },
    ToolCall {
        arguments: SearchArguments<'a>,
        name: &'static str,
        call_id: &'a str,
    },
    ToolResult {
        name: &'static str,
        call_id: &'a str,
        result: &'a RetrievalResults<'a>,
        /// Always null: attachments are not shown.
        image_attachment: Option<()>,
    },
    TextDelta {
        content: &'a str,
    },
    Text {
        content: &'a str,
    },
    Stop {
        usage: UsageBody,
        is_error: bool,
        error: Option<&'a str>,
        skipped_index_ids: Option<Vec<&'a str>>,
    },
}

/// What an index is searched for.
#[derive(Serialize)]
pub(super) struct SearchArguments<'a> {
    pub(super) index_id: &'a str,
    pub(super) query: &'a str,
}

/// The tokens and the duration of a turn.
#[derive(Serialize)]
pub(super) struct UsageBody {
    total_input_tokens: Option<u32>,
    total_output_tokens: Option<u32>,
    turns: u32,
    duration_ms: f64,
}

impl ChatEvent<'_> {
    /// Whether it is a part of an event that follows.
    pub(super) fn is_delta(&self) -> bool {
        matches!(self, Self::ThinkingDelta { .. } | Self::TextDelta { .. })
    }

    /// The event as a stream sends it.
    pub(super) fn framed(&self) -> Bytes {
        response::event(&serde_json::to_vec(self).expect("our own types have string keys"))
    }
}

impl UsageBody {
    pub(super) fn of(usage: &Usage) -> Self {
        Self {
            total_input_tokens: Some(usage.input_tokens),
            total_output_tokens: Some(usage.output_tokens),
            turns: 1,
            duration_ms: usage.duration.as_secs_f64() * 1000.0,
        }
    }
}

/// The event that ends a stream which fails for this reason.
pub(super) fn failure(reason: &str) -> Bytes {
    let usage = UsageBody { total_input_tokens: None, total_output_tokens: None, turns: 1, duration_ms: 0.0 };
    ChatEvent::Stop { usage, is_error: true, error: Some(reason), skipped_index_ids: None }.framed()
}
