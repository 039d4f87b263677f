//! Fault rules at run time: listed with their counts, added, replaced, taken out; for one tenant, or for all of them and
//! those to come.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{House, read};
use crate::call::Call;
use crate::config::{Isolation, Settings};
use crate::fault::{Counted, Faults, Rule, free_name};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::tenant::Tenant;

/// Rules that a tenant can have.
const MAX_RULES: usize = 1000;

#[derive(Serialize)]
struct Shown {
    faults: Vec<Counted>,
}

/// Whose rules a caller means.
enum Whose {
    One(Arc<Tenant>),
    /// Every tenant, those to come too.
    All,
}

pub(super) fn list(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let faults = whose(house, call, None)?.counted(house);
    Ok(Reply::json(200, &Shown { faults }))
}

pub(super) fn show(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let name = name(call);
    let counted = whose(house, call, None)?.counted(house);
    let found = counted.into_iter().find(|rule| *rule.name == name);
    found.map(|rule| Reply::json(200, &rule)).ok_or_else(|| unknown(&name))
}

pub(super) fn add(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let (rule, whose) = given(house, call)?;
    let _turn = house.tenants.turn_to_change_rules();
    let rule =
        if rule.has_name() { rule } else { rule.named(&free_name(|name| whose.any(house, |faults| faults.has(name)))) };
    if whose.any(house, |faults| faults.has(&rule.name)) {
        return Err(Problem::text(409, format!("name: {} is taken; PUT replaces it", rule.name)));
    }
    make_room(house, &whose, &rule.name)?;
    whose.arm(house, &rule);
    Ok(Reply::json(201, &Counted::none(&rule)))
}

pub(super) fn put(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let (rule, whose) = given(house, call)?;
    // The name in the path is checked as one in the rule would be.
    let named = Rule::parse(&format!("* delay=0 name={}", name(call)), house.targets);
    let named = named.map_err(|error| Problem::text(422, error.to_string()))?;
    if rule.has_name() && rule.name != named.name {
        return Err(Problem::text(422, format!("name: is {} in the path and {} in the rule", named.name, rule.name)));
    }
    let rule = rule.named(&named.name);
    let _turn = house.tenants.turn_to_change_rules();
    let is_there = whose.any(house, |faults| faults.has(&rule.name));
    make_room(house, &whose, &rule.name)?;
    whose.arm(house, &rule);
    Ok(Reply::json(if is_there { 200 } else { 201 }, &Counted::none(&rule)))
}

pub(super) fn remove(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let (name, whose) = (name(call), whose(house, call, None)?);
    let _turn = house.tenants.turn_to_change_rules();
    if !whose.any(house, |faults| faults.has(&name)) {
        return Err(unknown(&name));
    }
    whose.change(house, |faults| _ = faults.remove(&name));
    Ok(Reply::empty(204))
}

pub(super) fn clear(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    whose(house, call, None)?.change(house, Faults::clear);
    Ok(Reply::empty(204))
}

impl Whose {
    /// Does something to the rules that are meant.
    fn change(&self, house: House<'_>, act: impl Fn(&mut Faults)) {
        match self {
            Self::One(tenant) => tenant.change_faults(act),
            Self::All => {
                act(&mut house.tenants.first_faults().lock());
                house.tenants.all().iter().for_each(|tenant| tenant.change_faults(&act));
            }
        }
    }

    /// Puts a rule behind the others, its time to live counted on each tenant's clock.
    fn arm(&self, house: House<'_>, rule: &Rule) {
        house.tenants.note_rule(rule);
        let arm = |tenant: &Arc<Tenant>| {
            let now = tenant.clock.now();
            tenant.change_faults(|faults| faults.arm(rule.clone(), now));
        };
        match self {
            Self::One(tenant) => arm(tenant),
            Self::All => {
                let now = house.tenants.first_clock().now();
                house.tenants.first_faults().lock().arm(rule.clone(), now);
                house.tenants.all().iter().for_each(arm);
            }
        }
    }

    /// Whether a call of the key with this label can meet these rules.
    fn has_calls_of(&self, key: &str, settings: &Settings) -> bool {
        let elsewhere =
            matches!(self, Self::One(tenant) if settings.isolation == Isolation::Key && &*tenant.label != key);
        settings.lets_in_label(key) && !elsewhere
    }

    /// Whether some of the rules that are meant pass a test.
    fn any(&self, house: House<'_>, test: impl Fn(&Faults) -> bool) -> bool {
        match self {
            Self::One(tenant) => test(&tenant.lock().faults),
            Self::All => {
                test(&house.tenants.first_faults().lock())
                    || house.tenants.all().iter().any(|tenant| test(&tenant.lock().faults))
            }
        }
    }

    /// The rules that are meant, with their counts; those of all tenants are added up by name.
    fn counted(&self, house: House<'_>) -> Vec<Counted> {
        let of = |tenant: &Tenant| {
            let mut state = tenant.lock();
            state.faults.expire(tenant.clock.now());
            state.faults.counted().collect::<Vec<_>>()
        };
        let tenants = match self {
            Self::One(tenant) => return of(tenant),
            Self::All => house.tenants.all(),
        };
        let mut first = house.tenants.first_faults().lock();
        first.expire(house.tenants.first_clock().now());
        let mut sum: Vec<Counted> = first.counted().collect();
        drop(first);
        for counted in tenants.iter().flat_map(|tenant| of(tenant)) {
            match sum.iter_mut().find(|known| known.name == counted.name) {
                Some(known) => known.add(&counted),
                None => sum.push(counted),
            }
        }
        sum
    }
}

fn whose(house: House<'_>, call: &Call, in_body: Option<&str>) -> Result<Whose, Problem> {
    let in_query = read::query(call, "tenant");
    let tenant = read::tenant(house, in_body.or(in_query.as_deref()))?;
    Ok(tenant.map_or(Whose::All, Whose::One))
}

/// The rule in the body, and whose it is to be.
fn given(house: House<'_>, call: &Call) -> Result<(Rule, Whose), Problem> {
    let body = read::any_body(call)?;
    let tenant = match body.get("tenant") {
        None | Some(Value::Null) => None,
        Some(Value::String(tenant)) => Some(tenant.as_str()),
        Some(_) => return Err(Problem::text(422, "tenant: takes a key or a label")),
    };
    let refusal = |error| Problem::text(422, format!("{error}"));
    let rule = Rule::from_json(&body, house.targets).map_err(refusal)?;
    let whose = whose(house, call, tenant)?;
    match rule.only_tenant() {
        Some(key) if !whose.has_calls_of(key, house.settings) => {
            Err(Problem::text(422, format!("key: no call of {key} meets this rule, so it would never strike")))
        }
        _ => Ok((rule, whose)),
    }
}

fn make_room(house: House<'_>, whose: &Whose, name: &str) -> Result<(), Problem> {
    if whose.any(house, |faults| faults.len() >= MAX_RULES && !faults.has(name)) {
        return Err(Problem::text(422, format!("A tenant has at most {MAX_RULES} rules")));
    }
    Ok(())
}

fn name(call: &Call) -> String {
    let name = call.head.path.rsplit('/').next().unwrap_or_default();
    percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned()
}

fn unknown(name: &str) -> Problem {
    Problem::text(404, format!("No rule is called {name}"))
}
