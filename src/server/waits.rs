//! What a request waits for between its stages: delays of fault rules, and jobs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::connection_state::ConnectionState;
use super::exchange::PendingExchange;
use super::state::ServerState;
use super::work_queue::QueueFull;
use crate::emulator::{self, Context, Next, Release};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::Outcome;
use crate::operation::{Commit, Job, Pool};
use crate::request::Head;
use crate::response::{Break, Response};

/// Runs a stage. If it panics, only this request fails.
pub(super) fn guarded(instance: &Instance, context: &Context, head: &Head, stage: impl FnOnce() -> Next) -> Next {
    catch_unwind(AssertUnwindSafe(stage)).unwrap_or_else(|_| emulator::fail(instance, context, head).into())
}

/// Runs a future to its end, even if this one is dropped because its client goes away. A future that is ready at once
/// needs no task of its own for that.
pub(super) async fn detached<F>(future: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut future = Box::pin(future);
    match std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
        Poll::Ready(output) => output,
        Poll::Pending => tokio::spawn(future).await.expect("a task that catches panics ends, and nobody aborts it"),
    }
}

/// A job has panicked.
#[derive(Debug)]
pub(super) struct Panic;

/// Runs a job when it is the turn of its request.
pub(super) async fn run(server: &ServerState, context: &Context, job: Job) -> Result<Result<Commit, ApiError>, Panic> {
    let queue = match job.pool {
        Pool::Thread => &server.thread_queue,
        Pool::Child => {
            if !server.instance.worker.has_program() {
                server.log.warn_of_no_program();
            }
            &server.child_queue
        }
    };
    let tenant = context.tenant.as_ref().map(|tenant| Arc::clone(&tenant.label)).unwrap_or_default();
    let turn = match queue.turn(tenant).await {
        Ok(turn) => turn,
        Err(QueueFull { limit }) => {
            let detail = format!("More than {limit} requests wait for work on documents (--max-queued-work)");
            return Ok(Err(ApiError::text(503, detail)));
        }
    };
    let instance = Arc::clone(&server.instance);
    let run = move || {
        let _turn = turn;
        job.run(&instance.worker)
    };
    tokio::task::spawn_blocking(run).await.map_err(|_| Panic)
}

/// Waits on the clock of a request's tenant, at most until its fault rules are reset or the server shuts down.
pub(super) async fn sleep(instance: &Instance, context: &Context, release: &Release, delay: Duration) {
    let Some(clock) = context.clock() else { return };
    tokio::select! {
        () = clock.sleep(delay) => {}
        () = clock.wait_until(|| release.has_come() || instance.is_draining()) => {}
    }
}

/// Waits as long as the response is delayed; another response if the fault rules were reset meanwhile: none.
///
/// If the client goes away meanwhile, the journal records that; the response is written all the same, since a client
/// that has only closed its sending half looks no different.
pub(super) async fn delay(connection: &ConnectionState, exchange: &PendingExchange) -> Option<Response> {
    let delay = exchange.reply.response.delay;
    let context = exchange.context.as_deref().filter(|_| !delay.is_zero())?;
    let instance = &connection.server.instance;
    let mut sleep = pin!(sleep(instance, context, &exchange.reply.release, delay));
    tokio::select! {
        () = &mut sleep => {}
        () = connection.stream.client_gone() => {
            exchange.record(Outcome::ClientGone);
            sleep.await;
        }
    }
    exchange.reply.release.has_come().then(|| Response::none(Break::Close))
}
