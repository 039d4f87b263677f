//! What is known of an admitted request from its head on. Afterwards it only learns that the client has left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::admin::Reach;
use crate::clock::{Clock, Timestamp};
use crate::config::Settings;
use crate::fault::{HeadDecision, Rule};
use crate::journal::{Entry, FaultNote};
use crate::operation::{BodyKind, RoutedOperation};
use crate::tenant::{OpenCall, Tenant};

/// A request whose head is admitted. With a tenant it counts as open until it is dropped.
#[derive(Debug)]
pub(crate) struct Context {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// Its tenant; `None` for requests without an accepted key and for `/__admin/`.
    pub(crate) tenant: Option<Arc<Tenant>>,
    /// The limits of its body.
    pub(crate) body_limits: BodyLimits,
    /// The fault rule that the request brings itself.
    pub(super) own_rule: Option<Arc<Rule>>,
    /// The decision of the fault rules on its head, if one of them acts on heads.
    pub(super) head_decision: Option<HeadDecision>,
    /// Its journal entry, if that was recorded before its body was read.
    pub(super) entry: Option<OpenEntry>,
    /// Whether its key has the form of a key of the real service.
    pub(crate) has_real_key: bool,
    /// How its body is read, if a fault rule slows that down.
    pub(crate) slow_upload: Option<SlowUpload>,
    /// Whether its client was seen to leave before its response was written.
    client_has_left: AtomicBool,
    /// Counts it as open.
    _open: Option<OpenCall>,
}

/// What a request is for.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// An operation.
    Operation(RoutedOperation),
    /// A path under `/__admin/`, with what it may reach.
    Admin(Reach),
}

/// The journal entry of a request that has no response. If it never gets one, its client has gone.
#[derive(Debug)]
pub(super) struct OpenEntry {
    tenant: Arc<Tenant>,
    number: u64,
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

/// The end of the waits that fault rules cause: a reset of the tenant's rules after they decided the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Release {
    tenant: Option<Arc<Tenant>>,
    /// The number of resets when the rules decided the request.
    resets: u64,
}

/// How the body of a request is read slowly.
#[derive(Debug)]
pub(crate) struct SlowUpload {
    /// Bytes a second.
    pub(crate) bandwidth: u64,
    /// The clock of the tenant.
    pub(crate) clock: Arc<Clock>,
    /// The end of it: a reset of the fault rules.
    pub(crate) release: Release,
}

/// The time in which a body that can be large must have arrived.
const LONG: Duration = Duration::from_mins(10);

impl BodyLimits {
    /// The limits of a body of this kind. An upload may take longer: 100 MiB in 10 minutes is 175 KiB per second.
    pub(crate) fn of(kind: BodyKind, settings: &Settings) -> Self {
        match kind {
            BodyKind::None | BodyKind::Json => Self::of_json(settings),
            BodyKind::Multipart => {
                Self { bytes: settings.max_upload_bytes, flag: "--max-upload-bytes", duration: LONG }
            }
        }
    }

    /// The limits of a JSON body.
    pub(crate) fn of_json(settings: &Settings) -> Self {
        Self { bytes: settings.max_body_bytes, flag: "--max-body-bytes", duration: Duration::from_mins(1) }
    }

    /// The limits of a snapshot: it may take all the room that bodies have.
    pub(super) fn of_snapshot(settings: &Settings) -> Self {
        Self { bytes: settings.max_inflight_bytes, flag: "--max-inflight-bytes", duration: LONG }
    }
}

impl OpenEntry {
    /// Records an entry without a number and a time.
    fn new(tenant: &Arc<Tenant>, mut entry: Box<Entry>) -> Self {
        let at = tenant.clock.now();
        let mut state = tenant.lock();
        let number = state.journal.next_number();
        (entry.seq, entry.at) = (number, at);
        state.journal.open(entry);
        drop(state);
        Self { tenant: Arc::clone(tenant), number }
    }
}

impl Drop for OpenEntry {
    fn drop(&mut self) {
        self.tenant.lock().journal.abandon(self.number);
    }
}

impl Release {
    /// The release of a request that is decided now. Call it under the lock of the tenant.
    pub(super) fn after_decision(tenant: &Arc<Tenant>) -> Self {
        Self { tenant: Some(Arc::clone(tenant)), resets: tenant.fault_resets() }
    }

    /// Whether the waits are over.
    pub(crate) fn has_come(&self) -> bool {
        self.tenant.as_ref().is_some_and(|tenant| tenant.fault_resets() != self.resets)
    }
}

impl Context {
    /// A request without a tenant.
    pub(crate) fn without_tenant(purpose: Purpose, body_limits: BodyLimits) -> Self {
        let (own_rule, head_decision, entry, slow_upload) = (None, None, None, None);
        let (has_real_key, client_has_left) = (false, AtomicBool::new(false));
        Self {
            purpose,
            tenant: None,
            body_limits,
            own_rule,
            head_decision,
            entry,
            has_real_key,
            slow_upload,
            client_has_left,
            _open: None,
        }
    }

    /// A request of a tenant.
    pub(crate) fn of_tenant(tenant: Arc<Tenant>, routed: RoutedOperation, body_limits: BodyLimits) -> Self {
        let open = Some(tenant.open_call());
        let purpose = Purpose::Operation(routed);
        Self { tenant: Some(tenant), _open: open, ..Self::without_tenant(purpose, body_limits) }
    }

    /// Records it before its body is read.
    pub(super) fn open_entry(&mut self, entry: Box<Entry>) {
        self.entry = self.tenant.as_ref().map(|tenant| OpenEntry::new(tenant, entry));
    }

    /// The number of its journal entry, if that was recorded before its body was read.
    pub(super) fn entry_number(&self) -> Option<u64> {
        self.entry.as_ref().map(|entry| entry.number)
    }

    /// Notes that its client was seen to leave.
    pub(super) fn client_leaves(&self) {
        self.client_has_left.store(true, Ordering::Relaxed);
    }

    /// Whether its client was seen to leave before its response was written.
    pub(crate) fn client_has_left(&self) -> bool {
        self.client_has_left.load(Ordering::Relaxed)
    }

    /// The operation that it is for.
    pub(crate) fn operation(&self) -> Option<&RoutedOperation> {
        match &self.purpose {
            Purpose::Operation(routed) => Some(routed),
            Purpose::Admin(_) => None,
        }
    }

    /// The name of the operation; `admin` under `/__admin/`.
    pub(crate) fn name(&self) -> &'static str {
        self.operation().map_or("admin", |routed| routed.operation.name)
    }

    /// The clock of its delays; `None` for requests without a tenant, which are never delayed.
    pub(crate) fn clock(&self) -> Option<&Arc<Clock>> {
        self.tenant.as_ref().map(|tenant| &tenant.clock)
    }

    /// Whether one of the rules that struck it still holds it: not after that rule is removed.
    pub(crate) fn is_held(&self, faults: &[FaultNote]) -> bool {
        let holds = |rule: &Arc<Rule>| rule.holds() && rule.struck(faults);
        let is_held_by_rules = |tenant: &Arc<Tenant>| tenant.lock().faults.hold(faults);
        self.own_rule.as_ref().is_some_and(holds) || self.tenant.as_ref().is_some_and(is_held_by_rules)
    }

    /// The next end of the time to live of a rule that struck it and holds it.
    pub(crate) fn next_release(&self, faults: &[FaultNote]) -> Option<Timestamp> {
        self.tenant.as_ref()?.lock().faults.next_release(faults)
    }

    /// Removes the tenant's rules whose time to live is over, which may release it.
    pub(crate) fn remove_expired_faults(&self) {
        if let Some(tenant) = &self.tenant {
            tenant.lock().remove_expired_faults(&tenant.clock);
        }
    }
}
