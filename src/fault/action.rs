//! What a rule does, as one of a few kinds: made of what its clauses say, and the phase in which it is decided.

use std::sync::Arc;

use super::effects::{Delay, JsonEdit, RateLimit, ResponseEffect, RetryHeaders};
use crate::matcher::ParseError;
use crate::response::{Break, HeadReset, ResponseEnd};
use crate::store::state_faults::StateFaults;
use crate::store::sync::Script;

/// What a rule does.
#[derive(Debug)]
pub(super) enum FaultAction {
    /// Gives a script to the sync that the request starts.
    Script(Arc<Script>),
    /// Changes the state that the request meets; a create over a quota is refused with this status, if there is one.
    State(StateFaults, Option<u16>),
    /// Resets the connection before the request is read.
    ResetRequest(HeadReset),
    /// Ends the connection in this way, without a response.
    Wire(ResponseEnd, Option<Delay>),
    /// Sends a response instead of the service's.
    Replace(Replacement, Adjustment),
    /// Edits the body of a successful response, or cuts it off.
    Edit(Vec<JsonEdit>, Adjustment),
    /// Delays or slows down any response, or adds headers to it.
    Adjust(Adjustment),
}

/// Where a response of a rule comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Replacement {
    /// The service's response with this status.
    Status(u16),
    /// The response to a request over this limit.
    Limit(RateLimit),
}

/// Effects on a response of the service or of a rule.
#[derive(Debug, Default)]
pub(super) struct Adjustment {
    pub(super) retry: RetryHeaders,
    /// In the order in which they are applied.
    pub(super) effects: Vec<Arc<dyn ResponseEffect>>,
    pub(super) delay: Option<Delay>,
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
    pub(super) fn phase(&self, said: Option<Phase>) -> Result<Phase, ParseError> {
        let problem = match (said, self) {
            (Some(Phase::After), Self::Script(_) | Self::State(..)) => "this changes what the request does",
            (Some(Phase::After), Self::ResetRequest(_)) => "this strikes before the request is read",
            (Some(Phase::After), Self::Replace(Replacement::Limit(_), _)) => {
                return Err(ParseError::new("@after", "comes too late for a limit"));
            }
            (Some(Phase::Before), Self::Edit(..)) => {
                return Err(ParseError::new("@before", "comes too early: there is no response yet to edit"));
            }
            (None, Self::Edit(..)) => return Ok(Phase::After),
            (said, _) => return Ok(said.unwrap_or(Phase::Before)),
        };
        Err(ParseError::new("@after", format_args!("comes too late: {problem}")))
    }

    /// Whether there is no response of the service.
    pub(super) fn replaces(&self) -> bool {
        matches!(self, Self::Replace(..) | Self::Wire(..) | Self::ResetRequest(_))
    }

    /// Its effects on a response that the service or a rule made.
    pub(super) fn adjustment(&self) -> Option<&Adjustment> {
        match self {
            Self::Replace(_, adjustment) | Self::Edit(_, adjustment) | Self::Adjust(adjustment) => Some(adjustment),
            Self::Script(_) | Self::State(..) | Self::ResetRequest(_) | Self::Wire(..) => None,
        }
    }

    /// How long it makes a request wait.
    pub(super) fn delay(&self) -> Option<Delay> {
        if let Self::Wire(_, delay) = self { *delay } else { self.adjustment()?.delay }
    }

    /// Whether it holds a request without a time limit: it sends nothing or only the head, and keeps the connection
    /// open.
    pub(super) fn holds(&self) -> bool {
        matches!(self, Self::Wire(ResponseEnd::Silent(Break::Hang), _))
            || self.adjustment().is_some_and(|adjustment| adjustment.effects.iter().any(|effect| effect.holds()))
    }
}
