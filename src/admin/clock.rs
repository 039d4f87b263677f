//! Shows, sets and advances the clocks of tenants.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::read;
use crate::api::{self, UpcomingChange};
use crate::clock::{Clock, Mode, Timestamp, parse_duration};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;
use crate::store::Id;
use crate::tenant::Tenant;

/// The words for the modes.
const MODES: &[&str] = &["real", "manual", "auto"];

/// The number of events that are shown.
const SHOWN_EVENTS: usize = 20;

/// A clock with its next events.
#[derive(Serialize)]
struct ClockWithEvents {
    #[serde(flatten)]
    clock: ClockView,
    /// Sorted by time.
    next: Vec<NextEvent>,
}

/// A time at which a tenant's state changes without a request, or to which its `auto` clock jumps.
#[derive(Serialize)]
struct NextEvent {
    tenant: Arc<str>,
    at: Timestamp,
    /// The kind and the id of the resource that changes then; absent if a wait ends or a window of a rule begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
}

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
    let clock = match named {
        Some(name) => ClockView::from(&*read::existing_tenant(instance, name)?.clock),
        None => ClockView::from(instance.tenants.template_clock()),
    };
    let tenants = read::tenants(instance, named)?;
    let mut next: Vec<NextEvent> = tenants.iter().flat_map(|tenant| next_events(tenant)).collect();
    next.sort_by_key(|event| event.at);
    next.truncate(SHOWN_EVENTS);
    Ok(Response::json(200, &ClockWithEvents { clock, next }))
}

/// The times at which something happens to a tenant, as far as they are known.
fn next_events(tenant: &Tenant) -> Vec<NextEvent> {
    let (state, now) = (tenant.lock(), tenant.clock.now());
    let changes = api::upcoming_changes(&state.store, now);
    let known: BTreeSet<Timestamp> = changes.iter().map(|change| change.at).collect();
    let others = tenant.clock.next_events(SHOWN_EVENTS).into_iter().chain(state.window_starts());
    let others: BTreeSet<Timestamp> = others.filter(|at| *at > now && !known.contains(at)).collect();
    let label = || Arc::clone(&tenant.label);
    let others = others.into_iter().map(|at| NextEvent { tenant: label(), at, kind: None, id: None });
    let change = |UpcomingChange { at, kind, id }| NextEvent { tenant: label(), at, kind: Some(kind), id: Some(id) };
    changes.into_iter().map(change).chain(others).collect()
}
