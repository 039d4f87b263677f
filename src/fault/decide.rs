//! The decision on one request, in three steps: on its head, before it acts, after it acted. The result is which rules
//! strike, which are shadowed and which could not be applied. What a rule does to a response is in `apply.rs`.

use std::sync::Arc;

use super::action::{ActionKind, Phase};
use super::active::{ActiveRule, RuleHit};
use super::apply::{self, FaultResult};
use super::rule::Rule;
use super::rules::FaultRules;
use super::view::RequestView;
use crate::journal::{FaultNote, FaultOutcome};
use crate::response::{Break, Delay, HeadReset, Response};
use crate::store::state_faults::{AppliedFaults, StateFaults};

/// The decision on the head of a request.
#[derive(Debug, Default)]
pub(crate) struct HeadDecision {
    /// The reset of the connection, if a rule resets it before the request is read.
    pub(crate) reset: Option<HeadReset>,
    /// The bytes a second at which the body is read, if a rule slows that down.
    pub(crate) upload_bandwidth: Option<u64>,
    /// The outcome of each rule whose trigger the request met, if the connection is reset.
    pub(crate) notes: Vec<FaultNote>,
    own_rule: Option<Box<ActiveRule>>,
    hits: Vec<RuleHit>,
}

/// The decision on a request before it acts. The default is: no fault.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    /// The response that is sent instead of acting.
    replacement: Option<Box<FaultResult>>,
    /// The faults on state that the request meets when it acts.
    pub(crate) state_faults: StateFaults,
    /// The wait of the request before it acts.
    pub(crate) wait: Delay,
    notes: Vec<FaultNote>,
    own_rule: Option<Box<ActiveRule>>,
    /// The rules that strike.
    winners: Vec<RuleHit>,
}

impl RuleHit {
    fn is_script(&self) -> bool {
        matches!(self.rule.action.kind, ActionKind::Script(_))
    }

    /// The bytes a second at which its rule reads the body of a request.
    fn upload_bandwidth(&self) -> Option<u64> {
        if let ActionKind::SlowUpload(bytes) = self.rule.action.kind { Some(bytes) } else { None }
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
        let mut own_rule = own_rule.map(|rule| Box::new(rules.number_own_rule(rule)));
        let hits = rules.count(request, own_rule.as_deref_mut(), Phase::Before, |rule| !rule.trigger.needs_body());
        let Some((stopped_at, reset)) = first_reset(&hits) else {
            let upload_bandwidth = first_slow_upload(&hits).and_then(RuleHit::upload_bandwidth);
            return Self { upload_bandwidth, own_rule, hits, ..Self::default() };
        };
        let (_, notes) = resolve(rules, hits, Some(stopped_at));
        Self { reset: Some(reset), notes, own_rule, ..Self::default() }
    }

    /// The outcome of the rule that slowed the request down, if its body did not arrive whole: it has struck.
    pub(crate) fn end_slow_upload(&self, rules: &mut FaultRules) -> Vec<FaultNote> {
        let hits = first_slow_upload(&self.hits).cloned();
        resolve(rules, hits.into_iter().collect(), None).1
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
        let (mut own_rule, mut hits) = match head {
            Some(head) => (head.own_rule.as_ref().map(|rule| Box::new(rule.without_counts())), head.hits.clone()),
            None => (own_rule.map(|rule| Box::new(rules.number_own_rule(rule))), Vec::new()),
        };
        let is_counted = |rule: &Rule| head.is_some() && !rule.trigger.needs_body();
        hits.extend(rules.count(request, own_rule.as_deref_mut(), Phase::Before, |rule| !is_counted(rule)));
        if hits.is_empty() {
            return Self { own_rule, ..Self::default() };
        }
        hits.sort_by_key(|hit| hit.order);
        let slow = head.and_then(|head| first_slow_upload(&head.hits)).cloned();
        if let Some(slow) = &slow {
            // It has acted already: no rule about the body shadows it.
            hits.retain(|hit| hit.upload_bandwidth().is_none());
            hits.insert(0, RuleHit::clone(slow));
        }
        let (winners, mut notes) = resolve(rules, hits, None);
        let is_empty = request.content.is_none_or(|content| content.bytes().is_empty());
        if let Some(slow) = slow.filter(|_| is_empty) {
            set_inapplicable(rules, &slow, &mut notes);
        }
        let replacement = apply::replacement(&winners, request);
        Self {
            wait: if replacement.is_some() { Delay::default() } else { apply::wait_before_act(&winners, request) },
            replacement: replacement.map(Box::new),
            state_faults: apply::state_faults(&winners),
            notes,
            own_rule,
            winners,
        }
    }

    /// The end of a request that gets the replacement instead of acting; none when there is no replacement. No `@after`
    /// rule is considered.
    pub(crate) fn take_replacement(&mut self) -> Option<FaultResult> {
        let replacement = self.replacement.take()?;
        Some(FaultResult { notes: std::mem::take(&mut self.notes), ..*replacement })
    }

    /// The end of a request that was released before it acted.
    pub(crate) fn into_released(self) -> FaultResult {
        FaultResult { notes: self.notes, ..FaultResult::unchanged(Response::none(Break::Close)) }
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
        response: Response,
        applied: AppliedFaults,
    ) -> FaultResult {
        let Self { notes, mut own_rule, winners, .. } = self;
        let stopped_at = winners.iter().find(|hit| hit.stops()).map(|hit| hit.order);
        let mut result = FaultResult { notes, ..FaultResult::unchanged(response) };
        let mut inapplicable = Vec::new();
        let (on_state, on_response): (Vec<_>, Vec<_>) =
            winners.into_iter().partition(|hit| hit.rule.action.is_on_state());
        for hit in on_state {
            if !result.add_state_fault(&hit, request, applied) {
                inapplicable.push(hit);
            } else if let Some(write) = applied.missing().filter(|_| !hit.rule.lag().is_zero()) {
                rules.end_hold(&hit, write);
                result.events.push(write.plus(hit.rule.lag()));
            }
        }
        // A rule that replaces or edits a response applies only to a success.
        let is_success = result.response.is_success();
        let hits = rules.count(request, own_rule.as_deref_mut(), Phase::After, |rule| {
            is_success || matches!(rule.action.kind, ActionKind::Adjust)
        });
        let (winners, notes) = resolve(rules, hits, stopped_at);
        result.notes.extend(notes);
        let on_response = on_response.into_iter().filter(|hit| hit.upload_bandwidth().is_none());
        for hit in on_response.chain(winners) {
            if !result.change_after_act(&hit, request) {
                inapplicable.push(hit);
            }
        }
        for hit in &inapplicable {
            set_inapplicable(rules, hit, &mut result.notes);
        }
        result
    }
}

/// Takes back the strike of a rule whose effect could not be applied.
fn set_inapplicable(rules: &mut FaultRules, hit: &RuleHit, notes: &mut [FaultNote]) {
    rules.subtract_strike(hit);
    let note = notes.iter_mut().find(|note| Arc::ptr_eq(&note.rule, &hit.rule.name));
    note.expect("every rule that struck has a note").outcome = FaultOutcome::Inapplicable;
}

/// The hits that win, in order, and the outcome of every hit. No rule after `stopped_at` wins.
fn resolve(rules: &mut FaultRules, hits: Vec<RuleHit>, stopped_at: Option<u64>) -> (Vec<RuleHit>, Vec<FaultNote>) {
    let (mut winners, mut notes) = (Vec::new(), Vec::new());
    let (mut is_decided, mut is_scripted) = (false, false);
    for hit in hits {
        let is_stopped = if hit.is_script() { &mut is_scripted } else { &mut is_decided };
        let is_later = !hit.is_script() && stopped_at.is_some_and(|order| hit.order > order);
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
    let reset = |hit: &RuleHit| match hit.rule.action.kind {
        ActionKind::ResetRequest(reset) => Some((hit.order, reset)),
        _ => None,
    };
    hits.iter().find(|hit| reset(hit).is_some() || hit.stops()).and_then(reset)
}

/// The first rule that slows down the reading of the body, if no rule before it shadows it.
fn first_slow_upload(hits: &[RuleHit]) -> Option<&RuleHit> {
    hits.iter()
        .find(|hit| hit.upload_bandwidth().is_some() || hit.stops())
        .filter(|hit| hit.upload_bandwidth().is_some())
}
