//! The journal entries of requests, and the refusals that are recorded outside the stages.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::context::Context;
use super::reply::Reply;
use crate::clock::{self, Timestamp};
use crate::content::Content;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Entry, Journal, Outcome, RecordedBody};
use crate::operation::Effect;
use crate::request::Head;
use crate::response::Response;
use crate::seed::Seed;

/// The body of a request that is refused before its body is read.
pub(super) const NO_BODY: Bytes = Bytes::new();

/// Counts a request and records it in a journal.
pub(super) fn record(instance: &Instance, journal: &mut Journal, context: &Context, entry: Entry) {
    if let Some(routed) = context.operation() {
        instance.counters.count(routed.position, entry.status);
    }
    if instance.settings.journal_entries > 0 {
        journal.record(entry);
    }
}

/// The entry of a request and its response. The caller sets the number, the time, the faults, and whether it changed
/// the state.
pub(super) fn entry(context: &Context, head: &Head, body: RecordedBody, response: &Response) -> Entry {
    let delay = context.clock().map_or(Duration::ZERO, |clock| clock.real_duration(response.delay));
    let entry = Entry::of(head, body, response, delay);
    Entry {
        tenant: context.tenant.as_ref().map(|tenant| Arc::clone(&tenant.label)),
        operation: Some(context.name()),
        // The server records how the response to a tenant ends; to others it is sent at once.
        outcome: if context.tenant.is_some() { Outcome::Open } else { Outcome::Sent },
        effect: context.operation().map_or(Effect::Reads, |routed| routed.operation.effect),
        ..entry
    }
}

/// Refuses a request before it reaches its handler, and records it.
pub(super) fn refuse(instance: &Instance, context: &Context, head: &Head, body: &Bytes, error: ApiError) -> Reply {
    let response = Response::from(error);
    let body = RecordedBody::of_request(&Content::of(head, body));
    let add = |journal: &mut Journal, at: Timestamp| {
        let number = journal.next_number();
        let entry = Entry { seq: number, at, ..entry(context, head, body, &response) };
        record(instance, journal, context, entry);
        number
    };
    let number = match (&context.tenant, context.operation()) {
        (Some(tenant), _) => add(&mut tenant.lock().journal, tenant.clock.now()),
        (None, Some(_)) => add(&mut instance.unauthenticated.lock(), clock::system_now()),
        (None, None) => return response.into(),
    };
    Reply { entry: Some(number), ..response.into() }
}

/// Records a request that no operation answers, with its tenant if that exists.
pub(super) fn unrouted(instance: &Instance, head: &Head, response: &Response) {
    if instance.settings.journal_entries == 0 {
        return;
    }
    let add = |journal: &mut Journal, label, at| {
        let number = journal.next_number();
        journal.record(Entry {
            seq: number,
            at,
            tenant: label,
            ..Entry::of(head, RecordedBody::default(), response, Duration::ZERO)
        });
    };
    match instance.accepted_key(head).and_then(|key| instance.tenants.find(key)) {
        Some(tenant) => add(&mut tenant.lock().journal, Some(Arc::clone(&tenant.label)), tenant.clock.now()),
        None => add(&mut instance.unauthenticated.lock(), None, clock::system_now()),
    }
}

/// The response of the service to a request whose handler panicked: 500 with a correlation id.
pub(super) fn panicked(instance: &Instance, context: &Context, head: &Head) -> Reply {
    let ordinal = instance.panics.fetch_add(1, Ordering::Relaxed);
    let mut stream = Seed::new(instance.settings.seed, "").stream("panic", ordinal);
    refuse(instance, context, head, &NO_BODY, ApiError::failure(&mut stream))
}

/// Records how the response to a request ended.
pub(super) fn set_outcome(instance: &Instance, context: &Context, entry: Option<u64>, outcome: Outcome) {
    let Some(number) = entry else { return };
    match &context.tenant {
        Some(tenant) => tenant.lock().journal.set_outcome(number, outcome),
        None => instance.unauthenticated.lock().set_outcome(number, outcome),
    }
}
