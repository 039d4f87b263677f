//! Another body of a response.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::ResponseEffect;
use crate::fault::row::{Aspect, ClauseClass::Edit, ClauseRow, fixed, valued};
use crate::fault::view::RequestView;
use crate::response::Response;

pub(super) const ROWS: &[ClauseRow] = &[
    valued("body=TEXT", Edit, |draft, value| {
        draft.add_effect(BodyEffect::Text(value.to_owned()));
        Ok(())
    })
    .sets(&[Aspect::Body, Aspect::Json], &[])
    .doc("another body, with the content type of JSON or of text", "* status=503 body=busy"),
    fixed("malformed", Edit, |draft| draft.add_effect(BodyEffect::Malformed))
        .sets(&[Aspect::Body], &[])
        .doc("a body that is not valid JSON", "indexes.list malformed"),
    fixed("empty", Edit, |draft| draft.add_effect(BodyEffect::Empty))
        .sets(&[Aspect::Body, Aspect::Json, Aspect::Length], &[])
        .doc("a response without its body", "indexes.list empty"),
];

#[derive(Debug)]
enum BodyEffect {
    Text(String),
    Malformed,
    Empty,
}

impl ResponseEffect for BodyEffect {
    fn fits(&self, response: &Response, _: &RequestView<'_>) -> bool {
        match self {
            Self::Text(_) => !matches!(response.code(), Some(204 | 304)),
            Self::Malformed | Self::Empty => !response.body.is_empty(),
        }
    }

    fn apply(&self, response: &mut Response) {
        response.body = match self {
            Self::Text(text) => {
                let kind = if is_json(text.as_bytes()) { "application/json" } else { "text/plain; charset=utf-8" };
                response.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
                text.clone().into()
            }
            Self::Malformed => malformed(&response.body.bytes()).into(),
            Self::Empty => Bytes::new().into(),
        };
    }
}

/// The first half of a body, if that is invalid JSON; else an object that is not closed.
fn malformed(body: &Bytes) -> Bytes {
    let half = body.slice(..body.len() / 2);
    if half.is_empty() || is_json(&half) { Bytes::from_static(b"{\"detail\":") } else { half }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}
