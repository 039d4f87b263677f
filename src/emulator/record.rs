//! The journal entries of requests, and the refusals that are recorded outside the stages.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::Emulator;
use super::context::{RequestContext, RequestTarget};
use crate::clock::{self, Timestamp};
use crate::error::ApiError;
use crate::journal::{Entry, Journal, Outcome};
use crate::operation::Effect;
use crate::request::{Head, Request};
use crate::response::Response;
use crate::seed::Seed;

/// A request and its response, at a time of the clock of its tenant.
pub(super) struct Exchange<'a> {
    pub(super) at: Timestamp,
    pub(super) request: &'a Request,
    pub(super) response: &'a Response,
}

impl Emulator {
    /// Counts a request and records it in a journal.
    pub(super) fn record(&self, journal: &mut Journal, context: &RequestContext, exchange: &Exchange<'_>) {
        if let RequestTarget::Operation(routed) = &context.target {
            self.counters.count(routed.position, exchange.response.status);
        }
        if self.settings.journal_entries > 0 {
            journal.record(entry(context, exchange));
        }
    }

    /// Refuses a request whose body could not be read, and records it.
    pub(crate) fn refuse(&self, context: &mut RequestContext, head: &Head, error: ApiError) -> Response {
        self.refuse_request(context, &Request { head: head.clone(), body: Bytes::new() }, error)
    }

    /// Refuses a request before it reaches its handler, and records it.
    pub(super) fn refuse_request(&self, context: &mut RequestContext, request: &Request, error: ApiError) -> Response {
        let response = error.into();
        if let Some(tenant) = context.tenant.clone() {
            let mut state = tenant.lock();
            context.number = state.journal.next_number();
            let exchange = Exchange { at: tenant.clock.now(), request, response: &response };
            self.record(&mut state.journal, context, &exchange);
        } else if matches!(context.target, RequestTarget::Operation(_)) {
            let mut journal = self.unauthenticated.lock();
            context.number = journal.next_number();
            let exchange = Exchange { at: clock::system_now(), request, response: &response };
            self.record(&mut journal, context, &exchange);
        }
        response
    }

    /// Records a request that no operation answers, with its tenant if that exists.
    pub(super) fn record_unrouted(&self, head: &Head, response: &Response) {
        if self.settings.journal_entries == 0 {
            return;
        }
        let request = Request { head: head.clone(), body: Bytes::new() };
        let add = |journal: &mut Journal, label, at| {
            let number = journal.next_number();
            journal.record(Entry { seq: number, at, tenant: label, ..Entry::of(&request, response) });
        };
        match self.accepted_key(head).and_then(|key| self.tenants.find(key)) {
            Some(tenant) => add(&mut tenant.lock().journal, Some(Arc::clone(&tenant.label)), tenant.clock.now()),
            None => add(&mut self.unauthenticated.lock(), None, clock::system_now()),
        }
    }

    /// The response of the service to a request whose handler panicked: 500 with a correlation id.
    pub(crate) fn record_panic(&self, context: &mut RequestContext, head: &Head) -> Response {
        let ordinal = self.panics.fetch_add(1, Ordering::Relaxed);
        let mut stream = Seed::new(self.settings.seed, "").stream("panic", ordinal);
        self.refuse(context, head, ApiError::failure(&mut stream))
    }

    /// Records how the response to a request ended.
    pub(crate) fn record_outcome(&self, context: &RequestContext, outcome: Outcome) {
        match &context.tenant {
            Some(tenant) => tenant.lock().journal.set_outcome(context.number, outcome),
            None => self.unauthenticated.lock().set_outcome(context.number, outcome),
        }
    }
}

/// The journal entry of a request.
fn entry(context: &RequestContext, exchange: &Exchange<'_>) -> Entry {
    let Exchange { at, request, response } = *exchange;
    let label = context.tenant.as_ref().map(|tenant| Arc::clone(&tenant.label));
    let entry = Entry::of(request, response);
    let creates =
        matches!(&context.target, RequestTarget::Operation(routed) if routed.operation.effect == Effect::Creates);
    let held_back = context.clock().map_or(Duration::ZERO, |clock| clock.real_duration(response.delay));
    Entry {
        seq: context.number,
        at,
        tenant: label,
        operation: Some(context.name()),
        due: entry.real_time.plus(held_back),
        faults: context.faults.clone(),
        committed: context.committed,
        // The server records how the response to a tenant ends; to others it is sent at once.
        outcome: if context.tenant.is_some() { Outcome::Open } else { Outcome::Sent },
        creates,
        ..entry
    }
}
