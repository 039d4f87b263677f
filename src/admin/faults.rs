//! Lists, adds, replaces and removes fault rules at run time, for one tenant or for all, later ones included.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::read;
use crate::config::{Isolation, Settings};
use crate::error::ApiError;
use crate::fault::{FaultRules, Rule, RuleCounts, free_name};
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;
use crate::tenant::Tenant;

/// Maximum number of rules of a tenant.
const MAX_RULES: usize = 1000;

#[derive(Serialize)]
struct FaultsView {
    faults: Vec<RuleCounts>,
}

/// The rules that a request is about.
pub(super) enum RuleScope {
    /// Those of a tenant.
    One(Arc<Tenant>),
    /// Those of every tenant, later ones included.
    All,
}

pub(super) fn list(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let faults = RuleScope::named(instance, request)?.counted(instance);
    Ok(Response::json(200, &FaultsView { faults }))
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let name = name(request);
    let counted = RuleScope::named(instance, request)?.counted(instance);
    let found = counted.iter().find(|rule| *rule.name == name);
    found.map(|rule| Response::json(200, rule)).ok_or_else(|| unknown(&name, &counted))
}

/// The rules of a tenant, or of all, with their counts.
pub(super) fn counts(instance: &Instance, only: Option<&Arc<Tenant>>) -> Vec<RuleCounts> {
    only.map_or(RuleScope::All, |tenant| RuleScope::One(Arc::clone(tenant))).counted(instance)
}

pub(super) fn add(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let (rule, scope) = given(instance, request)?;
    let _guard = instance.tenants.lock_rule_changes();
    let rule = scope.add_new(instance, rule)?;
    Ok(Response::json(201, &RuleCounts::zero(&rule)))
}

pub(super) fn put(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let (rule, scope) = given(instance, request)?;
    // The name in the path is checked as one in the rule would be.
    let named = Rule::parse(&format!("* delay=0 name={}", name(request)), &instance.targets);
    let named = named.map_err(|error| read::refusal(&error))?;
    if rule.has_name() && rule.name != named.name {
        return Err(ApiError::text(422, format!("name: is {} in the path and {} in the rule", named.name, rule.name)));
    }
    let rule = rule.named(&named.name);
    let _guard = instance.tenants.lock_rule_changes();
    let is_there = scope.any(instance, |faults| faults.has(&rule.name));
    check_rule_limit(instance, &scope, &rule.name)?;
    scope.add(instance, &rule);
    Ok(Response::json(if is_there { 200 } else { 201 }, &RuleCounts::zero(&rule)))
}

/// Switches a rule on or off. Its counts stay; what it holds is released when it is switched off.
pub(super) fn switch(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let (name, scope, fields) = (name(request), RuleScope::named(instance, request)?, read::fields(request)?);
    if fields.value("enabled").is_none() {
        return Err(read::refusal(&ParseError::new("enabled", "is missing; it takes true or false")));
    }
    let is_enabled = fields.switch("enabled")?;
    let _guard = instance.tenants.lock_rule_changes();
    if !scope.any(instance, |faults| faults.has(&name)) {
        return Err(unknown(&name, &scope.counted(instance)));
    }
    scope.change(instance, |faults| faults.enable(&name, is_enabled));
    show(instance, request)
}

pub(super) fn remove(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let (name, scope) = (name(request), RuleScope::named(instance, request)?);
    let _guard = instance.tenants.lock_rule_changes();
    if !scope.any(instance, |faults| faults.has(&name)) {
        return Err(unknown(&name, &scope.counted(instance)));
    }
    scope.change(instance, |faults| _ = faults.remove(&name));
    Ok(Response::empty(204))
}

pub(super) fn clear(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let scope = RuleScope::named(instance, request)?;
    let _guard = instance.tenants.lock_rule_changes();
    scope.change(instance, FaultRules::clear);
    Ok(Response::empty(204))
}

impl RuleScope {
    /// Those of the tenant that a request names in its query or in the field `tenant`, which is created if it does not
    /// exist; else those of all.
    pub(super) fn given(instance: &Instance, request: &Request, field: Option<&str>) -> Result<Self, ApiError> {
        match read::tenant_name(request, field)? {
            Some(name) => Ok(Self::One(read::tenant_or_new(instance, &name)?)),
            None => Ok(Self::All),
        }
    }

    /// Those of the tenant that the query names, or of all.
    pub(super) fn named(instance: &Instance, request: &Request) -> Result<Self, ApiError> {
        match read::query(request, "tenant") {
            Some(name) => Ok(Self::One(read::existing_tenant(instance, &name)?)),
            None => Ok(Self::All),
        }
    }

    /// The tenants that exist now.
    pub(super) fn tenants(&self, instance: &Instance) -> Vec<Arc<Tenant>> {
        match self {
            Self::One(tenant) => vec![Arc::clone(tenant)],
            Self::All => instance.tenants.all(),
        }
    }

    /// A rule for the tenants of these rules.
    pub(super) fn own(&self, rule: Rule) -> Rule {
        match self {
            Self::One(tenant) => rule.for_tenant(&tenant.label),
            Self::All => rule,
        }
    }

    /// Changes the rules.
    pub(super) fn change(&self, instance: &Instance, act: impl Fn(&mut FaultRules)) {
        match self {
            Self::One(tenant) => tenant.change_faults(act),
            Self::All => {
                act(&mut instance.tenants.template_faults().lock());
                instance.tenants.all().iter().for_each(|tenant| tenant.change_faults(&act));
            }
        }
    }

    /// Adds a rule after the others.
    fn add(&self, instance: &Instance, rule: &Rule) {
        instance.tenants.note_rule(rule);
        let add = |tenant: &Arc<Tenant>| tenant.change_faults(|faults| faults.add(rule.clone()));
        match self {
            Self::One(tenant) => add(tenant),
            Self::All => {
                instance.tenants.template_faults().lock().add(rule.clone());
                instance.tenants.all().iter().for_each(add);
            }
        }
    }

    /// Adds a rule, with a free name if it has none; the rule. Its name must not be taken.
    pub(super) fn add_new(&self, instance: &Instance, rule: Rule) -> Result<Rule, ApiError> {
        let is_taken = |name: &str| self.any(instance, |faults| faults.has(name));
        let rule = if rule.has_name() { rule } else { rule.named(&free_name(is_taken)) };
        if is_taken(&rule.name) {
            return Err(ApiError::text(409, format!("name: {} is taken; PUT replaces it", rule.name)));
        }
        check_rule_limit(instance, self, &rule.name)?;
        self.add(instance, &rule);
        Ok(rule)
    }

    /// Whether the rules can apply to a request of the key with this label.
    fn can_apply_to(&self, key: &str, settings: &Settings) -> bool {
        let elsewhere =
            matches!(self, Self::One(tenant) if settings.isolation == Isolation::Key && &*tenant.label != key);
        settings.accepts_label(key) && !elsewhere
    }

    /// Whether a test holds for the rules of one of the tenants.
    pub(super) fn any(&self, instance: &Instance, test: impl Fn(&FaultRules) -> bool) -> bool {
        match self {
            Self::One(tenant) => test(&tenant.lock().faults),
            Self::All => {
                test(&instance.tenants.template_faults().lock())
                    || instance.tenants.all().iter().any(|tenant| test(&tenant.lock().faults))
            }
        }
    }

    /// The rules with their counts, in the order in which they were added. A tenant's are without those for other keys.
    /// The counts of a rule of all tenants are added up. Rules whose time to live is over are removed first.
    fn counted(&self, instance: &Instance) -> Vec<RuleCounts> {
        let of = |tenant: &Tenant| {
            let mut state = tenant.lock();
            state.remove_expired_faults(&tenant.clock);
            state.faults.counts().collect::<Vec<_>>()
        };
        let tenants = match self {
            Self::One(tenant) => {
                let can_apply = |rule: &RuleCounts| {
                    rule.only_key.as_deref().is_none_or(|key| self.can_apply_to(key, &instance.settings))
                };
                return of(tenant).into_iter().filter(can_apply).collect();
            }
            Self::All => instance.tenants.all(),
        };
        let mut first = instance.tenants.template_faults().lock();
        first.remove_expired();
        let mut sum: Vec<RuleCounts> = first.counts().collect();
        drop(first);
        for counted in tenants.iter().flat_map(|tenant| of(tenant)) {
            match sum.iter_mut().find(|known| known.is_same_rule(&counted)) {
                Some(known) => known.add(&counted),
                None => sum.push(counted),
            }
        }
        sum.sort_by_key(|counted| counted.added_at);
        sum
    }
}

/// The rule in the body, and the rules that it is added to. The tenant is created if it does not exist.
fn given(instance: &Instance, request: &Request) -> Result<(Rule, RuleScope), ApiError> {
    let (rule, tenant) = read_rule(instance, request)?;
    let scope = RuleScope::given(instance, request, tenant.as_deref())?;
    fitting(instance, rule, scope)
}

/// The same, without creating the tenant.
pub(super) fn given_for_existing(instance: &Instance, request: &Request) -> Result<(Rule, RuleScope), ApiError> {
    let (rule, tenant) = read_rule(instance, request)?;
    let scope = match read::tenant_name(request, tenant.as_deref())? {
        Some(name) => RuleScope::One(read::existing_tenant(instance, &name)?),
        None => RuleScope::All,
    };
    fitting(instance, rule, scope)
}

/// The rule in the body, and the tenant that the body names.
fn read_rule(instance: &Instance, request: &Request) -> Result<(Rule, Option<String>), ApiError> {
    let body = read::any_body(request)?;
    let tenant = match body.get("tenant") {
        None | Some(Value::Null) => None,
        Some(Value::String(tenant)) => Some(tenant.clone()),
        Some(_) => return Err(read::refusal(&ParseError::new("tenant", "takes a key or a label"))),
    };
    let rule = Rule::from_json(&body, &instance.targets).map_err(|error| read::refusal(&error))?.with_origin("admin");
    Ok((rule, tenant))
}

/// The rule as one of these rules, if it can strike there.
fn fitting(instance: &Instance, rule: Rule, scope: RuleScope) -> Result<(Rule, RuleScope), ApiError> {
    let rule = scope.own(rule);
    match rule.only_key() {
        Some(key) if !scope.can_apply_to(key, &instance.settings) => {
            Err(ApiError::text(422, format!("key: no request of {key} meets this rule, so it would never strike")))
        }
        _ => Ok((rule, scope)),
    }
}

/// Refuses a new rule if a tenant would have more than [`MAX_RULES`].
fn check_rule_limit(instance: &Instance, scope: &RuleScope, name: &str) -> Result<(), ApiError> {
    if scope.any(instance, |faults| faults.len() >= MAX_RULES && !faults.has(name)) {
        return Err(ApiError::text(422, format!("A tenant has at most {MAX_RULES} rules")));
    }
    Ok(())
}

/// The last part of the path of a request.
pub(super) fn name(request: &Request) -> String {
    read::path_word(request, 0)
}

fn unknown(name: &str, rules: &[RuleCounts]) -> ApiError {
    let error = ParseError::new("name", format_args!("no rule is called {name}"));
    ApiError::text(404, error.near(name, rules.iter().map(|rule| &*rule.name)).to_string())
}
