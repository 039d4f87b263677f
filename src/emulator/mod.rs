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
pub(crate) use context::{BodyLimits, Context, Release};
pub(crate) use dry_run::dry_run;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use dry_run::respond;
pub(crate) use reply::Reply;
pub(crate) use rules::OWN_RULE;
pub(crate) use stages::{Next, act, decide, finish};

use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::Outcome;
use crate::request::Head;

/// Refuses a request whose body could not be read, and records it.
pub(crate) fn refuse(instance: &Instance, context: &Context, head: &Head, error: ApiError) -> Reply {
    record::refuse(instance, context, head, &record::NO_BODY, error)
}

/// The reply to a request in whose stages a panic occurred.
pub(crate) fn fail(instance: &Instance, context: &Context, head: &Head) -> Reply {
    record::panicked(instance, context, head)
}

/// Records how the response to a request ended.
pub(crate) fn record_outcome(instance: &Instance, context: &Context, reply: &Reply, outcome: Outcome) {
    record::set_outcome(instance, context, reply.entry, outcome);
}
