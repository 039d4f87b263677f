//! Makes the listener refuse connections for a time, as if the server were down.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::read;
use crate::clock::{format_duration, parse_duration};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

/// Maximum time for which connections are refused: until its end only open connections reach the admin API.
const MAX_REFUSAL: Duration = Duration::from_hours(1);

/// What stays possible meanwhile.
const STAYS: &str = "New connections are refused. /health, /ready and /__admin/ can be reached on the open ones, also \
                     to give another order";

#[derive(Serialize)]
struct RefusalView<'a> {
    refuse: &'a str,
    open_connections: usize,
    detail: &'static str,
}

pub(super) fn refuse(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let fields = read::fields(request)?;
    let refusal = |problem: &str| read::refusal(&ParseError::new("refuse", problem));
    let given = fields.required_text("refuse")?;
    let duration = parse_duration(given).map_err(|error| refusal(&error))?;
    if duration.is_zero() {
        return Err(refusal("0 refuses no connection; it is a duration such as 5s"));
    }
    if duration > MAX_REFUSAL {
        return Err(refusal(&format!("is longer than {}", format_duration(MAX_REFUSAL))));
    }
    let open_connections = instance.counters.connections.load(Ordering::Relaxed);
    let view = RefusalView { refuse: given, open_connections, detail: STAYS };
    Ok(Response { refuse_connections: Some(duration), ..Response::json(200, &view) })
}
