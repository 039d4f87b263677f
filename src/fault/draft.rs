//! What the clauses of a rule say: each clause updates it, and the action of the rule is made of it.

use std::sync::Arc;
use std::time::Duration;

use super::action::{ActionKind, Adjustment, FaultAction};
use super::effects::{JsonEdit, RateLimit, ResponseEffect};
use super::row::{ClauseClass, ClauseRow};
use super::trigger::Trigger;
use crate::response::{HeadReset, ResponseEnd};
use crate::store::state_faults::StateFaults;
use crate::store::sync::Script;

/// What the clauses of a rule say. A field that no clause sets has its default.
#[derive(Debug, Default)]
pub(super) struct RuleDraft {
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
    pub(super) trigger: Trigger,
    pub(super) name: Option<String>,
    pub(super) ttl: Option<Duration>,
    pub(super) continues: bool,
}

impl RuleDraft {
    /// Adds an effect on the response.
    pub(super) fn add_effect(&mut self, effect: impl ResponseEffect + 'static) {
        self.adjustment.effects.push(Arc::new(effect));
    }

    /// Takes the action out of it. `rows` are those of the clauses, which do not exclude each other.
    pub(super) fn take_action(&mut self, rows: &[&ClauseRow]) -> FaultAction {
        FaultAction { kind: self.take_kind(rows), adjustment: std::mem::take(&mut self.adjustment) }
    }

    fn take_kind(&mut self, rows: &[&ClauseRow]) -> ActionKind {
        let has = |is_meant: fn(ClauseClass) -> bool| rows.iter().any(|row| is_meant(row.class));
        if let Some(script) = self.script.take() {
            return ActionKind::Script(Arc::new(match &self.message {
                Some(message) => script.with_message(message),
                None => script,
            }));
        }
        if has(|class| matches!(class, ClauseClass::State(_))) {
            return ActionKind::State(std::mem::take(&mut self.state), self.status);
        }
        if let Some(reset) = self.head_reset {
            return ActionKind::ResetRequest(reset);
        }
        if let Some(limit) = self.limit {
            return ActionKind::Limit(RateLimit { capacity: self.burst.unwrap_or(limit.capacity), ..limit });
        }
        if let Some(status) = self.status {
            return ActionKind::Status(status);
        }
        if let Some(end) = self.silence.take() {
            return ActionKind::Wire(end);
        }
        if has(|class| matches!(class, ClauseClass::Json | ClauseClass::Edit)) {
            return ActionKind::Edit(std::mem::take(&mut self.json));
        }
        ActionKind::Adjust
    }
}
