//! The stages of one request, in the order in which they run: begin, decide, act, finish. They are synchronous: they
//! neither wait nor write. `server/service.rs` shows them in one function, with the waits between them.

mod begin;
mod context;
mod dry_run;
mod record;
mod reply;
mod rules;
mod stages;
#[cfg(test)]
mod tests;

pub(crate) use begin::{Admission, begin};
pub(crate) use context::{BodyLimits, Context, Release, SlowUpload};
pub(crate) use dry_run::dry_run;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use dry_run::respond;
pub(crate) use reply::Reply;
pub(crate) use rules::OWN_RULE;
pub(crate) use stages::{InProgress, Next, act, decide, finish};

use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Outcome, RecordedBody};
use crate::request::Head;
use crate::response::Response;

/// Refuses a request whose body could not be read, and records it.
pub(crate) fn refuse(instance: &Instance, context: &Context, head: &Head, error: ApiError) -> Reply {
    record::refuse(instance, context, head, &record::NO_BODY, error)
}

/// Records a request that is refused by its head, before its key is read.
pub(crate) fn record_refusal(instance: &Instance, head: &Head, response: &Response) {
    record::refused_by_head(instance, head, response);
}

/// Records an admitted request whose body is not there yet, unless it is recorded.
pub(crate) fn open(instance: &Instance, context: &mut Context, head: &Head) {
    if instance.settings.journal_entries > 0 && context.entry_number().is_none() {
        context.open_entry(record::unanswered(context, head, RecordedBody::default()));
    }
}

/// The reply to a request in whose stages a panic occurred. `number` is that of its entry, if it was recorded.
pub(crate) fn fail(instance: &Instance, context: &Context, head: &Head, number: Option<u64>) -> Reply {
    record::panicked(instance, context, head, number)
}

/// Notes that the client of a recorded request has left before the request has ended.
pub(crate) fn client_leaves(context: &Context, number: u64) {
    context.client_leaves();
    if let Some(tenant) = &context.tenant {
        tenant.lock().journal.client_leaves(number);
    }
}

/// Notes that the client of a request has left before its response was written.
pub(crate) fn reply_is_left(context: &Context, reply: &Reply) {
    if let Some(number) = reply.entry {
        client_leaves(context, number);
    }
}

/// Records that the client of a request has left while its response is delayed. It may have closed its sending half
/// only, and get the response.
pub(crate) fn delay_is_left(context: &Context, reply: &Reply) {
    context.client_leaves();
    if let (Some(tenant), Some(number)) = (&context.tenant, reply.entry) {
        tenant.lock().journal.set_outcome(number, Outcome::ClientGone);
    }
}

/// Records how the response to a request has ended.
pub(crate) fn record_outcome(instance: &Instance, context: &Context, reply: &Reply, outcome: Outcome) {
    if outcome == Outcome::ClientGone {
        context.client_leaves();
    }
    record::end(instance, context, reply, outcome);
}
