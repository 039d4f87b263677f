//! What a rule does to an answer that is there already: its words, its headers, its pace, its end.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use super::drift;
use super::effect::Effect;
use crate::reply::{Break, End, Pace, Reply};
use crate::seed::{self, Stream};

const MARK: HeaderName = HeaderName::from_static("x-mock-fault");

/// Marks an answer as made or changed by a rule.
pub(super) fn mark(reply: &mut Reply, rule: &str) {
    if let Ok(name) = HeaderValue::from_str(rule) {
        reply.headers.insert(MARK, name);
    }
}

/// Does every effect to the answer; false, and nothing done, when an edit does not fit it.
pub(super) fn spoil(reply: &mut Reply, effects: &[Effect], stream: &mut Stream) -> bool {
    if !edit(reply, effects) {
        return false;
    }
    for effect in effects {
        match effect {
            Effect::Body(text) => set_body(reply, text),
            Effect::Malformed => reply.body = malformed(&reply.body),
            Effect::Empty => reply.body = Bytes::new(),
            Effect::Header(name, value) => drop(reply.headers.insert(name, value.clone())),
            Effect::ContentType(value) => drop(reply.headers.insert(CONTENT_TYPE, value.clone())),
            Effect::ContentLength(length) => reply.wire.content_length = Some(*length),
            Effect::Delay(least, most) => reply.delay = reply.delay.saturating_add(drawn(*least, *most, stream)),
            Effect::Truncate(bytes) => reply.wire.end = End::Cut(*bytes, Break::Close),
            Effect::ResetReply => reply.wire.end = End::HalfThenReset,
            Effect::Stall => reply.wire.end = End::Stall,
            Effect::Dribble(bytes, every) => reply.wire.pace = Pace::Dribble { bytes: *bytes, every: *every },
            Effect::Bandwidth(bytes) => reply.wire.pace = Pace::Bandwidth(*bytes),
            _ => {}
        }
    }
    true
}

/// Edits the answer's JSON; false when it has none, or a pointer leads nowhere.
fn edit(reply: &mut Reply, effects: &[Effect]) -> bool {
    let edits: Vec<_> = effects
        .iter()
        .filter_map(|effect| if let Effect::Drift(drift) = effect { Some(drift) } else { None })
        .collect();
    if edits.is_empty() {
        return true;
    }
    let Ok(mut document) = serde_json::from_slice::<Value>(&reply.body) else { return false };
    if !edits.iter().all(|edit| drift::apply(edit, &mut document)) {
        return false;
    }
    reply.body = document.to_string().into();
    true
}

fn set_body(reply: &mut Reply, text: &str) {
    reply.body = Bytes::copy_from_slice(text.as_bytes());
    let json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let content_type = if json { "application/json" } else { "text/plain; charset=utf-8" };
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
}

/// The first half of the text, which is no JSON any more; of what is too short for that, a brace that nothing closes.
fn malformed(body: &Bytes) -> Bytes {
    let half = body.slice(..body.len() / 2);
    let broken = serde_json::from_slice::<serde::de::IgnoredAny>(&half).is_err();
    if broken && !half.is_empty() { half } else { Bytes::from_static(b"{\"detail\":") }
}

fn drawn(least: Duration, most: Duration, stream: &mut Stream) -> Duration {
    least + most.saturating_sub(least).mul_f64(seed::fraction(stream))
}
