//! One request, from hyper's request to hyper's response: guarded, read, decided, waited for, written.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, DATE, HeaderValue};
use http::{Request as HttpRequest, Response as HttpResponse};
use http_body_util::{Either, Full};
use hyper::body::{Body as _, Incoming};

use super::body::{self, BodyError, ReceivedBody};
use super::connection::ConnectionState;
use super::guard::GuardedHead;
use super::log;
use super::paced::{PacedBody, Portions};
use super::wire::WirePlan;
use crate::clock::Clock;
use crate::emulator::RequestContext;
use crate::emulator::{Arrival, Emulator};
use crate::error::ApiError;
use crate::journal::Outcome;
use crate::request::{Head, Request};
use crate::response::{HeadOrder, Pace, Response};

/// The body of a response.
type ResponseBody = Either<Full<Bytes>, PacedBody>;

/// A request on its way through the shell. Dropped before its end, it tells the journal that its client has gone.
struct InFlight {
    connection: Arc<ConnectionState>,
    context: Option<Box<RequestContext>>,
}

/// Answers a request; a request that orders the wire hands it over and never comes back.
pub(super) async fn answer(
    connection: Arc<ConnectionState>,
    request: HttpRequest<Incoming>,
) -> Result<HttpResponse<ResponseBody>, Infallible> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let announced = !body.is_end_stream();
    let guarded = GuardedHead {
        method: &parts.method,
        path: parts.uri.path(),
        authority: parts.uri.authority(),
        headers: &parts.headers,
    };
    let stopped = connection.server.guard.early_response(guarded);
    let head = Head {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        method: parts.method,
        headers: parts.headers,
    };
    let arrival = stopped.map_or_else(|| connection.server.emulator.arrive(&head), Arrival::Decided);
    let (response, head, context) = match arrival {
        Arrival::Decided(response) if announced => (close_after(&connection, response), head, None),
        Arrival::Decided(response) => (response, head, None),
        Arrival::Admitted(context) => {
            connection.server.warn_of_real_key(&head);
            let mut passage = InFlight { connection: Arc::clone(&connection), context: Some(context) };
            let (response, head) = passage.pass(head, body).await;
            (response, head, passage.arrive())
        }
    };
    connection.server.log.request(|| log::LogLine::of(&head, context.as_deref(), &response, started.elapsed()));
    match context {
        Some(context) if needs_the_wire(&response) => hand_over(&connection, WirePlan { response, context }).await,
        context => {
            if let Some(context) = &context {
                connection.note_response(context);
            }
            Ok(to_http(&connection, &head, response, context))
        }
    }
}

impl InFlight {
    /// Reads the request, has it decided, and waits as long as the response says.
    async fn pass(&mut self, head: Head, body: Incoming) -> (Response, Head) {
        let context = self.context.as_mut().expect("is taken out at the end only");
        let emulator = &self.connection.server.emulator;
        match context.head_order {
            None => {}
            Some(HeadOrder::ResetAtHead) => return (Response::no_response(), head),
            Some(HeadOrder::ResetInBody) => {
                body::wait_for_first_bytes(body).await;
                return (Response::no_response(), head);
            }
        }
        let (response, head) = match body::read(body, context.body_limit, &self.connection.server.body_budget).await {
            // The reservation lives as long as the request's body: until the response has been decided.
            Ok(ReceivedBody { bytes: body, reservation: _held }) => decide(emulator, context, Request { head, body }),
            Err(why) => {
                let response = emulator.refuse(context, &head, refusal(why, context.body_limit));
                if why == BodyError::ClientGone {
                    emulator.record_outcome(context, Outcome::ClientGone);
                }
                (close_after(&self.connection, response), head)
            }
        };
        if let Some(clock) = context.clock() {
            clock.sleep(response.delay).await;
        }
        (response, head)
    }

    /// Ends the passage.
    fn arrive(mut self) -> Option<Box<RequestContext>> {
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

/// Decides a request; a handler that panics costs nobody but this request anything.
fn decide(emulator: &Emulator, context: &mut RequestContext, request: Request) -> (Response, Head) {
    let response = catch_unwind(AssertUnwindSafe(|| emulator.handle(context, &request)));
    let response = response.unwrap_or_else(|_| emulator.record_panic(context, &request.head));
    (response, request.head)
}

fn refusal(why: BodyError, limit_bytes: usize) -> ApiError {
    match why {
        BodyError::TooLarge => ApiError::body_too_large(limit_bytes),
        BodyError::OverBudget(budget) => ApiError::over_body_budget(budget.limit_bytes),
        BodyError::TooSlow => ApiError::text(408, "Request body came too slowly"),
        BodyError::Malformed | BodyError::ClientGone => ApiError::unreadable_body(),
    }
}

/// An answer given before the body was read is the connection's last.
fn close_after(connection: &ConnectionState, mut response: Response) -> Response {
    connection.has_unread_body.store(true, Ordering::Relaxed);
    response.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Whether hyper would not say this: it sends no answer that breaks off, and none that is not final.
fn needs_the_wire(response: &Response) -> bool {
    !response.wire.is_sound() || response.status < 200
}

async fn hand_over(connection: &ConnectionState, mut plan: WirePlan) -> Result<HttpResponse<ResponseBody>, Infallible> {
    date(connection, &mut plan.response, Some(&plan.context));
    *connection.plan.lock() = Some(Box::new(plan));
    std::future::pending().await
}

/// What hyper sends. A body that goes out slowly keeps its request open.
fn to_http(
    connection: &ConnectionState,
    head: &Head,
    mut response: Response,
    context: Option<Box<RequestContext>>,
) -> HttpResponse<ResponseBody> {
    connection.server.guard.add_cors_headers(&head.headers, &mut response.headers);
    if !clock_of(connection, context.as_deref()).shows_wall() {
        date(connection, &mut response, context.as_deref());
    }
    let status = response.status_code();
    let clock = context.as_ref().and_then(|context| context.clock().map(Arc::clone));
    let body = match (&response.wire.pace, context, clock) {
        (Pace::Free, ..) | (_, None, _) | (_, _, None) => Either::Left(Full::new(response.body)),
        (pace, Some(context), Some(clock)) => {
            Either::Right(PacedBody::new(response.body, Portions::of(pace), clock).keeping_open(context))
        }
    };
    let mut sent = HttpResponse::new(body);
    *sent.status_mut() = status;
    *sent.headers_mut() = response.headers;
    sent
}

/// Dates the response by its tenant's clock, so that equal requests on a standing clock give equal bytes. hyper dates the others.
fn date(connection: &ConnectionState, response: &mut Response, context: Option<&RequestContext>) {
    if let Ok(date) = HeaderValue::from_str(&clock_of(connection, context).now().to_http_date()) {
        response.headers.insert(DATE, date);
    }
}

/// The clock that a request's response is dated by.
fn clock_of<'a>(connection: &'a ConnectionState, context: Option<&'a RequestContext>) -> &'a Clock {
    context.and_then(RequestContext::clock).map_or(connection.server.emulator.tenants().first_clock(), |clock| clock)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::config::{self, RawSettings};
    use crate::emulator::ContextKind;
    use crate::operation::Operation;
    use crate::store::{HandlerRequest as Asked, Store};

    fn breaks(_: &mut Store, _: &mut Asked) -> Result<Response, ApiError> {
        panic!("on purpose")
    }

    /// No operation of ours panics, as far as we know; this one does.
    static BREAKS: Operation = Operation {
        name: "indexes.list",
        method: Method::GET,
        path: "/breaks",
        params: "indexes.list.params",
        body: None,
        status: 200,
        response: None,
        summary: "",
        handler: breaks,
    };

    fn emulator() -> Emulator {
        let told = RawSettings::alone(&[]);
        let settings = config::read(&told).expect("defaults are good");
        Emulator::new(settings, told).expect("the schemas are good")
    }

    fn request(path: &str) -> Request {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer llx-a"))]);
        Request { head: Head { method: Method::GET, path: path.to_owned(), query: None, headers }, body: Bytes::new() }
    }

    fn ask(emulator: &Emulator, path: &str) -> Response {
        let request = request(path);
        let Arrival::Admitted(mut context) = emulator.arrive(&request.head) else { panic!("it is known and good") };
        decide(emulator, &mut context, request).0
    }

    #[test]
    fn a_handler_that_panics_costs_its_own_call_alone() {
        let emulator = emulator();
        let tenant = emulator.tenants().admit("llx-a").expect("there is room");
        let mut context = RequestContext::of(Arc::clone(&tenant), ContextKind::Operation(&BREAKS, Vec::new()), 1 << 20);
        let (response, _) = decide(&emulator, &mut context, request("/breaks"));
        drop(context);

        assert_eq!((response.status, tenant.open_calls()), (500, 0));
        let body: serde_json::Value = serde_json::from_slice(&response.body).expect("the service's node");
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("correlation")), "{body}");
        let statuses: Vec<_> = tenant.lock().journal.entries().iter().map(|entry| entry.status).collect();
        assert_eq!(statuses, [Some(500)]);

        assert_eq!(ask(&emulator, "/api/v1/indexes").status, 200);
        let state: serde_json::Value =
            serde_json::from_slice(&ask(&emulator, "/__admin/state").body).expect("admin answers in JSON");
        assert_eq!(state["panics"], 1);
    }
}
