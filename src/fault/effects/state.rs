//! Faults on state, which the store applies.

use crate::clock::Timestamp;
use crate::fault::row::ClauseClass::{Message, State};
use crate::fault::row::{ClauseRow, fixed, valued};
use crate::fault::value;
use crate::store::state_faults::{AppliedFaults, Lag, PageFault, StateFault, StateFaults};

pub(super) const ROWS: &[ClauseRow] = &[
    valued("script=STATE[:DURATION|*READS],...", State(StateFault::Script), |draft, value| {
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
    valued("lag=DURATION", State(StateFault::Lag), |draft, value| {
        value::over_zero(value).map(|lag| draft.state.lag = Some(Lag::of(lag)))
    })
    .doc(
        "reads see creates and deletes after this time, on an `auto` clock not before one of them missed them",
        "indexes.list lag=2s",
    ),
    fixed("vanish", State(StateFault::Vanish), |draft| draft.state.vanish = true)
        .doc("deletes the resource that the request names", "indexes.get vanish nth=2"),
    valued("quota=N", State(StateFault::Quota), |draft, value| {
        value::number(value).map(|limit| draft.state.quota = Some(limit))
    })
    .meeting(&["status"])
    .doc(
        "refuses a create over this number of resources, with 402 or the status= of the rule",
        "indexes.create quota=5",
    ),
    valued("reply=TEXT", State(StateFault::Reply), |draft, value| {
        draft.state.reply = Some(value.into());
        Ok(())
    })
    .meeting(&["event", "delay"])
    .doc("the text of the answer to a chat message, word for word", "chat.stream reply=\"See page 3\""),
    fixed("page=repeat-token", State(StateFault::Page), |draft| draft.state.page = Some(PageFault::RepeatToken))
        .doc("the token of a page leads to the same page again", "indexes.list page=repeat-token"),
    fixed("page=expired-token", State(StateFault::Page), |draft| draft.state.page = Some(PageFault::ExpiredToken))
        .doc("the token of the request counts as expired", "indexes.list page=expired-token when=query:page_token"),
    fixed("page=empty-middle", State(StateFault::Page), |draft| draft.state.page = Some(PageFault::EmptyMiddle)).doc(
        "a page is empty although another follows; its items are on no other page",
        "indexes.list page=empty-middle",
    ),
];

/// The faults of a rule and those of a later one, which wins. The lag of the later one holds writes after this time.
pub(in crate::fault) fn combined(faults: StateFaults, later: &StateFaults, held_after: Timestamp) -> StateFaults {
    StateFaults {
        lag: later.lag.map(|lag| Lag { held_after, ..lag }).or(faults.lag),
        vanish: later.vanish || faults.vanish,
        quota: later.quota.or(faults.quota),
        script: faults.script,
        page: later.page.or(faults.page),
        reply: later.reply.clone().or(faults.reply),
    }
}

/// Whether one of the faults was applied.
pub(in crate::fault) fn is_any_applied(faults: &StateFaults, applied: AppliedFaults) -> bool {
    faults.lag.is_some() && applied.contains(StateFault::Lag)
        || faults.vanish && applied.contains(StateFault::Vanish)
        || faults.quota.is_some() && applied.contains(StateFault::Quota)
        || faults.page.is_some() && applied.contains(StateFault::Page)
        || faults.reply.is_some() && applied.contains(StateFault::Reply)
}
