//! The decision on one request, in three steps: on its head, before it acts, after it acted. The result is which rules
//! strike, which are shadowed and which could not be applied. What a rule does to a response is in `apply.rs`.

use std::sync::Arc;
use std::time::Duration;

use super::action::{FaultAction, Phase};
use super::active::{ActiveRule, RuleHit};
use super::apply::{self, Injection};
use super::rule::Rule;
use super::rules::FaultRules;
use super::view::RequestView;
use crate::journal::{FaultNote, FaultOutcome};
use crate::response::{Break, HeadReset, Response};
use crate::store::state_faults::{AppliedFaults, StateFaults};

/// The decision on the head of a request.
#[derive(Debug, Default)]
pub(crate) struct HeadDecision {
    /// The reset of the connection, if a rule resets it before the request is read.
    pub(crate) reset: Option<HeadReset>,
    /// The outcome of each rule whose trigger the request met, if the connection is reset.
    pub(crate) notes: Vec<FaultNote>,
    own_rule: Option<ActiveRule>,
    hits: Vec<RuleHit>,
}

/// The decision on a request before it acts. The default is: no fault.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    /// The response that is sent instead of acting.
    replacement: Option<Injection>,
    /// The faults on state that the request meets when it acts.
    pub(crate) state_faults: StateFaults,
    /// The wait of the request before it acts, on the tenant's clock.
    pub(crate) wait: Duration,
    notes: Vec<FaultNote>,
    own_rule: Option<ActiveRule>,
    /// The rules behind `state_faults`.
    state_hits: Vec<RuleHit>,
    /// The rules that are still to be applied to the response.
    pending_hits: Vec<RuleHit>,
    /// The order number of the rule that shadows all later rules.
    stopped_at: Option<u64>,
}

/// The result of the fault rules for a request.
#[derive(Debug)]
pub(crate) struct FaultResult {
    /// The response to send.
    pub(crate) response: Response,
    /// The wait before the client retries: the one that the response asks for, else the client's own.
    pub(crate) promised: Option<Duration>,
    /// The outcome of each rule whose trigger the request met.
    pub(crate) notes: Vec<FaultNote>,
}

/// A step, which decides which rules are considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RuleStep {
    /// Before the request acts: rules that need its head only.
    Head,
    /// Before the request acts: rules that need its body.
    Body,
    /// Before the request acts: both.
    HeadAndBody,
    /// After a request that succeeded.
    AfterSuccess,
    /// After a request that failed: rules that replace or edit a response apply only to successful ones.
    AfterFailure,
}

impl RuleStep {
    fn phase(self) -> Phase {
        match self {
            Self::Head | Self::Body | Self::HeadAndBody => Phase::Before,
            Self::AfterSuccess | Self::AfterFailure => Phase::After,
        }
    }

    /// Whether it considers a rule of its phase.
    fn considers(self, rule: &Rule) -> bool {
        match self {
            Self::Head => !rule.trigger.needs_body(),
            Self::Body => rule.trigger.needs_body(),
            Self::HeadAndBody | Self::AfterSuccess => true,
            Self::AfterFailure => matches!(*rule.action, FaultAction::Adjust(_)),
        }
    }
}

impl RuleHit {
    fn is_script(&self) -> bool {
        matches!(*self.rule.action, FaultAction::Script(_))
    }

    /// Whether later rules are shadowed. Rules about syncs are decided separately.
    fn stops(&self) -> bool {
        !self.is_script() && !self.rule.continues
    }
}

impl HeadDecision {
    /// Decides by the head whether the connection is reset before the request is read. `own_rule` is the rule in the
    /// header of the request. Pass the result to [`Decision::new`]: what was counted here is not counted again.
    pub(crate) fn new(rules: &mut FaultRules, request: &RequestView<'_>, own_rule: Option<&Arc<Rule>>) -> Self {
        let mut own_rule = own_rule.map(|rule| rules.number_own_rule(rule));
        let hits = count_request(rules, request, own_rule.as_mut(), RuleStep::Head);
        let Some((stopped_at, reset)) = first_reset(&hits) else {
            return Self { own_rule, hits, ..Self::default() };
        };
        let (_, notes) = resolve(rules, hits, Some(stopped_at));
        Self { reset: Some(reset), notes, own_rule, hits: Vec::new() }
    }
}

impl Decision {
    /// Decides what happens before the request acts, or instead. `head` is the decision on the head of this
    /// request, if there was one.
    pub(crate) fn new(
        rules: &mut FaultRules,
        request: &RequestView<'_>,
        head: Option<&HeadDecision>,
        own_rule: Option<&Arc<Rule>>,
    ) -> Self {
        let (mut own_rule, mut hits, step) = match head {
            Some(head) => (head.own_rule.as_ref().map(ActiveRule::without_counts), head.hits.clone(), RuleStep::Body),
            None => (own_rule.map(|rule| rules.number_own_rule(rule)), Vec::new(), RuleStep::HeadAndBody),
        };
        hits.extend(count_request(rules, request, own_rule.as_mut(), step));
        if hits.is_empty() {
            return Self { own_rule, ..Self::default() };
        }
        hits.sort_by_key(|hit| hit.order);
        let (winners, notes) = resolve(rules, hits, None);
        let of_kind = |wanted: fn(&FaultAction) -> bool| -> Vec<RuleHit> {
            winners.iter().filter(|hit| wanted(&hit.rule.action)).cloned().collect()
        };
        let replacement = apply::replacement(&winners, request);
        Self {
            wait: if replacement.is_some() { Duration::ZERO } else { apply::wait_before_act(&winners, request) },
            replacement,
            state_faults: apply::state_faults(&winners),
            notes,
            own_rule,
            state_hits: of_kind(|action| matches!(action, FaultAction::Script(_) | FaultAction::State(..))),
            pending_hits: of_kind(|action| matches!(action, FaultAction::Adjust(_))),
            stopped_at: winners.iter().find(|hit| hit.stops()).map(|hit| hit.order),
        }
    }

    /// The end of a request that gets the replacement instead of acting; none when there is no replacement. No `@after`
    /// rule is considered.
    pub(crate) fn take_replacement(&mut self) -> Option<FaultResult> {
        let Injection { response, promised } = self.replacement.take()?;
        Some(FaultResult { response, promised, notes: std::mem::take(&mut self.notes) })
    }

    /// The end of a request that was released before it acted.
    pub(crate) fn into_released(self) -> FaultResult {
        FaultResult { response: Response::none(Break::Close), promised: None, notes: self.notes }
    }

    /// Whether no rule applies to the request so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.own_rule.is_none()
    }

    /// Finishes a request that acted: `applied` are the faults on state that the store applied. Rules whose effect was
    /// not applied are noted as inapplicable, and their strike does not count.
    pub(crate) fn finish(
        self,
        rules: &mut FaultRules,
        request: &RequestView<'_>,
        mut response: Response,
        applied: AppliedFaults,
    ) -> FaultResult {
        let Self { mut notes, mut own_rule, state_hits, pending_hits, stopped_at, .. } = self;
        let (state_hits, mut inapplicable): (Vec<_>, Vec<_>) =
            state_hits.into_iter().partition(|hit| apply::was_applied(&hit.rule.action, applied));
        for hit in &state_hits {
            response = apply::after_state_fault(hit, response, applied);
        }
        let step = if response.is_success() { RuleStep::AfterSuccess } else { RuleStep::AfterFailure };
        let hits = count_request(rules, request, own_rule.as_mut(), step);
        let (winners, after_notes) = resolve(rules, hits, stopped_at);
        notes.extend(after_notes);
        let mut injection = Injection { response, promised: None };
        for hit in pending_hits.into_iter().chain(winners) {
            match apply::after_act(&hit, &injection, request) {
                Some(applied) => injection = applied,
                None => inapplicable.push(hit),
            }
        }
        for hit in &inapplicable {
            rules.subtract_strike(hit);
            let note = notes.iter_mut().find(|note| Arc::ptr_eq(&note.rule, &hit.rule.name));
            note.expect("every rule that struck has a note").outcome = FaultOutcome::Inapplicable;
        }
        FaultResult { response: injection.response, promised: injection.promised, notes }
    }
}

impl FaultResult {
    /// The result for a request to which no rule applied.
    pub(crate) fn unchanged(response: Response) -> Self {
        Self { response, promised: None, notes: Vec::new() }
    }
}

/// Counts a request with every rule that is about it. Returns the hits, in the order of the rules.
fn count_request(
    rules: &mut FaultRules,
    request: &RequestView<'_>,
    own_rule: Option<&mut ActiveRule>,
    step: RuleStep,
) -> Vec<RuleHit> {
    own_rule
        .into_iter()
        .chain(rules.active_mut())
        .filter(|active| active.is_about(request.operation, step.phase()))
        .filter(|active| step.considers(&active.rule) && active.rule.trigger.counts(request))
        .filter_map(|active| active.count(request))
        .collect()
}

/// The hits that win, in order, and the outcome of every hit. No rule after `stopped_at` wins.
fn resolve(rules: &mut FaultRules, hits: Vec<RuleHit>, stopped_at: Option<u64>) -> (Vec<RuleHit>, Vec<FaultNote>) {
    let (mut winners, mut notes) = (Vec::new(), Vec::new());
    let (mut is_decided, mut is_scripted) = (false, false);
    for hit in hits {
        let is_script = hit.is_script();
        let is_later = !is_script && stopped_at.is_some_and(|order| hit.order > order);
        let is_stopped = if is_script { &mut is_scripted } else { &mut is_decided };
        let strikes = !*is_stopped && !is_later;
        let outcome = if strikes { FaultOutcome::Struck } else { FaultOutcome::Shadowed };
        notes.push(FaultNote { rule: Arc::clone(&hit.rule.name), outcome });
        if strikes {
            *is_stopped = !hit.rule.continues;
            rules.add_strike(&hit);
            winners.push(hit);
        }
    }
    (winners, notes)
}

/// The first reset of the connection and the order number of its rule, if no rule before it shadows it.
fn first_reset(hits: &[RuleHit]) -> Option<(u64, HeadReset)> {
    let reset = |hit: &RuleHit| match *hit.rule.action {
        FaultAction::ResetRequest(reset) => Some((hit.order, reset)),
        _ => None,
    };
    hits.iter().find(|hit| reset(hit).is_some() || hit.stops()).and_then(reset)
}
