//! The subcommand `check`, and the checks of `exec`: they ask a server for its verdict on what it recorded, and print
//! the report.

pub(in crate::cli) mod arguments;
mod report;

use std::time::Duration;

use serde_json::{Map, Value};

use super::client::{self, ClientResponse, PostRequest};
use super::exit::ExitError;
use super::server_address::ServerAddress;
use crate::admin;
use crate::clock::parse_duration;
use crate::error::detail_of;
use crate::instance::Instance;
use crate::response::Response;

pub(super) use crate::admin::check::{Report, Verdict};
pub(super) use report::{ReportFormat, escaped, printed, words};

/// The path of the admin API that judges.
const PATH: &str = "/__admin/check";

/// What is required of the recorded requests.
#[derive(Debug, Clone)]
pub(super) struct Requirements {
    /// The requirements as fields of the request for a check.
    pub(super) fields: Map<String, Value>,
    /// The tenant to check, by API key or label; all by default.
    pub(super) tenant: Option<String>,
}

/// Why there is no report.
#[derive(Debug)]
pub(super) enum NoReport {
    /// A requirement is refused.
    Refused(String),
    Failed(String),
}

impl Requirements {
    /// The body of the request for a check.
    fn body(&self) -> String {
        let mut fields = self.fields.clone();
        fields.extend(self.tenant.as_deref().map(|tenant| ("tenant".to_owned(), tenant.into())));
        Value::Object(fields).to_string()
    }

    /// The time that the server may take to wait for what is expected.
    fn within(&self) -> Duration {
        let within = self.fields.get("within").and_then(Value::as_str).and_then(|text| parse_duration(text).ok());
        within.unwrap_or_default()
    }
}

impl From<NoReport> for ExitError {
    fn from(error: NoReport) -> Self {
        match error {
            NoReport::Refused(problem) => Self::usage(format!("{problem} (docs/verdicts.md)")),
            NoReport::Failed(problem) => Self::failure(problem),
        }
    }
}

/// Asks the server at this address.
pub(super) fn run(
    address: &ServerAddress,
    admin_token: Option<&str>,
    required: &Requirements,
) -> Result<Report, NoReport> {
    let authority = address.authority().map_err(NoReport::Failed)?;
    let post = PostRequest { path: PATH, json: required.body(), within: required.within() };
    let response = client::post(&authority, admin_token, post).map_err(NoReport::Failed)?;
    let ClientResponse { url, status, body } = response;
    report(status, &body, &url)
}

/// Refuses requirements that this instance would refuse.
pub(super) fn validate(instance: &Instance, required: &Requirements) -> Result<(), NoReport> {
    report_of(&admin::post(instance, PATH, required.body())).map(|_| ())
}

/// Asks this instance, without a connection and without the access rules of the admin API. `prefix` stands before the
/// flags in the report.
pub(super) fn run_inside(instance: &Instance, required: &Requirements, prefix: &str) -> Result<Report, NoReport> {
    let runtime = client::runtime().map_err(NoReport::Failed)?;
    // The timer is made inside of the runtime.
    let pause = |pause| runtime.block_on(async { tokio::time::sleep(pause).await });
    let mut report = report_of(&admin::post_settled(instance, PATH, &required.body(), pause))?;
    for check in &mut report.checks {
        check.name = check.name.replacen("--", &format!("--{prefix}"), 1);
    }
    Ok(report)
}

fn report_of(response: &Response) -> Result<Report, NoReport> {
    report(response.code().unwrap_or_default(), &String::from_utf8_lossy(&response.body.bytes()), PATH)
}

fn report(status: u16, body: &str, url: &str) -> Result<Report, NoReport> {
    match status {
        200 => serde_json::from_str(body).map_err(|error| NoReport::Failed(format!("{url}: unexpected JSON: {error}"))),
        422 => Err(NoReport::Refused(detail_of(body.as_bytes()).unwrap_or_else(|| body.to_owned()))),
        _ => Err(NoReport::Failed(format!("{url}: status {status}: {body}"))),
    }
}
