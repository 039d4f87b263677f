//! What tenants hold: shown, forgotten.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::clock::Shown as ShownClock;
use super::{House, read};
use crate::api;
use crate::call::Call;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::tenant::Tenant;

#[derive(Serialize)]
struct Shown {
    tenants: Vec<ShownTenant>,
    panics: u64,
}

#[derive(Serialize)]
struct ShownTenant {
    tenant: String,
    clock: ShownClock,
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

pub(super) fn show(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let tenants = read::tenants(house, read::query(call, "tenant").as_deref())?;
    let shown = Shown { tenants: tenants.iter().map(|tenant| shown(tenant)).collect(), panics: house.panics };
    Ok(Reply::json(200, &shown))
}

fn shown(tenant: &Tenant) -> ShownTenant {
    let mut state = tenant.lock();
    let now = tenant.clock.now();
    ShownTenant {
        tenant: tenant.label.to_string(),
        clock: ShownClock::from(&*tenant.clock),
        projects: state.world.projects().to_vec(),
        directories: api::all_directories(&state.world),
        indexes: api::all_indexes(&mut state.world, now),
        open_calls: tenant.open_calls(),
    }
}

pub(super) fn reset(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let reset: Reset = read::body(call)?;
    let named = reset.tenant.or_else(|| read::query(call, "tenant"));
    for tenant in read::tenants(house, named.as_deref())? {
        reset_tenant(house, &tenant, &reset.parts);
    }
    if named.is_none() {
        if every_part().iter().all(|part| reset.parts.contains(part)) {
            house.tenants.forget_idle();
        }
        let clock = house.tenants.first_clock();
        if reset.parts.contains(&Part::Clock) {
            house.tenants.reset_clock(clock);
        }
        if reset.parts.contains(&Part::Faults) {
            *house.tenants.first_faults().lock() = house.tenants.given_faults().rearmed(clock.now());
        }
        if reset.parts.contains(&Part::Journal) {
            house.strangers.lock().reset();
        }
    }
    Ok(Reply::empty(204))
}

fn reset_tenant(house: House<'_>, tenant: &Tenant, parts: &[Part]) {
    if parts.contains(&Part::Clock) {
        house.tenants.reset_clock(&tenant.clock);
    }
    if parts.contains(&Part::Faults) {
        let now = tenant.clock.now();
        tenant.change_faults(|faults| *faults = house.tenants.given_faults().rearmed(now));
    }
    let mut state = tenant.lock();
    if parts.contains(&Part::Faults) || parts.contains(&Part::Clock) {
        state.first_call = None;
    }
    if parts.contains(&Part::State) {
        state.world.reset();
    }
    if parts.contains(&Part::Journal) {
        state.journal.reset();
    }
}
