//! What a rule does, as one of a few kinds, and the draft that it is made of: each clause of the rule updates the
//! draft.

use std::sync::Arc;
use std::time::Duration;

use super::effects::{DelayEffect, EventFault, EventFaults, JsonEdit, RateLimit, ResponseEffect, RetryWaits};
use super::row::{ClauseClass, ClauseRow};
use super::trigger::Trigger;
use crate::matcher::ParseError;
use crate::response::{Break, HeadReset, ResponseEnd};
use crate::store::state_faults::StateFaults;
use crate::store::sync::Script;

/// What a rule does.
#[derive(Debug)]
pub(super) struct FaultAction {
    pub(super) kind: ActionKind,
    /// Empty for a script, a reset of the request and most faults on state; only a delay if the connection ends without
    /// a response.
    pub(super) adjustment: Adjustment,
}

#[derive(Debug)]
pub(super) enum ActionKind {
    /// Gives a script to the sync that the request starts.
    Script(Arc<Script>),
    /// Changes the state that the request meets; a create over a quota is refused with this status, if there is one.
    State(StateFaults, Option<u16>),
    /// Resets the connection before the request is read.
    ResetRequest(HeadReset),
    /// Reads the body of the request at this number of bytes a second.
    SlowUpload(u64),
    /// Ends the connection in this way, without a response.
    Wire(ResponseEnd),
    /// Replaces the response by the service's response with this status.
    Status(u16),
    /// Replaces the response of a request over this limit.
    Limit(RateLimit),
    /// Edits the body of a successful response, or cuts it off.
    Edit(Vec<JsonEdit>),
    /// Has only adjustments: delays or slows down any response, or adds headers to it.
    Adjust,
}

/// Effects on a response of the service or of a rule.
#[derive(Debug, Default)]
pub(super) struct Adjustment {
    pub(super) retry: RetryWaits,
    /// In the order in which they are applied.
    pub(super) effects: Vec<Arc<dyn ResponseEffect>>,
    pub(super) delay: Option<DelayEffect>,
}

/// When a rule is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the request acts.
    Before,
    /// After the request acted.
    After,
}

impl FaultAction {
    /// The phase of a rule: the one in its text, if its action allows that, or the default.
    pub(super) fn phase(&self, stated: Option<Phase>) -> Result<Phase, ParseError> {
        let problem = match (stated, &self.kind) {
            (Some(Phase::After), ActionKind::Script(_) | ActionKind::State(..)) => "this changes what the request does",
            (Some(Phase::After), ActionKind::ResetRequest(_) | ActionKind::SlowUpload(_)) => {
                "this strikes before the request is read"
            }
            (Some(Phase::After), ActionKind::Limit(_)) => {
                return Err(ParseError::new("@after", "comes too late for a limit"));
            }
            (Some(Phase::Before), ActionKind::Edit(_)) => {
                return Err(ParseError::new("@before", "comes too early: there is no response yet to edit"));
            }
            (None, ActionKind::Edit(_)) => return Ok(Phase::After),
            _ => return Ok(stated.unwrap_or(Phase::Before)),
        };
        Err(ParseError::new("@after", format_args!("comes too late: {problem}")))
    }

    /// Whether there is no response of the service.
    pub(super) fn replaces(&self) -> bool {
        use ActionKind::{Limit, ResetRequest, Status, Wire};
        matches!(self.kind, Status(_) | Limit(_) | Wire(_) | ResetRequest(_))
    }

    /// Whether it changes what the request does, not its response.
    pub(super) fn is_on_state(&self) -> bool {
        matches!(self.kind, ActionKind::Script(_) | ActionKind::State(..))
    }

    /// Whether it makes a client wait on the tenant's clock, for which an `auto` clock takes no real time.
    pub(super) fn waits_on_clock(&self) -> bool {
        matches!(self.kind, ActionKind::SlowUpload(_))
            || self.adjustment.delay.is_some_and(|delay| !delay.is_real)
            || self.adjustment.effects.iter().any(|effect| effect.pauses())
    }

    /// Whether it holds a request without a time limit: it sends nothing or only the head, and keeps the connection
    /// open.
    pub(super) fn holds(&self) -> bool {
        matches!(self.kind, ActionKind::Wire(ResponseEnd::Silent(Break::Hang)))
            || self.adjustment.effects.iter().any(|effect| effect.holds())
    }
}

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
    /// Bytes a second at which the body of the request is read.
    pub(super) upload_bandwidth: Option<u64>,
    /// How the connection ends without a response.
    pub(super) silence: Option<ResponseEnd>,
    pub(super) json: Vec<JsonEdit>,
    pub(super) events: Vec<EventFault>,
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
        if !self.events.is_empty() {
            let faults = EventFaults(std::mem::take(&mut self.events));
            self.add_effect(faults);
        }
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
        if let Some(bytes_per_second) = self.upload_bandwidth {
            return ActionKind::SlowUpload(bytes_per_second);
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
