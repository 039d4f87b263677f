//! Responses that are not sent, or not to their end.

use super::ResponseEffect;
use crate::fault::draft::RuleDraft;
use crate::fault::row::{Aspect, ClauseClass, ClauseRow, fixed, valued};
use crate::fault::value;
use crate::response::{Break, HeadReset, Response, ResponseEnd};

pub(super) const ROWS: &[ClauseRow] = &[
    valued("truncate=BYTES", ClauseClass::Edit, |draft, value| {
        Ok(draft.with_effect(ResponseEnd::Cut(value::number(value)?, Break::Close)))
    })
    .on_body()
    .sets(&[Aspect::End])
    .keeps(&[Aspect::Length])
    .doc("sends this number of bytes of the body and closes the connection", "indexes.list truncate=20"),
    valued("content-length=N", ClauseClass::Edit, |draft, value| {
        Ok(draft.with_effect(ContentLength(value::number(value)?)))
    })
    .doc("announces a body of another length than the one sent", "indexes.get content-length=9999"),
    fixed("stall", ClauseClass::Edit, |draft| draft.with_effect(ResponseEnd::Stall))
        .on_body()
        .sets(&[Aspect::End, Aspect::Pace])
        .doc("sends only the head", "indexes.list stall nth=1"),
    fixed("reset", ClauseClass::Wire, |draft| silent(draft, ResponseEnd::Silent(Break::Reset)))
        .sets(&[Aspect::End])
        .doc("a TCP reset before the response", "indexes.create@after reset nth=1"),
    fixed("reset=head", ClauseClass::Wire, |draft| reset_request(draft, HeadReset::AfterHead))
        .sets(&[Aspect::End])
        .doc("a TCP reset after the head of the request", "writes reset=head first=1"),
    fixed("reset=body", ClauseClass::Wire, |draft| reset_request(draft, HeadReset::InBody))
        .sets(&[Aspect::End])
        .doc("a TCP reset during the body of the request", "files.create reset=body first=1"),
    fixed("reset=reply", ClauseClass::Edit, |draft| draft.with_effect(ResponseEnd::HalfThenReset))
        .on_body()
        .sets(&[Aspect::End])
        .doc("a TCP reset after half of the body of the response", "indexes.list reset=reply"),
    fixed("close", ClauseClass::Wire, |draft| silent(draft, ResponseEnd::Silent(Break::Close)))
        .sets(&[Aspect::End])
        .doc("closes the connection without a response", "* close rate=0.1"),
    fixed("hang", ClauseClass::Wire, |draft| silent(draft, ResponseEnd::Silent(Break::Hang)))
        .sets(&[Aspect::End])
        .doc("sends nothing and keeps the connection open", "* hang nth=1"),
    fixed("garbage", ClauseClass::Wire, |draft| silent(draft, ResponseEnd::Garbage))
        .sets(&[Aspect::End])
        .doc("sends bytes that are not HTTP", "indexes.get garbage"),
];

#[derive(Debug)]
struct ContentLength(u64);

impl ResponseEffect for ContentLength {
    fn applied(&self, mut response: Response) -> Response {
        response.wire.content_length = Some(self.0);
        response
    }
}

impl ResponseEffect for ResponseEnd {
    fn fits(&self, response: &Response) -> bool {
        match self {
            Self::Cut(bytes, _) => *bytes < response.body.len(),
            _ => !response.body.is_empty(),
        }
    }

    fn applied(&self, mut response: Response) -> Response {
        response.wire.end = self.clone();
        response
    }

    fn holds(&self) -> bool {
        *self == Self::Stall
    }
}

fn silent(mut draft: RuleDraft, end: ResponseEnd) -> RuleDraft {
    draft.action.silence = Some(end);
    draft
}

fn reset_request(mut draft: RuleDraft, reset: HeadReset) -> RuleDraft {
    draft.action.head_reset = Some(reset);
    draft
}
