//! Judges requests, rules and resources by expectations. The subcommands `check` and `exec` and the helpers for test
//! frameworks have their verdicts from here.

mod expectation;
mod judge;
mod report;

use self::expectation::Expectation;
use super::read;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

pub(super) use expectation::FIELDS;
pub(crate) use report::{Report, Verdict};

pub(super) fn check(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let fields = read::fields(request)?;
    let tenant = read::tenant_name(request, fields.text("tenant")?)?;
    let expectations = Expectation::read(&fields)?;
    if expectations.is_empty() {
        let problem = "expects nothing; it takes expectations, such as \"max_attempts\": 3 or \"no_litter\": true";
        return Err(read::refusal(&ParseError::new("body", problem)));
    }
    Ok(Response::json(200, &judge::report(instance, &expectations, tenant.as_deref())))
}
