//! Responses that are not sent, not to their end, or slowly.

use super::ResponseEffect;
use crate::clock::parse_duration;
use crate::fault::action::RuleDraft;
use crate::fault::row::ClauseClass::{Adjust, Edit, Wire};
use crate::fault::row::{Aspect, BodyForm, ClauseClass, ClauseRow, fixed, valued};
use crate::fault::value;
use crate::fault::view::RequestView;
use crate::matcher::ParseError;
use crate::response::{Body, Break, HeadReset, Pace, Response, ResponseEnd};

pub(super) const ROWS: &[ClauseRow] = &[
    valued("truncate=BYTES", Edit, |draft, value| {
        value::number(value).map(|bytes| draft.add_effect(ResponseEnd::Cut(bytes, Break::Close)))
    })
    .sets(&[Aspect::End], &[Aspect::Length])
    .doc("sends this number of bytes of the body and closes the connection", "indexes.list truncate=20"),
    valued("content-length=N", Edit, |draft, value| {
        value::number(value).map(|bytes| draft.add_effect(ContentLength(bytes)))
    })
    .of(BodyForm::Whole)
    .doc("announces a body of another length than the one sent", "indexes.get content-length=9999"),
    fixed("reset", Wire, |draft| draft.silence = Some(ResponseEnd::Silent(Break::Reset)))
        .doc("a TCP reset before the response", "indexes.create@after reset nth=1"),
    fixed("reset=head", Wire, |draft| draft.head_reset = Some(HeadReset::AfterHead))
        .doc("a TCP reset after the head of the request", "writes reset=head first=1"),
    fixed("reset=body", Wire, |draft| draft.head_reset = Some(HeadReset::InBody))
        .doc("a TCP reset during the body of the request", "files.create reset=body first=1"),
    fixed("reset=reply", Edit, |draft| draft.add_effect(ResponseEnd::HalfThenReset))
        .sets(&[Aspect::End], &[])
        .doc("a TCP reset after half of the body of the response", "indexes.list reset=reply"),
    fixed("close", Wire, |draft| draft.silence = Some(ResponseEnd::Silent(Break::Close)))
        .doc("closes the connection without a response", "* close rate=0.1"),
    fixed("close=after", ClauseClass::Close, |draft| draft.add_effect(ResponseEnd::WholeThenClose))
        .sets(&[Aspect::End], &[])
        .doc("sends the whole response, then closes the connection without announcing it", "* close=after nth=1"),
    fixed("hang", Wire, |draft| draft.silence = Some(ResponseEnd::Silent(Break::Hang)))
        .doc("sends nothing and keeps the connection open", "* hang nth=1"),
    fixed("stall", Edit, |draft| draft.add_effect(ResponseEnd::Stall))
        .sets(&[Aspect::End, Aspect::Pace], &[])
        .doc("sends only the head", "indexes.list stall nth=1"),
    fixed("garbage", Wire, |draft| draft.silence = Some(ResponseEnd::Garbage))
        .doc("sends bytes that are not HTTP", "indexes.get garbage"),
    valued("dribble=BYTES/DURATION", Adjust, dribble)
        .sets(&[Aspect::Pace], &[Aspect::Length])
        .doc("sends this number of bytes, pauses for this time, and so on", "indexes.list dribble=10/100ms"),
    valued("bandwidth=BYTES/s", Adjust, bandwidth)
        .sets(&[Aspect::Pace], &[Aspect::Length])
        .doc("sends this number of bytes a second", "indexes.list bandwidth=1000/s"),
    valued("upload-bandwidth=BYTES/s", ClauseClass::Upload, |draft, value| {
        bytes_per_second(value).map(|bytes| draft.upload_bandwidth = Some(bytes))
    })
    .doc("reads the body of the request at this number of bytes a second", "files.create upload-bandwidth=1000/s"),
];

#[derive(Debug)]
struct ContentLength(u64);

impl ResponseEffect for ContentLength {
    fn fits(&self, response: &Response, _: &RequestView<'_>) -> bool {
        matches!(response.body, Body::Whole(_)) && self.0 != response.body.len() as u64
    }

    fn apply(&self, response: &mut Response) {
        response.wire.content_length = Some(self.0);
    }
}

impl ResponseEffect for ResponseEnd {
    fn fits(&self, response: &Response, request: &RequestView<'_>) -> bool {
        match self {
            // The client expects the end of the connection.
            Self::WholeThenClose => !request.head.asks_to_close(),
            Self::Cut(bytes, _) => *bytes < response.body.len(),
            _ => !response.body.is_empty(),
        }
    }

    fn apply(&self, response: &mut Response) {
        response.wire.end = self.clone();
    }

    fn holds(&self) -> bool {
        *self == Self::Stall
    }

    fn closes_after(&self) -> bool {
        *self == Self::WholeThenClose
    }
}

impl ResponseEffect for Pace {
    /// A body of one portion is sent without a pause.
    fn fits(&self, response: &Response, _: &RequestView<'_>) -> bool {
        response.body.len() > self.portion().0
    }

    fn apply(&self, response: &mut Response) {
        response.wire.pace = self.clone();
    }

    fn pauses(&self) -> bool {
        true
    }
}

fn dribble(draft: &mut RuleDraft, value: &str) -> Result<(), ParseError> {
    let (bytes, every) = value.split_once('/').ok_or("is not of the form BYTES/DURATION")?;
    let bytes = usize::try_from(value::positive(bytes)?).unwrap_or(usize::MAX);
    draft.add_effect(Pace::Dribble { bytes, every: parse_duration(every)? });
    Ok(())
}

fn bandwidth(draft: &mut RuleDraft, value: &str) -> Result<(), ParseError> {
    bytes_per_second(value).map(|bytes| draft.add_effect(Pace::Bandwidth(bytes)))
}

fn bytes_per_second(value: &str) -> Result<u64, ParseError> {
    value::positive(value.strip_suffix("/s").ok_or("is not of the form BYTES/s")?)
}
