//! Lists, starts and stops scenarios at run time, by name: those that ship, and those that were given at the start.

use std::collections::BTreeSet;

use serde::Serialize;

use super::faults::{self, RuleScope};
use super::read;
use crate::error::ApiError;
use crate::fault::{RuleCounts, Scenario, shipped};
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

#[derive(Serialize)]
struct ScenariosView {
    scenarios: Vec<ScenarioView>,
}

#[derive(Serialize)]
struct ScenarioView {
    name: String,
    description: String,
    /// The rules, as text.
    rules: Vec<String>,
    /// Whether the tenant has rules of it that the query names, or any.
    active: bool,
}

#[derive(Serialize)]
struct StartedView {
    faults: Vec<RuleCounts>,
}

pub(super) fn list(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let scope = RuleScope::named(instance, request)?;
    let own = instance.scenarios();
    let given: BTreeSet<&str> = own.iter().map(|scenario| scenario.name.as_str()).collect();
    let shipped = shipped();
    let others = shipped.iter().filter(|scenario| !given.contains(scenario.name.as_str()));
    let view = |scenario: &Scenario| ScenarioView {
        name: scenario.name.clone(),
        description: scenario.description.clone(),
        rules: scenario.faults.clone(),
        active: is_active(instance, &scope, &scenario.name),
    };
    let mut scenarios: Vec<ScenarioView> = own.iter().chain(others).map(view).collect();
    scenarios.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Response::json(200, &ScenariosView { scenarios }))
}

pub(super) fn start(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let scenario = named(instance, request)?;
    let scope = RuleScope::given(instance, request, read::fields(request)?.text("tenant")?)?;
    let name = &scenario.name;
    let rules = scenario.rules(&instance.targets).map_err(|error| ApiError::text(422, format!("{name}: {error}")))?;
    if scenario.refusals().is_ok_and(|windows| !windows.is_empty()) {
        let problem = "refuses connections, so it can only be given at the start (--scenario)";
        return Err(read::refusal(&ParseError::new(name, problem)));
    }
    let _guard = instance.tenants.lock_rule_changes();
    if is_active(instance, &scope, name) {
        return Err(ApiError::text(409, format!("{name}: is active already; DELETE ends it")));
    }
    let mut faults = Vec::new();
    for rule in rules {
        let rule = scope.own(rule.with_origin(&format!("scenario {name}")));
        match scope.add_new(instance, rule) {
            Ok(rule) => faults.push(RuleCounts::zero(&rule)),
            Err(error) => {
                scope.change(instance, |faults| faults.remove_scenario(name));
                return Err(error);
            }
        }
    }
    Ok(Response::json(201, &StartedView { faults }))
}

pub(super) fn stop(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let scope = match read::tenant_name(request, read::fields(request)?.text("tenant")?)? {
        Some(name) => RuleScope::One(read::existing_tenant(instance, &name)?),
        None => RuleScope::All,
    };
    let Scenario { name, .. } = named(instance, request)?;
    let _guard = instance.tenants.lock_rule_changes();
    if !is_active(instance, &scope, &name) {
        return Err(ApiError::text(404, format!("{name}: is not active")));
    }
    scope.change(instance, |faults| faults.remove_scenario(&name));
    Ok(Response::empty(204))
}

/// Whether a tenant has rules of the scenario.
fn is_active(instance: &Instance, scope: &RuleScope, name: &str) -> bool {
    scope.any(instance, |faults| faults.has_scenario(name))
}

/// The scenario in the path, by its name: one given at the start, which was read then, or one that ships. Never a path.
fn named(instance: &Instance, request: &Request) -> Result<Scenario, ApiError> {
    let name = faults::name(request);
    let (own, shipped) = (instance.scenarios(), shipped());
    let known = || own.iter().chain(&shipped);
    let Some(scenario) = known().find(|scenario| scenario.name == name) else {
        let error = ParseError::new(&name, "is neither a scenario that ships nor one that was given at the start");
        return Err(ApiError::text(404, error.near(&name, known().map(|scenario| &*scenario.name)).to_string()));
    };
    Ok(scenario.clone())
}
