//! The number of bytes that the state of all tenants takes, so that no client can grow the program without bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The account of all tenants.
#[derive(Debug)]
pub(crate) struct Ledger {
    used_bytes: AtomicUsize,
    limit_bytes: usize,
}

/// The bytes of one store in a [`Ledger`]; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    ledger: Arc<Ledger>,
    bytes: usize,
}

impl Ledger {
    /// An empty account.
    pub(crate) fn new(limit_bytes: usize) -> Arc<Self> {
        Arc::new(Self { used_bytes: AtomicUsize::new(0), limit_bytes })
    }
}

/// Bytes in a [`Ledger`] that belong to no single store; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _share: Share,
}

impl Permit {
    /// Takes `bytes`; `None` if there are not that many left.
    pub(crate) fn take(ledger: &Arc<Ledger>, bytes: usize) -> Option<Self> {
        let mut share = Share::new(Arc::clone(ledger));
        share.take(bytes).then_some(Self { _share: share })
    }
}

impl Share {
    pub(super) fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger, bytes: 0 }
    }

    pub(super) fn ledger(&self) -> Arc<Ledger> {
        Arc::clone(&self.ledger)
    }

    /// Takes `bytes` more; if that would exceed the limit, takes nothing and returns false.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let before = self.ledger.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.ledger.limit_bytes {
            self.ledger.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.bytes += bytes;
        true
    }

    /// Takes `bytes` more, also beyond the limit.
    pub(super) fn take_anyway(&mut self, bytes: usize) {
        self.ledger.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
    }

    /// Gives `bytes` back that were taken.
    pub(super) fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.ledger.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Gives everything back.
    pub(super) fn clear(&mut self) {
        self.give_back(self.bytes);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.clear();
    }
}
