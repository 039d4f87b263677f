//! The course of a sync.

use crate::fault::row::{ClauseClass, ClauseRow, valued};
use crate::store::state_faults::StateFault;

pub(super) const ROWS: &[ClauseRow] = &[
    valued("script=STATE[:DURATION|*READS],...", ClauseClass::State(StateFault::Script), |mut draft, value| {
        draft.action.script = Some(value.parse()?);
        Ok(draft)
    })
    .doc(
        "the states of a sync, each until this time has passed or it was read so often; the last one has no end",
        "sync script=queued:2s,parsing*3,ready",
    ),
    valued("message=TEXT", ClauseClass::Message, |mut draft, value| {
        draft.action.message = Some(value.to_owned());
        Ok(draft)
    })
    .with("script")
    .doc("the error message of a sync that fails", "sync script=pending:5s,failed message=\"no text\""),
];
