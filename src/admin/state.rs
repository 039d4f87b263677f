//! Shows and resets the state of tenants.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::{Map, Value};

use super::clock::ClockView;
use super::read;
use crate::api;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;
use crate::tenant::Tenant;

#[derive(Serialize)]
struct StateView {
    tenants: Vec<TenantView>,
    /// What is counted for all tenants together; absent when one is asked for.
    #[serde(flatten)]
    counts: Option<ServerCounts>,
}

#[derive(Serialize)]
struct ServerCounts {
    /// Requests by operation and status class.
    requests: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Connections that ended before a request was handled, by cause.
    closed_connections: BTreeMap<&'static str, u64>,
    panics: u64,
}

#[derive(Serialize)]
struct TenantView {
    tenant: String,
    /// Absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Arc<str>>,
    clock: ClockView,
    /// The resources by kind.
    #[serde(flatten)]
    resources: Map<String, Value>,
    /// The bytes of `--max-state-bytes` that its resources and their contents take.
    used_bytes: usize,
    open_calls: usize,
}

/// A part of a tenant that a reset is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    State,
    Journal,
    Clock,
    Faults,
}

const PARTS: [Part; 4] = [Part::State, Part::Journal, Part::Clock, Part::Faults];

/// The words for the parts.
const PART_WORDS: &[&str] = &["state", "journal", "clock", "faults"];

impl FromStr for Part {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        PART_WORDS.iter().position(|known| *known == word).map(|position| PARTS[position]).ok_or(())
    }
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let named = read::query(request, "tenant");
    let tenants = read::tenants(instance, named.as_deref())?;
    let tenants = tenants.iter().map(|tenant| tenant_view(tenant)).collect();
    let counts = named.is_none().then(|| ServerCounts {
        requests: requests(instance),
        closed_connections: instance.counters.incidents(),
        panics: instance.panics.load(Ordering::Relaxed),
    });
    Ok(Response::json(200, &StateView { tenants, counts }))
}

fn tenant_view(tenant: &Tenant) -> TenantView {
    let mut state = tenant.lock();
    let now = tenant.clock.now();
    let resources = api::state_of(&mut state.store, now);
    TenantView {
        tenant: tenant.label.to_string(),
        name: tenant.name(),
        clock: ClockView::from(&*tenant.clock),
        resources,
        used_bytes: state.store.used_bytes(),
        open_calls: tenant.open_requests(),
    }
}

/// The counters of the operations that were requested.
fn requests(instance: &Instance) -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
    let counted = instance.router.operations().enumerate();
    let counted = counted.map(|(position, operation)| (operation.name, instance.counters.of(position)));
    counted.filter(|(_, counts)| !counts.is_empty()).collect()
}

pub(super) fn reset(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let fields = read::fields(request)?;
    let named = read::tenant_name(request, fields.text("tenant")?)?;
    let parts = match fields.texts("parts")? {
        None => PARTS.to_vec(),
        Some(words) if words.is_empty() => {
            return Err(read::refusal(&ParseError::new("parts", "is empty; leave it out to reset all parts")));
        }
        Some(words) => words.into_iter().map(|word| read::word("parts", word, PART_WORDS)).collect::<Result<_, _>>()?,
    };
    match named {
        Some(name) => reset_tenant(instance, &*read::tenant_or_new(instance, &name)?, &parts)?,
        None => reset_all(instance, &parts)?,
    }
    Ok(Response::empty(204))
}

/// Resets all tenants and the initial values of later ones.
fn reset_all(instance: &Instance, parts: &[Part]) -> Result<(), ApiError> {
    if parts.contains(&Part::Clock) {
        instance.tenants.reset_template_clock();
    }
    if parts.contains(&Part::Faults) {
        *instance.tenants.template_faults().lock() = instance.tenants.given_faults().restarted();
    }
    if parts.contains(&Part::Journal) {
        instance.unauthenticated.lock().reset();
        instance.tenants.forget_evicted();
        instance.drift.reset();
    }
    let results: Vec<_> = instance.tenants.all().iter().map(|tenant| reset_tenant(instance, tenant, parts)).collect();
    if is_whole(parts) {
        instance.tenants.remove_idle();
    }
    results.into_iter().collect()
}

/// Resets a tenant to the initial values of a new one.
///
/// Errors: there is no room for the world with which it starts. Everything else is reset.
fn reset_tenant(instance: &Instance, tenant: &Tenant, parts: &[Part]) -> Result<(), ApiError> {
    // Before the clock, whose reset ends delays: a request from before the reset gets no response.
    if parts.contains(&Part::Faults) {
        let restored = instance.tenants.template_faults().lock().without_counts();
        tenant.reset_faults(restored);
    }
    if parts.contains(&Part::Clock) {
        instance.tenants.reset_clock(tenant);
    }
    let mut state = tenant.lock();
    if parts.contains(&Part::Faults) || parts.contains(&Part::Clock) {
        state.first_request = None;
    }
    if parts.contains(&Part::Journal) {
        state.journal.reset();
    }
    if is_whole(parts) {
        tenant.leave_place();
    }
    if parts.contains(&Part::State) {
        tenant.set_lost_resources(false);
        let restored = instance.tenants.reset_store(tenant, &mut state.store);
        return restored.map_err(|problem| ApiError::text(403, format!("{}: {problem}", tenant.label)));
    }
    Ok(())
}

fn is_whole(parts: &[Part]) -> bool {
    PARTS.iter().all(|part| parts.contains(part))
}
