//! What a handler does outside the lock of its tenant: reading a file, searching an index. It runs on a bounded pool, so
//! that it delays no other request.

use std::fmt;

use crate::error::ApiError;
use crate::response::Payload;
use crate::store::Scope;

/// What a handler decides under the lock of its tenant.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The body of a success.
    Payload(Payload),
    /// Work that leads to one.
    Work(Work),
}

/// Work without the lock. It owns all that it needs: a snapshot of the state, or the body of the request.
pub(crate) struct Work(Box<dyn FnOnce() -> Result<WorkDone, ApiError> + Send>);

/// A change of the state that finished work leads to.
type Commit = Box<dyn FnOnce(&mut Scope<'_>) -> Result<Payload, ApiError> + Send>;

/// What work comes to.
pub(crate) enum WorkDone {
    /// The body of a success.
    Payload(Payload),
    /// A change of the state, under the lock of the tenant, which returns the body of a success.
    Commit(Commit),
}

impl Work {
    /// Work that only reads.
    pub(crate) fn reading(run: impl FnOnce() -> Result<Payload, ApiError> + Send + 'static) -> Answer {
        Answer::Work(Self(Box::new(|| run().map(WorkDone::Payload))))
    }

    /// Work after which `commit` changes the state.
    pub(crate) fn committing<T: Send + 'static>(
        run: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
        commit: impl FnOnce(&mut Scope<'_>, T) -> Result<Payload, ApiError> + Send + 'static,
    ) -> Answer {
        Answer::Work(Self(Box::new(|| {
            let done = run()?;
            Ok(WorkDone::Commit(Box::new(|scope: &mut Scope<'_>| commit(scope, done))))
        })))
    }

    /// Does the work.
    pub(crate) fn run(self) -> Result<WorkDone, ApiError> {
        (self.0)()
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Work")
    }
}

impl fmt::Debug for WorkDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload(payload) => f.debug_tuple("Payload").field(payload).finish(),
            Self::Commit(_) => f.write_str("Commit"),
        }
    }
}
