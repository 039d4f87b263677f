//! The connection between a request and the fault rules: the rule in its header, the decision on its head, and the
//! rules' view of it.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::HeaderName;

use super::begin::Admission;
use super::context::{Context, Release, SlowUpload};
use super::record;
use super::reply::Reply;
use crate::clock::{Clock, Mode};
use crate::config::Isolation;
use crate::error::ApiError;
use crate::fault::{HeadDecision, RequestView, RetryTiming, Rule};
use crate::instance::Instance;
use crate::journal::RecordedBody;
use crate::key_label::label_of;
use crate::operation::{Operation, RoutedOperation};
use crate::request::Head;
use crate::response::{Break, Response};
use crate::tenant::{Tenant, Times};

/// The header with a fault rule for a single request.
pub(crate) const OWN_RULE: HeaderName = HeaderName::from_static("x-mock-inject");

/// Admits a request of a tenant, which may have to be read slowly, unless a fault rule resets its connection before it
/// is read; then it is recorded.
pub(super) fn decide_head(instance: &Instance, mut context: Context, head: &Head) -> Admission {
    let (Some(tenant), Some(routed)) = (&context.tenant, context.operation()) else {
        return Admission::Admitted(Box::new(context));
    };
    let own_strikes = context.own_rule.as_ref().is_some_and(|rule| rule.acts_on_head());
    if !own_strikes && !tenant.strikes_at_head(routed.position) {
        return Admission::Admitted(Box::new(context));
    }
    let mut state = tenant.lock();
    let times = state.begin(&tenant.clock);
    let view = view(instance, tenant, routed, head, times);
    let decision = HeadDecision::new(&mut state.faults, &view, context.own_rule.as_ref());
    let Some(reset) = decision.reset else {
        let (clock, release) = (Arc::clone(&tenant.clock), Release::after_decision(tenant));
        let slow = |bandwidth| SlowUpload { bandwidth, clock, release };
        context.slow_upload = decision.upload_bandwidth.map(slow);
        drop(state);
        context.head_decision = Some(decision);
        if context.slow_upload.is_some() {
            super::open(instance, &mut context, head);
        }
        return Admission::Admitted(Box::new(context));
    };
    let (number, faults, response) = (state.journal.next_number(), decision.notes, Response::none(Break::Reset));
    let mut entry = record::entry(&context, head, RecordedBody::default(), &response);
    (entry.seq, entry.at, entry.faults) = (number, times.now, faults.clone());
    record::record(instance, &mut state.journal, &context, entry);
    let release = Release::after_decision(tenant);
    drop(state);
    Admission::Reset(
        reset,
        Box::new(context),
        Box::new(Reply { faults, entry: Some(number), release, ..response.into() }),
    )
}

/// The rule in the header of a request, if such rules are applied.
pub(super) fn own_rule(instance: &Instance, operation: &Operation, head: &Head) -> Result<Option<Rule>, ApiError> {
    if !instance.settings.allow_overrides {
        return Ok(None);
    }
    let mut values = head.headers.get_all(&OWN_RULE).iter();
    let Some(clauses) = values.next() else { return Ok(None) };
    let refusal = |error| ApiError::text(422, format!("{OWN_RULE}: {error}"));
    if values.next().is_some() {
        return Err(refusal("is there twice".to_owned()));
    }
    let clauses = std::str::from_utf8(clauses.as_bytes()).map_err(|_| refusal("is not UTF-8".to_owned()))?;
    let rule = Rule::parse_clauses(operation.name, clauses, &instance.targets);
    let rule = rule.map_err(|error| refusal(error.to_string()))?;
    Ok(Some(if rule.has_name() { rule } else { rule.named(OWN_RULE.as_str()) }))
}

/// The view of a request that fault rules get, without its body.
pub(super) fn view<'a>(
    instance: &Instance,
    tenant: &'a Tenant,
    routed: &'a RoutedOperation,
    head: &'a Head,
    times: Times,
) -> RequestView<'a> {
    RequestView {
        operation: routed.position,
        key: key_label(instance, tenant, head),
        head,
        path: &routed.path,
        attempt: head.reported_attempt().unwrap_or(1),
        content: None,
        now: times.now,
        jumped_from: tenant.clock.jumped_from(),
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
