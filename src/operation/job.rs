//! Work of a handler outside the lock of its tenant, such as reading a file or searching an index. It runs on a
//! bounded pool, so that it delays no other request.

use std::fmt;

use crate::error::ApiError;
use crate::response::Payload;
use crate::store::Scope;
use crate::worker::Worker;

/// The result of a handler, decided under the lock of its tenant.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The body of a success.
    Payload(Payload),
    /// Work that leads to one.
    Job(Job),
}

/// Work without the lock. It owns all that it needs: a snapshot of the state, or the body of the request.
pub(crate) struct Job {
    /// Where it runs.
    pub(crate) pool: Pool,
    run: Run,
}

/// Where a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pool {
    /// In a thread of this process.
    Thread,
    /// In a child process, for which a thread waits.
    Child,
}

/// The work of a job.
type Run = Box<dyn FnOnce(&Worker) -> Result<Commit, ApiError> + Send>;

/// The change that a job leads to, under the lock of the tenant. It returns the body of a success.
pub(crate) type Commit = Box<dyn FnOnce(&mut Scope<'_>) -> Result<Payload, ApiError> + Send>;

impl Job {
    /// A job that runs `run` and then, under the lock, passes the result to `commit`.
    pub(crate) fn new<T: Send + 'static>(
        pool: Pool,
        run: impl FnOnce(&Worker) -> Result<T, ApiError> + Send + 'static,
        commit: impl FnOnce(&mut Scope<'_>, T) -> Result<Payload, ApiError> + Send + 'static,
    ) -> Self {
        let run = |worker: &Worker| {
            run(worker).map(|result| Box::new(|scope: &mut Scope<'_>| commit(scope, result)) as Commit)
        };
        Self { pool, run: Box::new(run) }
    }

    /// A job that changes nothing: its result is the body of a success.
    pub(crate) fn reading(run: impl FnOnce() -> Payload + Send + 'static) -> Self {
        Self::new(Pool::Thread, |_| Ok(run()), |_, payload| Ok(payload))
    }

    /// Does the work; `worker` starts child processes for it.
    pub(crate) fn run(self, worker: &Worker) -> Result<Commit, ApiError> {
        (self.run)(worker)
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("pool", &self.pool).finish_non_exhaustive()
    }
}
