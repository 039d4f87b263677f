//! A call between its head and its end: what the stages and the shell keep of it.

use std::sync::Arc;
use std::time::Duration;

use crate::call::{Call, PathParams};
use crate::clock::{Clock, Moment, OpenCall};
use crate::fault::{AtHead, Rule};
use crate::journal::{Entry, FaultNote};
use crate::operation::Operation;
use crate::reply::{HeadOrder, Reply};
use crate::schema::Taken;
use crate::store::{Conditions, Request};
use crate::tenant::Tenant;

/// A call on its way.
#[derive(Debug)]
pub struct Visit {
    /// What it is.
    pub kind: Kind,
    /// Whose; `None` for callers without a good key and for `/__admin/`.
    pub tenant: Option<Arc<Tenant>>,
    /// Bytes that its body may have.
    pub body_limit: usize,
    /// A rule that the call brought itself.
    pub own_rule: Option<Arc<Rule>>,
    /// What a fault that struck at the head makes the shell do instead of reading on.
    pub head_order: Option<HeadOrder>,
    /// What the rules make it see; once it acted, what of that did not come to pass.
    pub conditions: Conditions,
    /// What the rules decided by its head.
    pub at_head: Option<AtHead>,
    /// What became of the rules that it met.
    pub faults: Vec<FaultNote>,
    /// Whether it changed the tenant's world.
    pub committed: bool,
    /// Its number among the tenant's calls, once it has one.
    pub number: u64,
    open: Option<OpenCall>,
}

/// What a call is.
#[derive(Debug)]
pub enum Kind {
    /// An operation, with the values in its path.
    Operation(&'static Operation, PathParams),
    /// Something under `/__admin/`.
    Admin,
}

impl Visit {
    /// A call that is no tenant's.
    pub fn of_nobody(kind: Kind, body_limit: usize) -> Self {
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

    /// A call of a tenant; it counts as open until it is dropped.
    pub fn of(tenant: Arc<Tenant>, kind: Kind, body_limit: usize) -> Self {
        tenant.begin_call();
        let mut visit = Self::of_nobody(kind, body_limit);
        visit.open = Some(tenant.clock.open_call());
        visit.tenant = Some(tenant);
        visit
    }

    /// The operation's name; `admin` for what is under `/__admin/`.
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Operation(operation, _) => operation.name,
            Kind::Admin => "admin",
        }
    }

    /// The clock that its delays run on; none for calls of no tenant, which are never delayed.
    pub fn clock(&self) -> Option<&Arc<Clock>> {
        self.tenant.as_ref().map(|tenant| &tenant.clock)
    }

    /// What the handler is given. Takes the path's values and the conditions out.
    pub fn request(&mut self, now: Moment, taken: Taken) -> Request {
        let conditions = std::mem::take(&mut self.conditions);
        let path = match &mut self.kind {
            Kind::Operation(_, params) => std::mem::take(params),
            Kind::Admin => PathParams::new(),
        };
        Request { now, path, params: taken.params, body: taken.body, conditions, lag: Duration::ZERO }
    }

    /// What the journal keeps of it.
    pub fn entry(&self, at: Moment, call: &Call, reply: &Reply) -> Entry {
        let label = self.tenant.as_ref().map(|tenant| Arc::clone(&tenant.label));
        let entry = Entry::of((self.number, at), (label, Some(self.name())), call, reply);
        let held_back = self.clock().map_or(Duration::ZERO, |clock| clock.on_the_wall(reply.delay));
        Entry { answered: entry.wall.plus(held_back), faults: self.faults.clone(), committed: self.committed, ..entry }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.open = None;
        if let Some(tenant) = &self.tenant {
            tenant.end_call();
        }
    }
}
