//! What kind of thing a rule does, and in which phase it is therefore decided. It looks at the effects alone, never at a
//! request.

use super::effect::Effect;
use super::grammar::RuleError;
use super::rule::Rule;
use super::target::SYNC;

/// What kind of thing a rule does, from which its phase and its limits follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    /// The sync that the request starts.
    Sync,
    /// What the request sees of the store.
    State,
    /// An answer or a break of the connection instead of the service's answer.
    Replace,
    /// An edit of a good answer.
    Edit,
    /// Any answer, held back, slowed or marked.
    Carry,
}

/// When a rule is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the request acts: instead of the act, to node it, or to carry what comes of it.
    Before,
    /// Once the act is done.
    After,
}

impl RuleKind {
    /// The kind of rule that an effect makes; none for what goes with any.
    fn of(effect: &Effect) -> Option<Self> {
        match effect {
            Effect::Script(_) | Effect::Message(_) => Some(Self::Sync),
            Effect::Lag(_) | Effect::Vanish | Effect::Quota(_) | Effect::Page(_) => Some(Self::State),
            Effect::Status(_)
            | Effect::Reset
            | Effect::ResetHead
            | Effect::ResetBody
            | Effect::Close
            | Effect::Hang
            | Effect::Garbage
            | Effect::Limit(..) => Some(Self::Replace),
            Effect::Drift(_)
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

/// The kind of a rule about `subject`: the first in the order of [`RuleKind`] that one of its effects makes.
pub(super) fn kind_of(rule: &Rule, subject: &str) -> Result<RuleKind, RuleError> {
    let kinds: Vec<RuleKind> = rule.effects.iter().filter_map(RuleKind::of).collect();
    let chosen = [RuleKind::Sync, RuleKind::State, RuleKind::Replace, RuleKind::Edit]
        .into_iter()
        .find(|kind| kinds.contains(kind));
    match chosen {
        _ if rule.effects.is_empty() => {
            Err(RuleError::new(rule, "says when but not what: it needs an effect, such as status=503"))
        }
        Some(RuleKind::Sync) => of_sync(rule, subject, &kinds),
        _ if subject == SYNC => Err(RuleError::new("sync", "needs script=")),
        Some(RuleKind::State) => of_state(rule, &kinds),
        Some(RuleKind::Replace) if rule.has(|effect| matches!(effect, Effect::Drift(_))) => {
            Err(RuleError::new(rule, "both edits the service's answer and replaces it"))
        }
        chosen => Ok(chosen.unwrap_or(RuleKind::Carry)),
    }
}

fn of_sync(rule: &Rule, subject: &str, kinds: &[RuleKind]) -> Result<RuleKind, RuleError> {
    if subject != SYNC {
        return Err(RuleError::new("script", "goes with the subject sync: 'sync script=…'"));
    }
    if kinds.len() < rule.effects.len() || kinds.iter().any(|kind| *kind != RuleKind::Sync) {
        return Err(RuleError::new("sync", "takes script= and message= alone"));
    }
    if !rule.has(|effect| matches!(effect, Effect::Script(_))) {
        return Err(RuleError::new("message", "goes with script="));
    }
    Ok(RuleKind::Sync)
}

/// The status of a quota is the only other thing that a rule about state can say.
fn of_state(rule: &Rule, kinds: &[RuleKind]) -> Result<RuleKind, RuleError> {
    let is_quota = rule.has(|effect| matches!(effect, Effect::Quota(_)));
    let only_status =
        |effect: &Effect| RuleKind::of(effect) == Some(RuleKind::State) || matches!(effect, Effect::Status(_));
    if kinds.len() == rule.effects.len() && rule.effects.iter().all(only_status) {
        let bare = !rule.has(|effect| matches!(effect, Effect::Status(_)));
        if bare || is_quota {
            return Ok(RuleKind::State);
        }
    }
    Err(RuleError::new(rule, "both bends the state and shapes the answer; two rules and continue say that"))
}

/// The phase that a rule is decided in, and whether it can be in the one that was said.
pub(super) fn phase_of(rule: &Rule, said: Option<Phase>) -> Result<Phase, RuleError> {
    let default = if rule.kind == RuleKind::Edit { Phase::After } else { Phase::Before };
    match (said, rule.kind) {
        (Some(Phase::After), RuleKind::Sync | RuleKind::State) => {
            Err(RuleError::new("@after", "comes too late: this shapes what the request does"))
        }
        (Some(Phase::Before), RuleKind::Edit) => {
            Err(RuleError::new("@before", "comes too early: there is no answer yet to edit"))
        }
        (Some(Phase::After), _) if rule.strikes_at_head() => {
            Err(RuleError::new("@after", "comes too late: this strikes before the request is read"))
        }
        (Some(Phase::After), _) if rule.has(|effect| matches!(effect, Effect::Limit(..))) => {
            Err(RuleError::new("@after", "comes too late for a limit"))
        }
        (said, _) => Ok(said.unwrap_or(default)),
    }
}
