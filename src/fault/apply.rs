//! What rules that strike do to a request: the faults on state that it meets, how long it waits, and its response. It
//! decides neither whether a rule strikes nor how a response is written.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};

use super::action::{ActionKind, FaultAction};
use super::active::RuleHit;
use super::effects::{combined, edited_json, is_any_applied, over_limit};
use super::view::RequestView;
use crate::clock::Timestamp;
use crate::error::response_with_status;
use crate::journal::FaultNote;
use crate::response::{Break, Delay, Response, ResponseEnd};
use crate::store::state_faults::{AppliedFaults, StateFault, StateFaults};

/// The header that names the rule that made or changed a response.
const FAULT_HEADER: HeaderName = HeaderName::from_static("x-mock-fault");

/// The result of the fault rules for a request.
#[derive(Debug)]
pub(crate) struct FaultResult {
    /// The response to send.
    pub(crate) response: Response,
    /// The wait before the client retries: the one that the response asks for, else the client's own.
    pub(crate) promised: Option<Duration>,
    /// The outcome of each rule whose trigger the request met.
    pub(crate) notes: Vec<FaultNote>,
    /// When the writes can be seen that it missed because of a lag, for clocks that jump from event to event.
    pub(crate) events: Vec<Timestamp>,
}

/// The faults on state that the winners plan.
pub(super) fn state_faults(winners: &[RuleHit]) -> StateFaults {
    winners.iter().fold(StateFaults::default(), |faults, hit| match &hit.rule.action.kind {
        ActionKind::State(later, _) => combined(faults, later, hit.held_after),
        ActionKind::Script(script) => StateFaults { script: Some(Arc::clone(script)), ..faults },
        _ => faults,
    })
}

/// The wait of a request before it acts, by the winners.
pub(super) fn wait_before_act(winners: &[RuleHit], request: &RequestView<'_>) -> Delay {
    let waits = winners.iter().filter(|hit| hit.rule.waits_before_act).map(|hit| delay_of(hit, request));
    waits.fold(Delay::default(), Delay::plus)
}

/// The response that the winners send instead of acting, if one of them does: made by the rules that replace it, then
/// changed by the others.
pub(super) fn replacement(winners: &[RuleHit], request: &RequestView<'_>) -> Option<FaultResult> {
    let (replacing, others): (Vec<_>, Vec<_>) = winners.iter().partition(|hit| hit.rule.action.replaces());
    replacing.first()?;
    let adjusting = others.into_iter().filter(|hit| matches!(hit.rule.action.kind, ActionKind::Adjust));
    let mut result = FaultResult::unchanged(Response::none(Break::Close));
    for hit in replacing.into_iter().chain(adjusting) {
        result.change(hit, request);
        result.delay(hit, request);
        result.mark(&hit.rule.name);
    }
    Some(result)
}

impl FaultResult {
    /// The result for a request to which no rule applied.
    pub(crate) fn unchanged(response: Response) -> Self {
        Self { response, promised: None, notes: Vec::new(), events: Vec::new() }
    }

    /// Marks the response after a fault on state was applied, with the status that the rule has for a quota, and
    /// changes it by the rule's other effects. False if no fault was applied, or the others do not fit.
    pub(super) fn add_state_fault(&mut self, hit: &RuleHit, request: &RequestView<'_>, applied: AppliedFaults) -> bool {
        match &hit.rule.action.kind {
            // A script changes the sync, not the response; if the request is refused, no sync starts.
            ActionKind::Script(_) => return applied.contains(StateFault::Script) && self.response.is_success(),
            ActionKind::State(faults, _) if !is_any_applied(faults, applied) || !self.fits(hit, request) => {
                return false;
            }
            ActionKind::State(_, Some(status)) if applied.contains(StateFault::Quota) => {
                self.response.status = StatusCode::from_u16(*status).ok();
            }
            _ => {}
        }
        hit.rule.action.adjustment.effects.iter().for_each(|effect| effect.apply(&mut self.response));
        self.mark(&hit.rule.name);
        self.delay_after_act(hit, request);
        true
    }

    /// Changes the response of a request that acted. False if the rule's effects do not fit it, such as those on a body
    /// if there is none, or if the client could not see a difference.
    pub(super) fn change_after_act(&mut self, hit: &RuleHit, request: &RequestView<'_>) -> bool {
        if !self.fits(hit, request) {
            return false;
        }
        let before = (self.response.clone(), self.promised);
        let is_edited = self.change(hit, request);
        let has_waited = hit.rule.waits_before_act && !delay_of(hit, request).is_zero();
        self.delay_after_act(hit, request);
        if !is_edited || !has_waited && self.response == before.0 {
            (self.response, self.promised) = before;
            return false;
        }
        self.mark(&hit.rule.name);
        true
    }

    /// Whether the response has what the rule changes.
    fn fits(&self, hit: &RuleHit, request: &RequestView<'_>) -> bool {
        let action = &hit.rule.action;
        action.replaces() || action.adjustment.effects.iter().all(|effect| effect.fits(&self.response, request))
    }

    fn delay_after_act(&mut self, hit: &RuleHit, request: &RequestView<'_>) {
        if !hit.rule.waits_before_act {
            self.delay(hit, request);
        }
    }

    /// Changes the response by every effect of a rule but its delay. False if one of its edits does not fit.
    fn change(&mut self, hit: &RuleHit, request: &RequestView<'_>) -> bool {
        let FaultAction { kind, adjustment } = &*hit.rule.action;
        let mut stream = hit.stream("response", request);
        let response = &mut self.response;
        match kind {
            ActionKind::ResetRequest(_) => response.wire.end = ResponseEnd::Silent(Break::Reset),
            ActionKind::Wire(end) => response.wire.end = end.clone(),
            ActionKind::Status(status) => replace(response, response_with_status(*status, &mut stream)),
            ActionKind::Limit(limit) => replace(response, over_limit(*limit, hit.limit_wait, &mut stream)),
            ActionKind::Edit(edits) if !edits.is_empty() => match edited_json(&response.body, edits) {
                Some(body) => response.body = body,
                None => return false,
            },
            _ => {}
        }
        let promised = adjustment.retry.apply(response, request);
        adjustment.effects.iter().for_each(|effect| effect.apply(response));
        self.promised = promised.or(self.promised);
        true
    }

    /// Names the rule that made or changed the response in a header.
    fn mark(&mut self, rule: &str) {
        if let Ok(name) = HeaderValue::from_str(rule) {
            self.response.headers.insert(FAULT_HEADER, name);
        }
    }

    fn delay(&mut self, hit: &RuleHit, request: &RequestView<'_>) {
        self.response.delay = self.response.delay.plus(delay_of(hit, request));
    }
}

/// Replaces a response; the delay stays.
fn replace(response: &mut Response, replacement: Response) {
    *response = Response { delay: response.delay, ..replacement };
}

/// The delay of a rule for this request, drawn from its distribution; zero when it has none.
fn delay_of(hit: &RuleHit, request: &RequestView<'_>) -> Delay {
    let delay = hit.rule.action.adjustment.delay;
    delay.map_or_else(Delay::default, |delay| delay.draw(&mut hit.stream("delay", request)))
}
