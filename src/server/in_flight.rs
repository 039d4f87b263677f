//! A request that is being served, and the guard around each of its stages.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::connection::ConnectionState;
use crate::emulator::{Emulator, RequestContext, Step};
use crate::journal::Outcome;
use crate::request::Head;

/// A request between its head and its response. If it is dropped in between, its client has gone, and the journal records
/// that.
pub(super) struct InFlight {
    /// Its connection.
    pub(super) connection: Arc<ConnectionState>,
    /// What the stages keep of it; taken out at the end.
    pub(super) context: Option<Box<RequestContext>>,
}

impl InFlight {
    /// What the stages keep of it, to change it.
    pub(super) fn context(&mut self) -> &mut RequestContext {
        self.context.as_mut().expect("is taken out at the end only")
    }

    /// What the stages keep of it.
    pub(super) fn context_ref(&self) -> &RequestContext {
        self.context.as_ref().expect("is taken out at the end only")
    }

    /// The context of a request whose response can be written.
    pub(super) fn finish(mut self) -> Option<Box<RequestContext>> {
        self.context.take()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(context) = self.context.take() {
            self.connection.server.emulator.record_outcome(&context, Outcome::ClientGone);
        }
    }
}

/// Runs a stage. If it panics, only this request fails.
pub(super) fn caught(
    in_flight: &mut InFlight,
    head: &Head,
    stage: impl FnOnce(&Emulator, &mut RequestContext) -> Step,
) -> Step {
    let connection = Arc::clone(&in_flight.connection);
    let emulator = &connection.server.emulator;
    let context = in_flight.context();
    catch_unwind(AssertUnwindSafe(|| stage(emulator, context)))
        .unwrap_or_else(|_| Step::Done(emulator.record_panic(context, head)))
}
