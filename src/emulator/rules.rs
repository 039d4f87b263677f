//! The connection between the emulator and the fault rules: the operations that rules can be about, the rules given at the
//! start, the rule in the header of a request, and the rules' view of a request.

use std::borrow::Cow;
use std::sync::Arc;

use super::Emulator;
use super::context::{RequestContext, RoutedOperation};
use super::record::Exchange;
use crate::clock::{Clock, Mode};
use crate::config::flags::{FAULT, SCENARIO};
use crate::config::{Isolation, RawSettings, Settings};
use crate::error::ApiError;
use crate::fault::{FaultRules, RequestBody, RequestView, RetryTiming, Rule, Scenario, Target};
use crate::key_label::label_of;
use crate::operation::{BodyKind, Operation, Router};
use crate::request::{Head, Request};
use crate::response::Response;
use crate::tenant::{Tenant, Times};

/// The header with a fault rule for a single request.
pub(crate) const OWN_RULE: &str = "x-mock-inject";

/// The operations that rules can be about: the rows of the table.
pub(super) fn targets(router: &Router) -> Vec<Target> {
    router.operations().map(target).collect()
}

fn target(operation: &Operation) -> Target {
    let emulation = operation.emulation.as_ref();
    Target {
        name: operation.name,
        request_body: emulation.is_some() && operation.body == BodyKind::Json,
        // A download has a body too, which no schema describes.
        response_body: emulation.is_none_or(|emulation| emulation.status != 204),
        reads: operation.reads(),
        state_faults: emulation.map_or(&[], |emulation| emulation.state_faults),
    }
}

/// The rules given at the start: those of scenarios first, in order.
pub(super) fn given(settings: &Settings, raw: &RawSettings, targets: &[Target]) -> Result<Vec<Rule>, String> {
    let (scenarios, faults) = (raw.get(&SCENARIO).place(), raw.get(&FAULT).place());
    let mut given = Vec::new();
    for name in &settings.scenarios {
        let scenario = Scenario::load(name).map_err(|error| format!("{scenarios}: {error}"))?;
        for rule in &scenario.faults {
            let place = |error| format!("{scenarios} {name}: {rule:?}: {error}");
            given.push(Rule::parse(rule, targets).map_err(place)?.with_origin(&format!("{scenarios} {name}")));
        }
    }
    for rule in &settings.faults {
        let place = |error| format!("{faults} {rule:?}: {error}");
        given.push(Rule::parse(rule, targets).map_err(place)?.with_origin(&faults));
    }
    match given.iter().find(|rule| rule.only_key().is_some_and(|key| !settings.accepts_label(key))) {
        Some(rule) => Err(format!("{faults} \"{rule}\": key: is not accepted (--api-key), so this would never strike")),
        None => Ok(given),
    }
}

/// Activates the `rules` given at the start.
pub(super) fn activate(rules: Vec<Rule>) -> Result<FaultRules, String> {
    let mut active = FaultRules::default();
    for rule in rules {
        if active.has(&rule.name) {
            return Err(format!("two rules have the name {}; a name is unique", rule.name));
        }
        active.add(rule);
    }
    Ok(active)
}

impl Emulator {
    /// Applies the rules that act before the request is read. The rule in the header of the request is parsed
    /// here.
    pub(super) fn apply_head_rules(
        &self,
        context: &mut RequestContext,
        routed: &RoutedOperation,
        head: &Head,
    ) -> Result<(), ApiError> {
        context.own_rule = self.own_rule(routed.operation, head)?.map(Arc::new);
        let own_strikes = context.own_rule.as_ref().is_some_and(|rule| rule.acts_on_head());
        let Some(tenant) =
            context.tenant.clone().filter(|tenant| own_strikes || tenant.strikes_at_head(routed.position))
        else {
            return Ok(());
        };
        let mut state = tenant.lock();
        let times = state.begin(&tenant.clock);
        let view = self.rule_view(&tenant, routed, head, times);
        let decided = state.faults.decide_head(&view, context.own_rule.as_ref());
        if let Some(reset) = decided.reset {
            context.number = state.journal.next_number();
            context.faults.clone_from(&decided.notes);
            context.head_reset = Some(reset);
            let request = Request { head: head.clone(), body: bytes::Bytes::new() };
            let exchange = Exchange { at: times.now, request: &request, response: &Response::no_response() };
            self.record(&mut state.journal, context, &exchange);
        }
        context.head_decision = Some(decided);
        Ok(())
    }

    fn own_rule(&self, operation: &Operation, head: &Head) -> Result<Option<Rule>, ApiError> {
        if !self.settings.allow_overrides {
            return Ok(None);
        }
        let mut values = head.headers.get_all(OWN_RULE).iter();
        let Some(clauses) = values.next() else { return Ok(None) };
        let refusal = |error| ApiError::text(422, format!("{OWN_RULE}: {error}"));
        if values.next().is_some() {
            return Err(refusal("is there twice".to_owned()));
        }
        let clauses = std::str::from_utf8(clauses.as_bytes()).map_err(|_| refusal("is not UTF-8".to_owned()))?;
        let rule = Rule::parse_clauses(operation.name, clauses, &self.targets);
        let rule = rule.map_err(|error| refusal(error.to_string()))?;
        Ok(Some(if rule.has_name() { rule } else { rule.named(OWN_RULE) }))
    }

    /// The view of a request that fault rules get, without its body.
    pub(super) fn rule_view<'a>(
        &self,
        tenant: &'a Tenant,
        routed: &RoutedOperation,
        head: &'a Head,
        times: Times,
    ) -> RequestView<'a> {
        let key = self.key_label(tenant, head);
        RequestView {
            operation: routed.position,
            key,
            head,
            body: RequestBody::new(&[]),
            now: times.now,
            first_request: times.first_request,
            open_requests: tenant.open_requests(),
            resources: 0,
            seed: &tenant.seed,
            retry_timing: retry_timing(&tenant.clock),
        }
    }

    /// The label of the key of a request. Under `--isolation none` the label of the tenant is not that of the key.
    fn key_label<'a>(&self, tenant: &'a Tenant, head: &Head) -> Cow<'a, str> {
        match (self.settings.isolation, self.accepted_key(head)) {
            (Isolation::None, Some(key)) => Cow::Owned(label_of(key)),
            _ => Cow::Borrowed(&*tenant.label),
        }
    }
}

fn retry_timing(clock: &Clock) -> RetryTiming {
    match (clock.mode(), clock.time_scale()) {
        (Mode::Auto, _) => RetryTiming::Jumped,
        (_, 1.0) => RetryTiming::Real,
        (_, scale) => RetryTiming::Scaled(scale),
    }
}
