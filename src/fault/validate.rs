//! Whether a rule can ever strike, and say what it says: refused here are numbers that contradict each other, effects that
//! an operation cannot have, and effects that cannot both be.

use super::effect::{Drift, Effect};
use super::grammar::RuleError;
use super::rule::Rule;
use super::target::{Has, Target, Targets};

/// Why a rule makes no sense, if it makes none.
pub(super) fn check(rule: &Rule, targets: &Targets) -> Result<(), RuleError> {
    let about: Vec<&Target> =
        targets.iter().enumerate().filter(|(position, _)| rule.is_about(*position)).map(|(_, target)| target).collect();
    if let Some(why) = rule.trigger.contradiction() {
        return Err(RuleError::new(rule, why));
    }
    check_body(rule, &about)?;
    check_state(rule, &about)?;
    check_answer(rule, &about)?;
    check_company(rule)?;
    check_silence(rule)
}

/// Conditions on the body go with requests that have one, and are known only once it is read.
fn check_body(rule: &Rule, about: &[&Target]) -> Result<(), RuleError> {
    if !rule.trigger.needs_body() {
        return Ok(());
    }
    if rule.strikes_at_head() {
        return Err(RuleError::new(
            "when",
            "looks at the body, but reset=head and reset=body strike before it is read",
        ));
    }
    if about.iter().all(|target| target.body == Has::Nothing) {
        return Err(RuleError::new("when", "looks at the body, but no request of this operation has one"));
    }
    Ok(())
}

/// State effects go with the operations whose handlers know them.
fn check_state(rule: &Rule, about: &[&Target]) -> Result<(), RuleError> {
    let word = |effect: &Effect| match effect {
        Effect::Lag(_) => Some(("lag", &["indexes.get", "indexes.list"][..])),
        Effect::Vanish => {
            Some(("vanish", &["indexes.get", "indexes.delete", "indexes.sync", "indexes.cancel_sync"][..]))
        }
        Effect::Quota(_) => Some(("quota", &["indexes.create"][..])),
        Effect::Page(_) => Some(("page", &["indexes.list"][..])),
        _ => None,
    };
    for (word, fits) in rule.effects.iter().filter_map(word) {
        if !about.iter().any(|target| fits.contains(&target.name)) {
            let reason = format_args!("cannot happen to this operation; it goes with {}", fits.join(", "));
            return Err(RuleError::new(word, reason));
        }
    }
    Ok(())
}

/// What is done to a body goes with answers that have one.
fn check_answer(rule: &Rule, about: &[&Target]) -> Result<(), RuleError> {
    let Some(effect) = rule.effects.iter().find(|effect| effect.needs_body() || matches!(effect, Effect::Body(_)))
    else {
        return Ok(());
    };
    let status = rule.find(|effect| if let Effect::Status(status) = effect { Some(*status) } else { None });
    if let Some(status) = status.filter(|status| matches!(status, ..200 | 204 | 304)) {
        return Err(RuleError::new(effect.word(), format_args!("needs a body, and an answer of {status} has none")));
    }
    let replaced = status.is_some() || rule.has(|effect| matches!(effect, Effect::Limit(..)));
    if !replaced && about.iter().all(|target| target.answer == Has::Nothing) {
        return Err(RuleError::new(effect.word(), "needs a body, and this operation answers without one"));
    }
    Ok(())
}

/// Effects that say two things at once about the same.
fn check_company(rule: &Rule) -> Result<(), RuleError> {
    let count = |wanted: fn(&Effect) -> bool| rule.effects.iter().filter(|effect| wanted(effect)).count();
    let ends = count(|effect| {
        effect.is_silent() || matches!(effect, Effect::ResetReply | Effect::Stall | Effect::Truncate(_))
    });
    let paces = count(|effect| matches!(effect, Effect::Dribble(..) | Effect::Bandwidth(_) | Effect::Stall));
    let bodies = count(|effect| matches!(effect, Effect::Body(_) | Effect::Malformed | Effect::Empty));
    let overwritten = count(|effect| matches!(effect, Effect::Body(_) | Effect::Empty))
        + count(|effect| matches!(effect, Effect::Drift(_))).min(1);
    let empty = count(|effect| matches!(effect, Effect::Empty));
    let emptied =
        empty * count(|effect| matches!(effect, Effect::Truncate(_) | Effect::Dribble(..) | Effect::Bandwidth(_)));
    let answers = count(|effect| matches!(effect, Effect::Status(_) | Effect::Limit(..)));
    if emptied > 0 || [ends, paces, bodies, overwritten, answers].iter().any(|count| *count > 1) {
        return Err(RuleError::new(rule, "says two things of the same answer that cannot both be"));
    }
    if count(|effect| matches!(effect, Effect::Burst(_))) > 0 && !rule.has(|effect| matches!(effect, Effect::Limit(..)))
    {
        return Err(RuleError::new("burst", "goes with limit="));
    }
    same_place_twice(rule)
}

/// Two edits of one field: the second would not find what the first left. Places in a list move up.
fn same_place_twice(rule: &Rule) -> Result<(), RuleError> {
    let place = |effect: &Effect| match effect {
        Effect::Drift(Drift::Drop(at) | Drift::Null(at) | Drift::Retype(at) | Drift::Rename(at, _)) => Some(at.clone()),
        _ => None,
    };
    let is_field = |at: &String| at.rsplit('/').next().is_none_or(|last| last.parse::<usize>().is_err());
    let mut places: Vec<String> = rule.effects.iter().filter_map(place).filter(is_field).collect();
    places.sort();
    match places.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(RuleError::new(&pair[0], "is edited twice")),
        None => Ok(()),
    }
}

/// An answer of which no byte is sent has nothing that could be said of it.
fn check_silence(rule: &Rule) -> Result<(), RuleError> {
    let Some(silent) = rule.effects.iter().find(|effect| effect.is_silent()) else { return Ok(()) };
    let delay = |effect: &Effect| matches!(effect, Effect::Delay(..));
    if rule.has(|effect| !effect.is_silent() && !delay(effect)) {
        let reason = format_args!("sends no byte of an answer, so nothing more can be said of it ({rule})");
        return Err(RuleError::new(silent.word(), reason));
    }
    if rule.strikes_at_head() && rule.has(delay) {
        return Err(RuleError::new(
            "delay",
            "comes too late: reset=head and reset=body strike while the request is read",
        ));
    }
    Ok(())
}
