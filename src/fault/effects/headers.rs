//! Headers that are added or replaced.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::ResponseEffect;
use super::retry::asked_wait;
use crate::fault::draft::RuleDraft;
use crate::fault::row::{ClauseClass, ClauseRow, valued};
use crate::fault::value;
use crate::matcher::ParseError;
use crate::response::Response;

pub(super) const ROWS: &[ClauseRow] = &[
    valued("content-type=TEXT", ClauseClass::Edit, |draft, value| {
        Ok(draft.with_effect(Header(CONTENT_TYPE, value::header_value(value)?)))
    })
    .doc("another content type", "indexes.get content-type=text/html"),
    valued("header=NAME:VALUE", ClauseClass::Adjust, header)
        .repeatable()
        .doc("adds or replaces a header", "indexes.list status=503 header=x-region:eu header=via:proxy"),
];

#[derive(Debug)]
struct Header(HeaderName, HeaderValue);

impl ResponseEffect for Header {
    fn applied(&self, response: Response) -> Response {
        response.with_header(self.0.clone(), self.1.clone())
    }
}

fn header(mut draft: RuleDraft, value: &str) -> Result<RuleDraft, ParseError> {
    let (name, value) = value.split_once(':').ok_or("is not of the form NAME:VALUE")?;
    let name = value::header_name(name.trim())?;
    if ["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
        let problem = format!("{name} frames the response; content-length=, truncate= and close break it on purpose");
        return Err(problem.into());
    }
    let header = Header(name, value::header_value(value.trim())?);
    draft.action.adjustment.retry.asked = asked_wait(&header.0, &header.1).or(draft.action.adjustment.retry.asked);
    Ok(draft.with_effect(header))
}
