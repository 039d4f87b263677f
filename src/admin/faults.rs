//! Fault rules at run time: listed with their counts, added, replaced, taken out; for one tenant, or for all of them and
//! those to come.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::read;
use crate::call::Call;
use crate::emulator::Emulator;
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

pub(super) fn list(emulator: &Emulator, call: &Call) -> Result<Reply, Problem> {
    let faults = whose(emulator, call, None)?.counted(emulator);
    Ok(Reply::json(200, &Shown { faults }))
}

pub(super) fn show(emulator: &Emulator, call: &Call) -> Result<Reply, Problem> {
    let name = name(call);
    let counted = whose(emulator, call, None)?.counted(emulator);
    let found = counted.into_iter().find(|rule| *rule.name == name);
    found.map(|rule| Reply::json(200, &rule)).ok_or_else(|| unknown(&name))
}

pub(super) fn add(emulator: &Emulator, call: &Call) -> Result<Reply, Problem> {
    let (rule, whose) = given(emulator, call)?;
    let rule = if rule.has_name() {
        rule
    } else {
        rule.named(&free_name(|name| whose.any(emulator, |faults| faults.has(name))))
    };
    if whose.any(emulator, |faults| faults.has(&rule.name)) {
        return Err(Problem::text(409, format!("name: {} is taken; PUT replaces it", rule.name)));
    }
    make_room(emulator, &whose, &rule.name)?;
    whose.arm(emulator, &rule);
    Ok(Reply::json(201, &Counted::none(&rule)))
}

pub(super) fn put(emulator: &Emulator, call: &Call) -> Result<Reply, Problem> {
    let (rule, whose) = given(emulator, call)?;
    // The name in the path is checked as one in the rule would be.
    let named = Rule::parse(&format!("* delay=0 name={}", name(call)), emulator.targets());
    let named = named.map_err(|error| Problem::text(422, error.to_string()))?;
    let rule = rule.named(&named.name);
    let is_there = whose.any(emulator, |faults| faults.has(&rule.name));
    make_room(emulator, &whose, &rule.name)?;
    whose.arm(emulator, &rule);
    Ok(Reply::json(if is_there { 200 } else { 201 }, &Counted::none(&rule)))
}

pub(super) fn remove(emulator: &Emulator, call: &Call) -> Result<Reply, Problem> {
    let (name, whose) = (name(call), whose(emulator, call, None)?);
    if !whose.any(emulator, |faults| faults.has(&name)) {
        return Err(unknown(&name));
    }
    whose.change(emulator, |faults| _ = faults.remove(&name));
    Ok(Reply::empty(204))
}

pub(super) fn clear(emulator: &Emulator, call: &Call) -> Result<Reply, Problem> {
    whose(emulator, call, None)?.change(emulator, Faults::clear);
    Ok(Reply::empty(204))
}

impl Whose {
    /// Does something to the rules that are meant.
    fn change(&self, emulator: &Emulator, act: impl Fn(&mut Faults)) {
        match self {
            Self::One(tenant) => tenant.change_faults(act),
            Self::All => {
                act(&mut emulator.tenants().first_faults().lock());
                emulator.tenants().all().iter().for_each(|tenant| tenant.change_faults(&act));
            }
        }
    }

    /// Puts a rule behind the others, its time to live counted on each tenant's clock.
    fn arm(&self, emulator: &Emulator, rule: &Rule) {
        let arm = |tenant: &Arc<Tenant>| {
            let now = tenant.clock.now();
            tenant.change_faults(|faults| _ = faults.arm(rule.clone(), now));
        };
        match self {
            Self::One(tenant) => arm(tenant),
            Self::All => {
                let now = emulator.tenants().first_clock().now();
                emulator.tenants().first_faults().lock().arm(rule.clone(), now);
                emulator.tenants().all().iter().for_each(arm);
            }
        }
    }

    /// Whether some of the rules that are meant pass a test.
    fn any(&self, emulator: &Emulator, test: impl Fn(&Faults) -> bool) -> bool {
        match self {
            Self::One(tenant) => test(&tenant.lock().faults),
            Self::All => {
                test(&emulator.tenants().first_faults().lock())
                    || emulator.tenants().all().iter().any(|tenant| test(&tenant.lock().faults))
            }
        }
    }

    /// The rules that are meant, with their counts; those of all tenants are added up by name.
    fn counted(&self, emulator: &Emulator) -> Vec<Counted> {
        let of = |tenant: &Tenant| {
            let mut state = tenant.lock();
            state.faults.expire(tenant.clock.now());
            state.faults.counted().collect::<Vec<_>>()
        };
        let tenants = match self {
            Self::One(tenant) => return of(tenant),
            Self::All => emulator.tenants().all(),
        };
        let mut first = emulator.tenants().first_faults().lock();
        first.expire(emulator.tenants().first_clock().now());
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

fn whose(emulator: &Emulator, call: &Call, in_body: Option<&str>) -> Result<Whose, Problem> {
    let in_query = read::query(call, "tenant");
    let tenant = read::tenant(emulator, in_body.or(in_query.as_deref()))?;
    Ok(tenant.map_or(Whose::All, Whose::One))
}

/// The rule in the body, and whose it is to be.
fn given(emulator: &Emulator, call: &Call) -> Result<(Rule, Whose), Problem> {
    let body: Value = read::body(call)?;
    let tenant = match body.get("tenant") {
        None | Some(Value::Null) => None,
        Some(Value::String(tenant)) => Some(tenant.as_str()),
        Some(_) => return Err(Problem::text(422, "tenant: takes a key or a label")),
    };
    let refusal = |error| Problem::text(422, format!("{error}"));
    let rule = Rule::from_json(&body, emulator.targets()).map_err(refusal)?;
    Ok((rule, whose(emulator, call, tenant)?))
}

fn make_room(emulator: &Emulator, whose: &Whose, name: &str) -> Result<(), Problem> {
    if whose.any(emulator, |faults| faults.len() >= MAX_RULES && !faults.has(name)) {
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
