//! Refuses a rule that could never strike or have its effect: clauses that exclude each other, numbers that contradict
//! each other, and effects that none of its operations can have.

use std::fmt::Display;

use super::action::ActionKind;
use super::grammar::RuleText;
use super::row::{BodyForm, ClauseClass, ClauseRow};
use super::rule::Rule;
use super::target::{SYNC, Target, Targets};
use crate::matcher::{Condition, ParseError};
use crate::operation::path_param_names;

/// Refuses effects of different classes that no rule can have together. `text` is a rule about `subject`.
pub(super) fn check_classes(text: &RuleText, subject: &str, rows: &[&ClauseRow]) -> Result<(), ParseError> {
    let effects: Vec<&ClauseRow> = rows.iter().filter(|row| row.is_effect()).copied().collect();
    let has = |class: ClauseClass| effects.iter().any(|row| row.class == class);
    let on_state: Vec<&ClauseRow> = effects.iter().filter(|row| row.state_fault().is_some()).copied().collect();
    let is_script = effects.iter().any(|row| row.is_script());
    let meets_state = |row: &ClauseRow| on_state.iter().any(|state| state.meets.contains(&row.word()));
    let stays_on_state = || effects.iter().all(|row| row.state_fault().is_some() || meets_state(row));
    let (place, problem): (&dyn Display, _) = if effects.is_empty() {
        (text, "has no effect; add one, such as status=503")
    } else if is_script && subject != SYNC {
        (&"script", "goes with the subject sync: 'sync script=…'")
    } else if is_script && !effects.iter().all(|row| row.is_script()) {
        (&SYNC, "takes no effects but script= and message=")
    } else if is_script {
        return Ok(());
    } else if subject == SYNC {
        (&SYNC, "needs script=")
    } else if !on_state.is_empty() && !stays_on_state() {
        (text, "changes both the state and the response; write two rules, the first with continue")
    } else if has(ClauseClass::Upload) && effects.len() > 1 {
        (text, "changes both how the request is read and the response; write two rules, the first with continue")
    } else if has(ClauseClass::Json) && (has(ClauseClass::Replace) || has(ClauseClass::Wire)) {
        (text, "both edits the service's response and replaces it")
    } else {
        return Ok(());
    };
    Err(ParseError::new(place, problem))
}

/// Refuses a rule that can never strike or have its effect. `rows` are those of its clauses, in their order.
pub(super) fn check(rule: &Rule, rows: &[&ClauseRow], targets: &Targets) -> Result<(), ParseError> {
    let about = targets.iter().enumerate().filter(|(position, _)| rule.targets & (1 << position) != 0);
    let about: Vec<&Target> = about.map(|(_, target)| target).collect();
    if let Some(problem) = rule.trigger.contradiction() {
        return Err(ParseError::new(rule, problem));
    }
    check_conditions(rule, &about, targets)?;
    check_state_faults(rows, &about, targets)?;
    check_bodies(rule, rows, &about, targets)?;
    check_body_form(rows, &about, targets)?;
    if rows.iter().enumerate().any(|(position, row)| rows[..position].iter().any(|earlier| row.excludes(earlier))) {
        return Err(ParseError::new(rule, "has effects that exclude each other"));
    }
    check_companions(rows)?;
    check_edited_once(rule)?;
    check_nothing_sent(rule, rows)
}

/// Conditions on the path need a parameter of that name. Conditions on the body need a request with a body, and are
/// tested after it is read.
fn check_conditions(rule: &Rule, about: &[&Target], targets: &Targets) -> Result<(), ParseError> {
    let conditions = &rule.trigger.when;
    let names: Vec<&str> = about.iter().flat_map(|target| path_param_names(target.path)).collect();
    conditions.iter().try_for_each(|condition| condition.check_path_param(&names))?;
    let place = if conditions.iter().any(Condition::needs_body) { "when" } else { "attempt" };
    if rule.trigger.needs_body() && rule.acts_on_head() {
        let problem =
            "needs the body of the request, but reset=head, reset=body and upload-bandwidth= strike before it is read";
        return Err(ParseError::new(place, problem));
    }
    if place == "when" && !about.iter().any(|target| target.request_body) {
        let fitting = fitting(targets, |target| target.request_body);
        let problem =
            format_args!("is about the body, but no request of this operation has one; it goes with {fitting}");
        return Err(ParseError::new(place, problem));
    }
    Ok(())
}

/// The names of the operations that fit, or of those that do not if these are fewer.
fn fitting(targets: &Targets, fits: impl Fn(&Target) -> bool) -> String {
    let (fitting, others): (Vec<&Target>, Vec<&Target>) = targets.iter().partition(|target| fits(target));
    let names = |targets: &[&Target]| targets.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    if others.is_empty() {
        "every operation".to_owned()
    } else if others.len() < fitting.len() {
        format!("every operation but {}", names(&others))
    } else {
        names(&fitting)
    }
}

/// Faults on state need an operation that can have them.
fn check_state_faults(rows: &[&ClauseRow], about: &[&Target], targets: &Targets) -> Result<(), ParseError> {
    for (row, fault) in rows.iter().filter_map(|row| row.state_fault().map(|fault| (row, fault))) {
        if !about.iter().any(|target| target.can_have(fault)) {
            let fitting = fitting(targets, |target| target.can_have(fault));
            let problem = format_args!("cannot happen to this operation; it goes with {fitting}");
            return Err(ParseError::new(row.word(), problem));
        }
    }
    Ok(())
}

/// Effects on a body need a request, or a response, that has one.
fn check_bodies(rule: &Rule, rows: &[&ClauseRow], about: &[&Target], targets: &Targets) -> Result<(), ParseError> {
    let slow = rows.iter().find(|row| row.needs_request_body);
    if let Some(row) = slow.filter(|_| !about.iter().any(|target| target.request_body)) {
        let fitting = fitting(targets, |target| target.request_body);
        let problem = format_args!("needs the body of a request, but this operation has none; it goes with {fitting}");
        return Err(ParseError::new(row.word(), problem));
    }
    let Some(row) = rows.iter().find(|row| row.needs_body()) else { return Ok(()) };
    let problem = match &rule.action.kind {
        ActionKind::Status(status @ (..200 | 204 | 304)) => {
            format!("needs a body, but a response with status {status} has none")
        }
        _ if rows.iter().any(|row| row.class == ClauseClass::Replace) => return Ok(()),
        _ if about.iter().any(|target| target.response_body) => return Ok(()),
        _ => {
            let fitting = fitting(targets, |target| target.response_body);
            format!("needs a body, but the response of this operation has none; it goes with {fitting}")
        }
    };
    Err(ParseError::new(row.word(), problem))
}

/// Effects on events need an operation that streams, and edits of a whole body one that does not.
fn check_body_form(rows: &[&ClauseRow], about: &[&Target], targets: &Targets) -> Result<(), ParseError> {
    let is_replaced = rows.iter().any(|row| row.class == ClauseClass::Replace);
    for row in rows {
        let problem = match row.form {
            BodyForm::Events if !about.iter().any(|target| target.streams) => {
                let streams = targets.iter().filter(|target| target.streams).map(|target| target.name);
                let streams = streams.collect::<Vec<_>>().join(", ");
                match &*streams {
                    "" => "needs a stream of events, which no operation has with --contract".to_owned(),
                    streams => format!("needs a stream of events; it goes with {streams}"),
                }
            }
            BodyForm::Whole if !is_replaced && about.iter().all(|target| target.streams) => {
                "cannot change a stream of events; event= can".to_owned()
            }
            _ => continue,
        };
        return Err(ParseError::new(row.word(), problem));
    }
    Ok(())
}

/// Refuses a clause without the one that it needs.
fn check_companions(rows: &[&ClauseRow]) -> Result<(), ParseError> {
    let is_missing = |word: &&str| rows.iter().all(|row| row.word() != *word);
    match rows.iter().find_map(|row| row.goes_with.filter(is_missing).map(|word| (row, word))) {
        Some((row, missing)) => Err(ParseError::new(row.word(), format_args!("goes with {missing}="))),
        None => Ok(()),
    }
}

/// Two edits of one field: the second would not find it. Items of an array move up, so their indexes may repeat.
fn check_edited_once(rule: &Rule) -> Result<(), ParseError> {
    let ActionKind::Edit(edits) = &rule.action.kind else { return Ok(()) };
    let is_field = |pointer: &&str| pointer.rsplit('/').next().is_none_or(|last| last.parse::<usize>().is_err());
    let mut pointers: Vec<&str> = edits.iter().filter_map(|edit| edit.pointer()).filter(is_field).collect();
    pointers.sort_unstable();
    match pointers.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(ParseError::new(pair[0], "is edited twice")),
        None => Ok(()),
    }
}

/// If no byte of a response is sent, other effects on the response have no effect.
fn check_nothing_sent(rule: &Rule, rows: &[&ClauseRow]) -> Result<(), ParseError> {
    let Some(silent) = rows.iter().find(|row| row.class == ClauseClass::Wire) else { return Ok(()) };
    if rows.iter().any(|row| row.is_effect() && !matches!(row.class, ClauseClass::Wire | ClauseClass::Delay)) {
        let problem = format_args!("sends no byte of a response, so no other effect can be seen ({rule})");
        return Err(ParseError::new(silent.word(), problem));
    }
    if rule.acts_on_head() && rows.iter().any(|row| row.class == ClauseClass::Delay) {
        let problem = "comes too late: reset=head and reset=body strike while the request is read";
        return Err(ParseError::new("delay", problem));
    }
    Ok(())
}
