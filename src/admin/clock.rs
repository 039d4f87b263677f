//! Tenants' clocks: shown, set, moved.

use serde::{Deserialize, Serialize};

use super::{AdminContext, read};
use crate::clock::{Clock, Mode, Timestamp, parse_duration};
use crate::error::ApiError;
use crate::request::Request;
use crate::response::Response;

#[derive(Serialize)]
pub(super) struct ClockView {
    mode: Mode,
    now: Timestamp,
}

impl From<&Clock> for ClockView {
    fn from(clock: &Clock) -> Self {
        Self { mode: clock.mode(), now: clock.now() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    tenant: Option<String>,
    mode: Option<String>,
    now: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    tenant: Option<String>,
    by: String,
}

pub(super) fn show(admin: AdminContext<'_>, request: &Request) -> Result<Response, ApiError> {
    answer(admin, read::query(request, "tenant").as_deref())
}

pub(super) fn set(admin: AdminContext<'_>, request: &Request) -> Result<Response, ApiError> {
    let set: Set = read::body(request)?;
    let named = set.tenant.or_else(|| read::query(request, "tenant"));
    let mode = set.mode.map(|mode| mode.parse::<Mode>()).transpose().map_err(|error| refusal("mode", &error))?;
    let now = set.now.map(|now| now.parse::<Timestamp>()).transpose().map_err(|error| refusal("now", &error))?;
    each(admin, named.as_deref(), |clock| clock.set(mode.unwrap_or_else(|| clock.mode()), now))?;
    answer(admin, named.as_deref())
}

pub(super) fn advance(admin: AdminContext<'_>, request: &Request) -> Result<Response, ApiError> {
    let advance: Advance = read::body(request)?;
    let by = parse_duration(&advance.by).map_err(|error| refusal("by", &error))?;
    let named = advance.tenant.or_else(|| read::query(request, "tenant"));
    each(admin, named.as_deref(), |clock| clock.advance(by))?;
    answer(admin, named.as_deref())
}

fn each(admin: AdminContext<'_>, named: Option<&str>, act: impl Fn(&Clock)) -> Result<(), ApiError> {
    match read::tenant(admin, named)? {
        Some(tenant) => act(&tenant.clock),
        None => admin.tenants.each_clock(act),
    }
    Ok(())
}

fn answer(admin: AdminContext<'_>, named: Option<&str>) -> Result<Response, ApiError> {
    let shown = match read::tenant(admin, named)? {
        Some(tenant) => ClockView::from(&*tenant.clock),
        None => ClockView::from(admin.tenants.template_clock()),
    };
    Ok(Response::json(200, &shown))
}

fn refusal(field: &str, error: &str) -> ApiError {
    ApiError::text(422, format!("{field}: {error}"))
}
