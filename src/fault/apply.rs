//! What rules that strike do to a request: the faults on state that it meets, how long it waits, and its response. It
//! decides neither whether a rule strikes nor how a response is written.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};

use super::action::{Adjustment, FaultAction, Replacement};
use super::active::RuleHit;
use super::effects::{combined, edited_json, is_among, over_limit};
use super::view::RequestView;
use crate::error::response_with_status;
use crate::response::{Break, Response, ResponseEnd};
use crate::seed::RandomStream;
use crate::store::state_faults::{AppliedFaults, StateFault, StateFaults};

/// The header that names the rule that made or changed a response.
const FAULT_HEADER: HeaderName = HeaderName::from_static("x-mock-fault");

/// A response that rules made or changed.
#[derive(Debug)]
pub(crate) struct Injection {
    /// The response.
    pub(crate) response: Response,
    /// The wait before the client retries: the one that the response asks for, else the client's own.
    pub(crate) promised: Option<Duration>,
}

/// The faults on state that the winners plan.
pub(super) fn state_faults(winners: &[RuleHit]) -> StateFaults {
    winners.iter().fold(StateFaults::default(), |faults, hit| match &*hit.rule.action {
        FaultAction::State(later, _) => combined(faults, later),
        FaultAction::Script(script) => StateFaults { script: Some(Arc::clone(script)), ..faults },
        _ => faults,
    })
}

/// Whether one of the faults on state that a rule plans was applied.
pub(super) fn was_applied(action: &FaultAction, applied: AppliedFaults) -> bool {
    match action {
        FaultAction::State(faults, _) => is_among(faults, applied),
        FaultAction::Script(_) => applied.contains(StateFault::Script),
        _ => false,
    }
}

/// The response after a fault on state was applied: marked, and with the status that the rule has for a quota.
pub(super) fn after_state_fault(hit: &RuleHit, mut response: Response, applied: AppliedFaults) -> Response {
    match *hit.rule.action {
        // A script changes the sync, not the response.
        FaultAction::Script(_) => return response,
        FaultAction::State(_, Some(status)) if applied.contains(StateFault::Quota) => {
            response.status = StatusCode::from_u16(status).ok();
        }
        _ => {}
    }
    marked(response, &hit.rule.name)
}

/// The wait of a request before it acts, by the winners.
pub(super) fn wait_before_act(winners: &[RuleHit], request: &RequestView<'_>) -> Duration {
    let waits = winners.iter().filter(|hit| hit.rule.waits_before_act).map(|hit| delay_of(hit, request));
    waits.fold(Duration::ZERO, Duration::saturating_add)
}

/// The response that the winners send instead of acting, if one of them does: made by the rules that replace it, then
/// changed by the others.
pub(super) fn replacement(winners: &[RuleHit], request: &RequestView<'_>) -> Option<Injection> {
    let (replacing, others): (Vec<_>, Vec<_>) = winners.iter().partition(|hit| hit.rule.action.replaces());
    replacing.first()?;
    let adjusting = others.into_iter().filter(|hit| matches!(*hit.rule.action, FaultAction::Adjust(_)));
    let nothing = Injection { response: Response::none(Break::Close), promised: None };
    Some(replacing.into_iter().chain(adjusting).fold(nothing, |injection, hit| {
        changed(hit, &injection, request).map_or(injection, |changed| changed.delayed(delay_of(hit, request)))
    }))
}

/// The response of a request that acted, changed by a rule; none when the rule's effects do not fit it.
pub(super) fn after_act(hit: &RuleHit, injection: &Injection, request: &RequestView<'_>) -> Option<Injection> {
    if !fits(&hit.rule.action, &injection.response) {
        return None;
    }
    let changed = changed(hit, injection, request)?;
    Some(if hit.rule.waits_before_act { changed } else { changed.delayed(delay_of(hit, request)) })
}

/// Whether the effects of a rule fit a response: to cut or slow down a body there must be one.
fn fits(action: &FaultAction, response: &Response) -> bool {
    let (FaultAction::Edit(_, adjustment) | FaultAction::Adjust(adjustment)) = action else { return true };
    adjustment.effects.iter().all(|effect| effect.fits(response))
}

/// The response changed by every effect of a rule but its delay; none when one of its edits does not fit.
fn changed(hit: &RuleHit, injection: &Injection, request: &RequestView<'_>) -> Option<Injection> {
    let mut stream = hit.stream("response", request);
    let mut response = injection.response.clone();
    let action = &*hit.rule.action;
    match action {
        FaultAction::ResetRequest(_) => response.wire.end = ResponseEnd::Silent(Break::Reset),
        FaultAction::Wire(end, _) => response.wire.end = end.clone(),
        FaultAction::Replace(replacement, _) => {
            response = Response { delay: response.delay, ..replacement.response(hit.limit_wait, &mut stream) };
        }
        _ => {}
    }
    let none = Adjustment::default();
    let Adjustment { retry, effects, .. } = action.adjustment().unwrap_or(&none);
    let promised = retry.promised_wait(&response, request);
    let mut response = retry.applied(response, promised, request.retry_timing);
    if let FaultAction::Edit(json, _) = action
        && !json.is_empty()
    {
        response.body = edited_json(&response.body, json)?;
    }
    let response = effects.iter().fold(response, |response, effect| effect.applied(response));
    Some(Injection { response: marked(response, &hit.rule.name), promised: promised.or(injection.promised) })
}

/// The response with the mark of a rule that made or changed it.
fn marked(response: Response, rule: &str) -> Response {
    match HeaderValue::from_str(rule) {
        Ok(name) => response.with_header(FAULT_HEADER, name),
        Err(_) => response,
    }
}

/// The delay of a rule for this request, drawn from its distribution; zero when it has none.
fn delay_of(hit: &RuleHit, request: &RequestView<'_>) -> Duration {
    let delay = hit.rule.action.delay();
    delay.map_or(Duration::ZERO, |delay| delay.draw(&mut hit.stream("delay", request)))
}

impl Replacement {
    /// The response of a rule; `wait` is the time until its limit admits a request again.
    fn response(self, wait: Duration, stream: &mut RandomStream) -> Response {
        match self {
            Self::Status(status) => response_with_status(status, stream),
            Self::Limit(limit) => over_limit(limit, wait, stream),
        }
    }
}

impl Injection {
    /// The same response with a longer delay.
    fn delayed(mut self, delay: Duration) -> Self {
        self.response.delay = self.response.delay.saturating_add(delay);
        self
    }
}
