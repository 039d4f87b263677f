//! Judges one expectation, and waits for it if that is asked for.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::check::{Judgement, Miss, Records, Verdict, expectation, judge, settling};
use super::read::{self, Fields};
use crate::clock::{format_duration, parse_duration};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::Expectation;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;
use crate::tenant::Tenant;

/// Maximum time for which a request waits for an expectation.
const MAX_WITHIN: Duration = Duration::from_mins(5);

/// The number of misses that are shown by default.
const MISSES: u32 = 3;

#[derive(Serialize)]
struct Unmet<'a> {
    detail: String,
    expected: &'a str,
    count: usize,
    misses: &'a [Miss],
    missed: usize,
}

pub(super) fn verify(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let fields = read::fields(request)?;
    let tenant = read::tenant_name(request, fields.text("tenant")?)?;
    let within = within(&fields)?;
    let shown = fields.count("misses")?.unwrap_or(MISSES) as usize;
    let records = match &tenant {
        Some(name) => Records::of_one(instance, known_tenant(instance, name)?),
        None => Records::of_all(instance),
    };
    let given = fields.value("expect").ok_or_else(|| read::refusal(&ParseError::new("expect", "is missing")))?;
    let expectation = expectation(instance, tenant.as_deref(), given)?;
    let judgement = judge(&expectation, records.recorded(), &records.tenants);
    let settles_within = settling(&records, judgement.verdict, within).filter(|_| judgement.may_change);
    Ok(Response { settles_within, ..response(&expectation, judgement, shown) })
}

/// The tenant with this key or label. Nothing is known of one that was evicted.
fn known_tenant(instance: &Instance, name: &str) -> Result<Arc<Tenant>, ApiError> {
    read::existing_tenant(instance, name)
        .map_err(|error| if instance.tenants.was_evicted(name) { ApiError { status: 412, ..error } } else { error })
}

/// 200 if it is met, 409 if it is not, 412 if that is not known; `shown` is the number of misses.
fn response(expectation: &Expectation, judgement: Judgement, shown: usize) -> Response {
    let Judgement { verdict, count, fitting, misses, missed, detail, .. } = judgement;
    let status = match verdict {
        Verdict::Passed => {
            let kind = if expectation.is_of_requests() { "entries" } else { "resources" };
            return Response::json(200, &json!({ "count": count, kind: fitting }));
        }
        Verdict::Failed => 409,
        Verdict::NotJudged => 412,
    };
    let misses = &misses[..misses.len().min(shown)];
    Response::json(status, &Unmet { detail, expected: &expectation.text, count, misses, missed })
}

/// The time for which to wait.
pub(super) fn within(fields: &Fields) -> Result<Option<Duration>, ApiError> {
    let Some(text) = fields.text("within")? else { return Ok(None) };
    let refusal = |problem: &str| read::refusal(&ParseError::new("within", problem));
    let within = parse_duration(text).map_err(|error| refusal(&error))?;
    if within > MAX_WITHIN {
        return Err(refusal(&format!("is longer than {}", format_duration(MAX_WITHIN))));
    }
    Ok(Some(within))
}
