//! One request, from hyper's request to hyper's response: guard, begin, body, decide, act, delay, write.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use http::header::{DATE, HeaderValue};
use http_body_util::{Either, Full};
use hyper::body::{Body as _, Incoming};

use super::body::{self, BodyError, ReceivedBody};
use super::connection::ConnectionState;
use super::guard::GuardedHead;
use super::in_flight::{InFlight, caught};
use super::later_stages::{hold_back, later_stages};
use super::paced::{PacedBody, Portions};
use super::persistence;
use super::wire::WirePlan;
use crate::clock::Clock;
use crate::emulator::{Begun, RequestContext, Step};
use crate::error::ApiError;
use crate::journal::Outcome;
use crate::request::{Head, Request};
use crate::response::{HeadReset, Pace, Response};

/// The body of a response.
type ResponseBody = Either<Full<Bytes>, PacedBody>;

/// The response to a request. A response with wire faults is handed to the task of the connection; then this never
/// returns.
pub(super) async fn respond(
    connection: Arc<ConnectionState>,
    request: http::Request<Incoming>,
) -> Result<http::Response<ResponseBody>, Infallible> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let (has_body, is_last) = (!body.is_end_stream(), persistence::is_last_request(&parts));
    let guarded = GuardedHead::of(&parts);
    let stopped = connection.server.guard.early_response(guarded).or_else(|| draining_response(&connection, guarded));
    let head = Head {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        method: parts.method,
        headers: parts.headers,
    };
    let begun =
        stopped.map_or_else(|| connection.server.emulator.begin(&head), |response| Begun::Done(Box::new(response)));
    let (mut response, head, context) = match begun {
        Begun::Done(response) if has_body => (close_after(&connection, *response), head, None),
        Begun::Done(response) => (*response, head, None),
        Begun::Admitted(context) => {
            connection.server.log.warn_of_real_key(&head);
            let in_flight = InFlight { connection: Arc::clone(&connection), context: Some(context) };
            let (in_flight, response, head) = serve(in_flight, head, body).await;
            (response, head, in_flight.finish())
        }
    };
    if let Some(duration) = response.refuse_connections {
        connection.server.refusals.refuse(duration).await;
    }
    connection.server.log.request(&head, context.as_deref(), &response, started.elapsed());
    match context {
        Some(context) if needs_wire(&response) => hand_over(&connection, WirePlan { response, context }).await,
        context => {
            if connection.server.emulator.is_draining() {
                persistence::announce_close(&mut response.headers);
            } else if !is_last {
                persistence::announce_idle_time(&mut response.headers);
            }
            if let Some(context) = context.as_ref().filter(|context| !context.client_gone) {
                connection.delivery.begin(context, response.wire.pace == Pace::Free);
            }
            Ok(to_http(&connection, &head, response, context))
        }
    }
}

/// The response to a request on a connection that was accepted while the server shuts down, unless it is a health probe.
fn draining_response(connection: &ConnectionState, head: GuardedHead<'_>) -> Option<Response> {
    if !connection.is_late || head.is_probe() {
        return None;
    }
    Some(close_after(connection, ApiError::text(503, "The server is shutting down").into()))
}

/// The stages of an admitted request: its body is read, it is decided, it acts, and its response is held back as long as
/// a fault rule says.
async fn serve(mut in_flight: InFlight, head: Head, body: Incoming) -> (InFlight, Response, Head) {
    if let Some(reset) = in_flight.context().head_reset {
        if reset == HeadReset::InBody {
            body::wait_for_first_bytes(body).await;
        }
        return (in_flight, Response::no_response(), head);
    }
    let limits = in_flight.context().body_limits;
    let connection = Arc::clone(&in_flight.connection);
    // The reservation of memory lives as long as the body: until the request is finished.
    let received = body::read(body, limits, &connection.server.body_budget).await;
    let ReceivedBody { bytes: body, reservation } = match received {
        Ok(received) => received,
        Err(error) => {
            let response = refuse(&mut in_flight, &head, error);
            return (in_flight, response, head);
        }
    };
    let request = Request { head, body };
    let decided = caught(&mut in_flight, &request.head, |emulator, context| emulator.decide(context, &request));
    let (in_flight, response, head) = match decided {
        Step::Done(response) => {
            // A response that is held back holds no body.
            drop(reservation);
            (in_flight, response, request.head)
        }
        // From here on the request runs to its end, even if its client goes away: a task of its own goes on when this one
        // is dropped. A request that need not wait does so without a task: it is decided and acts in one step.
        step => {
            let later = tokio::spawn(async move {
                let _reservation = reservation;
                let response = later_stages(&mut in_flight, &request, step).await;
                (in_flight, response, request.head)
            });
            later.await.expect("a task that catches panics ends, and nobody aborts it")
        }
    };
    let response = hold_back(&in_flight, response).await;
    (in_flight, response, head)
}

/// The response to a request whose body could not be read.
fn refuse(in_flight: &mut InFlight, head: &Head, body_error: BodyError) -> Response {
    let connection = Arc::clone(&in_flight.connection);
    let emulator = &connection.server.emulator;
    let context = in_flight.context();
    let error = match body_error {
        BodyError::TooLarge => ApiError::body_too_large(context.body_limits.bytes, context.body_limits.flag),
        BodyError::OverBudget(budget) => ApiError::over_body_budget(budget.limit_bytes),
        BodyError::TooSlow => ApiError::text(408, "Request body came too slowly"),
        BodyError::Malformed | BodyError::ClientGone => ApiError::unreadable_body(),
    };
    let response = emulator.refuse(context, head, error);
    if body_error == BodyError::ClientGone {
        context.client_gone = true;
        emulator.record_outcome(context, Outcome::ClientGone);
    }
    close_after(&connection, response)
}

/// A response given before the body was read is the last one of its connection.
fn close_after(connection: &ConnectionState, mut response: Response) -> Response {
    connection.has_unread_body.store(true, Ordering::Relaxed);
    persistence::announce_close(&mut response.headers);
    response
}

/// Whether hyper would not send a response as it is: one that is incomplete, or that is not final.
fn needs_wire(response: &Response) -> bool {
    !response.wire.is_sound() || response.status < 200
}

/// Gives a response to the task of the connection, which writes it to the socket.
async fn hand_over(
    connection: &ConnectionState,
    mut plan: WirePlan,
) -> Result<http::Response<ResponseBody>, Infallible> {
    add_date(connection, &mut plan.response, Some(&plan.context));
    *connection.plan.lock() = Some(Box::new(plan));
    std::future::pending().await
}

/// The response as hyper sends it. The request stays open as long as a paced body is sent.
fn to_http(
    connection: &ConnectionState,
    head: &Head,
    mut response: Response,
    context: Option<Box<RequestContext>>,
) -> http::Response<ResponseBody> {
    connection.server.guard.add_cors_headers(&head.headers, &mut response.headers);
    if !clock_of(connection, context.as_deref()).shows_system_time() {
        add_date(connection, &mut response, context.as_deref());
    }
    let status = response.status_code();
    let clock = context.as_ref().and_then(|context| context.clock().map(Arc::clone));
    let body = match (&response.wire.pace, context, clock) {
        (Pace::Free, ..) | (_, None, _) | (_, _, None) => Either::Left(Full::new(response.body)),
        (pace, Some(context), Some(clock)) => Either::Right(
            PacedBody::new(response.body, Portions::of(pace), clock)
                .keeping_open(context, Arc::clone(&connection.delivery)),
        ),
    };
    let mut sent = http::Response::new(body);
    *sent.status_mut() = status;
    *sent.headers_mut() = response.headers;
    sent
}

/// Adds a date by the clock of the tenant, so that equal requests on a standing clock get equal bytes. hyper dates the
/// other responses.
fn add_date(connection: &ConnectionState, response: &mut Response, context: Option<&RequestContext>) {
    if let Ok(date) = HeaderValue::from_str(&clock_of(connection, context).now().to_http_date()) {
        response.headers.insert(DATE, date);
    }
}

/// The clock by which the response to a request is dated.
fn clock_of<'a>(connection: &'a ConnectionState, context: Option<&'a RequestContext>) -> &'a Clock {
    context.and_then(RequestContext::clock).map_or(connection.server.emulator.tenants().template_clock(), |clock| clock)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::config::{self, RawSettings};
    use crate::emulator::{BodyLimits, Emulator, RequestTarget, RoutedOperation};
    use crate::operation::{Authentication, BodyKind, Effect, Emulation, Operation};
    use crate::store::Kind;

    /// An operation whose handler panics.
    static PANICS: Operation = Operation {
        name: "indexes.list",
        summary: "",
        method: Method::GET,
        path: "/panics",
        authentication: Authentication::Key,
        effect: Effect::Reads,
        resource: Kind::Index,
        body: BodyKind::None,
        emulation: Some(Emulation {
            params: "indexes.list.params",
            body: None,
            status: 200,
            response: None,
            state_faults: &[],
            handler: |_, _| panic!("on purpose"),
        }),
    };

    fn connection() -> Arc<ConnectionState> {
        let raw = RawSettings::from_flags(&[]);
        let settings = config::read(&raw).expect("defaults are valid");
        let emulator = Emulator::new(settings, raw).expect("the schemas are valid");
        ConnectionState::for_test(Arc::new(emulator))
    }

    fn request(path: &str) -> Request {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer llx-a"))]);
        Request { head: Head { method: Method::GET, path: path.to_owned(), query: None, headers }, body: Bytes::new() }
    }

    fn decide(connection: &Arc<ConnectionState>, context: Box<RequestContext>, request: &Request) -> Response {
        let mut in_flight = InFlight { connection: Arc::clone(connection), context: Some(context) };
        let decided = caught(&mut in_flight, &request.head, |emulator, context| emulator.decide(context, request));
        in_flight.finish();
        match decided {
            Step::Done(response) => response,
            other => panic!("it neither waits nor works: {other:?}"),
        }
    }

    fn send(connection: &Arc<ConnectionState>, path: &str) -> Response {
        let request = request(path);
        let Begun::Admitted(context) = connection.server.emulator.begin(&request.head) else {
            panic!("it is accepted")
        };
        decide(connection, context, &request)
    }

    #[test]
    fn a_handler_that_panics_fails_only_its_own_request() {
        let connection = connection();
        let tenant = connection.server.emulator.tenants().admit("llx-a").expect("there is room");
        let routed = RoutedOperation { position: 0, operation: &PANICS, path: Vec::new() };
        let limits = BodyLimits::of(BodyKind::Json, connection.server.emulator.settings());
        let context = RequestContext::of_tenant(Arc::clone(&tenant), RequestTarget::Operation(routed), limits);
        let response = decide(&connection, Box::new(context), &request("/panics"));

        assert_eq!((response.status, tenant.open_requests()), (500, 0));
        let body: serde_json::Value = serde_json::from_slice(&response.body).expect("the body is JSON");
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("correlation")), "{body}");
        let statuses: Vec<_> = tenant.lock().journal.entries().iter().map(|entry| entry.status).collect();
        assert_eq!(statuses, [Some(500)]);

        assert_eq!(send(&connection, "/api/v1/indexes").status, 200);
        let state: serde_json::Value =
            serde_json::from_slice(&send(&connection, "/__admin/state").body).expect("the body is JSON");
        assert_eq!(state["panics"], 1);
    }
}
