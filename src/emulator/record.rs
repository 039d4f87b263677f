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
use crate::fault::HeadDecision;
use crate::instance::Instance;
use crate::journal::{Entry, Journal, Outcome, RecordedBody};
use crate::request::Head;
use crate::response::{Delay, Response, ResponseEnd};
use crate::seed::Seed;

/// The body of a request that is refused before its body is read.
pub(super) const NO_BODY: Bytes = Bytes::new();

/// Counts a request and records it in a journal.
pub(super) fn record(instance: &Instance, journal: &mut Journal, context: &Context, entry: Box<Entry>) {
    if let Some(tenant) = &context.tenant {
        tenant.note_use(entry.real_time);
    }
    if let Some(routed) = context.operation() {
        instance.counters.count(routed.position, entry.status);
    }
    if instance.settings.journal_entries > 0 {
        journal.record(entry);
    }
}

/// The entry of a request without a response. The caller sets the number and the time.
pub(super) fn unanswered(context: &Context, head: &Head, body: RecordedBody) -> Box<Entry> {
    let mut entry = Box::new(Entry::open(head, body));
    entry.operation = Some(context.name());
    if let Some(tenant) = &context.tenant {
        entry.tenant = Some(Arc::clone(&tenant.label));
        entry.tenant_name = tenant.name();
    }
    if let Some(routed) = context.operation() {
        entry.path_pattern = routed.operation.path;
        entry.effect = routed.operation.effect;
    }
    entry
}

/// The entry of a request and its response. The caller sets the number, the time, the faults, and whether it changed
/// the state.
pub(super) fn entry(context: &Context, head: &Head, body: RecordedBody, response: &Response) -> Box<Entry> {
    let Delay { on_clock, real } = response.delay;
    let delay = context.clock().map_or(Duration::ZERO, |clock| clock.real_duration(on_clock, real));
    let mut entry = unanswered(context, head, body);
    entry.answer(response, delay);
    // The server records how the response to a tenant ends; to others it is sent at once.
    if context.tenant.is_none() {
        entry.end(Outcome::Sent);
    }
    entry
}

/// Refuses a request before it reaches its handler, and records it.
pub(super) fn refuse(instance: &Instance, context: &Context, head: &Head, body: &Bytes, error: ApiError) -> Reply {
    let response = Response::from(error);
    let body = RecordedBody::of_request(&Content::of(head, body));
    let entry = entry(context, head, body, &response);
    Reply { entry: add(instance, context, context.entry_number(), entry), ..response.into() }
}

/// Adds an entry, in the place of the one with this number if that has no response yet; returns the number.
fn add(instance: &Instance, context: &Context, number: Option<u64>, mut entry: Box<Entry>) -> Option<u64> {
    let add = |journal: &mut Journal, at: Timestamp, mut entry: Box<Entry>| {
        let seq = journal.number_of(number);
        (entry.seq, entry.at) = (seq, at);
        record(instance, journal, context, entry);
        seq
    };
    match (&context.tenant, context.operation()) {
        (Some(tenant), _) => {
            let state = &mut *tenant.lock();
            let slowed = context.head_decision.as_ref().filter(|head| was_read_slowly(head, &entry));
            entry.faults = slowed.map_or_else(Vec::new, |head| head.end_slow_upload(&mut state.faults));
            Some(add(&mut state.journal, tenant.clock.now(), entry))
        }
        (None, Some(_)) => Some(add(&mut instance.unauthenticated.lock(), clock::system_now(), entry)),
        (None, None) => None,
    }
}

/// Whether a part of the body of a request was read slowly before this refusal. One that is too large is refused by its
/// announced length.
fn was_read_slowly(head: &HeadDecision, refusal: &Entry) -> bool {
    head.upload_bandwidth.is_some() && refusal.status != Some(413)
}

/// Records a request that no operation answers, with its tenant if that exists. It may be for another product of the
/// real API.
pub(super) fn unrouted(instance: &Instance, head: &Head, response: &Response, product: Option<&'static str>) {
    let mut entry = of(head, response);
    entry.product = product;
    match instance.accepted_key(head).and_then(|key| instance.tenants.find(key)) {
        Some(tenant) => {
            (entry.tenant, entry.tenant_name) = (Some(Arc::clone(&tenant.label)), tenant.name());
            entry.at = tenant.clock.now();
            add_unrouted(instance, &mut tenant.lock().journal, entry);
        }
        None => add_unrouted(instance, &mut instance.unauthenticated.lock(), entry),
    }
}

/// Records a request that is refused before its key is read.
pub(super) fn refused_by_head(instance: &Instance, head: &Head, response: &Response) {
    add_unrouted(instance, &mut instance.unauthenticated.lock(), of(head, response));
}

/// The entry of a request that no operation answers.
fn of(head: &Head, response: &Response) -> Box<Entry> {
    let mut entry = Box::new(Entry::open(head, RecordedBody::default()));
    entry.answer(response, Duration::ZERO);
    entry.end(Outcome::Sent);
    entry
}

fn add_unrouted(instance: &Instance, journal: &mut Journal, mut entry: Box<Entry>) {
    if instance.settings.journal_entries > 0 {
        entry.seq = journal.number_of(None);
        journal.record(entry);
    }
}

/// The response of the service to a request whose handler panicked: 500 with a correlation id. `number` is that of its
/// entry, if it was recorded before it had a response.
pub(super) fn panicked(instance: &Instance, context: &Context, head: &Head, number: Option<u64>) -> Reply {
    let ordinal = instance.panics.fetch_add(1, Ordering::Relaxed);
    let mut stream = Seed::new(instance.settings.seed, "").stream("panic", ordinal);
    let response = Response::from(ApiError::failure(&mut stream));
    let entry = entry(context, head, RecordedBody::default(), &response);
    Reply { entry: add(instance, context, number.or(context.entry_number()), entry), ..response.into() }
}

/// Records how the response to a request has ended. A rule that was to close the connection after it has struck only if
/// the response was sent.
pub(super) fn end(instance: &Instance, context: &Context, reply: &Reply, outcome: Outcome) {
    let Some(number) = reply.entry else { return };
    let Some(tenant) = &context.tenant else { return instance.unauthenticated.lock().end(number, outcome) };
    let state = &mut *tenant.lock();
    if outcome != Outcome::Sent && reply.response.wire.end == ResponseEnd::WholeThenClose {
        let notes = state.faults.take_back_closes(context.own_rule.as_deref(), reply.faults.clone());
        state.journal.set_faults(number, notes);
    }
    state.journal.end(number, outcome);
}
