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
pub(crate) struct Work(Box<dyn FnOnce() -> Result<WorkStep, ApiError> + Send>);

/// What running work comes to.
pub(crate) enum WorkStep {
    /// It is done.
    Done(WorkDone),
    /// The rest of it is up to a child process, and waits for that.
    Child(Work),
}

/// A result, or how a child process finds it.
pub(crate) enum Found<T> {
    /// The result.
    Here(T),
    /// Waits for a child process, which finds it.
    InChild(Box<dyn FnOnce() -> Result<T, ApiError> + Send>),
}

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
        Answer::Work(Self(Box::new(|| run().map(WorkDone::Payload).map(WorkStep::Done))))
    }

    /// Work that a child process may have to do, after which `commit` changes the state.
    pub(crate) fn committing<T: Send + 'static>(
        run: impl FnOnce() -> Result<Found<T>, ApiError> + Send + 'static,
        commit: impl FnOnce(&mut Scope<'_>, T) -> Result<Payload, ApiError> + Send + 'static,
    ) -> Answer {
        Answer::Work(Self(Box::new(|| match run()? {
            Found::Here(result) => Ok(committed(result, commit)),
            Found::InChild(rest) => Ok(WorkStep::Child(Self(Box::new(|| Ok(committed(rest()?, commit)))))),
        })))
    }

    /// Does the work, as far as this process does it.
    pub(crate) fn run(self) -> Result<WorkStep, ApiError> {
        (self.0)()
    }
}

fn committed<T: Send + 'static>(
    result: T,
    commit: impl FnOnce(&mut Scope<'_>, T) -> Result<Payload, ApiError> + Send + 'static,
) -> WorkStep {
    WorkStep::Done(WorkDone::Commit(Box::new(|scope: &mut Scope<'_>| commit(scope, result))))
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
