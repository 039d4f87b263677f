//! What rules that strike do to a request: the faults on state that it meets, how long it waits, and its response. It decides
//! neither whether a rule strikes nor how a response is written.

use std::sync::Arc;
use std::time::Duration;

use super::active::Hit;
use super::effect::Effect;
use super::kind::RuleKind;
use super::rule::Rule;
use super::view::RequestView;
use super::{edit_response, response};
use crate::response::{Break, Response, ResponseEnd};
use crate::store::state_faults::{AppliedFaults, StateFault, StateFaults};
use crate::store::sync::Script;

/// A response that rules made or changed.
#[derive(Debug)]
pub(crate) struct Injection {
    /// The response.
    pub(crate) response: Response,
    /// The wait before the client retries: the one that the response asks for, else the client's own.
    pub(crate) promised: Option<Duration>,
}

/// The faults on state that the winners plan.
pub(super) fn state_faults(winners: &[Hit]) -> StateFaults {
    let mut faults = StateFaults::default();
    for rule in winners.iter().map(|hit| &*hit.rule) {
        for effect in &rule.effects {
            match effect {
                Effect::Lag(lag) => faults.lag = Some(*lag),
                Effect::Vanish => faults.vanish = true,
                Effect::Quota(limit) => faults.quota = Some(*limit),
                Effect::Page(fault) => faults.page = Some(*fault),
                Effect::Script(script) => faults.script = Some(with_message(script, rule)),
                _ => {}
            }
        }
    }
    faults
}

/// Whether one of the faults on state that a rule plans was applied.
pub(super) fn was_applied(rule: &Rule, applied: AppliedFaults) -> bool {
    rule.effects.iter().filter_map(Effect::state_fault).any(|fault| applied.contains(fault))
}

/// The status that a rule gives the refusal of a create over its quota, if it has one of its own.
pub(super) fn quota_status(rule: &Rule, applied: AppliedFaults) -> Option<u16> {
    let is_quota = rule.has(|effect| matches!(effect, Effect::Quota(_))) && applied.contains(StateFault::Quota);
    rule.status().filter(|_| is_quota)
}

/// A script with the error message of its rule, if that has one.
fn with_message(script: &Arc<Script>, rule: &Rule) -> Arc<Script> {
    let message = rule.find(|effect| if let Effect::Message(message) = effect { Some(message.clone()) } else { None });
    message.map_or_else(|| Arc::clone(script), |message| Arc::new(Script::clone(script).with_message(&message)))
}

/// The wait of a request before it acts, by the winners.
pub(super) fn wait_before_act(winners: &[Hit], request: &RequestView<'_>) -> Duration {
    let waits = winners.iter().filter(|hit| hit.rule.waits_before_act).map(|hit| delay_of(hit, request));
    waits.fold(Duration::ZERO, Duration::saturating_add)
}

/// The response that the winners send instead of acting, if one of them does: made by the rules that replace it, then changed
/// by the others.
pub(super) fn replacement(winners: &[Hit], request: &RequestView<'_>) -> Option<Injection> {
    let of_kind = |kind: RuleKind| winners.iter().filter(move |hit| hit.rule.kind == kind);
    of_kind(RuleKind::Replace).next()?;
    let nothing = Injection { response: Response::none(Break::Close), promised: None };
    Some(of_kind(RuleKind::Replace).chain(of_kind(RuleKind::Adjust)).fold(nothing, |injection, hit| {
        changed(hit, &injection, request).map_or(injection, |changed| changed.delayed(delay_of(hit, request)))
    }))
}

/// The response of a request that acted, changed by a rule; none when the rule's effects do not fit it.
pub(super) fn after_act(hit: &Hit, injection: &Injection, request: &RequestView<'_>) -> Option<Injection> {
    if !fits(&hit.rule, &injection.response) {
        return None;
    }
    let changed = changed(hit, injection, request)?;
    Some(if hit.rule.waits_before_act { changed } else { changed.delayed(delay_of(hit, request)) })
}

/// Whether the effects of a rule fit a response: to cut or slow down a body there must be one.
fn fits(rule: &Rule, response: &Response) -> bool {
    let is_replaced = rule.status().is_some() || rule.has(Effect::sends_nothing);
    let can_have_body = !matches!(response.code(), Some(204 | 304));
    is_replaced
        || rule.effects.iter().all(|effect| match effect {
            Effect::Body(_) => can_have_body,
            Effect::Truncate(bytes) => *bytes < response.body.len(),
            effect => !effect.needs_body() || !response.body.is_empty(),
        })
}

/// The response changed by every effect of a rule but its delay; none when one of its edits does not fit.
fn changed(hit: &Hit, injection: &Injection, request: &RequestView<'_>) -> Option<Injection> {
    let effects = &hit.rule.effects;
    let mut stream = hit.stream("response", request);
    let mut response = injection.response.clone();
    for effect in effects {
        match effect {
            Effect::Status(status) => response = in_place_of(&response, response::of_status(*status, &mut stream)),
            Effect::Limit(requests, _) => {
                response = in_place_of(&response, response::over_limit(*requests, hit.limit_wait, &mut stream));
            }
            Effect::Reset | Effect::ResetHead | Effect::ResetBody => {
                response.wire.end = ResponseEnd::Silent(Break::Reset);
            }
            Effect::Close => response.wire.end = ResponseEnd::Silent(Break::Close),
            Effect::Hang => response.wire.end = ResponseEnd::Silent(Break::Hang),
            Effect::Garbage => response.wire.end = ResponseEnd::Garbage,
            _ => {}
        }
    }
    let promised = response::promised_wait(&response, effects, request);
    let response = response::with_retry_headers(response, effects, promised, request.retry_timing);
    let mut response = edit_response::edited(response, effects)?;
    edit_response::mark(&mut response, &hit.rule.name);
    Some(Injection { response, promised: promised.or(injection.promised) })
}

/// Another response, with the delay of the one that it replaces.
fn in_place_of(before: &Response, mut response: Response) -> Response {
    response.delay = before.delay;
    response
}

/// The delay of a rule for this request, drawn from its distribution; zero when it has none.
fn delay_of(hit: &Hit, request: &RequestView<'_>) -> Duration {
    let delay = hit.rule.find(|effect| if let Effect::Delay(delay) = effect { Some(*delay) } else { None });
    delay.map_or(Duration::ZERO, |delay| delay.draw(&mut hit.stream("delay", request)))
}

impl Injection {
    /// The same response with a longer delay.
    fn delayed(mut self, delay: Duration) -> Self {
        self.response.delay = self.response.delay.saturating_add(delay);
        self
    }
}
