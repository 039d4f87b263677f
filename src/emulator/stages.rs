//! The stages of a request after its body is read: decide, act, finish. Each runs under the lock of the tenant; in one
//! lock section unless a fault rule makes the request wait before it acts.

use std::time::Duration;

use http::HeaderName;
use http::header::{CONTENT_TYPE, HeaderValue};
use parking_lot::MutexGuard;
use uuid::Uuid;

use super::Emulator;
use super::begin::unauthenticated;
use super::context::{RequestContext, RequestTarget, RoutedOperation};
use super::record::Exchange;
use crate::admin;
use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::fault::{Decision, Finished, RequestBody, RequestView};
use crate::operation::{Effect, Emulation, Operation};
use crate::request::Request;
use crate::response::Response;
use crate::schema::{RawBody, RawRequest, ValidRequest, check, read_body};
use crate::store::Scope;
use crate::store::state_faults::{AppliedFaults, StateFaults};
use crate::tenant::{State, Tenant, Times};

/// The header of a response to an operation of the real API that is not emulated.
const NOT_EMULATED: HeaderName = HeaderName::from_static("x-mock-not-emulated");

/// What a request comes to when it is decided.
#[derive(Debug)]
pub(crate) enum Decided {
    /// It is finished.
    Done(Response),
    /// It acts after this wait on the clock of its tenant.
    Wait(Duration, Box<Pending>),
}

/// A request that is decided and has not acted yet.
#[derive(Debug)]
pub(crate) struct Pending {
    valid: Result<ValidRequest, ApiError>,
    decision: Decision,
}

/// What a request did when it acted.
#[derive(Debug)]
struct Acted {
    response: Response,
    applied: AppliedFaults,
    /// Times at which something will happen because of it.
    events: Vec<Timestamp>,
    /// Whether it changed the state.
    committed: bool,
}

/// A request under the lock of its tenant.
struct Locked<'a> {
    emulator: &'a Emulator,
    tenant: &'a Tenant,
    state: MutexGuard<'a, State>,
    routed: &'a RoutedOperation,
    request: &'a Request,
    times: Times,
}

impl Emulator {
    /// Decides a request whose body is read, and lets it act unless it has to wait first.
    pub(crate) fn decide(&self, context: &mut RequestContext, request: &Request) -> Decided {
        let RequestTarget::Operation(routed) = context.target.clone() else {
            return Decided::Done(admin::handle(self.admin(), request));
        };
        let Some(tenant) = context.tenant.clone() else {
            return Decided::Done(self.reject_unauthenticated(context, routed.operation, request));
        };
        // Validation needs nothing of the tenant, so it comes before the lock. A fault rule may make it unnecessary.
        let valid = self.validate(&routed, request);
        let mut locked = Locked::new(self, &tenant, &routed, request);
        context.number = locked.state.journal.next_number();
        let decision = locked.decide(context);
        let wait = decision.wait;
        let pending = Pending { valid, decision };
        if wait.is_zero() {
            Decided::Done(locked.act_and_finish(context, pending))
        } else {
            Decided::Wait(wait, Box::new(pending))
        }
    }

    /// Lets a request act whose wait is over.
    pub(crate) fn act(&self, context: &mut RequestContext, request: &Request, pending: Pending) -> Response {
        let (RequestTarget::Operation(routed), Some(tenant)) = (context.target.clone(), context.tenant.clone()) else {
            unreachable!("only an operation of a tenant waits")
        };
        Locked::new(self, &tenant, &routed, request).act_and_finish(context, pending)
    }

    /// Refuses a request without an accepted key. The syntax of its body is judged first, as the framework of the service
    /// does.
    fn reject_unauthenticated(
        &self,
        context: &mut RequestContext,
        operation: &Operation,
        request: &Request,
    ) -> Response {
        let body = operation.emulation.as_ref().map_or(Ok(RawBody::Absent), |emulation| read(emulation, request));
        let error = body.err().unwrap_or_else(|| unauthenticated(&request.head));
        self.refuse_request(context, request, error)
    }

    fn validate(&self, routed: &RoutedOperation, request: &Request) -> Result<ValidRequest, ApiError> {
        let Some(emulation) = &routed.operation.emulation else { return Ok(ValidRequest::default()) };
        let body = read(emulation, request)?;
        let path = routed.path.clone();
        let raw = RawRequest { path, query: request.head.query.as_deref(), body };
        check(self.schemas.named(emulation.params), emulation.body.map(|name| self.schemas.named(name)), raw)
    }
}

impl<'a> Locked<'a> {
    fn new(emulator: &'a Emulator, tenant: &'a Tenant, routed: &'a RoutedOperation, request: &'a Request) -> Self {
        let mut state = tenant.lock();
        let times = state.begin(&tenant.clock);
        Self { emulator, tenant, state, routed, request, times }
    }

    /// What the fault rules plan for the request.
    fn decide(&mut self, context: &mut RequestContext) -> Decision {
        context.note_decided(self.tenant);
        let (own_rule, head_decision) = (context.own_rule.as_ref(), context.head_decision.take());
        if self.state.faults.is_empty() && own_rule.is_none() {
            return Decision::default();
        }
        let view = self.rule_view();
        self.state.faults.decide(&view, head_decision, own_rule)
    }

    fn act_and_finish(mut self, context: &mut RequestContext, pending: Pending) -> Response {
        let Pending { valid, mut decision } = pending;
        let finished = if context.is_released() {
            // It waited, and a reset came: nothing of it is to appear in the state after the reset.
            decision.into_released()
        } else if let Some(finished) = decision.take_replacement() {
            finished
        } else {
            let faults = std::mem::take(&mut decision.state_faults);
            let acted = self.act(valid, faults);
            context.committed = acted.committed;
            acted.events.iter().for_each(|at| self.tenant.clock.add_event(*at));
            self.finish_rules(decision, acted)
        };
        self.finish(context, finished)
    }

    /// Runs the handler of the operation on the store of the tenant.
    fn act(&mut self, valid: Result<ValidRequest, ApiError>, mut faults: StateFaults) -> Acted {
        let operation = self.routed.operation;
        let Some(emulation) = &operation.emulation else { return Acted::unchanged(not_emulated(operation)) };
        let valid = match valid {
            Ok(valid) => valid,
            Err(error) => return Acted::unchanged(error.into()),
        };
        if operation.effect != Effect::Reads {
            faults.lag = None;
        }
        let project = valid.param("project_id").and_then(|id| Uuid::try_parse(id).ok());
        let mut scope = Scope::new(&mut self.state.store, self.times.now, project, faults);
        let result = (emulation.handler)(&mut scope, valid);
        let effects = scope.into_effects();
        Acted {
            committed: result.is_ok() && operation.effect != Effect::Reads,
            response: result.map_or_else(Response::from, |payload| payload.with_status(emulation.status)),
            applied: effects.applied,
            events: effects.events,
        }
    }

    /// The response after the fault rules that come after the action.
    fn finish_rules(&mut self, decision: Decision, acted: Acted) -> Finished {
        if self.state.faults.is_empty() && decision.is_empty() {
            return Finished::unchanged(acted.response);
        }
        let view = self.rule_view();
        self.state.faults.finish(&view, decision, acted.response, acted.applied)
    }

    /// Records what the request came to.
    fn finish(mut self, context: &mut RequestContext, finished: Finished) -> Response {
        let Finished { response, promised, notes } = finished;
        // A client that was told to wait comes back after that wait, which begins when the response is sent.
        if let Some(wait) = promised {
            self.tenant.clock.add_event(self.times.now.plus(response.delay).plus(wait));
        }
        context.faults = notes;
        let exchange = Exchange { at: self.times.now, request: self.request, response: &response };
        self.emulator.record(&mut self.state.journal, context, &exchange);
        response
    }

    /// What the fault rules see of the request.
    fn rule_view(&self) -> RequestView<'a> {
        let view = self.emulator.rule_view(self.tenant, self.routed, &self.request.head, self.times);
        let resources = self.state.store.live(self.routed.operation.resource);
        RequestView { body: RequestBody::new(&self.request.body), resources, ..view }
    }
}

impl Acted {
    /// What a request did that did not reach the store.
    fn unchanged(response: Response) -> Self {
        Self { response, applied: AppliedFaults::default(), events: Vec::new(), committed: false }
    }
}

/// The response of an operation of the real API that is not emulated.
fn not_emulated(operation: &Operation) -> Response {
    let detail = format!("{} is an operation of the real API that llamacloud-mock does not emulate", operation.name);
    Response::from(ApiError::text(404, detail)).with_header(NOT_EMULATED, HeaderValue::from_static(operation.name))
}

/// The body of a request, if the operation takes one.
fn read(emulation: &Emulation, request: &Request) -> Result<RawBody, ApiError> {
    match emulation.body {
        Some(_) => read_body(&request.body, request.head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)),
        None => Ok(RawBody::Absent),
    }
}
