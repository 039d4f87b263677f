//! Makes the listener refuse connections for a time, as if the server were down.

use std::time::Duration;

use super::read;
use crate::clock::{format_duration, parse_duration};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

/// Maximum time for which connections are refused: until its end only open connections reach the admin API.
const MAX_REFUSAL: Duration = Duration::from_hours(1);

pub(super) fn refuse(_: &Instance, request: &Request) -> Result<Response, ApiError> {
    let fields = read::fields(request)?;
    let refusal = |problem: &str| read::refusal(&ParseError::new("refuse", problem));
    let duration = parse_duration(fields.required_text("refuse")?).map_err(|error| refusal(&error))?;
    if duration.is_zero() {
        return Err(refusal("0 refuses no connection; it is a duration such as 5s"));
    }
    if duration > MAX_REFUSAL {
        return Err(refusal(&format!("is longer than {}", format_duration(MAX_REFUSAL))));
    }
    Ok(Response { refuse_connections: Some(duration), ..Response::empty(204) })
}
