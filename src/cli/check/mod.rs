//! The subcommand `check`, and the checks of `exec`: they ask a server for its verdict on what it recorded, and print
//! the report.

mod report;

use serde_json::{Map, Value};

use super::client::{self, ClientResponse};
use super::server_address::ServerAddress;
use crate::admin;
use crate::instance::Instance;

pub(super) use crate::admin::check::{Report, Verdict};
pub(super) use report::{ReportFormat, printed, words};

/// The path of the admin API that judges.
const PATH: &str = "/__admin/check";

/// What is expected of the recorded requests.
#[derive(Debug, Clone)]
pub(super) struct Expectations {
    /// The expectations as fields of the request for a check.
    pub(super) fields: Map<String, Value>,
    /// The tenant to check, by API key or label; all by default.
    pub(super) tenant: Option<String>,
}

impl Expectations {
    /// The body of the request for a check.
    fn body(&self) -> String {
        let mut fields = self.fields.clone();
        fields.extend(self.tenant.as_deref().map(|tenant| ("tenant".to_owned(), tenant.into())));
        Value::Object(fields).to_string()
    }
}

/// Asks the server at this address.
///
/// Errors: the server does not respond, or not with a report.
pub(super) fn run(
    address: &ServerAddress,
    admin_token: Option<&str>,
    expected: &Expectations,
) -> Result<Report, String> {
    let response = client::post(&address.authority()?, admin_token, PATH, expected.body())?;
    let ClientResponse { url, status, body } = response;
    if status != 200 {
        return Err(format!("{url}: status {status}: {body}"));
    }
    serde_json::from_str(&body).map_err(|error| format!("{url}: unexpected JSON: {error}"))
}

/// Asks this instance, without a connection and without the access rules of the admin API. `prefix` stands before the
/// flags in the report.
///
/// Errors: there is no report.
pub(super) fn run_inside(instance: &Instance, expected: &Expectations, prefix: &str) -> Result<Report, String> {
    let body = admin::post(instance, PATH, expected.body()).body.bytes();
    let text = || String::from_utf8_lossy(&body);
    let mut report: Report = serde_json::from_slice(&body).map_err(|_| format!("{PATH}: {}", text()))?;
    for check in &mut report.checks {
        check.name = check.name.replacen("--", &format!("--{prefix}"), 1);
    }
    Ok(report)
}
