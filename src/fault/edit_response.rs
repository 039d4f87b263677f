//! Edits an existing response by the effects of a rule: its body, its headers, its pace, and where it is cut off.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use super::effect::Effect;
use super::json_edit::JsonEdit;
use crate::response::{Break, Pace, Response, ResponseEnd};

/// The header that names the rule that made or changed a response.
const FAULT_HEADER: HeaderName = HeaderName::from_static("x-mock-fault");

/// Marks a response as made or changed by a rule.
pub(super) fn mark(response: &mut Response, rule: &str) {
    if let Ok(name) = HeaderValue::from_str(rule) {
        response.headers.insert(FAULT_HEADER, name);
    }
}

/// The response with every effect applied; none when an edit of its JSON does not fit it.
pub(super) fn edited(mut response: Response, effects: &[Effect]) -> Option<Response> {
    let edits: Vec<_> =
        effects.iter().filter_map(|effect| if let Effect::Json(edit) = effect { Some(edit) } else { None }).collect();
    if !edits.is_empty() {
        response.body = edited_json(&response.body.bytes(), &edits)?.into();
    }
    for effect in effects {
        match effect {
            Effect::Body(text) => {
                response.body = Bytes::copy_from_slice(text.as_bytes()).into();
                response.headers.insert(CONTENT_TYPE, content_type_of(text));
            }
            Effect::Malformed => response.body = malformed(&response.body.bytes()).into(),
            Effect::Empty => response.body = Bytes::new().into(),
            Effect::Header(name, value) => drop(response.headers.insert(name, value.clone())),
            Effect::ContentType(value) => drop(response.headers.insert(CONTENT_TYPE, value.clone())),
            Effect::ContentLength(length) => response.wire.content_length = Some(*length),
            Effect::Truncate(bytes) => response.wire.end = ResponseEnd::Cut(*bytes, Break::Close),
            Effect::ResetReply => response.wire.end = ResponseEnd::HalfThenReset,
            Effect::Stall => response.wire.end = ResponseEnd::Stall,
            Effect::Dribble(bytes, every) => response.wire.pace = Pace::Dribble { bytes: *bytes, every: *every },
            Effect::Bandwidth(bytes) => response.wire.pace = Pace::Bandwidth(*bytes),
            _ => {}
        }
    }
    Some(response)
}

/// A JSON body with every edit made; none if it is not JSON, or a pointer refers to no value.
fn edited_json(body: &Bytes, edits: &[&JsonEdit]) -> Option<Bytes> {
    let mut document = serde_json::from_slice::<Value>(body).ok()?;
    for edit in edits {
        document = edit.made_in(document)?;
    }
    Some(document.to_string().into())
}

fn content_type_of(text: &str) -> HeaderValue {
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    HeaderValue::from_static(if is_json { "application/json" } else { "text/plain; charset=utf-8" })
}

/// The first half of a body, if that is invalid JSON; else an object that is not closed.
fn malformed(body: &Bytes) -> Bytes {
    let half = body.slice(..body.len() / 2);
    let is_invalid = serde_json::from_slice::<serde::de::IgnoredAny>(&half).is_err();
    if is_invalid && !half.is_empty() { half } else { Bytes::from_static(b"{\"detail\":") }
}
