//! The decision on one request, in three steps: on its head, before it acts, after it acted. The result is which rules
//! strike, which are shadowed and which could not be applied. What a rule does to a response is in `apply.rs`.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::active::{FaultRules, Hit, OwnRule};
use super::apply::{self, Injection};
use super::edit_response;
use super::effect::Effect;
use super::kind::{Phase, RuleKind};
use super::rule::Rule;
use super::view::RequestView;
use crate::journal::{FaultNote, FaultOutcome};
use crate::response::{Break, HeadReset, Response};
use crate::store::state_faults::{AppliedFaults, StateFaults};

/// The decision on the head of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeadDecision {
    /// The reset of the connection, if a rule resets it before the request is read.
    pub(crate) reset: Option<HeadReset>,
    /// The outcome of each rule whose trigger the request met, if the connection is reset.
    pub(crate) notes: Vec<FaultNote>,
    own_rule: Option<OwnRule>,
    hits: Vec<Hit>,
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
    own_rule: Option<OwnRule>,
    /// The rules behind `state_faults`.
    state_hits: Vec<Hit>,
    /// The rules that are still to be applied to the response.
    pending_hits: Vec<Hit>,
    /// The order number of the rule that shadows all later rules.
    stopped_at: Option<u64>,
}

/// The result of the fault rules for a request.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The response to send.
    pub(crate) response: Response,
    /// The wait before the client retries: the one that the response asks for, else the client's own.
    pub(crate) promised: Option<Duration>,
    /// The outcome of each rule whose trigger the request met.
    pub(crate) notes: Vec<FaultNote>,
}

/// A step, which decides which rules are considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
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

impl Step {
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
            Self::AfterFailure => rule.kind == RuleKind::Adjust,
        }
    }
}

impl Hit {
    /// Whether later rules are shadowed. Rules about syncs are decided separately.
    fn stops(&self) -> bool {
        self.rule.kind != RuleKind::Script && !self.rule.continues
    }
}

impl Decision {
    /// The end of a request that gets the replacement instead of acting; none when there is no replacement. No `@after`
    /// rule is considered.
    pub(crate) fn take_replacement(&mut self) -> Option<Finished> {
        let Injection { response, promised } = self.replacement.take()?;
        Some(Finished { response, promised, notes: std::mem::take(&mut self.notes) })
    }

    /// The end of a request that was released before it acted.
    pub(crate) fn into_released(self) -> Finished {
        Finished { response: Response::none(Break::Close), promised: None, notes: self.notes }
    }

    /// Whether no rule applies to the request so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.own_rule.is_none()
    }
}

impl Finished {
    /// The result for a request to which no rule applied.
    pub(crate) fn unchanged(response: Response) -> Self {
        Self { response, promised: None, notes: Vec::new() }
    }
}

impl FaultRules {
    /// Decides by the head whether the connection is reset before the request is read. `own_rule` is the rule in the header
    /// of the request. Pass the result to [`FaultRules::decide`]: what was counted here is not counted again.
    pub(crate) fn decide_head(&mut self, request: &RequestView<'_>, own_rule: Option<&Arc<Rule>>) -> HeadDecision {
        let own_rule = own_rule.map(|rule| self.number_own_rule(rule));
        let hits = self.count_request(request, own_rule.as_ref(), Step::Head);
        let Some(first) = first_at_head(&hits) else {
            return HeadDecision { own_rule, hits, ..HeadDecision::default() };
        };
        let in_body = first.rule.has(|effect| matches!(effect, Effect::ResetBody));
        let reset = if in_body { HeadReset::InBody } else { HeadReset::AfterHead };
        let stopped_at = first.order;
        let (_, notes) = self.resolve(hits, Some(stopped_at));
        HeadDecision { reset: Some(reset), notes, own_rule, hits: Vec::new() }
    }

    /// Decides what happens before the request acts, or instead. `head` is the result of [`FaultRules::decide_head`] if that
    /// was called for this request.
    pub(crate) fn decide(
        &mut self,
        request: &RequestView<'_>,
        head: Option<HeadDecision>,
        own_rule: Option<&Arc<Rule>>,
    ) -> Decision {
        let (own_rule, mut hits) = if let Some(head) = head {
            let of_body = self.count_request(request, head.own_rule.as_ref(), Step::Body);
            (head.own_rule, [head.hits, of_body].concat())
        } else {
            let own_rule = own_rule.map(|rule| self.number_own_rule(rule));
            let hits = self.count_request(request, own_rule.as_ref(), Step::HeadAndBody);
            (own_rule, hits)
        };
        if hits.is_empty() {
            return Decision { own_rule, ..Decision::default() };
        }
        hits.sort_by_key(|hit| hit.order);
        let (winners, notes) = self.resolve(hits, None);
        let of_kinds = |kinds: &[RuleKind]| -> Vec<Hit> {
            winners.iter().filter(|hit| kinds.contains(&hit.rule.kind)).cloned().collect()
        };
        let replacement = apply::replacement(&winners, request);
        Decision {
            wait: if replacement.is_some() { Duration::ZERO } else { apply::wait_before_act(&winners, request) },
            replacement,
            state_faults: apply::state_faults(&winners),
            notes,
            own_rule,
            state_hits: of_kinds(&[RuleKind::Script, RuleKind::State]),
            pending_hits: of_kinds(&[RuleKind::Adjust]),
            stopped_at: winners.iter().find(|hit| hit.stops()).map(|hit| hit.order),
        }
    }

    /// Finishes a request that acted: `applied` are the faults on state that the store applied. Rules whose effect was not
    /// applied are noted as inapplicable, and their strike does not count.
    pub(crate) fn finish(
        &mut self,
        request: &RequestView<'_>,
        decision: Decision,
        mut response: Response,
        applied: AppliedFaults,
    ) -> Finished {
        let Decision { mut notes, own_rule, state_hits, pending_hits, stopped_at, .. } = decision;
        let (state_hits, mut inapplicable): (Vec<_>, Vec<_>) =
            state_hits.into_iter().partition(|hit| apply::was_applied(&hit.rule, applied));
        // A script changes the sync, not the response.
        for hit in state_hits.iter().filter(|hit| hit.rule.kind == RuleKind::State) {
            if let Some(status) = apply::quota_status(&hit.rule, applied) {
                response.status = StatusCode::from_u16(status).ok();
            }
            edit_response::mark(&mut response, &hit.rule.name);
        }
        let step = if response.is_success() { Step::AfterSuccess } else { Step::AfterFailure };
        let hits = self.count_request(request, own_rule.as_ref(), step);
        let (winners, after_notes) = self.resolve(hits, stopped_at);
        notes.extend(after_notes);
        let mut injection = Injection { response, promised: None };
        for hit in pending_hits.into_iter().chain(winners) {
            match apply::after_act(&hit, &injection, request) {
                Some(applied) => injection = applied,
                None => inapplicable.push(hit),
            }
        }
        for hit in &inapplicable {
            self.subtract_strike(hit);
            let note = notes.iter_mut().find(|note| Arc::ptr_eq(&note.rule, &hit.rule.name));
            note.expect("every rule that struck has a note").outcome = FaultOutcome::Inapplicable;
        }
        Finished { response: injection.response, promised: injection.promised, notes }
    }

    /// Counts a request with every rule that is about it. Returns the hits, in the order of the rules.
    fn count_request(&mut self, request: &RequestView<'_>, own_rule: Option<&OwnRule>, step: Step) -> Vec<Hit> {
        let mut hits = Vec::new();
        if let Some(own) = own_rule.filter(|own| own.is_about(request.operation, step.phase()))
            && step.considers(own.rule())
            && own.rule().trigger.counts(request)
        {
            hits.extend(own.count(request));
        }
        for active in &mut self.rules {
            if !active.is_about(request.operation, step.phase()) {
                continue;
            }
            if step.considers(&active.rule) && active.rule.trigger.counts(request) {
                hits.extend(active.count(request));
            }
        }
        hits
    }

    /// The hits that win, in order, and the outcome of every hit. No rule after `stopped_at` wins.
    fn resolve(&mut self, hits: Vec<Hit>, stopped_at: Option<u64>) -> (Vec<Hit>, Vec<FaultNote>) {
        let (mut winners, mut notes) = (Vec::new(), Vec::new());
        let (mut is_decided, mut is_scripted) = (false, false);
        for hit in hits {
            let is_script = hit.rule.kind == RuleKind::Script;
            let is_later = !is_script && stopped_at.is_some_and(|order| hit.order > order);
            let is_stopped = if is_script { &mut is_scripted } else { &mut is_decided };
            let strikes = !*is_stopped && !is_later;
            let outcome = if strikes { FaultOutcome::Struck } else { FaultOutcome::Shadowed };
            notes.push(FaultNote { rule: Arc::clone(&hit.rule.name), outcome });
            if strikes {
                *is_stopped = !hit.rule.continues;
                self.add_strike(&hit);
                winners.push(hit);
            }
        }
        (winners, notes)
    }
}

/// The first rule that acts on the head, if no rule before it shadows it.
fn first_at_head(hits: &[Hit]) -> Option<&Hit> {
    hits.iter().find(|hit| hit.rule.acts_on_head() || hit.stops()).filter(|hit| hit.rule.acts_on_head())
}
