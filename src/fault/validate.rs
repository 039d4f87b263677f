//! Whether a rule can strike and have its effect. It refuses numbers that contradict each other, effects that an operation
//! cannot have, and effects that exclude each other.

use super::effect::Effect;
use super::json_edit::JsonEdit;
use super::rule::Rule;
use super::target::{Target, Targets};
use crate::matcher::ParseError;

/// Why a rule is refused, if it is.
pub(super) fn check(rule: &Rule, targets: &Targets) -> Result<(), ParseError> {
    let meant = targets.iter().enumerate().filter(|(position, _)| rule.is_about(*position));
    let about: Vec<&Target> = meant.map(|(_, target)| target).collect();
    if let Some(problem) = rule.trigger.contradiction() {
        return Err(ParseError::new(rule, problem));
    }
    check_condition(rule, &about)?;
    check_state_faults(rule, &about, targets)?;
    check_response_body(rule, &about)?;
    check_combination(rule)?;
    check_nothing_sent(rule)
}

/// Conditions on the body need a request that has one, and hold only once it is read.
fn check_condition(rule: &Rule, about: &[&Target]) -> Result<(), ParseError> {
    if !rule.trigger.needs_body() {
        return Ok(());
    }
    if rule.acts_on_head() {
        return Err(ParseError::new(
            "when",
            "is about the body, but reset=head and reset=body strike before it is read",
        ));
    }
    if !about.iter().any(|target| target.request_body) {
        return Err(ParseError::new("when", "is about the body, but no request of this operation has one in JSON"));
    }
    Ok(())
}

/// Faults on state go with the operations that can have them.
fn check_state_faults(rule: &Rule, about: &[&Target], targets: &Targets) -> Result<(), ParseError> {
    for effect in &rule.effects {
        let Some(fault) = effect.state_fault() else { continue };
        if about.iter().any(|target| target.can_have(fault)) {
            continue;
        }
        let fitting: Vec<_> =
            targets.iter().filter(|target| target.can_have(fault)).map(|target| target.name).collect();
        let problem = format_args!("cannot happen to this operation; it goes with {}", fitting.join(", "));
        return Err(ParseError::new(effect.word(), problem));
    }
    Ok(())
}

/// Effects on a body need a response that has one.
fn check_response_body(rule: &Rule, about: &[&Target]) -> Result<(), ParseError> {
    let needs_body = |effect: &&Effect| effect.needs_body() || matches!(effect, Effect::Body(_));
    let Some(effect) = rule.effects.iter().find(needs_body) else { return Ok(()) };
    if let Some(status) = rule.status().filter(|status| matches!(status, ..200 | 204 | 304)) {
        let problem = format_args!("needs a body, but a response with status {status} has none");
        return Err(ParseError::new(effect.word(), problem));
    }
    let is_replaced = rule.status().is_some() || rule.has(|effect| matches!(effect, Effect::Limit(..)));
    if !is_replaced && !about.iter().any(|target| target.response_body) {
        return Err(ParseError::new(effect.word(), "needs a body, but the response of this operation has none"));
    }
    Ok(())
}

/// Effects of which a response can have one only.
fn check_combination(rule: &Rule) -> Result<(), ParseError> {
    let count = |wanted: fn(&Effect) -> bool| rule.effects.iter().filter(|effect| wanted(effect)).count();
    let ends = count(|effect| {
        effect.sends_nothing() || matches!(effect, Effect::ResetReply | Effect::Stall | Effect::Truncate(_))
    });
    let paces = count(|effect| matches!(effect, Effect::Dribble(..) | Effect::Bandwidth(_) | Effect::Stall));
    let bodies = count(|effect| matches!(effect, Effect::Body(_) | Effect::Malformed | Effect::Empty));
    let overwritten = count(|effect| matches!(effect, Effect::Body(_) | Effect::Empty))
        + count(|effect| matches!(effect, Effect::Json(_))).min(1);
    let empty = count(|effect| matches!(effect, Effect::Empty));
    let cut_when_empty =
        empty * count(|effect| matches!(effect, Effect::Truncate(_) | Effect::Dribble(..) | Effect::Bandwidth(_)));
    let replacements = count(|effect| matches!(effect, Effect::Status(_) | Effect::Limit(..)));
    if cut_when_empty > 0 || [ends, paces, bodies, overwritten, replacements].iter().any(|count| *count > 1) {
        return Err(ParseError::new(rule, "has effects that exclude each other"));
    }
    if count(|effect| matches!(effect, Effect::Burst(_))) > 0 && !rule.has(|effect| matches!(effect, Effect::Limit(..)))
    {
        return Err(ParseError::new("burst", "goes with limit="));
    }
    check_edited_once(rule)
}

/// Two edits of one field: the second would not find it. Items of an array move up, so their indexes may repeat.
fn check_edited_once(rule: &Rule) -> Result<(), ParseError> {
    let pointer = |effect: &Effect| match effect {
        Effect::Json(
            JsonEdit::Drop(pointer)
            | JsonEdit::Null(pointer)
            | JsonEdit::Retype(pointer)
            | JsonEdit::Rename(pointer, _),
        ) => Some(pointer.clone()),
        _ => None,
    };
    let is_field = |pointer: &String| pointer.rsplit('/').next().is_none_or(|last| last.parse::<usize>().is_err());
    let mut pointers: Vec<String> = rule.effects.iter().filter_map(pointer).filter(is_field).collect();
    pointers.sort();
    match pointers.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(ParseError::new(&pair[0], "is edited twice")),
        None => Ok(()),
    }
}

/// Where no byte of a response is sent, effects on the response have none.
fn check_nothing_sent(rule: &Rule) -> Result<(), ParseError> {
    let Some(silent) = rule.effects.iter().find(|effect| effect.sends_nothing()) else { return Ok(()) };
    let is_delay = |effect: &Effect| matches!(effect, Effect::Delay(..));
    if rule.has(|effect| !effect.sends_nothing() && !is_delay(effect)) {
        let problem = format_args!("sends no byte of a response, so no other effect can be seen ({rule})");
        return Err(ParseError::new(silent.word(), problem));
    }
    if rule.acts_on_head() && rule.has(is_delay) {
        let problem = "comes too late: reset=head and reset=body strike while the request is read";
        return Err(ParseError::new("delay", problem));
    }
    Ok(())
}
