//! What a request waits for between its stages: delays of fault rules, and jobs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::connection_state::ConnectionState;
use super::exchange::PendingExchange;
use super::shared_stream::SharedStream;
use super::state::ServerState;
use super::work_queue::QueueFull;
use crate::emulator::{self, Context, InProgress, Next, Release, SlowUpload};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::operation::{Commit, Job, Pool};
use crate::response::{Break, Delay, Response, time_for};

/// The pause before a response that may become another one is asked for again: longer, the longer its request waits.
const MIN_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// Runs a stage. If it panics, only this request fails.
pub(super) fn guarded(stage: impl FnOnce() -> Next) -> Result<Next, Panic> {
    catch_unwind(AssertUnwindSafe(stage)).map_err(|_| Panic)
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

/// A stage or a job has panicked.
#[derive(Debug)]
pub(super) struct Panic;

/// Runs a future to its end; `on_gone` is called if the client goes away meanwhile. It is boxed: few requests wait.
///
/// A client that has only closed its sending half looks no different, so that the future runs on.
pub(super) fn watched<T>(
    stream: &SharedStream,
    future: impl Future<Output = T>,
    on_gone: impl FnOnce(),
) -> Pin<Box<impl Future<Output = T>>> {
    Box::pin(async move {
        let mut future = pin!(future);
        tokio::select! {
            biased;
            output = &mut future => output,
            () = stream.client_gone() => {
                on_gone();
                future.await
            }
        }
    })
}

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

/// Waits before a request acts, and records if its client leaves meanwhile; how long it waited in real time.
pub(super) async fn wait(
    connection: &ConnectionState,
    context: &Context,
    in_progress: &InProgress,
    delay: Delay,
) -> Duration {
    let began = Instant::now();
    let sleep = sleep(&connection.server.instance, context, &in_progress.release, delay);
    watched(&connection.stream, sleep, || emulator::client_leaves(context, in_progress.number)).await;
    began.elapsed()
}

/// Waits for an injected delay, at most until the fault rules of the tenant are reset or the server shuts down.
async fn sleep(instance: &Instance, context: &Context, release: &Release, delay: Delay) {
    let Some(clock) = context.clock() else { return };
    let sleep = async {
        clock.sleep(delay.on_clock).await;
        clock.sleep_real(delay.real).await;
    };
    tokio::select! {
        () = sleep => {}
        () = clock.wait_until(|| release.has_come() || instance.is_draining()) => {}
    }
}

/// Waits after a piece of the body of a request has arrived, if a fault rule slows the upload down; how long it waited
/// in real time. If the client stops sending meanwhile, the rest is read at once.
pub(super) async fn pause_upload(connection: &ConnectionState, slow: Option<&SlowUpload>, bytes: usize) -> Duration {
    let Some(SlowUpload { bandwidth, clock, release }) = slow else { return Duration::ZERO };
    let began = Instant::now();
    Box::pin(async {
        tokio::select! {
            () = clock.sleep(time_for(bytes as u64, *bandwidth)) => {}
            () = clock.wait_until(|| release.has_come() || connection.server.instance.is_draining()) => {}
            () = connection.stream.client_stops_sending() => {}
        }
    })
    .await;
    began.elapsed()
}

/// Waits a moment if there is time left, in which the response to a request that came then may become another one.
pub(super) async fn may_settle(connection: &ConnectionState, within: Duration, started: Instant) -> bool {
    let elapsed = started.elapsed();
    let left = within.saturating_sub(elapsed);
    if left.is_zero() || connection.server.instance.is_draining() {
        return false;
    }
    tokio::select! {
        () = connection.stream.client_gone() => false,
        () = tokio::time::sleep(left.min((elapsed / 20).clamp(MIN_PAUSE, MAX_PAUSE))) => true,
    }
}

/// Waits as long as the response is delayed; if the fault rules were reset meanwhile, there is none. If the client goes
/// away meanwhile, the journal records that; the response is written all the same.
pub(super) async fn delay(connection: &ConnectionState, exchange: &mut PendingExchange) {
    let delay = exchange.reply.response.delay;
    let Some(context) = exchange.context.as_deref().filter(|_| !delay.is_zero()) else { return };
    let began = Instant::now();
    let instance = &connection.server.instance;
    let sleep = sleep(instance, context, &exchange.reply.release, delay);
    watched(&connection.stream, sleep, || exchange.client_leaves()).await;
    exchange.waited += began.elapsed();
    if exchange.reply.release.has_come() {
        exchange.reply.response = Response::none(Break::Close);
    }
}
