//! The bytes that the state of all tenants takes, so that no client can grow the program without bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes of all tenants, up to a limit.
#[derive(Debug)]
pub(crate) struct StateBudget {
    used_bytes: AtomicUsize,
    limit_bytes: usize,
}

/// The bytes of one tenant in a [`StateBudget`].
#[derive(Debug)]
pub(crate) struct TenantBudget {
    total: Arc<StateBudget>,
    used_bytes: AtomicUsize,
}

/// Bytes of a [`TenantBudget`] that are in use; dropping it frees them.
#[derive(Debug)]
pub(crate) struct Allocation {
    budget: Arc<TenantBudget>,
    pub(super) bytes: usize,
}

impl StateBudget {
    /// A budget of which nothing is used.
    pub(crate) fn new(limit_bytes: usize) -> Arc<Self> {
        Arc::new(Self { used_bytes: AtomicUsize::new(0), limit_bytes })
    }
}

impl TenantBudget {
    /// A part of which nothing is used.
    pub(crate) fn new(total: Arc<StateBudget>) -> Arc<Self> {
        Arc::new(Self { total, used_bytes: AtomicUsize::new(0) })
    }

    /// The bytes that are in use.
    pub(super) fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// Counts `bytes` as used; `None` if that would exceed the limit.
    pub(crate) fn allocate(self: &Arc<Self>, bytes: usize) -> Option<Allocation> {
        let mut allocation = Allocation::new(self);
        allocation.grow(bytes).then_some(allocation)
    }
}

impl Allocation {
    /// No bytes.
    pub(super) fn new(budget: &Arc<TenantBudget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0 }
    }

    /// Counts `bytes` more as used; if that would exceed the limit, counts nothing and returns false.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let total = &self.budget.total;
        let before = total.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > total.limit_bytes {
            total.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.budget.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        true
    }

    /// Counts `bytes` more as used, also beyond the limit.
    pub(super) fn grow_beyond_limit(&mut self, bytes: usize) {
        self.budget.total.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.budget.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
    }

    /// Frees `bytes` of it.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.budget.total.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}
