//! The kind of a rule, which follows from its effects, and the phase in which rules of that kind are decided.

use super::effect::Effect;
use super::rule::Rule;
use super::target::SYNC;
use crate::matcher::ParseError;

/// The kind of a rule; its phase and its limits follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    /// Gives a script to the sync that the request starts.
    Script,
    /// Changes the state that the request meets.
    State,
    /// Sends a response, or breaks the connection, instead of the service's response.
    Replace,
    /// Edits the body of a successful response, or cuts it off.
    Edit,
    /// Delays or slows down any response, or adds headers to it.
    Adjust,
}

/// When a rule is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the request acts.
    Before,
    /// After the request acted.
    After,
}

impl RuleKind {
    /// The kind of a rule with this effect; none for effects that go with every kind.
    fn of(effect: &Effect) -> Option<Self> {
        match effect {
            Effect::Script(_) | Effect::Message(_) => Some(Self::Script),
            Effect::Lag(_) | Effect::Vanish | Effect::Quota(_) | Effect::Page(_) => Some(Self::State),
            Effect::Status(_)
            | Effect::Reset
            | Effect::ResetHead
            | Effect::ResetBody
            | Effect::Close
            | Effect::Hang
            | Effect::Garbage
            | Effect::Limit(..) => Some(Self::Replace),
            Effect::Json(_)
            | Effect::Malformed
            | Effect::Truncate(_)
            | Effect::Empty
            | Effect::ContentType(_)
            | Effect::ContentLength(_)
            | Effect::ResetReply
            | Effect::Stall
            | Effect::Body(_) => Some(Self::Edit),
            _ => None,
        }
    }
}

/// The kind of a rule about `subject`: the first in the order of [`RuleKind`] that one of its effects has.
pub(super) fn kind_of(rule: &Rule, subject: &str) -> Result<RuleKind, ParseError> {
    let kinds: Vec<RuleKind> = rule.effects.iter().filter_map(RuleKind::of).collect();
    let chosen = [RuleKind::Script, RuleKind::State, RuleKind::Replace, RuleKind::Edit]
        .into_iter()
        .find(|kind| kinds.contains(kind));
    match chosen {
        _ if rule.effects.is_empty() => Err(ParseError::new(rule, "has no effect; add one, such as status=503")),
        Some(RuleKind::Script) => check_script(rule, subject, &kinds),
        _ if subject == SYNC => Err(ParseError::new("sync", "needs script=")),
        Some(RuleKind::State) => check_state(rule, &kinds),
        Some(RuleKind::Replace) if rule.has(|effect| matches!(effect, Effect::Json(_))) => {
            Err(ParseError::new(rule, "both edits the service's response and replaces it"))
        }
        chosen => Ok(chosen.unwrap_or(RuleKind::Adjust)),
    }
}

fn check_script(rule: &Rule, subject: &str, kinds: &[RuleKind]) -> Result<RuleKind, ParseError> {
    if subject != SYNC {
        return Err(ParseError::new("script", "goes with the subject sync: 'sync script=…'"));
    }
    if kinds.len() < rule.effects.len() || kinds.iter().any(|kind| *kind != RuleKind::Script) {
        return Err(ParseError::new("sync", "takes no effects but script= and message="));
    }
    if !rule.has(|effect| matches!(effect, Effect::Script(_))) {
        return Err(ParseError::new("message", "goes with script="));
    }
    Ok(RuleKind::Script)
}

/// Besides faults on state, such a rule can have only the status of a quota.
fn check_state(rule: &Rule, kinds: &[RuleKind]) -> Result<RuleKind, ParseError> {
    let is_quota = rule.has(|effect| matches!(effect, Effect::Quota(_)));
    let is_allowed =
        |effect: &Effect| RuleKind::of(effect) == Some(RuleKind::State) || matches!(effect, Effect::Status(_));
    if kinds.len() == rule.effects.len() && rule.effects.iter().all(is_allowed) && (is_quota || rule.status().is_none())
    {
        return Ok(RuleKind::State);
    }
    Err(ParseError::new(rule, "changes both the state and the response; write two rules, the first with continue"))
}

/// The phase of a rule: the one in its text, if its effects allow that, or the default.
pub(super) fn phase_of(rule: &Rule, said: Option<Phase>) -> Result<Phase, ParseError> {
    let default = if rule.kind == RuleKind::Edit { Phase::After } else { Phase::Before };
    match (said, rule.kind) {
        (Some(Phase::After), RuleKind::Script | RuleKind::State) => {
            Err(ParseError::new("@after", "comes too late: this changes what the request does"))
        }
        (Some(Phase::Before), RuleKind::Edit) => {
            Err(ParseError::new("@before", "comes too early: there is no response yet to edit"))
        }
        (Some(Phase::After), _) if rule.acts_on_head() => {
            Err(ParseError::new("@after", "comes too late: this strikes before the request is read"))
        }
        (Some(Phase::After), _) if rule.has(|effect| matches!(effect, Effect::Limit(..))) => {
            Err(ParseError::new("@after", "comes too late for a limit"))
        }
        (said, _) => Ok(said.unwrap_or(default)),
    }
}
