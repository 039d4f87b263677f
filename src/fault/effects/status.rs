//! Another status instead of the service's response. The body that the service sends with it is in
//! [`error`](crate::error).

use crate::fault::row::{Aspect, ClauseClass, ClauseRow, valued};
use crate::fault::value;

pub(super) const ROWS: &[ClauseRow] = &[valued("status=N", ClauseClass::Replace, |mut draft, value| {
    draft.action.status = Some(value::status(value)?);
    Ok(draft)
})
.sets(&[Aspect::Source])
.doc(
    "responds with this status and the body that the service sends for it; 502, 503 and 504 have the HTML of a gateway",
    "indexes.get status=404",
)];
