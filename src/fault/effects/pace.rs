//! A response that is sent slowly.

use super::ResponseEffect;
use crate::clock::parse_duration;
use crate::fault::draft::RuleDraft;
use crate::fault::row::{Aspect, ClauseClass, ClauseRow, valued};
use crate::fault::value;
use crate::matcher::ParseError;
use crate::response::{Pace, Response};

pub(super) const ROWS: &[ClauseRow] = &[
    valued("dribble=BYTES/DURATION", ClauseClass::Adjust, dribble)
        .on_body()
        .sets(&[Aspect::Pace])
        .keeps(&[Aspect::Length])
        .doc("sends this number of bytes, pauses for this time, and so on", "indexes.list dribble=10/100ms"),
    valued("bandwidth=BYTES/s", ClauseClass::Adjust, bandwidth)
        .on_body()
        .sets(&[Aspect::Pace])
        .keeps(&[Aspect::Length])
        .doc("sends this number of bytes a second", "indexes.list bandwidth=1000/s"),
];

impl ResponseEffect for Pace {
    fn fits(&self, response: &Response) -> bool {
        !response.body.is_empty()
    }

    fn applied(&self, mut response: Response) -> Response {
        response.wire.pace = self.clone();
        response
    }
}

fn dribble(draft: RuleDraft, value: &str) -> Result<RuleDraft, ParseError> {
    let (bytes, every) = value.split_once('/').ok_or("is not of the form BYTES/DURATION")?;
    let bytes = usize::try_from(value::positive(bytes)?).unwrap_or(usize::MAX);
    Ok(draft.with_effect(Pace::Dribble { bytes, every: parse_duration(every)? }))
}

fn bandwidth(draft: RuleDraft, value: &str) -> Result<RuleDraft, ParseError> {
    let bytes = value.strip_suffix("/s").ok_or("is not of the form BYTES/s")?;
    Ok(draft.with_effect(Pace::Bandwidth(value::positive(bytes)?)))
}
