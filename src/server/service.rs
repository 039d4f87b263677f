//! One request, from hyper's request to hyper's response.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{DATE, HeaderValue};
use http_body_util::{Either, Full};
use hyper::body::{Body as _, Incoming};

use super::body::{self, BodyError, ReadLimits, ReceivedBody};
use super::connection_state::ConnectionState;
use super::exchange::{Exchange, PendingExchange};
use super::guard::GuardedHead;
use super::live::LiveBody;
use super::paced::PacedBody;
use super::persistence;
use super::waits::{Panic, delay, detached, guarded, may_settle, pause_upload, run, wait, watched};
use super::wire::WirePlan;
use super::written::PieceBody;
use crate::clock::Clock;
use crate::emulator::{self, Admission, Context, Next};
use crate::error::ApiError;
use crate::journal::Outcome;
use crate::request::{Head, Request};
use crate::response::{Body, HeadReset, Pace, Response, ResponseEnd};

/// The body of a response.
type ResponseBody = Either<Full<Bytes>, Either<PacedBody, Either<LiveBody, PieceBody>>>;

/// The response to a request. The futures of rare waits are boxed, here and below, so that those of every request are
/// small: they are moved. A response with wire faults is handed to the task of the connection; then this never
/// returns.
pub(super) async fn respond(
    connection: Arc<ConnectionState>,
    request: http::Request<Incoming>,
) -> Result<http::Response<ResponseBody>, Infallible> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let is_last = persistence::is_last_request(&parts);
    let guarded = GuardedHead::of(&parts);
    let guard = &connection.server.guard;
    let refusal = guard.check(guarded).err().map(Response::from);
    let is_recorded = refusal.is_some() && guarded.is_for_service();
    let early =
        refusal.or_else(|| guard.preflight_response(guarded)).or_else(|| draining_response(&connection, guarded));
    let head = Head {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        method: parts.method,
        headers: parts.headers,
    };
    let (head, exchange) = match early {
        Some(response) => {
            if is_recorded {
                emulator::record_refusal(&connection.server.instance, &head, &response);
            }
            (head, answer(&connection, &body, response))
        }
        None => serve(&connection, started, head, body).await,
    };
    if let Some(duration) = exchange.reply.response.refuse_connections {
        Box::pin(connection.server.refusals.refuse(duration)).await;
    }
    let duration = started.elapsed();
    connection.server.log.request(&head, &exchange, connection.peer, duration);
    let Exchange { context, mut reply, waited } = exchange;
    if context.as_deref().and_then(Context::operation).is_some() {
        let counters = &connection.server.instance.counters;
        counters.durations.observe(duration);
        counters.own_durations.observe(duration.saturating_sub(waited));
    }
    match context {
        Some(context) if needs_wire(&reply.response) => {
            if reply.response.wire.is_sound() {
                // It looks like a response after which the connection stays open.
                persistence::announce_idle_time(&mut reply.response.headers);
            }
            connection.server.guard.add_cors_headers(&head.headers, &mut reply.response.headers);
            Box::pin(hand_over(&connection, WirePlan { context, reply: *reply })).await
        }
        context => {
            if connection.server.instance.is_draining() {
                persistence::announce_close(&mut reply.response.headers);
            } else if !is_last {
                persistence::announce_idle_time(&mut reply.response.headers);
            }
            Ok(to_http(&connection, &head, Exchange { context, reply, waited }))
        }
    }
}

/// The stages of a request, in the order in which they run. From the last byte of its body on it runs to its end, even
/// if its client goes away.
async fn serve(connection: &Arc<ConnectionState>, started: Instant, head: Head, body: Incoming) -> (Head, Exchange) {
    let server = Arc::clone(&connection.server);
    // begin: route, authenticate, rules that act on the head
    let mut context = match emulator::begin(&server.instance, &head) {
        Admission::Response(response) => return (head, answer(connection, &body, *response)),
        Admission::Reset(reset, context, reply) => {
            let exchange = Exchange { context: Some(context), reply, waited: Duration::ZERO };
            let exchange = PendingExchange::new(Arc::clone(connection), head, started, exchange);
            if reset == HeadReset::InBody {
                Box::pin(body::wait_for_first_bytes(body)).await;
            }
            return exchange.hand_over();
        }
        Admission::Admitted(context) => context,
    };
    server.log.warn_of_real_key(&context);
    // body: a request that has to wait for it is in the journal already
    let limits = ReadLimits { limits: context.body_limits, budget: &server.body_budget };
    let slow = context.slow_upload.take();
    let open = || emulator::open(&server.instance, &mut context, &head);
    let pause = |bytes| pause_upload(connection, slow.as_ref(), bytes);
    let ReceivedBody { bytes, reservation, paused } = match body::read(body, limits, open, pause).await {
        Ok(received) => received,
        Err(error) => return refuse_body(connection, context, head, error),
    };
    let request = Request { head, body: bytes };
    let on_connection = Arc::clone(connection);
    let stages = async move {
        // The memory of the body is reserved until the request is finished: a delayed response holds no body.
        let _reservation = reservation;
        let (instance, head) = (&server.instance, &request.head);
        // decide: validate, all other rules; then act at once unless a rule says `@before delay=`
        let fail = |number| emulator::fail(instance, &context, head, number);
        let decide =
            || guarded(|| emulator::decide(instance, &context, &request)).unwrap_or_else(|Panic| fail(None).into());
        let mut next = decide();
        let mut waited = paused;
        let reply = loop {
            next = match next {
                Next::Wait(delay, in_progress) => {
                    let number = in_progress.number;
                    waited += wait(&on_connection, &context, &in_progress, delay).await;
                    // act: the handler, or the response of a rule
                    guarded(|| emulator::act(instance, &context, &request, in_progress))
                        .unwrap_or_else(|Panic| fail(Some(number)).into())
                }
                Next::Job(job, in_progress) => {
                    let number = in_progress.number;
                    let run = run(&server, &context, job);
                    let on_gone = || emulator::client_leaves(&context, number);
                    let result = watched(&on_connection.stream, run, on_gone).await;
                    // finish: the change that the job leads to, `@after` rules, journal
                    let finish = |result| emulator::finish(instance, &context, &request, in_progress, result).into();
                    result
                        .and_then(|result| guarded(|| finish(result)))
                        .unwrap_or_else(|Panic| fail(Some(number)).into())
                }
                Next::Reply(reply) => {
                    // a verdict that is waited for is asked for again
                    let Some(within) = reply.response.settles_within else { break reply };
                    if !Box::pin(may_settle(&on_connection, within, started)).await {
                        break reply;
                    }
                    decide()
                }
            };
        };
        PendingExchange::new(on_connection, request.head, started, Exchange { context: Some(context), reply, waited })
    };
    let mut exchange = detached(stages).await;
    // delay of the response
    delay(connection, &mut exchange).await;
    exchange.hand_over()
}

/// The response to a request on a connection that was accepted while the server shuts down, unless it is a health
/// probe.
fn draining_response(connection: &ConnectionState, head: GuardedHead<'_>) -> Option<Response> {
    if !connection.is_late || head.is_probe() {
        return None;
    }
    let mut response = ApiError::text(503, "The server is shutting down").into();
    close_after(connection, &mut response);
    Some(response)
}

/// The exchange of a request that is answered by its head. If it has a body, that is not read.
fn answer(connection: &ConnectionState, body: &Incoming, mut response: Response) -> Exchange {
    if !body.is_end_stream() {
        close_after(connection, &mut response);
    }
    response.into()
}

/// Refuses a request whose body could not be read.
fn refuse_body(
    connection: &ConnectionState,
    context: Box<Context>,
    head: Head,
    body_error: BodyError,
) -> (Head, Exchange) {
    let error = match body_error {
        BodyError::TooLarge => ApiError::body_too_large(context.body_limits.bytes, context.body_limits.flag),
        BodyError::OverBudget(budget) => ApiError::over_body_budget(budget.limit_bytes),
        BodyError::TooSlow => ApiError::text(408, "Request body came too slowly"),
        BodyError::Malformed | BodyError::ClientGone => ApiError::unreadable_body(),
    };
    let instance = &connection.server.instance;
    let mut reply = emulator::refuse(instance, &context, &head, error);
    if body_error == BodyError::ClientGone {
        emulator::record_outcome(instance, &context, &reply, Outcome::ClientGone);
        reply.entry = None;
    }
    close_after(connection, &mut reply.response);
    (head, Exchange { context: Some(context), reply: Box::new(reply), waited: Duration::ZERO })
}

/// A response given before the body was read is the last one of its connection.
fn close_after(connection: &ConnectionState, response: &mut Response) {
    connection.has_unread_body.store(true, Ordering::Relaxed);
    persistence::announce_close(&mut response.headers);
}

/// Whether hyper would not send a response as it is: one that is incomplete, that ends the connection without
/// announcing that, or that is not final.
fn needs_wire(response: &Response) -> bool {
    !response.wire.is_sound()
        || response.wire.end == ResponseEnd::WholeThenClose
        || response.status.is_none_or(|status| status.is_informational())
}

/// Gives a response to the task of the connection, which writes it to the socket.
async fn hand_over(
    connection: &ConnectionState,
    mut plan: WirePlan,
) -> Result<http::Response<ResponseBody>, Infallible> {
    add_date(connection, &mut plan.reply.response, Some(&plan.context));
    *connection.plan.lock() = Some(Box::new(plan));
    std::future::pending().await
}

/// The response as hyper sends it. The request stays open as long as a body in pieces is sent.
fn to_http(connection: &ConnectionState, head: &Head, exchange: Exchange) -> http::Response<ResponseBody> {
    let Exchange { context, mut reply, .. } = exchange;
    let response = &mut reply.response;
    connection.server.guard.add_cors_headers(&head.headers, &mut response.headers);
    if !clock_of(connection, context.as_deref()).shows_system_time() {
        add_date(connection, response, context.as_deref());
    }
    let status = response.status.expect("a response without a status is not written by hyper");
    let headers = std::mem::take(&mut response.headers);
    let is_whole = matches!(response.body, Body::Whole(_)) && response.wire.pace == Pace::Free;
    if let Some(context) = &context {
        connection.delivery.begin(context, &reply, is_whole);
    }
    let clock = context.as_ref().and_then(|context| context.clock().map(Arc::clone));
    let body = match (&reply.response.body, context, clock) {
        (Body::Live(events), ..) => {
            Either::Right(Either::Right(Either::Left(LiveBody::new(connection, events.clone()))))
        }
        (Body::Written(body), ..) => Either::Right(Either::Right(Either::Right(PieceBody::new(body.clone())))),
        (_, Some(context), Some(clock)) if !is_whole => {
            Either::Right(Either::Left(PacedBody::of_reply(connection, context, *reply, clock)))
        }
        _ => Either::Left(Full::new(reply.response.body.bytes())),
    };
    let mut sent = http::Response::new(body);
    *sent.status_mut() = status;
    *sent.headers_mut() = headers;
    sent
}

/// Adds a date by the clock of the tenant, so that equal requests on a standing clock get equal bytes. hyper dates the
/// other responses.
fn add_date(connection: &ConnectionState, response: &mut Response, context: Option<&Context>) {
    if let Ok(date) = HeaderValue::from_str(&clock_of(connection, context).now().to_http_date()) {
        response.headers.insert(DATE, date);
    }
}

/// The clock by which the response to a request is dated.
fn clock_of<'a>(connection: &'a ConnectionState, context: Option<&'a Context>) -> &'a Clock {
    context.and_then(Context::clock).map_or(connection.server.instance.tenants.template_clock(), |clock| clock)
}
