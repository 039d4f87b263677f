//! One call, from hyper's request to hyper's response: guarded, read, decided, waited for, written.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, DATE, HeaderValue};
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::{Body as _, Incoming};

use super::body::{self, Unread};
use super::connection::Line;
use super::guard::Seen;
use super::log;
use super::paced::{Paced, Portions};
use super::wire::Order;
use crate::call::{Call, Head};
use crate::clock::Clock;
use crate::emulator::{Arrival, Emulator};
use crate::journal::Outcome;
use crate::problem::Problem;
use crate::reply::{HeadOrder, Pace, Reply};
use crate::visit::Visit;

/// The body of a response.
type Body = Either<Full<Bytes>, Paced>;

/// A call on its way through the shell. Dropped before its end, it tells the journal that its client has gone.
struct Passage {
    line: Arc<Line>,
    visit: Option<Box<Visit>>,
}

/// Answers a request; a call that orders the wire hands it over and never comes back.
pub(super) async fn answer(line: Arc<Line>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let announced = !body.is_end_stream();
    let seen = Seen {
        method: &parts.method,
        path: parts.uri.path(),
        authority: parts.uri.authority(),
        headers: &parts.headers,
    };
    let stopped = line.shell.guard.stop(seen);
    let head = Head {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        method: parts.method,
        headers: parts.headers,
    };
    let arrival = stopped.map_or_else(|| line.shell.emulator.arrive(&head), Arrival::Decided);
    let (reply, head, visit) = match arrival {
        Arrival::Decided(reply) if announced => (close_after(&line, reply), head, None),
        Arrival::Decided(reply) => (reply, head, None),
        Arrival::Admitted(visit) => {
            line.shell.warn_of_real_key(&head);
            let mut passage = Passage { line: Arc::clone(&line), visit: Some(visit) };
            let (reply, head) = passage.pass(head, body).await;
            (reply, head, passage.arrive())
        }
    };
    line.shell.log.call(|| log::Line::of(&head, visit.as_deref(), &reply, started.elapsed()));
    match visit {
        Some(visit) if needs_the_wire(&reply) => hand_over(&line, Order { reply, visit }).await,
        visit => {
            if let Some(visit) = &visit {
                line.answers(visit);
            }
            Ok(response(&line, &head, reply, visit))
        }
    }
}

impl Passage {
    /// Reads the call, has it decided, and waits as long as the reply says.
    async fn pass(&mut self, head: Head, body: Incoming) -> (Reply, Head) {
        let visit = self.visit.as_mut().expect("is taken out at the end only");
        let emulator = &self.line.shell.emulator;
        match visit.head_order {
            None => {}
            Some(HeadOrder::ResetAtHead) => return (Reply::unsaid(), head),
            Some(HeadOrder::ResetInBody) => {
                body::touch(body).await;
                return (Reply::unsaid(), head);
            }
        }
        let (reply, head) = match body::read(body, visit.body_limit).await {
            Ok(body) => decide(emulator, visit, Call { head, body }),
            Err(why) => {
                let reply = emulator.refuse(visit, &head, refusal(why, visit.body_limit));
                if why == Unread::Gone {
                    emulator.settle(visit, Outcome::ClientGone);
                }
                (close_after(&self.line, reply), head)
            }
        };
        if let Some(clock) = visit.clock() {
            clock.sleep(reply.delay).await;
        }
        (reply, head)
    }

    /// Ends the passage.
    fn arrive(mut self) -> Option<Box<Visit>> {
        self.visit.take()
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if let Some(visit) = self.visit.take() {
            self.line.shell.emulator.settle(&visit, Outcome::ClientGone);
        }
    }
}

/// Decides a call; a handler that panics costs nobody but this call anything.
fn decide(emulator: &Emulator, visit: &mut Visit, call: Call) -> (Reply, Head) {
    let reply = catch_unwind(AssertUnwindSafe(|| emulator.handle(visit, &call)));
    let reply = reply.unwrap_or_else(|_| emulator.broke(visit, &call.head));
    (reply, call.head)
}

fn refusal(why: Unread, limit_bytes: usize) -> Problem {
    match why {
        Unread::TooLarge => Problem::body_too_large(limit_bytes),
        Unread::TooSlow => Problem::text(408, "Request body came too slowly"),
        Unread::Broken | Unread::Gone => Problem::unreadable_body(),
    }
}

/// An answer given before the body was read is the connection's last.
fn close_after(line: &Line, mut reply: Reply) -> Reply {
    line.unread.store(true, Ordering::Relaxed);
    reply.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

/// Whether hyper would not say this: it sends no answer that breaks off, and none that is not final.
fn needs_the_wire(reply: &Reply) -> bool {
    !reply.wire.is_sound() || reply.status < 200
}

async fn hand_over(line: &Line, mut order: Order) -> Result<Response<Body>, Infallible> {
    date(line, &mut order.reply, Some(&order.visit));
    *line.order.lock() = Some(Box::new(order));
    std::future::pending().await
}

/// What hyper sends. A body that goes out slowly keeps its call open.
fn response(line: &Line, head: &Head, mut reply: Reply, visit: Option<Box<Visit>>) -> Response<Body> {
    line.shell.guard.share(&head.headers, &mut reply.headers);
    if !clock_of(line, visit.as_deref()).shows_wall() {
        date(line, &mut reply, visit.as_deref());
    }
    let status = reply.status_code();
    let clock = visit.as_ref().and_then(|visit| visit.clock().map(Arc::clone));
    let body = match (&reply.wire.pace, visit, clock) {
        (Pace::Free, ..) | (_, None, _) | (_, _, None) => Either::Left(Full::new(reply.body)),
        (pace, Some(visit), Some(clock)) => Either::Right(Paced::new(reply.body, Portions::of(pace), clock).of(visit)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = reply.headers;
    response
}

/// Dates the reply by its tenant's clock, so that equal calls on a standing clock give equal bytes. hyper dates the others.
fn date(line: &Line, reply: &mut Reply, visit: Option<&Visit>) {
    if let Ok(date) = HeaderValue::from_str(&clock_of(line, visit).now().to_http_date()) {
        reply.headers.insert(DATE, date);
    }
}

/// The clock that a call's reply is dated by.
fn clock_of<'a>(line: &'a Line, visit: Option<&'a Visit>) -> &'a Clock {
    visit.and_then(Visit::clock).map_or(line.shell.emulator.tenants().first_clock(), |clock| clock)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::config::{self, Merged};
    use crate::operation::Operation;
    use crate::store::{Request as Asked, World};
    use crate::visit::Kind;

    fn breaks(_: &mut World, _: &mut Asked) -> Result<Reply, Problem> {
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
        reply: None,
        summary: "",
        handler: breaks,
    };

    fn emulator() -> Emulator {
        let told = Merged::alone(&[]);
        let settings = config::read(&told).expect("defaults are good");
        Emulator::new(settings, told).expect("the schemas are good")
    }

    fn call(path: &str) -> Call {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer llx-a"))]);
        Call { head: Head { method: Method::GET, path: path.to_owned(), query: None, headers }, body: Bytes::new() }
    }

    fn ask(emulator: &Emulator, path: &str) -> Reply {
        let call = call(path);
        let Arrival::Admitted(mut visit) = emulator.arrive(&call.head) else { panic!("it is known and good") };
        decide(emulator, &mut visit, call).0
    }

    #[test]
    fn a_handler_that_panics_costs_its_own_call_alone() {
        let emulator = emulator();
        let tenant = emulator.tenants().admit("llx-a").expect("there is room");
        let mut visit = Visit::of(Arc::clone(&tenant), Kind::Operation(&BREAKS, Vec::new()), 1 << 20);
        let (reply, _) = decide(&emulator, &mut visit, call("/breaks"));
        drop(visit);

        assert_eq!((reply.status, tenant.open_calls()), (500, 0));
        let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("the service's shape");
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains("correlation")), "{body}");
        let statuses: Vec<_> = tenant.lock().journal.entries().iter().map(|entry| entry.status).collect();
        assert_eq!(statuses, [Some(500)]);

        assert_eq!(ask(&emulator, "/api/v1/indexes").status, 200);
        let state: serde_json::Value =
            serde_json::from_slice(&ask(&emulator, "/__admin/state").body).expect("admin answers in JSON");
        assert_eq!(state["panics"], 1);
    }
}
