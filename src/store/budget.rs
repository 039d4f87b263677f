//! The bytes that the state of all tenants takes, so that no client can grow the program without bound. Each tenant may
//! use an equal share of the limit even if others have used it up; all together then use at most twice the limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes of all tenants. A tenant that uses more than its share is refused more when the limit is reached.
#[derive(Debug)]
pub(crate) struct StateBudget {
    used_bytes: AtomicUsize,
    /// The number of tenants that use any.
    users: AtomicUsize,
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
        Arc::new(Self { used_bytes: AtomicUsize::new(0), users: AtomicUsize::new(0), limit_bytes })
    }

    /// The bytes that are in use.
    pub(crate) fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// The bytes that each tenant may use even if the others use all the rest.
    fn share_bytes(&self) -> usize {
        self.limit_bytes / self.users.load(Ordering::Relaxed).max(1)
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

    fn is_exceeded(&self) -> bool {
        let total = &self.total;
        total.used_bytes() > total.limit_bytes && self.used_bytes() > total.share_bytes()
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
        self.grow_beyond_limit(bytes);
        let is_exceeded = self.budget.is_exceeded();
        if is_exceeded {
            self.shrink(bytes);
        }
        !is_exceeded
    }

    /// Counts `bytes` more as used, also beyond the limit.
    pub(super) fn grow_beyond_limit(&mut self, bytes: usize) {
        let TenantBudget { total, used_bytes } = &*self.budget;
        total.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        let before = used_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before == 0 && bytes > 0 {
            total.users.fetch_add(1, Ordering::Relaxed);
        }
        self.bytes += bytes;
    }

    /// Frees `bytes` of it.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        let TenantBudget { total, used_bytes } = &*self.budget;
        let before = used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if before == bytes && bytes > 0 {
            total.users.fetch_sub(1, Ordering::Relaxed);
        }
        total.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}
