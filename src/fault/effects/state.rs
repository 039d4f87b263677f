//! Faults on state, which the store applies.

use crate::fault::row::ClauseClass::{Message, State};
use crate::fault::row::{ClauseRow, fixed, valued};
use crate::fault::value;
use crate::store::state_faults::StateFault::{Lag, Page, Quota, Script, Vanish};
use crate::store::state_faults::{AppliedFaults, PageFault, StateFaults};

pub(super) const ROWS: &[ClauseRow] = &[
    valued("script=STATE[:DURATION|*READS],...", State(Script), |draft, value| {
        value.parse().map(|script| draft.script = Some(script)).map_err(Into::into)
    })
    .doc(
        "the states of a sync, each until this time has passed or it was read so often; the last one has no end",
        "sync script=queued:2s,parsing*3,ready",
    ),
    valued("message=TEXT", Message, |draft, value| {
        draft.message = Some(value.to_owned());
        Ok(())
    })
    .with("script")
    .doc("the error message of a sync that fails", "sync script=pending:5s,failed message=\"no text\""),
    valued("lag=DURATION", State(Lag), |draft, value| value::over_zero(value).map(|lag| draft.state.lag = Some(lag)))
        .doc("creates and deletes become visible to reads after this time", "indexes.list lag=2s"),
    fixed("vanish", State(Vanish), |draft| draft.state.vanish = true)
        .doc("deletes the resource that the request names", "indexes.get vanish nth=2"),
    valued("quota=N", State(Quota), |draft, value| value::number(value).map(|limit| draft.state.quota = Some(limit)))
        .meeting("status")
        .doc(
            "refuses a create over this number of resources, with 402 or the status= of the rule",
            "indexes.create quota=5",
        ),
    fixed("page=repeat-token", State(Page), |draft| draft.state.page = Some(PageFault::RepeatToken))
        .doc("the token of a page leads to the same page again", "indexes.list page=repeat-token"),
    fixed("page=expired-token", State(Page), |draft| draft.state.page = Some(PageFault::ExpiredToken))
        .doc("the token of the request counts as expired", "indexes.list page=expired-token when=query:page_token"),
    fixed("page=empty-middle", State(Page), |draft| draft.state.page = Some(PageFault::EmptyMiddle)).doc(
        "a page is empty although another follows; its items are on no other page",
        "indexes.list page=empty-middle",
    ),
];

/// The faults of a rule and those of a later one, which wins.
pub(in crate::fault) fn combined(faults: StateFaults, later: &StateFaults) -> StateFaults {
    StateFaults {
        lag: later.lag.or(faults.lag),
        vanish: later.vanish || faults.vanish,
        quota: later.quota.or(faults.quota),
        script: faults.script,
        page: later.page.or(faults.page),
    }
}

/// Whether one of the faults was applied.
pub(in crate::fault) fn is_any_applied(faults: &StateFaults, applied: AppliedFaults) -> bool {
    faults.lag.is_some() && applied.contains(Lag)
        || faults.vanish && applied.contains(Vanish)
        || faults.quota.is_some() && applied.contains(Quota)
        || faults.page.is_some() && applied.contains(Page)
}
