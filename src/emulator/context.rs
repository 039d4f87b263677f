//! The data of a request that the stages and the server share, from its head to its end.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, OpenRequest, Timestamp};
use crate::config::Settings;
use crate::fault::{HeadDecision, Rule};
use crate::journal::FaultNote;
use crate::operation::{BodyKind, Operation};
use crate::request::PathParams;
use crate::response::HeadReset;
use crate::tenant::Tenant;

/// A request that is being served.
#[derive(Debug)]
pub(crate) struct RequestContext {
    /// Its target.
    pub(crate) target: RequestTarget,
    /// Its tenant; `None` for requests without an accepted key and for `/__admin/`.
    pub(crate) tenant: Option<Arc<Tenant>>,
    /// The limits of its body.
    pub(crate) body_limits: BodyLimits,
    /// The fault rule that the request brings itself.
    pub(crate) own_rule: Option<Arc<Rule>>,
    /// The reset of its connection by a fault rule, before the request is read.
    pub(crate) head_reset: Option<HeadReset>,
    /// The decision of the fault rules on its head.
    pub(crate) head_decision: Option<HeadDecision>,
    /// The outcome of each fault rule whose trigger it met.
    pub(crate) faults: Vec<FaultNote>,
    /// Whether it changed the state of its tenant.
    pub(crate) committed: bool,
    /// Whether its client disconnected before its body was complete. It then gets no response.
    pub(crate) client_gone: bool,
    /// Its number among the requests of the tenant; 0 until it is numbered.
    pub(crate) number: u64,
    open: Option<OpenRequest>,
    /// The number of resets of the tenant's fault rules when they decided it.
    fault_resets: u64,
}

/// The limits of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyLimits {
    /// Maximum number of bytes.
    pub(crate) bytes: usize,
    /// The flag that sets this maximum.
    pub(crate) flag: &'static str,
    /// The time in which the body must have arrived, at any rate.
    pub(crate) duration: Duration,
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

impl RoutedOperation {
    /// The value of a parameter in the path.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.path.iter().find(|(param, _)| *param == name).map(|(_, value)| value.as_str())
    }
}

impl BodyLimits {
    /// The limits of a body of this kind. An upload may take longer: 100 MiB in 10 minutes is 175 KiB per second.
    pub(crate) fn of(kind: BodyKind, settings: &Settings) -> Self {
        match kind {
            BodyKind::None | BodyKind::Json => {
                Self { bytes: settings.max_body_bytes, flag: "--max-body-bytes", duration: Duration::from_mins(1) }
            }
            BodyKind::Multipart => {
                Self { bytes: settings.max_upload_bytes, flag: "--max-upload-bytes", duration: Duration::from_mins(10) }
            }
        }
    }
}

impl RequestContext {
    /// A request without a tenant.
    pub(crate) fn without_tenant(target: RequestTarget, body_limits: BodyLimits) -> Self {
        Self {
            target,
            tenant: None,
            body_limits,
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
    pub(crate) fn of_tenant(tenant: Arc<Tenant>, target: RequestTarget, body_limits: BodyLimits) -> Self {
        tenant.begin_request();
        let mut context = Self::without_tenant(target, body_limits);
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
