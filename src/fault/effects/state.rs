//! Faults on state, which the store applies.

use crate::fault::draft::RuleDraft;
use crate::fault::row::{ClauseClass, ClauseRow, fixed, valued};
use crate::fault::value;
use crate::store::state_faults::{AppliedFaults, PageFault, Quota, StateFault, StateFaults};

/// The status of a create over a quota, if the rule has no `status=`.
const OVER_QUOTA: u16 = 402;

pub(super) const ROWS: &[ClauseRow] = &[
    valued("lag=DURATION", ClauseClass::State(StateFault::Lag), |mut draft, value| {
        draft.action.state.lag = Some(value::over_zero(value)?);
        Ok(draft)
    })
    .doc("creates and deletes become visible to reads after this time", "indexes.list lag=2s"),
    fixed("vanish", ClauseClass::State(StateFault::Vanish), |mut draft| {
        draft.action.state.vanish = true;
        draft
    })
    .doc("deletes the resource that the request names", "indexes.get vanish nth=2"),
    valued("quota=N", ClauseClass::State(StateFault::Quota), |mut draft, value| {
        draft.action.state.quota = Some(Quota { limit: value::number(value)?, status: OVER_QUOTA });
        Ok(draft)
    })
    .meeting(&["status"])
    .doc(
        "refuses a create over this number of resources, with 402 or the status= of the rule",
        "indexes.create quota=5",
    ),
    fixed("page=repeat-token", ClauseClass::State(StateFault::Page), |draft| page(draft, PageFault::RepeatToken))
        .doc("the token of a page leads to the same page again", "indexes.list page=repeat-token"),
    fixed("page=expired-token", ClauseClass::State(StateFault::Page), |draft| page(draft, PageFault::ExpiredToken))
        .doc("the token of the request counts as expired", "indexes.list page=expired-token when=query:page_token"),
    fixed("page=empty-middle", ClauseClass::State(StateFault::Page), |draft| page(draft, PageFault::EmptyMiddle)).doc(
        "a page is empty although another follows; its items are on no other page",
        "indexes.list page=empty-middle",
    ),
];

fn page(mut draft: RuleDraft, fault: PageFault) -> RuleDraft {
    draft.action.state.page = Some(fault);
    draft
}

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

/// Whether one of the faults is among those that were applied.
pub(in crate::fault) fn is_among(faults: &StateFaults, applied: AppliedFaults) -> bool {
    let planned = [
        (StateFault::Lag, faults.lag.is_some()),
        (StateFault::Vanish, faults.vanish),
        (StateFault::Quota, faults.quota.is_some()),
        (StateFault::Page, faults.page.is_some()),
    ];
    planned.iter().any(|(fault, is_planned)| *is_planned && applied.contains(*fault))
}
