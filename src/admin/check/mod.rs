//! Judges requests, rules and resources by expectations. The subcommands `check` and `exec` and the helpers for test
//! frameworks have their verdicts from here.

mod judge;
mod judgement;
mod order;
mod report;
mod requirement;
mod unexpected;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use self::requirement::Requirement;
use super::{read, verify};
use crate::api;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::{Expectation, ExpectationSubject, Vocabulary};
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

pub(super) use judge::Records;
pub(super) use judgement::{Judgement, Miss, judge};
pub(crate) use report::{Report, Verdict};
pub(super) use requirement::FIELDS;

pub(super) fn check(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let fields = read::fields(request)?;
    let tenant = read::tenant_name(request, fields.text("tenant")?)?;
    let requirements = Requirement::read(instance, tenant.as_deref(), &fields)?;
    if requirements.is_empty() {
        let problem = "requires nothing; it takes requirements, such as \"max_attempts\": 3 or \"no_litter\": true";
        return Err(read::refusal(&ParseError::new("body", problem)));
    }
    let within = verify::within(&fields)?;
    if within.is_some() && !requirements.iter().any(|one| matches!(one, Requirement::Expect(_))) {
        return Err(read::refusal(&ParseError::new("within", "has no effect without expect")));
    }
    let Some(records) = Records::named(instance, tenant.as_deref()) else {
        let problem = read::unknown_tenant(instance, tenant.as_deref().unwrap_or_default());
        return Ok(Response::json(200, &judge::unjudged(&requirements, &problem)));
    };
    let (report, may_change) = records.report(&requirements);
    let settles_within = settling(&records, report.verdict, within).filter(|_| may_change);
    Ok(Response { settles_within, ..Response::json(200, &report) })
}

/// How long after its request a verdict may still change. One that requests which have not ended could change waits a
/// moment for them, unless a time is given: a client may have its response before the server sees how it ended.
pub(super) fn settling(records: &Records<'_>, verdict: Verdict, within: Option<Duration>) -> Option<Duration> {
    const GRACE: Duration = Duration::from_secs(1);
    within.or_else(|| (verdict != Verdict::Passed && records.have_open()).then_some(GRACE))
}

/// Reads an expectation about the named tenant, or all: one line, or the same as an object.
pub(super) fn expectation(instance: &Instance, tenant: Option<&str>, value: &Value) -> Result<Expectation, ApiError> {
    let known = Vocabulary { operations: &instance.targets, kinds: api::STATE_KINDS };
    let read = match value {
        Value::String(line) => Expectation::parse(line, &known),
        Value::Object(fields) => Expectation::of_fields(fields, &known),
        _ => Err("takes a line such as \"indexes.create count=1\", or an object".into()),
    };
    let checked = read.and_then(|expectation| check_rule(instance, tenant, &expectation).map(|()| expectation));
    checked.map_err(|error| read::inner_refusal("expect", error))
}

/// Refuses the name of a rule that the tenant, or none of all, has and that never struck there. Of an unknown tenant
/// nothing is judged.
fn check_rule(instance: &Instance, tenant: Option<&str>, expectation: &Expectation) -> Result<(), ParseError> {
    let ExpectationSubject::Requests(filter) = &expectation.subject else { return Ok(()) };
    let Some(name) = filter.fault() else { return Ok(()) };
    let Some(records) = Records::named(instance, tenant) else { return Ok(()) };
    let recorded = records.recorded().entries.iter().flat_map(|entry| &entry.faults).map(|note| note.rule.to_string());
    let rules = records.rules().into_iter().map(|rule| rule.name.to_string());
    let known: BTreeSet<String> = rules.chain(recorded).collect();
    if known.contains(name) {
        return Ok(());
    }
    let error = ParseError::new(format_args!("fault={name}"), "is not the name of a rule");
    Err(error.near(name, known.iter().map(String::as_str)))
}
