//! What the clauses of a rule say, before they are checked against each other. Each clause adds to it.

use std::sync::Arc;
use std::time::Duration;

use super::action::ActionDraft;
use super::effects::ResponseEffect;
use super::trigger::Trigger;

/// What the clauses of a rule say. A field that no clause sets has its default.
#[derive(Debug, Default)]
pub(super) struct RuleDraft {
    pub(super) action: ActionDraft,
    pub(super) trigger: Trigger,
    pub(super) name: Option<String>,
    pub(super) ttl: Option<Duration>,
    pub(super) continues: bool,
}

impl RuleDraft {
    /// The draft with another effect on the response.
    pub(super) fn with_effect(mut self, effect: impl ResponseEffect + 'static) -> Self {
        self.action.adjustment.effects.push(Arc::new(effect));
        self
    }
}
