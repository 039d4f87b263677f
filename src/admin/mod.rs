//! How to look and steer: `/health`, `/ready`, `/openapi.json` and everything under `/__admin/`. Never faulted, never journaled, always
//! answered; one gate for the whole tree, shut by default where strangers could come by.

mod clock;
mod config;
mod faults;
mod house;
mod journal;
mod read;
mod retries;
mod state;

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method};
use subtle::ConstantTimeEq;

use crate::call::{Call, Head};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::visit::Kind;
use crate::{secret, terminal};

pub use house::House;

/// Where the tree begins.
pub const PREFIX: &str = "/__admin";

type Handler = fn(House<'_>, &Call) -> Result<Reply, Problem>;

/// The table of the tree: method, path below [`PREFIX`], what it does.
const ROUTES: &[(Method, &str, Handler)] = &[
    (Method::GET, "/state", state::show),
    (Method::POST, "/reset", state::reset),
    (Method::GET, "/clock", clock::show),
    (Method::PUT, "/clock", clock::set),
    (Method::POST, "/clock/advance", clock::advance),
    (Method::GET, "/journal", journal::show),
    (Method::GET, "/config", config::show),
    (Method::GET, "/retries", retries::show),
    (Method::GET, "/faults", faults::list),
    (Method::POST, "/faults", faults::add),
    (Method::DELETE, "/faults", faults::clear),
    (Method::GET, "/faults/{name}", faults::show),
    (Method::PUT, "/faults/{name}", faults::put),
    (Method::DELETE, "/faults/{name}", faults::remove),
];

/// What a head means here: nothing, a call that may go on, or an answer.
pub(crate) fn arrive(house: House<'_>, head: &Head) -> Option<Result<Kind, Reply>> {
    let path = head.path.as_str();
    match path {
        "/health" | "/ready" => return Some(Err(shown(&head.method, &br#"{"status":"ok"}"#[..]))),
        "/openapi.json" => return Some(Err(shown(&head.method, house.contract()))),
        _ => {}
    }
    let below = path.strip_prefix(PREFIX)?;
    if !below.is_empty() && !below.starts_with('/') {
        return None;
    }
    let admitted = gate(house, &head.headers).and_then(|()| find(&head.method, below)).map(|_| Kind::Admin);
    Some(admitted.map_err(Reply::from))
}

/// Answers a call that [`arrive`] let go on.
pub(crate) fn handle(house: House<'_>, call: &Call) -> Reply {
    let below = call.head.path.strip_prefix(PREFIX).unwrap_or_default();
    let answer = find(&call.head.method, below).and_then(|handler| handler(house, call));
    harmless(answer.unwrap_or_else(Reply::from))
}

/// People read these answers on terminals and paste them into reports, and they hold what clients wrote: keys that look
/// real are not shown, wherever they stand, and nothing moves a cursor.
fn harmless(mut reply: Reply) -> Reply {
    let Ok(text) = std::str::from_utf8(&reply.body) else { return reply };
    let shown = secret::masked(text);
    let shown = match terminal::harmless(&shown) {
        Cow::Owned(escaped) => Cow::Owned(escaped),
        Cow::Borrowed(_) => shown,
    };
    if let Cow::Owned(shown) = shown {
        reply.body = shown.into();
    }
    reply
}

fn shown(method: &Method, json: impl Into<Bytes>) -> Reply {
    if *method == Method::GET || *method == Method::HEAD {
        Reply::bytes(200, "application/json", json)
    } else {
        Problem { allow: Some("GET"), ..Problem::text(405, "Method Not Allowed") }.into()
    }
}

fn find(method: &Method, below: &str) -> Result<Handler, Problem> {
    let mut at_path = ROUTES.iter().filter(|(_, path, _)| is_at(path, below)).peekable();
    let Some((first, _, _)) = at_path.peek() else { return Err(Problem::text(404, "Not Found")) };
    let allow = first.as_str();
    at_path
        .find(|(wanted, _, _)| wanted == method)
        .map(|(_, _, handler)| *handler)
        .ok_or_else(|| Problem { allow: Some(allow), ..Problem::text(405, "Method Not Allowed") })
}

fn is_at(path: &str, below: &str) -> bool {
    match path.strip_suffix("{name}") {
        Some(folder) => below.strip_prefix(folder).is_some_and(|name| !name.is_empty() && !name.contains('/')),
        None => path == below,
    }
}

/// Lets a caller in: on loopback anyone unless a token is set, elsewhere nobody without one.
fn gate(house: House<'_>, headers: &HeaderMap) -> Result<(), Problem> {
    let settings = house.settings;
    let Some(token) = &settings.admin_token else {
        return if settings.host.is_loopback() {
            Ok(())
        } else {
            Err(Problem::text(403, "Bound to an address that others reach, /__admin/ needs a token (--admin-token)"))
        };
    };
    let shown = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown =
        shown.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let good = shown.is_some_and(|(_, given)| given.trim().as_bytes().ct_eq(token.as_bytes()).into());
    if good {
        Ok(())
    } else {
        Err(Problem::text(401, "/__admin/ asks for the token of --admin-token, as Authorization: Bearer"))
    }
}
