//! The stages of a request that take time: the wait before it acts, its work on documents, and the delay of its response.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use super::connection::ConnectionState;
use super::in_flight::{InFlight, caught};
use super::work_queue::QueueFull;
use crate::emulator::{Ran, RequestContext, Step, Worked, Working};
use crate::error::ApiError;
use crate::journal::Outcome;
use crate::request::Request;
use crate::response::Response;

/// The stages of a request after it was decided: the wait before it acts, and the work outside the lock of its tenant.
pub(super) async fn later_stages(in_flight: &mut InFlight, request: &Request, mut step: Step) -> Response {
    loop {
        step = match step {
            Step::Done(response) => return response,
            Step::Wait(wait, pending) => {
                sleep_unless_released(in_flight.context_ref(), wait).await;
                caught(in_flight, &request.head, |emulator, context| emulator.act(context, request, *pending))
            }
            Step::Work(working) => complete(in_flight, request, *working).await,
        }
    }
}

/// Does the work of a request when it is its turn, and completes the request. If the work panics, only this request fails.
async fn complete(in_flight: &mut InFlight, request: &Request, working: Working) -> Step {
    let connection = Arc::clone(&in_flight.connection);
    if let Some(worked) = do_work(&connection, in_flight.context(), working).await {
        caught(in_flight, &request.head, |emulator, context| Step::Done(emulator.complete(context, request, worked)))
    } else {
        Step::Done(connection.server.emulator.record_panic(in_flight.context(), &request.head))
    }
}

/// Does the work of a request when it is its turn; `None` if it panicked.
async fn do_work(connection: &ConnectionState, context: &RequestContext, mut working: Working) -> Option<Worked> {
    let tenant = context.tenant.as_ref().map(|tenant| Arc::clone(&tenant.label)).unwrap_or_default();
    let mut queue = &connection.server.work_queue;
    loop {
        let turn = match queue.turn(Arc::clone(&tenant)).await {
            Ok(turn) => turn,
            Err(QueueFull { limit }) => {
                let detail = format!("More than {limit} requests wait for work on documents (--max-queued-work)");
                return Some(working.refuse(ApiError::text(503, detail)));
            }
        };
        let run = move || {
            let _turn = turn;
            working.run()
        };
        match tokio::task::spawn_blocking(run).await.ok()? {
            Ran::Done(worked) => return Some(worked),
            Ran::Child(rest) => {
                if !connection.server.emulator.settings().worker.has_program() {
                    connection.server.log.warn_of_no_program();
                }
                (working, queue) = (rest, &connection.server.child_queue);
            }
        }
    }
}

/// Holds a response back as long as its delay says. After a reset of the fault rules there is no response.
pub(super) async fn hold_back(in_flight: &InFlight, response: Response) -> Response {
    if response.delay.is_zero() {
        return response;
    }
    sleep_while_watched(in_flight, response.delay).await;
    if in_flight.context_ref().is_released() { Response::released() } else { response }
}

/// Waits on the clock of a request's tenant, at most until its fault rules are reset.
async fn sleep_unless_released(context: &RequestContext, delay: Duration) {
    let Some(clock) = context.clock() else { return };
    tokio::select! {
        () = clock.sleep(delay) => {}
        () = clock.wait_until(context.release_check()) => {}
    }
}

/// Waits like [`sleep_unless_released`]. If the client goes away meanwhile, the journal records that; the response is
/// written all the same, since a client that has only closed its sending half looks no different.
async fn sleep_while_watched(in_flight: &InFlight, delay: Duration) {
    let mut sleep = pin!(sleep_unless_released(in_flight.context_ref(), delay));
    if let Some(stream) = &in_flight.connection.stream {
        tokio::select! {
            () = &mut sleep => return,
            () = stream.client_gone() => {
                let emulator = &in_flight.connection.server.emulator;
                emulator.record_outcome(in_flight.context_ref(), Outcome::ClientGone);
            }
        }
    }
    sleep.await;
}
