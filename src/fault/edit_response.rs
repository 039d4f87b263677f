//! What a rule does to an answer that is there already: its words, its headers, its pace, its end.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use super::drift;
use super::effect::Effect;
use crate::response::{Break, Pace, Response, ResponseEnd};
use crate::seed::{self, RandomStream};

const MARK: HeaderName = HeaderName::from_static("x-mock-fault");

/// Marks an answer as made or changed by a rule.
pub(super) fn mark(response: &mut Response, rule: &str) {
    if let Ok(name) = HeaderValue::from_str(rule) {
        response.headers.insert(MARK, name);
    }
}

/// Does every effect to the answer; false, and nothing done, when an edit does not fit it.
pub(super) fn apply(response: &mut Response, effects: &[Effect], stream: &mut RandomStream) -> bool {
    if !edit(response, effects) {
        return false;
    }
    for effect in effects {
        match effect {
            Effect::Body(text) => set_body(response, text),
            Effect::Malformed => response.body = malformed(&response.body),
            Effect::Empty => response.body = Bytes::new(),
            Effect::Header(name, value) => drop(response.headers.insert(name, value.clone())),
            Effect::ContentType(value) => drop(response.headers.insert(CONTENT_TYPE, value.clone())),
            Effect::ContentLength(length) => response.wire.content_length = Some(*length),
            Effect::Delay(least, most) => response.delay = response.delay.saturating_add(drawn(*least, *most, stream)),
            Effect::Truncate(bytes) => response.wire.end = ResponseEnd::Cut(*bytes, Break::Close),
            Effect::ResetReply => response.wire.end = ResponseEnd::HalfThenReset,
            Effect::Stall => response.wire.end = ResponseEnd::Stall,
            Effect::Dribble(bytes, every) => response.wire.pace = Pace::Dribble { bytes: *bytes, every: *every },
            Effect::Bandwidth(bytes) => response.wire.pace = Pace::Bandwidth(*bytes),
            _ => {}
        }
    }
    true
}

/// Edits the answer's JSON; false when it has none, or a pointer leads nowhere.
fn edit(response: &mut Response, effects: &[Effect]) -> bool {
    let edits: Vec<_> = effects
        .iter()
        .filter_map(|effect| if let Effect::Drift(drift) = effect { Some(drift) } else { None })
        .collect();
    if edits.is_empty() {
        return true;
    }
    let Ok(mut document) = serde_json::from_slice::<Value>(&response.body) else { return false };
    if !edits.iter().all(|edit| drift::apply(edit, &mut document)) {
        return false;
    }
    response.body = document.to_string().into();
    true
}

fn set_body(response: &mut Response, text: &str) {
    response.body = Bytes::copy_from_slice(text.as_bytes());
    let json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let content_type = if json { "application/json" } else { "text/plain; charset=utf-8" };
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
}

/// The first half of the text, which is no JSON any more; of what is too short for that, a brace that nothing closes.
fn malformed(body: &Bytes) -> Bytes {
    let half = body.slice(..body.len() / 2);
    let broken = serde_json::from_slice::<serde::de::IgnoredAny>(&half).is_err();
    if broken && !half.is_empty() { half } else { Bytes::from_static(b"{\"detail\":") }
}

fn drawn(least: Duration, most: Duration, stream: &mut RandomStream) -> Duration {
    least + most.saturating_sub(least).mul_f64(seed::fraction(stream))
}
