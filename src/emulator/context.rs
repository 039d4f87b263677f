//! What the stages and the server keep of a request between its head and its end.

use std::sync::Arc;

use crate::clock::{Clock, OpenRequest, Timestamp};
use crate::fault::{HeadDecision, Rule};
use crate::journal::FaultNote;
use crate::operation::Operation;
use crate::request::PathParams;
use crate::response::HeadReset;
use crate::tenant::Tenant;

/// A request that is being served.
#[derive(Debug)]
pub(crate) struct RequestContext {
    /// What it is for.
    pub(crate) target: RequestTarget,
    /// Its tenant; `None` for requests without an accepted key and for `/__admin/`.
    pub(crate) tenant: Option<Arc<Tenant>>,
    /// The most bytes of its body.
    pub(crate) body_limit: usize,
    /// The fault rule that the request brings itself.
    pub(crate) own_rule: Option<Arc<Rule>>,
    /// How a fault rule resets the connection before the request is read.
    pub(crate) head_reset: Option<HeadReset>,
    /// What the fault rules decided by its head.
    pub(crate) head_decision: Option<HeadDecision>,
    /// The outcome of each fault rule that it met.
    pub(crate) faults: Vec<FaultNote>,
    /// Whether it changed the state of its tenant.
    pub(crate) committed: bool,
    /// Whether its client went away before its body was complete: no response can reach it.
    pub(crate) client_gone: bool,
    /// Its number among the requests of the tenant, once it has one.
    pub(crate) number: u64,
    open: Option<OpenRequest>,
    /// The number of resets of the tenant's fault rules when they decided it.
    fault_resets: u64,
}

/// What a request is for.
#[derive(Debug, Clone)]
pub(crate) enum RequestTarget {
    /// An operation.
    Operation(RoutedOperation),
    /// A path under `/__admin/`.
    Admin,
}

/// The operation that the router found.
#[derive(Debug, Clone)]
pub(crate) struct RoutedOperation {
    /// Its position in the table.
    pub(crate) position: usize,
    /// Its row.
    pub(crate) operation: &'static Operation,
    /// The values in the path.
    pub(crate) path: PathParams,
}

impl RequestContext {
    /// A request without a tenant.
    pub(crate) fn without_tenant(target: RequestTarget, body_limit: usize) -> Self {
        Self {
            target,
            tenant: None,
            body_limit,
            own_rule: None,
            head_reset: None,
            head_decision: None,
            faults: Vec::new(),
            committed: false,
            client_gone: false,
            number: 0,
            open: None,
            fault_resets: 0,
        }
    }

    /// A request of a tenant; it counts as open until it is dropped.
    pub(crate) fn of_tenant(tenant: Arc<Tenant>, target: RequestTarget, body_limit: usize) -> Self {
        tenant.begin_request();
        let mut context = Self::without_tenant(target, body_limit);
        context.open = Some(tenant.clock.open_request());
        context.note_decided(&tenant);
        context.tenant = Some(tenant);
        context
    }

    /// The name of the operation; `admin` under `/__admin/`.
    pub(crate) fn name(&self) -> &'static str {
        match &self.target {
            RequestTarget::Operation(routed) => routed.operation.name,
            RequestTarget::Admin => "admin",
        }
    }

    /// Whether a fault rule still holds it: not after the rule is removed, nor after a reset of the rules.
    pub(crate) fn is_held(&self) -> bool {
        let Some(tenant) = self.tenant.as_ref().filter(|_| !self.is_released()) else { return false };
        let is_held_by_own_rule =
            || self.own_rule.as_ref().is_some_and(|rule| rule.holds() && rule.struck(&self.faults));
        is_held_by_own_rule() || tenant.lock().faults.hold(&self.faults)
    }

    /// Notes that the fault rules decide it now. Call it under the lock of its tenant.
    pub(super) fn note_decided(&mut self, tenant: &Tenant) {
        self.fault_resets = tenant.fault_resets();
    }

    /// Whether the fault rules were reset after they decided it. Then no wait of theirs goes on.
    pub(crate) fn is_released(&self) -> bool {
        self.tenant.as_ref().is_some_and(|tenant| tenant.fault_resets() != self.fault_resets)
    }

    /// The same check as [`RequestContext::is_released`], for a wait that does not borrow the request.
    pub(crate) fn release_check(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let (tenant, decided_at) = (self.tenant.clone(), self.fault_resets);
        move || tenant.as_ref().is_some_and(|tenant| tenant.fault_resets() != decided_at)
    }

    /// The next end of the time to live of a rule that holds it.
    pub(crate) fn next_release(&self) -> Option<Timestamp> {
        self.tenant.as_ref()?.lock().faults.next_release(&self.faults)
    }

    /// Removes the tenant's rules whose time to live is over, which may release it.
    pub(crate) fn remove_expired_faults(&self) {
        if let Some(tenant) = &self.tenant {
            tenant.lock().remove_expired_faults(&tenant.clock);
        }
    }

    /// The operation that it is for, if that is not emulated.
    pub(crate) fn not_emulated(&self) -> Option<&RoutedOperation> {
        match &self.target {
            RequestTarget::Operation(routed) if routed.operation.emulation.is_none() => Some(routed),
            _ => None,
        }
    }

    /// The clock of its delays; `None` for requests without a tenant, which are never delayed.
    pub(crate) fn clock(&self) -> Option<&Arc<Clock>> {
        self.tenant.as_ref().map(|tenant| &tenant.clock)
    }
}

impl Drop for RequestContext {
    fn drop(&mut self) {
        self.open = None;
        if let Some(tenant) = &self.tenant {
            tenant.end_request();
        }
    }
}
