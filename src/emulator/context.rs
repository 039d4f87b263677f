//! A request between its head and its end: what the stages and the shell keep of it.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, OpenCall, Timestamp};
use crate::fault::{HeadDecision, Rule};
use crate::journal::{Entry, FaultNote};
use crate::operation::Operation;
use crate::request::{PathParams, Request};
use crate::response::{HeadOrder, Response};
use crate::schema::ValidRequest;
use crate::store::{Conditions, HandlerRequest};
use crate::tenant::Tenant;

/// A request on its way.
#[derive(Debug)]
pub struct RequestContext {
    /// What it is.
    pub kind: ContextKind,
    /// Whose; `None` for callers without a good key and for `/__admin/`.
    pub tenant: Option<Arc<Tenant>>,
    /// Bytes that its body may have.
    pub body_limit: usize,
    /// A rule that the request brought itself.
    pub own_rule: Option<Arc<Rule>>,
    /// What a fault that struck at the head makes the shell do instead of reading on.
    pub head_order: Option<HeadOrder>,
    /// What the rules make it see; once it acted, what of that did not come to pass.
    pub conditions: Conditions,
    /// What the rules decided by its head.
    pub at_head: Option<HeadDecision>,
    /// What became of the rules that it met.
    pub faults: Vec<FaultNote>,
    /// Whether it changed the tenant's store.
    pub committed: bool,
    /// Its number among the tenant's requests, once it has one.
    pub number: u64,
    open: Option<OpenCall>,
}

/// What a request is.
#[derive(Debug)]
pub enum ContextKind {
    /// An operation, with the values in its path.
    Operation(&'static Operation, PathParams),
    /// Something under `/__admin/`.
    Admin,
}

impl RequestContext {
    /// A request that is no tenant's.
    pub fn of_nobody(kind: ContextKind, body_limit: usize) -> Self {
        Self {
            kind,
            tenant: None,
            body_limit,
            own_rule: None,
            head_order: None,
            conditions: Conditions::default(),
            at_head: None,
            faults: Vec::new(),
            committed: false,
            number: 0,
            open: None,
        }
    }

    /// A request of a tenant; it counts as open until it is dropped.
    pub fn of(tenant: Arc<Tenant>, kind: ContextKind, body_limit: usize) -> Self {
        tenant.begin_call();
        let mut context = Self::of_nobody(kind, body_limit);
        context.open = Some(tenant.clock.open_call());
        context.tenant = Some(tenant);
        context
    }

    /// The operation's name; `admin` for what is under `/__admin/`.
    pub fn name(&self) -> &'static str {
        match self.kind {
            ContextKind::Operation(operation, _) => operation.name,
            ContextKind::Admin => "admin",
        }
    }

    /// The clock that its delays run on; none for requests of no tenant, which are never delayed.
    pub fn clock(&self) -> Option<&Arc<Clock>> {
        self.tenant.as_ref().map(|tenant| &tenant.clock)
    }

    /// What the handler is given. Takes the path's values and the conditions out.
    pub fn request(&mut self, now: Timestamp, taken: ValidRequest) -> HandlerRequest {
        let conditions = std::mem::take(&mut self.conditions);
        let path = match &mut self.kind {
            ContextKind::Operation(_, params) => std::mem::take(params),
            ContextKind::Admin => PathParams::new(),
        };
        HandlerRequest { now, path, params: taken.params, body: taken.body, conditions, lag: Duration::ZERO }
    }

    /// What the journal keeps of it.
    pub fn entry(&self, at: Timestamp, request: &Request, response: &Response) -> Entry {
        let label = self.tenant.as_ref().map(|tenant| Arc::clone(&tenant.label));
        let entry = Entry::of((self.number, at), (label, Some(self.name())), request, response);
        let held_back = self.clock().map_or(Duration::ZERO, |clock| clock.on_the_wall(response.delay));
        Entry { answered: entry.wall.plus(held_back), faults: self.faults.clone(), committed: self.committed, ..entry }
    }
}

impl Drop for RequestContext {
    fn drop(&mut self) {
        self.open = None;
        if let Some(tenant) = &self.tenant {
            tenant.end_call();
        }
    }
}
