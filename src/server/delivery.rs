//! The delivery of responses: the journal records a response as sent when its last byte is written, and not before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::emulator::{Context, Reply};
use crate::journal::{Feed, Journal, Outcome};
use crate::tenant::Tenant;

/// The response that a connection delivers now, or delivered last.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// The tenant and number of its request; `None` for a request without a tenant.
    request: Mutex<Option<(Arc<Tenant>, u64)>>,
    /// Whether hyper has the whole body: the next write that takes all bytes completes the response.
    has_whole_body: AtomicBool,
    /// Whether its end was published, or nobody follows the journals.
    is_published: AtomicBool,
    /// Whether a write did not take all bytes of the response.
    is_slow: AtomicBool,
    feed: Arc<Feed>,
}

impl Delivery {
    /// A connection whose responses end up in journals with this feed.
    pub(super) fn new(feed: Arc<Feed>) -> Self {
        Self { feed, ..Self::default() }
    }

    /// A response is handed to hyper, whole or with a body that follows in portions.
    pub(super) fn begin(&self, context: &Context, reply: &Reply, has_whole_body: bool) {
        self.has_whole_body.store(has_whole_body, Ordering::Relaxed);
        self.is_published.store(false, Ordering::Relaxed);
        self.is_slow.store(false, Ordering::Relaxed);
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
            if !self.is_slow.load(Ordering::Relaxed) {
                self.publish(Journal::publish_unless_left);
            }
        }
    }

    /// The socket took all bytes of the last write. If the client was seen to leave, the end of the connection decides.
    pub(super) fn write_is_complete(&self) {
        if self.has_whole_body.load(Ordering::Relaxed) {
            self.publish(Journal::publish_unless_left);
        }
    }

    /// The connection ends. What may still be written belongs to a response that is not delivered here.
    pub(super) fn connection_ends(&self) {
        self.publish(|journal, number| {
            journal.publish(number);
            true
        });
        *self.request.lock() = None;
    }

    /// The socket did not take all bytes of the last write.
    pub(super) fn write_is_incomplete(&self) {
        self.is_slow.store(true, Ordering::Relaxed);
        self.is_published.store(false, Ordering::Relaxed);
        self.record(Outcome::Open);
    }

    /// The rest of the response is not sent.
    pub(super) fn is_cut(&self) {
        self.end(Outcome::Cut);
    }

    /// The client leaves while the response is sent.
    pub(super) fn client_leaves(&self) {
        if let Some((tenant, number)) = &*self.request.lock() {
            tenant.lock().journal.client_leaves(*number);
        }
    }

    /// The last response did not reach its client.
    pub(super) fn client_is_gone(&self) {
        self.end(Outcome::ClientGone);
    }

    /// Records how the response has ended after all.
    fn end(&self, outcome: Outcome) {
        self.is_published.store(true, Ordering::Relaxed);
        if let Some((tenant, number)) = &*self.request.lock() {
            tenant.lock().journal.end(*number, outcome);
        }
    }

    /// Publishes how the response has ended, unless that was done; `publish` says whether it did so.
    fn publish(&self, publish: impl FnOnce(&mut Journal, u64) -> bool) {
        if self.is_published.load(Ordering::Relaxed) {
            return;
        }
        let request = self.request.lock();
        let is_published = match &*request {
            Some((tenant, number)) if self.feed.has_followers() => publish(&mut tenant.lock().journal, *number),
            _ => true,
        };
        self.is_published.store(is_published, Ordering::Relaxed);
    }

    fn record(&self, outcome: Outcome) {
        if let Some((tenant, number)) = &*self.request.lock() {
            tenant.lock().journal.set_outcome(*number, outcome);
        }
    }
}
