//! Where a request meets its tenant's rules: before it acts, after it acted, and at its head. With no rule set, nothing is
//! looked at.

use std::borrow::Cow;
use std::sync::Arc;

use super::Emulator;
use crate::clock::{Clock, Mode, Timestamp};
use crate::config::{Isolation, Overrides, RawSettings, Settings};
use crate::emulator::RequestContext;
use crate::error::ApiError;
use crate::fault::{AtHead, Decision, Faults, Has, Injection, RequestView, Rule, Scenario, Target, Waits};
use crate::journal::FaultNote;
use crate::key_label::label_of;
use crate::operation::{Operation, Routes};
use crate::request::{Head, Request};
use crate::response::Response;
use crate::tenant::{Tenant, Times};

/// The header in which a request brings a rule of its own.
const OVERRIDE: &str = "x-mock-inject";

/// The rules that a request meets on its way.
pub(super) struct FaultStage<'a> {
    faults: &'a mut Faults,
    clock: &'a Clock,
    /// `None` when there are no rules.
    view: Option<RequestView<'a>>,
    own_rule: Option<Arc<Rule>>,
    decision: Decision,
}

/// What rules are written about: the rows of the table.
pub(super) fn targets(routes: &Routes) -> Vec<Target> {
    let has = |schema: Option<&str>| if schema.is_some() { Has::Json } else { Has::Nothing };
    let target = |row: &Operation| Target { name: row.name, body: has(row.body), answer: has(row.response) };
    routes.operations().map(target).collect()
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
    match given.iter().find(|rule| rule.only_tenant().is_some_and(|key| !settings.lets_in_label(key))) {
        Some(rule) => Err(format!("{faults} \"{rule}\": key: is not let in (--api-key), so this would never strike")),
        None => Ok(given),
    }
}

/// Arms the `rules` that were given at the start, when clocks stand at `now`.
pub(super) fn armed(rules: Vec<Rule>, now: Timestamp) -> Result<Faults, String> {
    let mut faults = Faults::default();
    for rule in rules {
        if faults.has(&rule.name) {
            return Err(format!("two rules are called {}; a name is there once", rule.name));
        }
        faults.arm(rule, now);
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
        let own_strikes = context.own_rule.as_ref().is_some_and(|rule| rule.strikes_at_head());
        let position = self.position(context);
        let Some(tenant) = context.tenant.clone().filter(|tenant| own_strikes || tenant.strikes_at_head(position))
        else {
            return Ok(());
        };
        let mut state = tenant.lock();
        let times = state.begin(&tenant.clock);
        let request = Request { head: head.clone(), body: bytes::Bytes::new() };
        let indexes = state.store.index_count();
        let mut fault_stage = self.fault_stage(context, (&tenant, &mut state.faults, indexes), (&request, times));
        let struck = fault_stage.at_head();
        drop(fault_stage);
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
        (tenant, faults, indexes): (&'a Tenant, &'a mut Faults, usize),
        (request, times): (&'a Request, Times),
    ) -> FaultStage<'a> {
        let own_rule = context.own_rule.clone();
        if let Some(rule) = &own_rule {
            faults.put_first(Arc::clone(rule));
        }
        let view = (!faults.is_empty()).then(|| {
            let key = self.key_label(tenant, &request.head);
            let mut view = RequestView::new(self.position(context), (key, &tenant.seed), &request.head, times.now);
            view.body = &request.body;
            view.first_call = times.first_call;
            view.open_calls = tenant.open_calls();
            view.indexes = indexes;
            view.waits = waits(&tenant.clock);
            view
        });
        FaultStage { faults, clock: &tenant.clock, view, own_rule, decision: Decision::default() }
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
    fn at_head(&mut self) -> AtHead {
        self.view.as_ref().map_or_else(AtHead::default, |view| self.faults.at_head(view))
    }

    /// What is answered instead of acting, if anything; the context is told what it is made to see if it acts.
    pub(super) fn before(&mut self, context: &mut RequestContext) -> Option<Response> {
        let view = self.view.as_ref()?;
        self.decision = self.faults.before(view, context.at_head.take());
        context.conditions = std::mem::take(&mut self.decision.conditions);
        let injection = self.decision.injection.take()?;
        self.expect_return(&injection);
        Some(injection.response)
    }

    /// The answer of a request that acted, spoiled if a rule says so. What is left of the context's conditions did not come to
    /// pass.
    pub(super) fn after(&mut self, context: &RequestContext, mut response: Response) -> Response {
        let Some(view) = &self.view else { return response };
        self.faults.take_back(&context.conditions, (&mut response, &mut self.decision));
        let spoiled = self.faults.after(view, response, &mut self.decision);
        self.expect_return(&spoiled);
        spoiled.response
    }

    /// Tells the clock when the client comes back that was sent away: its wait begins when the answer is out.
    fn expect_return(&self, injection: &Injection) {
        if let (Some(view), Some(wait)) = (&self.view, injection.promised) {
            self.clock.expect(view.now.plus(injection.response.delay).plus(wait));
        }
    }

    /// What became of the rules.
    pub(super) fn notes(mut self) -> Vec<FaultNote> {
        std::mem::take(&mut self.decision.notes)
    }
}

impl Drop for FaultStage<'_> {
    fn drop(&mut self) {
        if let Some(rule) = &self.own_rule {
            self.faults.take_out(rule);
        }
    }
}

fn waits(clock: &Clock) -> Waits {
    match (clock.mode(), clock.time_scale()) {
        (Mode::Auto, _) => Waits::Jumped,
        (_, 1.0) => Waits::Real,
        (_, scale) => Waits::Scaled(scale),
    }
}
