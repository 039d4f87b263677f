//! The stages of a request after its body is read: decide, act, finish. Each runs under the lock of the tenant; in one
//! lock section unless a fault rule makes the request wait before it acts, or its handler leaves a job.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use parking_lot::MutexGuard;
use uuid::Uuid;

use super::begin::unauthenticated;
use super::context::{Context, Purpose, Release};
use super::reply::Reply;
use super::{record, rules};
use crate::admin;
use crate::api;
use crate::content::Content;
use crate::error::ApiError;
use crate::fault::{Decision, FaultResult, RequestView};
use crate::instance::Instance;
use crate::journal::RecordedBody;
use crate::operation::{Answer, BodyKind, Commit, Effect, Job, Operation, RoutedOperation};
use crate::request::{Origin, Request};
use crate::response::{Delay, Payload, Response};
use crate::schema::{RawBody, RawRequest, ValidRequest, check, read_body, read_form};
use crate::search::ChunkCounts;
use crate::store::state_faults::StateFaults;
use crate::store::{Effects, Id, Scope};
use crate::tenant::{State, Tenant, Times};

/// What comes next for a request after a stage.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing: this is the reply.
    Reply(Box<Reply>),
    /// It waits this long, then it acts.
    Wait(Delay, Box<InProgress>),
    /// The job runs without the lock of its tenant, then the request is finished with the result.
    Job(Job, Box<InProgress>),
}

/// A request that is decided and has no response yet.
#[derive(Debug)]
pub(crate) struct InProgress {
    /// The number of its journal entry.
    pub(crate) number: u64,
    /// What its body contains.
    sent: Content,
    /// What the journal keeps of it.
    recorded: RecordedBody,
    /// The validated request, or its refusal.
    valid: Result<ValidRequest, ApiError>,
    /// What the fault rules plan for it.
    decision: Decision,
    /// The end of the waits that fault rules cause.
    pub(crate) release: Release,
    /// What its handler did beside its answer.
    effects: Effects,
}

/// What a request did, for its journal entry.
#[derive(Debug, Default)]
struct Facts {
    /// Whether it changed the tenant's state.
    is_committed: bool,
    /// Whether fault rules replaced or edited its response.
    is_altered: bool,
    /// The id of what it created.
    created: Option<Id>,
    /// The ids of what it deleted.
    deleted: Vec<Id>,
    /// What its search left out.
    chunk_counts: Option<Box<ChunkCounts>>,
}

/// A request under the lock of its tenant.
struct LockedRequest<'a> {
    instance: &'a Instance,
    context: &'a Context,
    request: &'a Request,
    tenant: &'a Arc<Tenant>,
    routed: &'a RoutedOperation,
    state: MutexGuard<'a, State>,
    times: Times,
}

/// Decides a request whose body is read, and lets it act unless it has to wait first.
pub(crate) fn decide(instance: &Instance, context: &Context, request: &Request) -> Next {
    let routed = match &context.purpose {
        Purpose::Operation(routed) => routed,
        Purpose::Admin(reach) => return admin::handle(instance, reach, request).into(),
    };
    let Some(tenant) = &context.tenant else {
        // The syntax of the body is judged before the key, as the framework of the service does.
        let error = read(routed.operation, request).err().unwrap_or_else(|| unauthenticated(&request.head));
        return record::refuse(instance, context, &request.head, &request.body, error).into();
    };
    // Validation needs nothing of the tenant, so it comes before the lock. A fault rule may make it unnecessary.
    let valid = validate(instance, tenant, routed, request);
    instance.drift.note(routed.operation.name, &valid);
    instance.drift.note_sdk(&request.head);
    let sent = Content::of(&request.head, &request.body);
    let recorded = RecordedBody::of_request(&sent);
    let mut locked = LockedRequest::new(instance, context, request);
    let number = locked.state.journal.number_of(context.entry_number());
    let release = Release::after_decision(tenant);
    let decision = locked.decide(&sent);
    let wait = decision.wait;
    let effects = Effects::default();
    let in_progress = Box::new(InProgress { number, sent, recorded, valid, decision, release, effects });
    if wait.is_zero() {
        return locked.act(in_progress);
    }
    locked.open_entry(&in_progress);
    Next::Wait(wait, in_progress)
}

/// Lets a request act whose wait is over.
pub(crate) fn act(instance: &Instance, context: &Context, request: &Request, in_progress: Box<InProgress>) -> Next {
    LockedRequest::new(instance, context, request).act(in_progress)
}

/// Finishes a request with the result of its job.
pub(crate) fn finish(
    instance: &Instance,
    context: &Context,
    request: &Request,
    in_progress: Box<InProgress>,
    result: Result<Commit, ApiError>,
) -> Reply {
    LockedRequest::new(instance, context, request).commit(in_progress, result)
}

fn validate(
    instance: &Instance,
    tenant: &Tenant,
    routed: &RoutedOperation,
    request: &Request,
) -> Result<ValidRequest, ApiError> {
    let schemas = instance.input_schemas(routed);
    let body = read(routed.operation, request)?;
    let origin = Origin { host: request.head.headers.get(HOST).cloned(), tenant: Arc::clone(&tenant.label) };
    let (path, query, settings) = (&routed.path, request.head.query.as_deref(), Arc::clone(&instance.settings));
    check(schemas, RawRequest { path, query, body, origin, settings })
}

impl<'a> LockedRequest<'a> {
    /// Takes the lock of the tenant of a request for an operation.
    fn new(instance: &'a Instance, context: &'a Context, request: &'a Request) -> Self {
        let (Some(tenant), Some(routed)) = (&context.tenant, context.operation()) else {
            unreachable!("only an operation of a tenant is decided");
        };
        let mut state = tenant.lock();
        let times = state.begin(&tenant.clock);
        Self { instance, context, request, tenant, routed, state, times }
    }

    /// What the fault rules plan for the request.
    fn decide(&mut self, sent: &Content) -> Decision {
        let (own_rule, head_decision) = (self.context.own_rule.as_ref(), self.context.head_decision.as_ref());
        if self.state.faults.is_empty() && own_rule.is_none() {
            return Decision::default();
        }
        let view = self.rule_view(sent);
        Decision::new(&mut self.state.faults, &view, head_decision, own_rule)
    }

    /// Replaces the response by that of a fault rule, or runs the handler of the operation.
    fn act(mut self, mut in_progress: Box<InProgress>) -> Next {
        if in_progress.release.has_come() {
            // A reset came while it waited: it must not change the new state.
            let finished = std::mem::take(&mut in_progress.decision).into_released();
            return self.reply(in_progress, finished, Facts::default()).into();
        }
        if let Some(finished) = in_progress.decision.take_replacement() {
            return self.reply(in_progress, finished, Facts::default()).into();
        }
        let operation = self.routed.operation;
        let valid = match &in_progress.valid {
            Ok(valid) => valid,
            Err(refusal) => {
                let response = refusal.clone().into();
                return self.settle(in_progress, response).into();
            }
        };
        let faults = in_progress.decision.state_faults.clone().only(operation.state_faults);
        let mut scope = self.scope(valid, faults);
        let allowed = api::check_organization(scope.store, valid);
        let answer = allowed.and_then(|()| (operation.handler)(&mut scope, valid));
        in_progress.effects = scope.into_effects();
        let payload = match answer {
            Ok(Answer::Job(job)) => {
                self.open_entry(&in_progress);
                return Next::Job(job, in_progress);
            }
            Ok(Answer::Payload(payload)) => Ok(payload),
            Err(error) => {
                self.instance.drift.note_refusal(operation.name, &error);
                Err(error)
            }
        };
        let response = self.response(payload);
        self.settle(in_progress, response).into()
    }

    /// Lets the result of a job change the state, and finishes the request.
    fn commit(mut self, mut in_progress: Box<InProgress>, result: Result<Commit, ApiError>) -> Reply {
        let payload = match (result, &in_progress.valid) {
            (Ok(commit), Ok(valid)) => {
                // The other faults were met by the handler.
                let StateFaults { quota, page, .. } = in_progress.decision.state_faults.clone();
                let faults = StateFaults { quota, page, ..StateFaults::default() };
                let mut scope = self.scope(valid, faults.only(self.routed.operation.state_faults));
                let payload = commit(&mut scope);
                in_progress.effects.merge(scope.into_effects());
                payload
            }
            (Err(error), _) => Err(error),
            (_, Err(refusal)) => Err(refusal.clone()),
        };
        let response = self.response(payload);
        self.settle(in_progress, response)
    }

    /// The store as this request sees it.
    fn scope(&mut self, valid: &ValidRequest, faults: StateFaults) -> Scope<'_> {
        // A project in the path is the resource that the request is about.
        let is_in_path = self.routed.path.iter().any(|(name, _)| *name == "project_id");
        let project = valid.param("project_id").filter(|_| !is_in_path).and_then(|id| Uuid::try_parse(id).ok());
        Scope::new(&mut self.state.store, self.times.now, project, faults).about(self.routed.operation.resource)
    }

    /// The response of a handler, with the status of its row.
    fn response(&self, payload: Result<Payload, ApiError>) -> Response {
        payload.map_or_else(Response::from, |payload| payload.with_status(self.routed.operation.status))
    }

    /// Applies the fault rules that come after the action, and finishes the request.
    fn settle(mut self, mut in_progress: Box<InProgress>, response: Response) -> Reply {
        let Effects { applied, events, created, deleted, chunk_counts } = std::mem::take(&mut in_progress.effects);
        let decision = std::mem::take(&mut in_progress.decision);
        let is_committed = response.is_success() && self.routed.operation.effect != Effect::Reads;
        for at in events {
            self.tenant.clock.add_event(at);
        }
        let facts = Facts { is_committed, is_altered: false, created, deleted, chunk_counts };
        if self.state.faults.is_empty() && decision.is_empty() {
            return self.reply(in_progress, FaultResult::unchanged(response), facts);
        }
        let before = response.clone();
        let view = self.rule_view(&in_progress.sent);
        let finished = decision.finish(&mut self.state.faults, &view, response, applied);
        let is_altered = !finished.response.reads_like(&before);
        self.reply(in_progress, finished, Facts { is_altered, ..facts })
    }

    /// Records the request before it has a response.
    fn open_entry(&mut self, in_progress: &InProgress) {
        if self.instance.settings.journal_entries > 0 {
            let mut entry = record::unanswered(self.context, &self.request.head, in_progress.recorded.clone());
            (entry.seq, entry.at) = (in_progress.number, self.times.now);
            self.state.journal.open(entry);
        }
    }

    /// Records the request with its response.
    fn reply(mut self, in_progress: Box<InProgress>, finished: FaultResult, facts: Facts) -> Reply {
        let InProgress { number, sent, recorded, release, .. } = *in_progress;
        let file_name = sent.file_name();
        let FaultResult { response, promised, notes: faults, events } = finished;
        for at in events {
            self.tenant.clock.add_event(at);
        }
        // A client that was told to wait comes back after that wait, which begins when the response is sent.
        if let Some(wait) = promised {
            self.tenant.clock.add_event(self.times.now.plus(response.delay.on_clock).plus(wait));
        }
        let Facts { is_committed: committed, is_altered, created, deleted, chunk_counts } = facts;
        let mut entry = record::entry(self.context, &self.request.head, recorded, &response);
        (entry.seq, entry.at, entry.faults) = (number, self.times.now, faults.clone());
        (entry.committed, entry.is_altered) = (committed, is_altered);
        (entry.created, entry.deleted, entry.chunk_counts) = (created, deleted, chunk_counts);
        record::record(self.instance, &mut self.state.journal, self.context, entry);
        Reply { response, entry: Some(number), faults, file_name, release }
    }

    /// What the fault rules see of the request.
    fn rule_view<'c>(&self, sent: &'c Content) -> RequestView<'c>
    where
        'a: 'c,
    {
        let view = rules::view(self.instance, self.tenant, self.routed, &self.request.head, self.times);
        let resources = self.state.store.live(self.routed.operation.resource);
        let attempt = self.attempt(sent).unwrap_or(view.attempt);
        RequestView { content: Some(sent), resources, attempt, ..view }
    }

    /// The number of this attempt of a client that does not report it, if a rule needs it.
    fn attempt(&self, sent: &Content) -> Option<u64> {
        let (head, operation) = (&self.request.head, self.routed);
        let is_asked = self.context.own_rule.as_ref().is_some_and(|rule| rule.counts_attempts())
            || self.state.faults.count_attempts(operation.position);
        let is_reported = head.reported_attempt().is_some();
        (is_asked && !is_reported).then(|| self.state.journal.next_attempt(operation.operation.name, head, sent))
    }
}

impl<T: Into<Reply>> From<T> for Next {
    fn from(reply: T) -> Self {
        Self::Reply(Box::new(reply.into()))
    }
}

/// The body of a request, if the operation takes one.
fn read(operation: &Operation, request: &Request) -> Result<RawBody, ApiError> {
    let content_type = || request.head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    match operation.body {
        BodyKind::Json => read_body(&request.body, content_type()),
        BodyKind::Multipart => read_form(&request.body, content_type()),
        BodyKind::None => Ok(RawBody::Absent),
    }
}
