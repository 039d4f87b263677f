//! Owns the parts and runs a call through its stages, in order. It decides and never does: it neither waits nor writes.

mod door;
mod trouble;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use parking_lot::Mutex;

use crate::admin::{self, House};
use crate::call::{Call, Head, PathParams};
use crate::clock;
use crate::config::{Merged, Settings};
use crate::fault::{self, Target};
use crate::journal::{Entry, Journal, Outcome};
use crate::operation::{Operation, Route, Routes};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::{Body, Given, Schema, Schemas, Taken, check, read_body};
use crate::seed::Seed;
use crate::store::World;
use crate::tenant::{Tenant, Tenants};
use crate::visit::{Kind, Visit};

/// The whole emulated service.
#[derive(Debug)]
pub struct Emulator {
    settings: Settings,
    told: Merged,
    routes: Routes,
    schemas: Schemas,
    tenants: Tenants,
    /// What fault rules can be about.
    targets: Vec<Target>,
    /// Calls of no tenant.
    strangers: Mutex<Journal>,
    /// Handlers that panicked.
    panics: AtomicU64,
    /// The served contract, made when it is first asked for.
    contract: OnceLock<Bytes>,
}

/// What the head of a request comes to.
#[derive(Debug)]
pub enum Arrival {
    /// Decided by the head alone; the body is not read.
    Decided(Reply),
    /// The body is read, then [`Emulator::handle`] decides.
    Admitted(Box<Visit>),
}

impl Emulator {
    /// Compiles the schemas and lays out the table; an error names what was wrong.
    pub fn new(settings: Settings, told: Merged) -> Result<Self, String> {
        let schemas = Schemas::load(settings.schemas.as_deref())?;
        let routes = Routes::new(crate::api::operations());
        let targets = trouble::targets(&routes);
        let rules = trouble::given(&settings, &told, &targets)?;
        let faults = trouble::armed(rules, settings.start_time.unwrap_or_else(clock::wall))?;
        let tenants = Tenants::new(&settings, faults);
        let strangers = Mutex::new(Journal::new(tenants.journal_limits()));
        let (panics, contract) = (AtomicU64::new(0), OnceLock::new());
        Ok(Self { settings, told, routes, schemas, tenants, targets, strangers, panics, contract })
    }

    /// What was set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// All tenants.
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// How many handlers have panicked.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// What can be looked at and steered.
    fn house(&self) -> House<'_> {
        House {
            settings: &self.settings,
            told: &self.told,
            tenants: &self.tenants,
            targets: &self.targets,
            strangers: &self.strangers,
            panics: self.panics(),
            routes: &self.routes,
            schemas: &self.schemas,
            contract: &self.contract,
        }
    }

    /// Routes a request by its head: answered, or admitted to the tenant of its key.
    pub fn arrive(&self, head: &Head) -> Arrival {
        match admin::arrive(self.house(), head) {
            Some(Ok(kind)) => Arrival::Admitted(Box::new(Visit::of_nobody(kind, self.settings.max_body_bytes))),
            Some(Err(reply)) => Arrival::Decided(reply),
            None => match self.routes.find(&head.method, &head.path) {
                Route::Found(operation, params) => self.admit(head, operation, params),
                elsewhere => Arrival::Decided(self.unrouted(head, elsewhere)),
            },
        }
    }

    /// Decides a whole call.
    pub fn handle(&self, visit: &mut Visit, call: &Call) -> Reply {
        match (&visit.kind, visit.tenant.clone()) {
            (Kind::Admin, _) => admin::handle(self.house(), call),
            (Kind::Operation(operation, _), Some(tenant)) => self.serve(visit, operation, &tenant, call),
            (Kind::Operation(operation, _), None) => self.turn_away(visit, operation, call),
        }
    }

    /// The stages of a tenant's call, in order.
    fn serve(&self, visit: &mut Visit, operation: &'static Operation, tenant: &Tenant, call: &Call) -> Reply {
        // What needs nothing of the tenant is done before its lock is taken; a rule may make it be for nothing.
        let taken = read(operation, call).and_then(|body| self.check(operation, call, body));
        let mut guard = tenant.lock();
        let state = &mut *guard;
        let times = state.begin(&tenant.clock);
        visit.number = state.journal.next_number();
        let faults = (tenant, &mut state.faults, state.world.index_count());
        let mut trouble = self.trouble(visit, faults, (call, times));
        let reply = trouble.before(visit).unwrap_or_else(|| {
            let acted = taken.and_then(|taken| act(operation, &mut state.world, visit, (times.now, taken)));
            trouble.after(visit, acted.unwrap_or_else(Reply::from))
        });
        visit.faults = trouble.notes();
        state.world.events.drain(..).for_each(|at| tenant.clock.expect(at));
        self.record(&mut state.journal, visit, (times.now, call), &reply);
        reply
    }

    /// A call without a good key: its body's syntax is judged first, as the service's framework does.
    fn turn_away(&self, visit: &mut Visit, operation: &'static Operation, call: &Call) -> Reply {
        let problem = read(operation, call).err().unwrap_or_else(|| door::why_not(&call.head));
        let reply = problem.into();
        let mut strangers = self.strangers.lock();
        visit.number = strangers.next_number();
        self.record(&mut strangers, visit, (clock::wall(), call), &reply);
        reply
    }

    fn check(&self, operation: &Operation, call: &Call, body: Body) -> Result<Taken, Problem> {
        let body_schema = operation.body.map(|name| self.schema(name));
        check(self.schema(operation.params), body_schema, Given { query: call.head.query.as_deref(), body })
    }

    fn schema(&self, name: &str) -> &Schema {
        self.schemas.get(name).expect("a test sees that every row names schemas that are there")
    }

    /// What a tenant that nobody else uses would be answered to this body; nothing is kept.
    pub fn rehearse(&self, operation: &str, body: Vec<u8>) -> Reply {
        let Some(operation) = self.routes.operations().find(|known| known.name == operation) else {
            return Problem::text(404, "Not Found").into();
        };
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let head = Head { method: operation.method.clone(), path: operation.path.to_owned(), query: None, headers };
        let mut visit = Visit::of_nobody(Kind::Operation(operation, PathParams::new()), self.settings.max_body_bytes);
        let tenant = self.tenants.admit("rehearsal").expect("there is room for one tenant");
        if body.len() > self.settings.max_body_bytes {
            return Problem::body_too_large(self.settings.max_body_bytes).into();
        }
        let reply = self.serve(&mut visit, operation, &tenant, &Call { head, body: body.into() });
        tenant.lock().world.reset();
        reply
    }

    // ------------------------------------------------------------------------------------------------- journaling

    fn record(&self, journal: &mut Journal, visit: &Visit, (at, call): (clock::Moment, &Call), reply: &Reply) {
        if self.settings.journal_entries > 0 {
            journal.record(visit.entry(at, call, reply));
        }
    }

    /// Journals a call that no operation answers, with its tenant if that is known already.
    fn record_unrouted(&self, head: &Head, reply: &Reply) {
        if self.settings.journal_entries == 0 {
            return;
        }
        let call = Call { head: head.clone(), body: Bytes::new() };
        let tenant = self.key(head).and_then(|key| self.tenants.find(key));
        let note = |journal: &mut Journal, label, at| {
            let number = journal.next_number();
            journal.record(Entry::of((number, at), (label, None), &call, reply));
        };
        match tenant {
            Some(tenant) => note(&mut tenant.lock().journal, Some(Arc::clone(&tenant.label)), tenant.clock.now()),
            None => note(&mut self.strangers.lock(), None, clock::wall()),
        }
    }

    /// Refuses a call whose body could not be had whole, and journals it.
    pub fn refuse(&self, visit: &mut Visit, head: &Head, problem: Problem) -> Reply {
        let call = Call { head: head.clone(), body: Bytes::new() };
        let reply = problem.into();
        if let Some(tenant) = visit.tenant.clone() {
            let mut state = tenant.lock();
            visit.number = state.journal.next_number();
            self.record(&mut state.journal, visit, (tenant.clock.now(), &call), &reply);
        } else if matches!(visit.kind, Kind::Operation(..)) {
            let mut strangers = self.strangers.lock();
            visit.number = strangers.next_number();
            self.record(&mut strangers, visit, (clock::wall(), &call), &reply);
        }
        reply
    }

    /// The service's answer when a handler panicked: 500 with a correlation id; counted and journaled.
    pub fn broke(&self, visit: &mut Visit, head: &Head) -> Reply {
        let ordinal = self.panics.fetch_add(1, Ordering::Relaxed);
        let mut stream = Seed::new(self.settings.seed, "").stream("panic", ordinal);
        self.refuse(visit, head, Problem::text(500, fault::correlation(&mut stream)))
    }

    /// Writes into the journal how a call ended.
    pub fn settle(&self, visit: &Visit, outcome: Outcome) {
        match &visit.tenant {
            Some(tenant) => tenant.lock().journal.settle(visit.number, outcome),
            None => self.strangers.lock().settle(visit.number, outcome),
        }
    }
}

/// Runs the operation's handler on the tenant's world.
fn act(
    operation: &Operation,
    world: &mut World,
    visit: &mut Visit,
    (now, taken): (clock::Moment, Taken),
) -> Result<Reply, Problem> {
    world.tidy(now);
    let mut request = visit.request(now, taken);
    let done = (operation.handler)(world, &mut request);
    visit.conditions = request.conditions;
    visit.committed = done.as_ref().is_ok_and(Reply::is_success) && operation.method != Method::GET;
    done
}

/// The call's body, if the operation takes one.
fn read(operation: &Operation, call: &Call) -> Result<Body, Problem> {
    match operation.body {
        Some(_) => read_body(&call.body, call.head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)),
        None => Ok(Body::Absent),
    }
}
