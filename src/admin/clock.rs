//! Shows, sets and advances the clocks of tenants.

use serde::Serialize;

use super::read;
use crate::clock::{Clock, Mode, Timestamp, parse_duration};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

/// The words for the modes.
const MODES: &[&str] = &["real", "manual", "auto"];

#[derive(Serialize)]
pub(super) struct ClockView {
    mode: Mode,
    now: Timestamp,
    /// The number of events that were not added because too many were pending; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped_events: Option<u64>,
}

impl From<&Clock> for ClockView {
    fn from(clock: &Clock) -> Self {
        let dropped_events = Some(clock.dropped_events()).filter(|dropped| *dropped > 0);
        Self { mode: clock.mode(), now: clock.now(), dropped_events }
    }
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    view(instance, read::query(request, "tenant").as_deref())
}

pub(super) fn set(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let fields = read::fields(request)?;
    let named = read::tenant_name(request, fields.text("tenant")?)?;
    let mode = fields.text("mode")?.map(|mode| read::word::<Mode>("mode", mode, MODES)).transpose()?;
    let now = fields.text("now")?.map(str::parse::<Timestamp>).transpose();
    let now = now.map_err(|error| read::refusal(&ParseError::new("now", error)))?;
    if mode.is_none() && now.is_none() {
        return Err(read::refusal(&ParseError::new("body", "sets nothing; it takes mode, now or both")));
    }
    each(instance, named.as_deref(), |clock| clock.set(mode.unwrap_or_else(|| clock.mode()), now))?;
    view(instance, named.as_deref())
}

pub(super) fn advance(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let fields = read::fields(request)?;
    let by = parse_duration(fields.required_text("by")?);
    let by = by.map_err(|error| read::refusal(&ParseError::new("by", error)))?;
    let named = read::tenant_name(request, fields.text("tenant")?)?;
    each(instance, named.as_deref(), |clock| clock.advance(by))?;
    view(instance, named.as_deref())
}

fn each(instance: &Instance, named: Option<&str>, act: impl Fn(&Clock)) -> Result<(), ApiError> {
    match named {
        Some(name) => act(&read::tenant_or_new(instance, name)?.clock),
        None => instance.tenants.each_clock(act),
    }
    Ok(())
}

fn view(instance: &Instance, named: Option<&str>) -> Result<Response, ApiError> {
    let view = match named {
        Some(name) => ClockView::from(&*read::existing_tenant(instance, name)?.clock),
        None => ClockView::from(instance.tenants.template_clock()),
    };
    Ok(Response::json(200, &view))
}
