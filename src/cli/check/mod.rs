//! The subcommand `check`: fetches what the running server recorded, and reports whether it meets the expectations of
//! the user. It passes only if it could judge every expectation.

mod evidence;
mod judge;
mod report;

use super::client::{self, ClientResponse};
use crate::admin;
use crate::config::Settings;
use crate::instance::Instance;

pub(super) use report::{Report, ReportFormat, Verdict};

/// What `check` expects.
#[derive(Debug, Clone)]
pub(super) struct Expectations {
    /// The expectations, in the order of the report.
    pub(super) all: Vec<Expectation>,
    /// The tenant to check, by API key or label; all by default.
    pub(super) tenant: Option<String>,
    /// The prefix of the flags' names.
    pub(super) prefix: &'static str,
}

/// One expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    /// No request was sent more often than this.
    MaxAttempts(u32),
    /// No retry was sent before the time in `Retry-After`.
    HonourRetryAfter,
    /// No lost response led to a second write.
    NoDuplicateWrites,
    /// No request was retried after a success or a final error.
    NoNeedlessRetries,
    /// Every fault rule struck.
    AllRulesStruck,
    /// Every resource that a request created was deleted.
    NoLitter,
}

/// The expectations without a value, and their flags.
pub(super) const SWITCHES: &[(Expectation, &str)] = &[
    (Expectation::HonourRetryAfter, "honour-retry-after"),
    (Expectation::NoDuplicateWrites, "no-duplicate-writes"),
    (Expectation::NoNeedlessRetries, "no-needless-retries"),
    (Expectation::AllRulesStruck, "all-rules-struck"),
    (Expectation::NoLitter, "no-litter"),
];

impl Expectations {
    /// An expectation as the user wrote it.
    fn name(&self, named: Expectation) -> String {
        let prefix = self.prefix;
        match (named, SWITCHES.iter().find(|(expectation, _)| *expectation == named)) {
            (Expectation::MaxAttempts(max), _) => format!("--{prefix}max-attempts {max}"),
            (_, switch) => switch.map_or_else(String::new, |(_, flag)| format!("--{prefix}{flag}")),
        }
    }
}

/// Checks what the server of these settings recorded.
///
/// Errors: the server does not respond, or not with the expected JSON.
pub(super) fn run(settings: &Settings, expected: &Expectations) -> Result<Report, String> {
    let evidence = evidence::fetch(|path| client::get(settings, path), expected)?;
    Ok(judge::judge(&evidence, expected))
}

/// Checks what this instance recorded, without a connection and without the access rules of the admin API.
///
/// Errors: an admin request fails.
pub(super) fn run_inside(instance: &Instance, expected: &Expectations) -> Result<Report, String> {
    let get = |path: &str| {
        let response = admin::get(instance, path);
        let status = response.code().expect("the admin API responds to every request");
        let body = String::from_utf8_lossy(&response.body.bytes()).into_owned();
        Ok(ClientResponse { base_url: String::new(), status, body })
    };
    let evidence = evidence::fetch(get, expected)?;
    Ok(judge::judge(&evidence, expected))
}
