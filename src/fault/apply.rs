//! What rules that have struck make of a call: what it sees of its world, and what it is answered. It decides neither
//! whether a rule strikes nor how an answer goes over the wire.

use std::sync::Arc;

use super::armed::Hit;
use super::effect::Effect;
use super::kind::Kind;
use super::rule::Rule;
use super::view::CallView;
use super::{answer, spoil};
use crate::reply::{Break, End, Reply};
use crate::store::{Conditions, Vanish};
use crate::sync::Script;

/// An answer of the rules' making.
#[derive(Debug)]
pub struct Injection {
    /// What is answered.
    pub reply: Reply,
    /// The wait that it promises.
    pub promised: Option<std::time::Duration>,
}

/// What the winners make a call see.
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

/// Whether nothing of what a rule makes a call see came to pass.
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

/// What the winners answer instead of acting, if one of them does: made by those that replace, then carried by the others.
pub(super) fn injection(winners: &[Hit], call: &CallView<'_>) -> Option<Injection> {
    let of_kind = |kind: Kind| winners.iter().filter(move |hit| hit.rule.kind == kind);
    of_kind(Kind::Replace).next()?;
    let mut injection = Injection { reply: Reply::empty(0), promised: None };
    for hit in of_kind(Kind::Replace).chain(of_kind(Kind::Carry)) {
        spoil(hit, &mut injection, call);
    }
    Some(injection)
}

/// Whether what a rule does can be done to an answer: to cut or slow a body there must be one.
pub(super) fn fits(rule: &Rule, reply: &Reply) -> bool {
    let replaced = status_of(rule).is_some() || rule.has(Effect::is_silent);
    let can_have_body = !matches!(reply.status, 204 | 304);
    replaced
        || rule.effects.iter().all(|effect| match effect {
            Effect::Body(_) => can_have_body,
            Effect::Truncate(bytes) => *bytes < reply.body.len(),
            effect => !effect.needs_body() || !reply.body.is_empty(),
        })
}

/// Does what a rule says to an answer; false, and nothing done, when an edit fits no such answer.
pub(super) fn spoil(hit: &Hit, injection: &mut Injection, call: &CallView<'_>) -> bool {
    let effects = &hit.rule.effects;
    let mut stream = hit.stream("answer", call);
    let mut reply = injection.reply.clone();
    for effect in effects {
        match effect {
            Effect::Status(status) => reply = in_place_of(&reply, answer::of_status(*status, &mut stream)),
            Effect::Limit(calls, _) => {
                reply = in_place_of(&reply, answer::over_limit(*calls, hit.wait, &mut stream));
            }
            Effect::Reset | Effect::ResetHead | Effect::ResetBody => reply.wire.end = End::Silent(Break::Reset),
            Effect::Close => reply.wire.end = End::Silent(Break::Close),
            Effect::Hang => reply.wire.end = End::Silent(Break::Hang),
            Effect::Garbage => reply.wire.end = End::Garbage,
            _ => {}
        }
    }
    let promised = answer::promise(&mut reply, effects, call.waits, call.attempt());
    if !spoil::spoil(&mut reply, effects, &mut stream) {
        return false;
    }
    spoil::mark(&mut reply, &hit.rule.name);
    *injection = Injection { reply, promised: promised.or(injection.promised) };
    true
}

/// Another answer, held back as long as the one whose place it takes.
fn in_place_of(before: &Reply, mut reply: Reply) -> Reply {
    reply.delay = before.delay;
    reply
}
