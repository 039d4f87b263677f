//! The connection between a request and the fault rules: the rule in its header, the decision on its head, and the
//! rules' view of it.

use std::borrow::Cow;

use bytes::Bytes;

use super::context::{Context, Release};
use super::record;
use super::reply::Reply;
use crate::clock::{Clock, Mode};
use crate::config::Isolation;
use crate::error::ApiError;
use crate::fault::{HeadDecision, RequestBody, RequestView, RetryTiming, Rule};
use crate::instance::Instance;
use crate::journal::Entry;
use crate::key_label::label_of;
use crate::operation::{Operation, RoutedOperation};
use crate::request::Head;
use crate::response::{Break, HeadReset, Response};
use crate::tenant::{Tenant, Times};

/// The header with a fault rule for a single request.
pub(crate) const OWN_RULE: &str = "x-mock-inject";

/// What the fault rules decide on the head of a request.
pub(super) enum HeadStage {
    /// The connection is reset; the request is recorded.
    Reset(HeadReset, Box<Reply>),
    /// The request goes on; `None` if no rule acts on heads.
    Decision(Option<HeadDecision>),
}

/// Decides a request by its head, if a rule acts on heads of its operation.
pub(super) fn decide_head(instance: &Instance, context: &Context, head: &Head) -> HeadStage {
    let (Some(tenant), Some(routed)) = (&context.tenant, context.operation()) else {
        return HeadStage::Decision(None);
    };
    let own_strikes = context.own_rule.as_ref().is_some_and(|rule| rule.acts_on_head());
    if !own_strikes && !tenant.strikes_at_head(routed.position) {
        return HeadStage::Decision(None);
    }
    let mut state = tenant.lock();
    let times = state.begin(&tenant.clock);
    let view = view(instance, tenant, routed, head, times);
    let decision = HeadDecision::new(&mut state.faults, &view, context.own_rule.as_ref());
    let Some(reset) = decision.reset else { return HeadStage::Decision(Some(decision)) };
    let (number, faults, response) = (state.journal.next_number(), decision.notes, Response::none(Break::Reset));
    let entry = record::entry(context, head, &Bytes::new(), &response);
    let entry = Entry { seq: number, at: times.now, faults: faults.clone(), ..entry };
    record::record(instance, &mut state.journal, context, entry);
    let release = Release::after_decision(tenant);
    HeadStage::Reset(reset, Box::new(Reply { response, entry: Some(number), faults, release }))
}

/// The rule in the header of a request, if such rules are applied.
pub(super) fn own_rule(instance: &Instance, operation: &Operation, head: &Head) -> Result<Option<Rule>, ApiError> {
    if !instance.settings.allow_overrides {
        return Ok(None);
    }
    let mut values = head.headers.get_all(OWN_RULE).iter();
    let Some(clauses) = values.next() else { return Ok(None) };
    let refusal = |error| ApiError::text(422, format!("{OWN_RULE}: {error}"));
    if values.next().is_some() {
        return Err(refusal("is there twice".to_owned()));
    }
    let clauses = std::str::from_utf8(clauses.as_bytes()).map_err(|_| refusal("is not UTF-8".to_owned()))?;
    let rule = Rule::parse_clauses(operation.name, clauses, &instance.targets);
    let rule = rule.map_err(|error| refusal(error.to_string()))?;
    Ok(Some(if rule.has_name() { rule } else { rule.named(OWN_RULE) }))
}

/// The view of a request that fault rules get, without its body.
pub(super) fn view<'a>(
    instance: &Instance,
    tenant: &'a Tenant,
    routed: &RoutedOperation,
    head: &'a Head,
    times: Times,
) -> RequestView<'a> {
    RequestView {
        operation: routed.position,
        key: key_label(instance, tenant, head),
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
fn key_label<'a>(instance: &Instance, tenant: &'a Tenant, head: &Head) -> Cow<'a, str> {
    match (instance.settings.isolation, instance.accepted_key(head)) {
        (Isolation::None, Some(key)) => Cow::Owned(label_of(key)),
        _ => Cow::Borrowed(&*tenant.label),
    }
}

fn retry_timing(clock: &Clock) -> RetryTiming {
    match (clock.mode(), clock.time_scale()) {
        (Mode::Auto, _) => RetryTiming::Jumped,
        (_, 1.0) => RetryTiming::Real,
        (_, scale) => RetryTiming::Scaled(scale),
    }
}
