//! What the clauses of a rule say: each clause updates it, and the action of the rule is made of it.

use std::sync::Arc;
use std::time::Duration;

use super::action::{Adjustment, FaultAction, Replacement};
use super::effects::{JsonEdit, RateLimit, ResponseEffect};
use super::row::{ClauseClass, ClauseRow};
use super::trigger::Trigger;
use crate::response::{HeadReset, ResponseEnd};
use crate::store::state_faults::StateFaults;
use crate::store::sync::Script;

/// What the clauses of a rule say. A field that no clause sets has its default.
#[derive(Debug, Default)]
pub(super) struct RuleDraft {
    pub(super) action: ActionDraft,
    pub(super) trigger: Trigger,
    pub(super) name: Option<String>,
    pub(super) ttl: Option<Duration>,
    pub(super) continues: bool,
}

/// What the clauses of a rule say about its action.
#[derive(Debug, Default)]
pub(super) struct ActionDraft {
    pub(super) state: StateFaults,
    pub(super) script: Option<Script>,
    /// The message of the script.
    pub(super) message: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) limit: Option<RateLimit>,
    /// The capacity of the limit.
    pub(super) burst: Option<u64>,
    pub(super) head_reset: Option<HeadReset>,
    /// How the connection ends without a response.
    pub(super) silence: Option<ResponseEnd>,
    pub(super) json: Vec<JsonEdit>,
    pub(super) adjustment: Adjustment,
}

impl RuleDraft {
    /// Adds an effect on the response.
    pub(super) fn push(&mut self, effect: impl ResponseEffect + 'static) {
        self.action.adjustment.effects.push(Arc::new(effect));
    }
}

impl ActionDraft {
    /// The action of a rule with these rows, which do not exclude each other.
    pub(super) fn into_action(self, rows: &[&ClauseRow]) -> FaultAction {
        let Self { status, adjustment, .. } = self;
        let has = |wanted: fn(ClauseClass) -> bool| rows.iter().any(|row| wanted(row.class));
        if let Some(script) = self.script {
            return FaultAction::Script(Arc::new(match self.message {
                Some(message) => script.with_message(&message),
                None => script,
            }));
        }
        if has(|class| matches!(class, ClauseClass::State(_))) {
            return FaultAction::State(self.state, status);
        }
        if let Some(reset) = self.head_reset {
            return FaultAction::ResetRequest(reset);
        }
        let limit = self.limit.map(|limit| RateLimit { capacity: self.burst.unwrap_or(limit.capacity), ..limit });
        if let Some(replacement) = limit.map(Replacement::Limit).or(status.map(Replacement::Status)) {
            return FaultAction::Replace(replacement, adjustment);
        }
        if let Some(end) = self.silence {
            return FaultAction::Wire(end, adjustment.delay);
        }
        if has(|class| matches!(class, ClauseClass::Json | ClauseClass::Edit)) {
            return FaultAction::Edit(self.json, adjustment);
        }
        FaultAction::Adjust(adjustment)
    }
}
