//! Where a request meets its tenant's rules: before it acts, after it acted, and at its head. With no rule set, nothing is
//! looked at.

use std::borrow::Cow;
use std::sync::Arc;

use super::Emulator;
use crate::clock::{Clock, Mode};
use crate::config::{Isolation, Overrides, RawSettings, Settings};
use crate::emulator::RequestContext;
use crate::error::ApiError;
use crate::fault::{Decision, FaultRules, Finished, RequestBody, RequestView, RetryTiming, Rule, Scenario, Target};
use crate::journal::FaultNote;
use crate::key_label::label_of;
use crate::operation::{Operation, Routes};
use crate::request::{Head, Request};
use crate::response::Response;
use crate::store::state_faults::{self, AppliedFaults, StateFault, StateFaults};
use crate::store::{Conditions, PageFault, Vanish};
use crate::tenant::{Tenant, Times};

/// The header in which a request brings a rule of its own.
const OVERRIDE: &str = "x-mock-inject";

/// The rules that a request meets on its way.
pub(super) struct FaultStage<'a> {
    faults: &'a mut FaultRules,
    clock: &'a Clock,
    /// `None` when there are no rules.
    view: Option<RequestView<'a>>,
    decision: Decision,
    notes: Vec<FaultNote>,
}

/// What rules are written about: the rows of the table.
pub(super) fn targets(routes: &Routes) -> Vec<Target> {
    let target = |row: &Operation| Target {
        name: row.name,
        request_body: row.body.is_some(),
        response_body: row.response.is_some(),
        reads: row.method == http::Method::GET,
        state_faults: state_faults_of(row.name),
    };
    routes.operations().map(target).collect()
}

/// The faults on state that can happen to an operation.
fn state_faults_of(name: &str) -> &'static [StateFault] {
    match name {
        "indexes.create" => &[StateFault::Quota, StateFault::Script],
        "indexes.list" => &[StateFault::Lag, StateFault::Page],
        "indexes.get" => &[StateFault::Lag, StateFault::Vanish],
        "indexes.sync" => &[StateFault::Vanish, StateFault::Script],
        "indexes.delete" | "indexes.cancel_sync" => &[StateFault::Vanish],
        _ => &[],
    }
}

/// The planned faults in the form in which handlers take them.
fn conditions_of(planned: StateFaults) -> Conditions {
    Conditions {
        lag: planned.lag,
        vanish: planned.vanish.then_some(Vanish),
        quota: planned.quota.map(|quota| (quota.limit, quota.status)),
        script: planned.script,
        page: planned.page.map(|page| match page {
            state_faults::PageFault::RepeatToken => PageFault::RepeatToken,
            state_faults::PageFault::ExpiredToken => PageFault::ExpiredToken,
            state_faults::PageFault::EmptyMiddle => PageFault::EmptyMiddle,
        }),
    }
}

/// The faults that a handler did not leave behind. A fault that was never planned counts as applied, which nothing asks.
fn applied_of(left: &Conditions) -> AppliedFaults {
    let mut applied = AppliedFaults::default();
    for (fault, is_left) in [
        (StateFault::Lag, left.lag.is_some()),
        (StateFault::Vanish, left.vanish.is_some()),
        (StateFault::Quota, left.quota.is_some()),
        (StateFault::Script, left.script.is_some()),
        (StateFault::Page, left.page.is_some()),
    ] {
        if !is_left {
            applied.add(fault);
        }
    }
    applied
}

/// The rules that were given at the start: scenarios' first, in order.
pub(super) fn given(settings: &Settings, told: &RawSettings, targets: &[Target]) -> Result<Vec<Rule>, String> {
    let (scenarios, faults) = (told.place("scenario"), told.place("fault"));
    let mut given = Vec::new();
    for name in &settings.scenarios {
        let scenario = Scenario::load(name).map_err(|error| format!("{scenarios}: {error}"))?;
        for rule in &scenario.faults {
            let blame = |error| format!("{scenarios} {name}: {rule:?}: {error}");
            given.push(Rule::parse(rule, targets).map_err(blame)?);
        }
    }
    for rule in &settings.faults {
        given.push(Rule::parse(rule, targets).map_err(|error| format!("{faults} {rule:?}: {error}"))?);
    }
    match given.iter().find(|rule| rule.only_key().is_some_and(|key| !settings.lets_in_label(key))) {
        Some(rule) => Err(format!("{faults} \"{rule}\": key: is not let in (--api-key), so this would never strike")),
        None => Ok(given),
    }
}

/// The `rules` that were given at the start, in force from now on.
pub(super) fn active(rules: Vec<Rule>) -> Result<FaultRules, String> {
    let mut faults = FaultRules::default();
    for rule in rules {
        if faults.has(&rule.name) {
            return Err(format!("two rules have the name {}", rule.name));
        }
        faults.add(rule);
    }
    Ok(faults)
}

impl Emulator {
    /// What the rules say of a request that has only shown its head yet; a rule that it brings itself is read here.
    pub(super) fn meet_head(
        &self,
        context: &mut RequestContext,
        operation: &Operation,
        head: &Head,
    ) -> Result<(), ApiError> {
        context.own_rule = self.own_rule(operation, head)?.map(Arc::new);
        let own_strikes = context.own_rule.as_ref().is_some_and(|rule| rule.acts_on_head());
        let position = self.position(context);
        let Some(tenant) = context.tenant.clone().filter(|tenant| own_strikes || tenant.strikes_at_head(position))
        else {
            return Ok(());
        };
        let mut state = tenant.lock();
        let times = state.begin(&tenant.clock);
        let request = Request { head: head.clone(), body: bytes::Bytes::new() };
        let indexes = state.store.index_count();
        let fault_stage = self.fault_stage(context, (&tenant, &mut state.faults, indexes), (&request, times));
        let struck = match &fault_stage.view {
            Some(view) => fault_stage.faults.decide_head(view, context.own_rule.as_ref()),
            None => crate::fault::HeadDecision::default(),
        };
        if let Some(order) = struck.order {
            context.number = state.journal.next_number();
            context.faults.clone_from(&struck.notes);
            context.head_order = Some(order);
            self.record(&mut state.journal, context, (times.now, &request), &Response::no_response());
        }
        context.at_head = Some(struck);
        Ok(())
    }

    /// The rules that a request meets under its tenant's lock.
    pub(super) fn fault_stage<'a>(
        &self,
        context: &RequestContext,
        (tenant, faults, indexes): (&'a Tenant, &'a mut FaultRules, usize),
        (request, times): (&'a Request, Times),
    ) -> FaultStage<'a> {
        let is_needed = context.own_rule.is_some() || !faults.is_empty();
        let view = is_needed.then(|| RequestView {
            operation: self.position(context),
            key: self.key_label(tenant, &request.head),
            head: &request.head,
            body: RequestBody::new(&request.body),
            now: times.now,
            first_request: times.first_call,
            open_requests: tenant.open_calls(),
            resources: indexes,
            seed: &tenant.seed,
            retry_timing: retry_timing(&tenant.clock),
        });
        FaultStage { faults, clock: &tenant.clock, view, decision: Decision::default(), notes: Vec::new() }
    }

    fn own_rule(&self, operation: &Operation, head: &Head) -> Result<Option<Rule>, ApiError> {
        if self.settings.overrides == Overrides::Ignored {
            return Ok(None);
        }
        let mut brought = head.headers.get_all(OVERRIDE).iter();
        let Some(clauses) = brought.next() else { return Ok(None) };
        let refusal = |error| ApiError::text(422, format!("{OVERRIDE}: {error}"));
        if brought.next().is_some() {
            return Err(refusal("is there twice".to_owned()));
        }
        let clauses = std::str::from_utf8(clauses.as_bytes()).map_err(|_| refusal("is no UTF-8".to_owned()))?;
        let rule = Rule::parse_clauses(operation.name, clauses, &self.targets);
        let rule = rule.map_err(|error| refusal(error.to_string()))?;
        Ok(Some(if rule.has_name() { rule } else { rule.named(OVERRIDE) }))
    }

    /// The label of the key that a request shows; under `--isolation none` its tenant's says nothing of that.
    fn key_label<'a>(&self, tenant: &'a Tenant, head: &Head) -> Cow<'a, str> {
        match (self.settings.isolation, self.key(head)) {
            (Isolation::None, Some(key)) => Cow::Owned(label_of(key)),
            _ => Cow::Borrowed(&*tenant.label),
        }
    }

    fn position(&self, context: &RequestContext) -> usize {
        let position = self.targets.iter().position(|target| target.name == context.name());
        position.expect("every operation is one that rules can be about")
    }
}

impl FaultStage<'_> {
    /// The response instead of acting, if a rule replaces it; else the context gets the faults on state to act with.
    pub(super) fn before(&mut self, context: &mut RequestContext) -> Option<Response> {
        let view = self.view.as_ref()?;
        let mut decision = self.faults.decide(view, context.at_head.take(), context.own_rule.as_ref());
        if decision.replacement.is_some() {
            let finished = decision.replaced()?;
            return Some(self.close(finished));
        }
        context.conditions = conditions_of(std::mem::take(&mut decision.state_faults));
        self.decision = decision;
        None
    }

    /// The response of a request that acted, changed if a rule says so.
    pub(super) fn after(&mut self, context: &RequestContext, response: Response) -> Response {
        let Some(view) = &self.view else { return response };
        let decision = std::mem::take(&mut self.decision);
        // The wait before the act is added to the response's delay until the server waits between the two.
        let wait = decision.wait;
        let mut finished = self.faults.finish(view, decision, response, applied_of(&context.conditions));
        finished.response.delay = finished.response.delay.saturating_add(wait);
        self.close(finished)
    }

    /// Tells the clock when the client comes back that was told to wait: its wait begins when the response is sent.
    fn close(&mut self, finished: Finished) -> Response {
        if let (Some(view), Some(wait)) = (&self.view, finished.promised) {
            self.clock.expect(view.now.plus(finished.response.delay).plus(wait));
        }
        self.notes = finished.notes;
        finished.response
    }

    /// The outcome of each rule that the request met.
    pub(super) fn notes(self) -> Vec<FaultNote> {
        self.notes
    }
}

fn retry_timing(clock: &Clock) -> RetryTiming {
    match (clock.mode(), clock.time_scale()) {
        (Mode::Auto, _) => RetryTiming::Jumped,
        (_, 1.0) => RetryTiming::Real,
        (_, scale) => RetryTiming::Scaled(scale),
    }
}
