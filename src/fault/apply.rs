//! What rules that have struck make of a request: what it sees of its store, and what it is answered. It decides neither
//! whether a rule strikes nor how an answer goes over the wire.

use std::sync::Arc;

use super::armed::Hit;
use super::effect::Effect;
use super::kind::RuleKind;
use super::rule::Rule;
use super::view::RequestView;
use super::{edit_response, response};
use crate::response::{Break, Response, ResponseEnd};
use crate::store::sync::Script;
use crate::store::{Conditions, Vanish};

/// An answer of the rules' making.
#[derive(Debug)]
pub struct Injection {
    /// What is answered.
    pub response: Response,
    /// The wait that it promises.
    pub promised: Option<std::time::Duration>,
}

/// What the winners make a request see.
pub(super) fn conditions(winners: &[Hit]) -> Conditions {
    let mut conditions = Conditions::default();
    for rule in winners.iter().map(|hit| &*hit.rule) {
        for effect in &rule.effects {
            match effect {
                Effect::Lag(lag) => conditions.lag = Some(*lag),
                Effect::Vanish => conditions.vanish = Some(Vanish),
                Effect::Quota(most) => conditions.quota = Some((*most, status_of(rule).unwrap_or(402))),
                Effect::Page(fault) => conditions.page = Some(*fault),
                Effect::Script(script) => conditions.script = Some(told(script, rule)),
                _ => {}
            }
        }
    }
    conditions
}

/// Whether nothing of what a rule makes a request see came to pass.
pub(super) fn is_left(rule: &Rule, left: &Conditions) -> bool {
    rule.effects.iter().all(|effect| match effect {
        Effect::Vanish => left.vanish.is_some(),
        Effect::Quota(_) => left.quota.is_some(),
        Effect::Page(_) => left.page.is_some(),
        Effect::Script(_) => left.script.is_some(),
        Effect::Lag(_) => left.lag.is_some(),
        _ => true,
    })
}

fn status_of(rule: &Rule) -> Option<u16> {
    rule.find(|effect| if let Effect::Status(status) = effect { Some(*status) } else { None })
}

/// A script with the message of its rule, if that has one.
fn told(script: &Arc<Script>, rule: &Rule) -> Arc<Script> {
    let message = rule.find(|effect| if let Effect::Message(message) = effect { Some(message.clone()) } else { None });
    message.map_or_else(|| Arc::clone(script), |message| Arc::new(Script::clone(script).with_message(&message)))
}

/// What the winners answer instead of acting, if one of them does: made by those that replace, then pending_hits by the others.
pub(super) fn injection(winners: &[Hit], request: &RequestView<'_>) -> Option<Injection> {
    let of_kind = |kind: RuleKind| winners.iter().filter(move |hit| hit.rule.kind == kind);
    of_kind(RuleKind::Replace).next()?;
    let mut injection = Injection { response: Response::empty(0), promised: None };
    for hit in of_kind(RuleKind::Replace).chain(of_kind(RuleKind::Carry)) {
        spoil(hit, &mut injection, request);
    }
    Some(injection)
}

/// Whether what a rule does can be done to an answer: to cut or slow a body there must be one.
pub(super) fn fits(rule: &Rule, response: &Response) -> bool {
    let replaced = status_of(rule).is_some() || rule.has(Effect::is_silent);
    let can_have_body = !matches!(response.status, 204 | 304);
    replaced
        || rule.effects.iter().all(|effect| match effect {
            Effect::Body(_) => can_have_body,
            Effect::Truncate(bytes) => *bytes < response.body.len(),
            effect => !effect.needs_body() || !response.body.is_empty(),
        })
}

/// Does what a rule says to an answer; false, and nothing done, when an edit fits no such answer.
pub(super) fn spoil(hit: &Hit, injection: &mut Injection, request: &RequestView<'_>) -> bool {
    let effects = &hit.rule.effects;
    let mut stream = hit.stream("answer", request);
    let mut response = injection.response.clone();
    for effect in effects {
        match effect {
            Effect::Status(status) => response = in_place_of(&response, response::of_status(*status, &mut stream)),
            Effect::Limit(requests, _) => {
                response = in_place_of(&response, response::over_limit(*requests, hit.wait, &mut stream));
            }
            Effect::Reset | Effect::ResetHead | Effect::ResetBody => {
                response.wire.end = ResponseEnd::Silent(Break::Reset)
            }
            Effect::Close => response.wire.end = ResponseEnd::Silent(Break::Close),
            Effect::Hang => response.wire.end = ResponseEnd::Silent(Break::Hang),
            Effect::Garbage => response.wire.end = ResponseEnd::Garbage,
            _ => {}
        }
    }
    let promised = response::promise(&mut response, effects, request.waits, request.attempt());
    if !edit_response::apply(&mut response, effects, &mut stream) {
        return false;
    }
    edit_response::mark(&mut response, &hit.rule.name);
    *injection = Injection { response, promised: promised.or(injection.promised) };
    true
}

/// Another answer, held back as long as the one whose place it takes.
fn in_place_of(before: &Response, mut response: Response) -> Response {
    response.delay = before.delay;
    response
}
