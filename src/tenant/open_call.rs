//! A request that counts as open.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Tenant;
use crate::clock::OpenRequest;

/// Counts a request as open until it is dropped, for its tenant and for the clock of that.
#[derive(Debug)]
pub(crate) struct OpenCall {
    tenant: Arc<Tenant>,
    /// Dropped first: the clock may then jump to its next event.
    on_clock: Option<OpenRequest>,
}

impl OpenCall {
    /// Counts a request as open until the result is dropped.
    pub(super) fn of(tenant: &Arc<Tenant>) -> Self {
        tenant.open_requests.fetch_add(1, Ordering::Relaxed);
        Self { tenant: Arc::clone(tenant), on_clock: Some(tenant.clock.open_request()) }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.on_clock = None;
        self.tenant.open_requests.fetch_sub(1, Ordering::Relaxed);
    }
}
