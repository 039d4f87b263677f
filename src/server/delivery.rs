//! The delivery of responses: the journal records a response as sent when its last byte is written, and not before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::emulator::{Context, Reply};
use crate::journal::Outcome;
use crate::tenant::Tenant;

/// The response that a connection delivers now, or delivered last.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// The tenant and number of its request; `None` for a request without a tenant.
    request: Mutex<Option<(Arc<Tenant>, u64)>>,
    /// Whether hyper has the whole body: the next write that takes all bytes completes the response.
    has_whole_body: AtomicBool,
}

impl Delivery {
    /// A response is handed to hyper, whole or with a body that follows in portions.
    pub(super) fn begin(&self, context: &Context, reply: &Reply, has_whole_body: bool) {
        self.has_whole_body.store(has_whole_body, Ordering::Relaxed);
        *self.request.lock() = context.tenant.as_ref().map(Arc::clone).zip(reply.entry);
    }

    /// The last portion of the body is handed to hyper.
    pub(super) fn body_ends(&self) {
        self.has_whole_body.store(true, Ordering::Relaxed);
    }

    /// Bytes are about to be written. They are recorded as sent before the write, so that the entry is complete when
    /// the client has read its response.
    pub(super) fn write_begins(&self) {
        if self.has_whole_body.load(Ordering::Relaxed) {
            self.record(Outcome::Sent);
        }
    }

    /// The socket did not take all bytes of the last write.
    pub(super) fn write_is_incomplete(&self) {
        self.record(Outcome::Open);
    }

    /// The rest of the response is not sent.
    pub(super) fn is_cut(&self) {
        self.record(Outcome::Cut);
    }

    /// The last response did not reach its client.
    pub(super) fn client_is_gone(&self) {
        self.record(Outcome::ClientGone);
    }

    fn record(&self, outcome: Outcome) {
        if let Some((tenant, number)) = &*self.request.lock() {
            tenant.lock().journal.set_outcome(*number, outcome);
        }
    }
}
