//! What tenants hold: shown, forgotten.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::clock::ClockView;
use super::{AdminContext, read};
use crate::api;
use crate::error::ApiError;
use crate::request::Request;
use crate::response::Response;
use crate::tenant::Tenant;

#[derive(Serialize)]
struct StateView {
    tenants: Vec<TenantView>,
    panics: u64,
}

#[derive(Serialize)]
struct TenantView {
    tenant: String,
    clock: ClockView,
    projects: Vec<Uuid>,
    directories: Vec<Value>,
    indexes: Vec<Value>,
    open_calls: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    tenant: Option<String>,
    #[serde(default = "every_part")]
    parts: Vec<Part>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Part {
    State,
    Journal,
    Clock,
    Faults,
}

fn every_part() -> Vec<Part> {
    vec![Part::State, Part::Journal, Part::Clock, Part::Faults]
}

pub(super) fn show(admin: AdminContext<'_>, request: &Request) -> Result<Response, ApiError> {
    let tenants = read::tenants(admin, read::query(request, "tenant").as_deref())?;
    let shown = StateView { tenants: tenants.iter().map(|tenant| shown(tenant)).collect(), panics: admin.panics };
    Ok(Response::json(200, &shown))
}

fn shown(tenant: &Tenant) -> TenantView {
    let mut state = tenant.lock();
    let now = tenant.clock.now();
    TenantView {
        tenant: tenant.label.to_string(),
        clock: ClockView::from(&*tenant.clock),
        projects: state.store.projects().to_vec(),
        directories: api::all_directories(&state.store),
        indexes: api::all_indexes(&mut state.store, now),
        open_calls: tenant.open_calls(),
    }
}

pub(super) fn reset(admin: AdminContext<'_>, request: &Request) -> Result<Response, ApiError> {
    let reset: Reset = read::body(request)?;
    let named = reset.tenant.or_else(|| read::query(request, "tenant"));
    for tenant in read::tenants(admin, named.as_deref())? {
        reset_tenant(admin, &tenant, &reset.parts);
    }
    if named.is_none() {
        if every_part().iter().all(|part| reset.parts.contains(part)) {
            admin.tenants.forget_idle();
        }
        let clock = admin.tenants.first_clock();
        if reset.parts.contains(&Part::Clock) {
            admin.tenants.reset_clock(clock);
        }
        if reset.parts.contains(&Part::Faults) {
            *admin.tenants.first_faults().lock() = admin.tenants.given_faults().restarted();
        }
        if reset.parts.contains(&Part::Journal) {
            admin.unauthenticated.lock().reset();
        }
    }
    Ok(Response::empty(204))
}

fn reset_tenant(admin: AdminContext<'_>, tenant: &Tenant, parts: &[Part]) {
    if parts.contains(&Part::Clock) {
        admin.tenants.reset_clock(&tenant.clock);
    }
    if parts.contains(&Part::Faults) {
        tenant.change_faults(|faults| *faults = admin.tenants.given_faults().restarted());
    }
    let mut state = tenant.lock();
    if parts.contains(&Part::Faults) || parts.contains(&Part::Clock) {
        state.first_call = None;
    }
    if parts.contains(&Part::State) {
        state.store.reset();
    }
    if parts.contains(&Part::Journal) {
        state.journal.reset();
    }
}
