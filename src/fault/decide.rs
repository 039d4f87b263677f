//! The decision of one request, in three steps: at its head, before it acts, once it acted. Which rules strike, which are
//! shadowed, which do not fit. What a rule then does is in `apply.rs`.

use std::sync::Arc;

use super::apply::{self, Injection};
use super::armed::{Faults, Hit};
use super::edit_response;
use super::effect::Effect;
use super::kind::{Phase, RuleKind};
use super::rule::{AfterStrike, Rule};
use super::view::RequestView;
use crate::journal::{FaultNote, FaultOutcome};
use crate::response::{HeadOrder, Response};
use crate::store::Conditions;

/// What the head of a request came to.
#[derive(Debug, Default)]
pub struct AtHead {
    hits: Vec<Hit>,
    /// How the connection breaks, if it does.
    pub order: Option<HeadOrder>,
    /// What became of the rules, if it does.
    pub notes: Vec<FaultNote>,
}

/// What the rules decide of a request before it acts.
#[derive(Debug, Default)]
pub struct Decision {
    /// What is answered instead of acting.
    pub injection: Option<Injection>,
    /// What the request is made to see.
    pub conditions: Conditions,
    /// What became of the rules.
    pub notes: Vec<FaultNote>,
    /// Those that node what a request does.
    state_hits: Vec<Hit>,
    /// What is still to be done to the answer of a request that acts.
    pending_hits: Vec<Hit>,
    /// The rule that wins over all behind it, by its position.
    stopped_at: Option<usize>,
}

/// Which rules a step looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Before the act: those that can be decided by the head.
    Head,
    /// Before the act: those that need the body.
    Body,
    /// Before the act: both.
    Before,
    /// After the act, which was granted.
    Granted,
    /// After the act, which was refused: rules that replace or edit an answer look at good ones alone.
    Refused,
}

impl Pass {
    fn phase(self) -> Phase {
        match self {
            Self::Head | Self::Body | Self::Before => Phase::Before,
            Self::Granted | Self::Refused => Phase::After,
        }
    }

    /// Whether it is at a rule of its phase.
    fn is_at(self, rule: &Rule) -> bool {
        match self {
            Self::Head => !rule.trigger.needs_body(),
            Self::Body => rule.trigger.needs_body(),
            Self::Before | Self::Granted => true,
            Self::Refused => rule.kind == RuleKind::Carry,
        }
    }
}

impl Hit {
    /// Whether the rules behind this one are not looked at. What happens to a sync is a matter of its own.
    fn stops(&self) -> bool {
        self.rule.kind != RuleKind::Sync && self.rule.after_strike == AfterStrike::Stop
    }
}

impl Faults {
    /// Decides by the head alone whether the connection breaks before the request is read. What was counted here is not
    /// counted again by [`Faults::before`] with `Some` of what this returns.
    pub fn at_head(&mut self, request: &RequestView<'_>) -> AtHead {
        let hits = self.pass(request, Pass::Head);
        let Some(first) = first_at_head(&hits) else { return AtHead { hits, ..AtHead::default() } };
        let in_body = first.rule.has(|effect| matches!(effect, Effect::ResetBody));
        let order = if in_body { HeadOrder::ResetInBody } else { HeadOrder::ResetAtHead };
        let position = first.position;
        let (_, notes) = self.settle(hits, Some(position));
        AtHead { hits: Vec::new(), order: Some(order), notes }
    }

    /// Decides what happens instead of the act, or shapes it.
    pub fn before(&mut self, request: &RequestView<'_>, at_head: Option<AtHead>) -> Decision {
        let mut hits = match at_head {
            Some(at_head) => [at_head.hits, self.pass(request, Pass::Body)].concat(),
            None => self.pass(request, Pass::Before),
        };
        if hits.is_empty() {
            return Decision::default();
        }
        hits.sort_by_key(|hit| hit.position);
        let (winners, notes) = self.settle(hits, None);
        let injection = apply::injection(&winners, request);
        let conditions = apply::conditions(&winners);
        let stopped_at = winners.iter().find(|hit| hit.stops()).map(|hit| hit.position);
        let (pending_hits, others): (Vec<_>, Vec<_>) =
            winners.into_iter().partition(|hit| hit.rule.kind == RuleKind::Carry);
        let state_hits =
            others.into_iter().filter(|hit| matches!(hit.rule.kind, RuleKind::Sync | RuleKind::State)).collect();
        Decision { injection, conditions, notes, state_hits, pending_hits, stopped_at }
    }

    /// Notes of the rules that node what a request does that they could not: `left` is what did not come to pass. The answer
    /// that the others shaped is marked; what happens to a sync is not the answer's matter.
    pub fn take_back(&mut self, left: &Conditions, (response, decision): (&mut Response, &mut Decision)) {
        for hit in std::mem::take(&mut decision.state_hits) {
            if apply::is_left(&hit.rule, left) {
                self.could_not(&hit, &mut decision.notes);
            } else if hit.rule.kind == RuleKind::State {
                edit_response::mark(response, &hit.rule.name);
            }
        }
    }

    /// Spoils the answer of a request that acted.
    pub fn after(&mut self, request: &RequestView<'_>, response: Response, decision: &mut Decision) -> Injection {
        let look = if response.is_success() { Pass::Granted } else { Pass::Refused };
        let hits = self.pass(request, look);
        let (winners, notes) = self.settle(hits, decision.stopped_at);
        decision.notes.extend(notes);
        let mut injection = Injection { response, promised: None };
        for hit in decision.pending_hits.drain(..).chain(winners) {
            if apply::fits(&hit.rule, &injection.response) && apply::spoil(&hit, &mut injection, request) {
                continue;
            }
            self.could_not(&hit, &mut decision.notes);
        }
        injection
    }

    /// Notes of a rule that struck that its effect fits no such request.
    fn could_not(&mut self, hit: &Hit, notes: &mut [FaultNote]) {
        self.unstrike(hit);
        let note = notes.iter_mut().find(|note| Arc::ptr_eq(&note.rule, &hit.rule.name));
        note.expect("a rule that struck was noted").outcome = FaultOutcome::Inapplicable;
    }

    /// Counts a request with every rule that is about it, and finds those that it hits.
    fn pass(&mut self, request: &RequestView<'_>, look: Pass) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (position, armed) in self.armed.iter_mut().enumerate() {
            if !armed.is_about(request.operation, look.phase()) {
                continue;
            }
            if look.is_at(&armed.rule) && armed.rule.trigger.counts(request) {
                hits.extend(armed.count(position, request));
            }
        }
        hits
    }

    /// The rules that win among those that were hit, in order, and what became of each. Behind `stopped_at` none wins.
    fn settle(&mut self, hits: Vec<Hit>, stopped_at: Option<usize>) -> (Vec<Hit>, Vec<FaultNote>) {
        let (mut winners, mut notes) = (Vec::new(), Vec::new());
        let (mut decided, mut scripted) = (AfterStrike::GoOn, AfterStrike::GoOn);
        for hit in hits {
            let is_sync = hit.rule.kind == RuleKind::Sync;
            let behind = !is_sync && stopped_at.is_some_and(|position| hit.position > position);
            let state = if is_sync { &mut scripted } else { &mut decided };
            let struck = *state == AfterStrike::GoOn && !behind;
            let outcome = if struck { FaultOutcome::Struck } else { FaultOutcome::Shadowed };
            notes.push(FaultNote { rule: Arc::clone(&hit.rule.name), outcome });
            if struck {
                *state = hit.rule.after_strike;
                self.strike(&hit);
                winners.push(hit);
            }
        }
        (winners, notes)
    }
}

/// The first rule that strikes at the head, if none before it stops there.
fn first_at_head(hits: &[Hit]) -> Option<&Hit> {
    hits.iter().find(|hit| hit.rule.strikes_at_head() || hit.stops()).filter(|hit| hit.rule.strikes_at_head())
}
