//! The stages of a request after its body is read: decide, act, finish. Each runs under the lock of the tenant; in one
//! lock section unless a fault rule makes the request wait before it acts, or its handler has work to do without the lock.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use parking_lot::MutexGuard;
use uuid::Uuid;

use super::Emulator;
use super::begin::unauthenticated;
use super::context::{RequestContext, RequestTarget, RoutedOperation};
use super::record::Exchange;
use crate::admin;
use crate::clock::Timestamp;
use crate::error::ApiError;
use crate::fault::{Decision, FaultResult, RequestBody, RequestView};
use crate::operation::{Answer, BodyKind, Effect, Operation, Work, WorkDone, WorkStep};
use crate::request::{Origin, Request};
use crate::response::{Payload, Response};
use crate::schema::{RawBody, RawRequest, ValidRequest, check, read_body, read_form};
use crate::store::state_faults::{AppliedFaults, StateFaults};
use crate::store::{Effects, Scope};
use crate::tenant::{State, Tenant, Times};

/// The header of a response to an operation of the real API that is not emulated.
const NOT_EMULATED: HeaderName = HeaderName::from_static("x-mock-not-emulated");

/// What a request comes to after a stage.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is finished.
    Done(Response),
    /// It acts after this wait on the clock of its tenant.
    Wait(Duration, Box<Pending>),
    /// It is completed after work without the lock of its tenant.
    Work(Box<Working>),
}

/// A request that is decided and has not acted yet.
#[derive(Debug)]
pub(crate) struct Pending {
    valid: Result<ValidRequest, ApiError>,
    decision: Decision,
}

/// A request that has acted as far as it needs the lock, and whose work is to be done.
#[derive(Debug)]
pub(crate) struct Working {
    work: Work,
    rest: Uncompleted,
}

/// What a request comes to when its work runs.
#[derive(Debug)]
pub(crate) enum Ran {
    /// Its work is done.
    Done(Worked),
    /// The rest of its work waits for a child process.
    Child(Working),
}

/// A request whose work is done.
#[derive(Debug)]
pub(crate) struct Worked {
    result: Result<WorkDone, ApiError>,
    rest: Uncompleted,
}

/// What is kept of a request while its work is done.
#[derive(Debug)]
struct Uncompleted {
    decision: Decision,
    /// The faults on state that the change after the work meets.
    faults: StateFaults,
    project: Option<Uuid>,
    effects: Effects,
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
    pub(crate) fn decide(&self, context: &mut RequestContext, request: &Request) -> Step {
        let RequestTarget::Operation(routed) = context.target.clone() else {
            return Step::Done(admin::handle(self.admin(), request));
        };
        let Some(tenant) = context.tenant.clone() else {
            return Step::Done(self.reject_unauthenticated(context, routed.operation, request));
        };
        // Validation needs nothing of the tenant, so it comes before the lock. A fault rule may make it unnecessary.
        let valid = self.validate(&routed, request);
        let mut locked = Locked::new(self, &tenant, &routed, request);
        context.number = locked.state.journal.next_number();
        let decision = locked.decide(context);
        let wait = decision.wait;
        let pending = Pending { valid, decision };
        if wait.is_zero() { locked.act(context, pending) } else { Step::Wait(wait, Box::new(pending)) }
    }

    /// Lets a request act whose wait is over.
    pub(crate) fn act(&self, context: &mut RequestContext, request: &Request, pending: Pending) -> Step {
        let (tenant, routed) = later_stage(context);
        Locked::new(self, &tenant, &routed, request).act(context, pending)
    }

    /// Completes a request whose work is done.
    pub(crate) fn complete(&self, context: &mut RequestContext, request: &Request, worked: Worked) -> Response {
        let (tenant, routed) = later_stage(context);
        Locked::new(self, &tenant, &routed, request).complete(context, worked)
    }

    /// All stages of a request after its body is read, without waiting and with its work done in place.
    pub(crate) fn respond_at_once(&self, context: &mut RequestContext, request: &Request) -> Response {
        let mut step = self.decide(context, request);
        loop {
            step = match step {
                Step::Done(response) => return response,
                Step::Wait(_, pending) => self.act(context, request, *pending),
                Step::Work(working) => Step::Done(self.complete(context, request, working.run_all())),
            }
        }
    }

    /// Refuses a request without an accepted key. The syntax of its body is judged first, as the framework of the service
    /// does.
    fn reject_unauthenticated(
        &self,
        context: &mut RequestContext,
        operation: &Operation,
        request: &Request,
    ) -> Response {
        let body = read(operation, request);
        let error = body.err().unwrap_or_else(|| unauthenticated(&request.head));
        self.refuse_request(context, request, error)
    }

    fn validate(&self, routed: &RoutedOperation, request: &Request) -> Result<ValidRequest, ApiError> {
        let Some(emulation) = &routed.operation.emulation else { return Ok(ValidRequest::default()) };
        let body = read(routed.operation, request)?;
        let raw = RawRequest { path: routed.path.clone(), query: request.head.query.as_deref(), body };
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
        Decision::new(&mut self.state.faults, &view, head_decision, own_rule)
    }

    /// Replaces the response by that of a fault rule, or runs the handler of the operation.
    fn act(mut self, context: &mut RequestContext, pending: Pending) -> Step {
        let Pending { valid, mut decision } = pending;
        if context.is_released() {
            // It waited, and a reset came: nothing of it is to appear in the state after the reset.
            return Step::Done(self.finish(context, decision.into_released()));
        }
        if let Some(finished) = decision.take_replacement() {
            return Step::Done(self.finish(context, finished));
        }
        let operation = self.routed.operation;
        let (emulation, valid) = match (&operation.emulation, valid) {
            (Some(emulation), Ok(valid)) => (emulation, valid),
            (Some(_), Err(error)) => return Step::Done(self.settle(context, decision, Acted::unchanged(error.into()))),
            (None, _) => return Step::Done(self.settle(context, decision, Acted::unchanged(not_emulated(operation)))),
        };
        let faults = std::mem::take(&mut decision.state_faults).only(emulation.state_faults);
        let later_faults = StateFaults { quota: faults.quota, page: faults.page, ..StateFaults::default() };
        // A project in the path is the resource that the request is about.
        let is_in_path = self.routed.path.iter().any(|(name, _)| *name == "project_id");
        let project = valid.param("project_id").filter(|_| !is_in_path).and_then(|id| Uuid::try_parse(id).ok());
        let origin =
            Origin { host: self.request.head.headers.get(HOST).cloned(), tenant: Arc::clone(&self.tenant.label) };
        let mut scope = Scope::new(&mut self.state.store, self.times.now, project, faults).about(operation.resource);
        let answer = (emulation.handler)(&mut scope, valid.came_in_at(origin));
        let effects = scope.into_effects();
        let result = match answer {
            Ok(Answer::Work(work)) => {
                let rest = Uncompleted { decision, faults: later_faults, project, effects };
                return Step::Work(Box::new(Working { work, rest }));
            }
            Ok(Answer::Payload(payload)) => Ok(payload),
            Err(error) => Err(error),
        };
        let acted = self.acted(result, effects);
        Step::Done(self.settle(context, decision, acted))
    }

    /// Lets the work of a request change the state, if it does, and finishes the request.
    fn complete(mut self, context: &mut RequestContext, worked: Worked) -> Response {
        let Uncompleted { decision, faults, project, mut effects } = worked.rest;
        let result = match worked.result {
            Ok(WorkDone::Payload(payload)) => Ok(payload),
            Ok(WorkDone::Commit(commit)) => {
                let mut scope = Scope::new(&mut self.state.store, self.times.now, project, faults);
                let result = commit(&mut scope);
                effects.merge(scope.into_effects());
                result
            }
            Err(error) => Err(error),
        };
        let acted = self.acted(result, effects);
        self.settle(context, decision, acted)
    }

    /// What a request did: the result of its handler, with the status of its row.
    fn acted(&self, result: Result<Payload, ApiError>, effects: Effects) -> Acted {
        let operation = self.routed.operation;
        let status = operation.emulation.as_ref().map_or(200, |emulation| emulation.status);
        Acted {
            committed: result.is_ok() && operation.effect != Effect::Reads,
            response: result.map_or_else(Response::from, |payload| payload.with_status(status)),
            applied: effects.applied,
            events: effects.events,
        }
    }

    /// Applies the fault rules that come after the action, and finishes the request.
    fn settle(mut self, context: &mut RequestContext, decision: Decision, acted: Acted) -> Response {
        context.committed = acted.committed;
        acted.events.iter().for_each(|at| self.tenant.clock.add_event(*at));
        let finished = self.finish_rules(decision, acted);
        self.finish(context, finished)
    }

    /// The response after the fault rules that come after the action.
    fn finish_rules(&mut self, decision: Decision, acted: Acted) -> FaultResult {
        if self.state.faults.is_empty() && decision.is_empty() {
            return FaultResult::unchanged(acted.response);
        }
        let view = self.rule_view();
        decision.finish(&mut self.state.faults, &view, acted.response, acted.applied)
    }

    /// Records what the request came to.
    fn finish(mut self, context: &mut RequestContext, finished: FaultResult) -> Response {
        let FaultResult { response, promised, notes } = finished;
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

/// The tenant and the operation of a request after its first stage.
fn later_stage(context: &RequestContext) -> (Arc<Tenant>, RoutedOperation) {
    match (&context.target, &context.tenant) {
        (RequestTarget::Operation(routed), Some(tenant)) => (Arc::clone(tenant), routed.clone()),
        _ => unreachable!("only an operation of a tenant waits or works"),
    }
}

impl Working {
    /// Does the work, as far as this process does it.
    pub(crate) fn run(self) -> Ran {
        let rest = self.rest;
        match self.work.run() {
            Ok(WorkStep::Child(work)) => Ran::Child(Self { work, rest }),
            Ok(WorkStep::Done(done)) => Ran::Done(Worked { result: Ok(done), rest }),
            Err(error) => Ran::Done(Worked { result: Err(error), rest }),
        }
    }

    /// Does all of the work, and waits for a child process if it needs one.
    fn run_all(mut self) -> Worked {
        loop {
            match self.run() {
                Ran::Done(worked) => return worked,
                Ran::Child(working) => self = working,
            }
        }
    }

    /// Refuses the request instead of doing its work.
    pub(crate) fn refuse(self, error: ApiError) -> Worked {
        Worked { result: Err(error), rest: self.rest }
    }
}

/// The response of an operation of the real API that is not emulated.
fn not_emulated(operation: &Operation) -> Response {
    let detail = format!("{} is an operation of the real API that llamacloud-mock does not emulate", operation.name);
    Response::from(ApiError::text(404, detail)).with_header(NOT_EMULATED, HeaderValue::from_static(operation.name))
}

/// The body of a request, if the operation is emulated and takes one.
fn read(operation: &Operation, request: &Request) -> Result<RawBody, ApiError> {
    let content_type = request.head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    match operation.body {
        BodyKind::Json if operation.emulation.is_some() => read_body(&request.body, content_type),
        BodyKind::Multipart if operation.emulation.is_some() => read_form(&request.body, content_type),
        _ => Ok(RawBody::Absent),
    }
}
