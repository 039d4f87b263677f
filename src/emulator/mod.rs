//! Owns the parts and runs a request through its stages, in order. It decides and never does: it neither waits nor writes.

mod auth;
mod context;
mod fault_stage;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use parking_lot::Mutex;

use crate::admin::{self, AdminContext};
use crate::clock;
use crate::config::{RawSettings, Settings};
use crate::error::ApiError;
use crate::fault::{self, Target};
use crate::journal::{Entry, Journal, Outcome};
use crate::operation::{Operation, Route, Routes};
use crate::request::{Head, PathParams, Request};
use crate::response::Response;
use crate::schema::{RawBody, RawRequest, Schema, Schemas, ValidRequest, check, read_body};
use crate::seed::Seed;
use crate::store::Store;
use crate::tenant::{Tenant, Tenants};

pub use context::{ContextKind, RequestContext};

/// The whole emulated service.
#[derive(Debug)]
pub struct Emulator {
    settings: Settings,
    told: RawSettings,
    routes: Routes,
    schemas: Schemas,
    tenants: Tenants,
    /// What fault rules can be about.
    targets: Vec<Target>,
    /// Calls of no tenant.
    unauthenticated: Mutex<Journal>,
    /// Handlers that panicked.
    panics: AtomicU64,
    /// The served contract, made when it is first asked for.
    contract: OnceLock<Bytes>,
}

/// What the head of a request comes to.
#[derive(Debug)]
pub enum Arrival {
    /// Decided by the head alone; the body is not read.
    Decided(Response),
    /// The body is read, then [`Emulator::handle`] decides.
    Admitted(Box<RequestContext>),
}

impl Emulator {
    /// Compiles the schemas and lays out the table; an error names what was wrong.
    pub fn new(settings: Settings, told: RawSettings) -> Result<Self, String> {
        let schemas = Schemas::load(settings.schemas.as_deref())?;
        let routes = Routes::new(crate::api::operations());
        let targets = fault_stage::targets(&routes);
        let rules = fault_stage::given(&settings, &told, &targets)?;
        let faults = fault_stage::active(rules)?;
        let tenants = Tenants::new(&settings, faults);
        let unauthenticated = Mutex::new(Journal::new(tenants.journal_limits()));
        let (panics, contract) = (AtomicU64::new(0), OnceLock::new());
        Ok(Self { settings, told, routes, schemas, tenants, targets, unauthenticated, panics, contract })
    }

    /// What was set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// All tenants.
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// The operations that fault rules can be about.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// How many handlers have panicked.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// What can be looked at and steered.
    fn admin(&self) -> AdminContext<'_> {
        AdminContext {
            settings: &self.settings,
            told: &self.told,
            tenants: &self.tenants,
            targets: &self.targets,
            unauthenticated: &self.unauthenticated,
            panics: self.panics(),
            routes: &self.routes,
            schemas: &self.schemas,
            contract: &self.contract,
        }
    }

    /// Routes a request by its head: answered, or admitted to the tenant of its key.
    pub fn arrive(&self, head: &Head) -> Arrival {
        match admin::arrive(self.admin(), head) {
            Some(Ok(())) => {
                Arrival::Admitted(Box::new(RequestContext::of_nobody(ContextKind::Admin, self.settings.max_body_bytes)))
            }
            Some(Err(response)) => Arrival::Decided(response),
            None => match self.routes.find(&head.method, &head.path) {
                Route::Found(operation, params) => self.admit(head, operation, params),
                elsewhere => Arrival::Decided(self.unrouted(head, elsewhere)),
            },
        }
    }

    /// Decides a whole request.
    pub fn handle(&self, context: &mut RequestContext, request: &Request) -> Response {
        match (&context.kind, context.tenant.clone()) {
            (ContextKind::Admin, _) => admin::handle(self.admin(), request),
            (ContextKind::Operation(operation, _), Some(tenant)) => self.serve(context, operation, &tenant, request),
            (ContextKind::Operation(operation, _), None) => self.reject_unauthenticated(context, operation, request),
        }
    }

    /// The stages of a tenant's request, in order.
    fn serve(
        &self,
        context: &mut RequestContext,
        operation: &'static Operation,
        tenant: &Tenant,
        request: &Request,
    ) -> Response {
        // What needs nothing of the tenant is done before its lock is taken; a rule may make it be for nothing.
        let taken = read(operation, request).and_then(|body| self.check(operation, request, body));
        let mut guard = tenant.lock();
        let state = &mut *guard;
        let times = state.begin(&tenant.clock);
        context.number = state.journal.next_number();
        let faults = (tenant, &mut state.faults, state.store.index_count());
        let mut fault_stage = self.fault_stage(context, faults, (request, times));
        let response = fault_stage.before(context).unwrap_or_else(|| {
            let acted = taken.and_then(|taken| act(operation, &mut state.store, context, (times.now, taken)));
            fault_stage.after(context, acted.unwrap_or_else(Response::from))
        });
        context.faults = fault_stage.notes();
        state.store.events.drain(..).for_each(|at| tenant.clock.expect(at));
        self.record(&mut state.journal, context, (times.now, request), &response);
        response
    }

    /// A request without a good key: its body's syntax is judged first, as the service's framework does.
    fn reject_unauthenticated(
        &self,
        context: &mut RequestContext,
        operation: &'static Operation,
        request: &Request,
    ) -> Response {
        let error = read(operation, request).err().unwrap_or_else(|| auth::why_not(&request.head));
        let response = error.into();
        let mut unauthenticated = self.unauthenticated.lock();
        context.number = unauthenticated.next_number();
        self.record(&mut unauthenticated, context, (clock::system_now(), request), &response);
        response
    }

    fn check(&self, operation: &Operation, request: &Request, body: RawBody) -> Result<ValidRequest, ApiError> {
        let body_schema = operation.body.map(|name| self.schema(name));
        check(self.schema(operation.params), body_schema, RawRequest { query: request.head.query.as_deref(), body })
    }

    fn schema(&self, name: &str) -> &Schema {
        self.schemas.get(name).expect("a test sees that every row names schemas that are there")
    }

    /// What a tenant that nobody else uses would be answered to this body; nothing is kept.
    pub fn dry_run(&self, operation: &str, body: Vec<u8>) -> Response {
        let Some(operation) = self.routes.operations().find(|known| known.name == operation) else {
            return ApiError::text(404, "Not Found").into();
        };
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let head = Head { method: operation.method.clone(), path: operation.path.to_owned(), query: None, headers };
        let mut context = RequestContext::of_nobody(
            ContextKind::Operation(operation, PathParams::new()),
            self.settings.max_body_bytes,
        );
        let tenant = self.tenants.admit("rehearsal").expect("there is room for one tenant");
        if body.len() > self.settings.max_body_bytes {
            return ApiError::body_too_large(self.settings.max_body_bytes).into();
        }
        let response = self.serve(&mut context, operation, &tenant, &Request { head, body: body.into() });
        tenant.lock().store.reset();
        response
    }

    // ------------------------------------------------------------------------------------------------- journaling

    fn record(
        &self,
        journal: &mut Journal,
        context: &RequestContext,
        (at, request): (clock::Timestamp, &Request),
        response: &Response,
    ) {
        if self.settings.journal_entries > 0 {
            journal.record(context.entry(at, request, response));
        }
    }

    /// Journals a request that no operation answers, with its tenant if that is known already.
    fn record_unrouted(&self, head: &Head, response: &Response) {
        if self.settings.journal_entries == 0 {
            return;
        }
        let request = Request { head: head.clone(), body: Bytes::new() };
        let tenant = self.key(head).and_then(|key| self.tenants.find(key));
        let note = |journal: &mut Journal, label, at| {
            let number = journal.next_number();
            journal.record(Entry::of((number, at), (label, None), &request, response));
        };
        match tenant {
            Some(tenant) => note(&mut tenant.lock().journal, Some(Arc::clone(&tenant.label)), tenant.clock.now()),
            None => note(&mut self.unauthenticated.lock(), None, clock::system_now()),
        }
    }

    /// Refuses a request whose body could not be had whole, and journals it.
    pub fn refuse(&self, context: &mut RequestContext, head: &Head, error: ApiError) -> Response {
        let request = Request { head: head.clone(), body: Bytes::new() };
        let response = error.into();
        if let Some(tenant) = context.tenant.clone() {
            let mut state = tenant.lock();
            context.number = state.journal.next_number();
            self.record(&mut state.journal, context, (tenant.clock.now(), &request), &response);
        } else if matches!(context.kind, ContextKind::Operation(..)) {
            let mut unauthenticated = self.unauthenticated.lock();
            context.number = unauthenticated.next_number();
            self.record(&mut unauthenticated, context, (clock::system_now(), &request), &response);
        }
        response
    }

    /// The service's answer when a handler panicked: 500 with a correlation id; counted and journaled.
    pub fn record_panic(&self, context: &mut RequestContext, head: &Head) -> Response {
        let ordinal = self.panics.fetch_add(1, Ordering::Relaxed);
        let mut stream = Seed::new(self.settings.seed, "").stream("panic", ordinal);
        self.refuse(context, head, ApiError::text(500, fault::correlation_message(&mut stream)))
    }

    /// Writes into the journal how a request ended.
    pub fn record_outcome(&self, context: &RequestContext, outcome: Outcome) {
        match &context.tenant {
            Some(tenant) => tenant.lock().journal.settle(context.number, outcome),
            None => self.unauthenticated.lock().settle(context.number, outcome),
        }
    }
}

/// Runs the operation's handler on the tenant's store.
fn act(
    operation: &Operation,
    store: &mut Store,
    context: &mut RequestContext,
    (now, taken): (clock::Timestamp, ValidRequest),
) -> Result<Response, ApiError> {
    store.purge_tombstones(now);
    let mut request = context.request(now, taken);
    let done = (operation.handler)(store, &mut request);
    context.conditions = request.conditions;
    context.committed = done.as_ref().is_ok_and(Response::is_success) && operation.method != Method::GET;
    done
}

/// The request's body, if the operation takes one.
fn read(operation: &Operation, request: &Request) -> Result<RawBody, ApiError> {
    match operation.body {
        Some(_) => read_body(&request.body, request.head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)),
        None => Ok(RawBody::Absent),
    }
}
