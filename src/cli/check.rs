//! The subcommand `check`: fetches the recorded retries from the running server and reports those that break the given
//! limits.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::cli::Expectations;
use crate::cli::client;
use crate::config::Settings;

/// The result of the check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CheckResult {
    /// The retries passed; a summary.
    Passed(String),
    /// The retries failed; a report of the failures.
    Failed(String),
}

#[derive(Deserialize)]
struct Retries {
    single_calls: usize,
    chains: Vec<Chain>,
    dropped: u64,
}

#[derive(Deserialize)]
struct Chain {
    tenant: Option<String>,
    operation: Option<String>,
    attempts: Vec<Attempt>,
    early_retries: usize,
    duplicate_writes: usize,
}

#[derive(Deserialize)]
struct Attempt {
    seq: u64,
    status: Option<u16>,
    outcome: String,
    gap_ms: Option<u64>,
    promised_ms: Option<u64>,
}

/// Checks the retries that the server of these settings recorded.
///
/// Errors: the server does not respond, or not with the expected JSON.
pub(crate) fn run(settings: &Settings, expected: &Expectations) -> Result<CheckResult, String> {
    let tenant = expected.tenant.as_deref().map_or_else(String::new, |tenant| {
        let encoded: String = form_urlencoded::byte_serialize(tenant.as_bytes()).collect();
        format!("?tenant={encoded}")
    });
    let response = client::get(settings, &format!("/__admin/retries{tenant}"))?;
    if response.status != 200 {
        return Err(format!("{}/__admin/retries: status {}: {}", response.base_url, response.status, response.body));
    }
    let retries: Retries = serde_json::from_str(&response.body)
        .map_err(|error| format!("{}/__admin/retries: unexpected JSON: {error}", response.base_url))?;
    Ok(evaluate(&retries, expected))
}

fn evaluate(retries: &Retries, expected: &Expectations) -> CheckResult {
    let mut report = String::new();
    for chain in &retries.chains {
        for failure in failures(chain, expected) {
            let _ = write!(report, "{}: {failure}\n{}", chain.title(), chain.attempt_lines());
        }
    }
    if report.is_empty() {
        let (single, chains) = (retries.single_calls, retries.chains.len());
        let dropped = match retries.dropped {
            0 => String::new(),
            dropped => format!("; {dropped} were evicted from the journal (--journal-entries) and not checked"),
        };
        CheckResult::Passed(format!("retries passed: {single} requests sent once, {chains} retried{dropped}"))
    } else {
        CheckResult::Failed(report)
    }
}

/// A sentence for each limit that the chain breaks.
fn failures(chain: &Chain, expected: &Expectations) -> Vec<String> {
    let attempts = chain.attempts.len();
    let mut failures = Vec::new();
    if let Some(max) = expected.max_attempts.filter(|max| attempts > *max as usize) {
        failures.push(format!("sent {attempts} times, at most {max} are allowed"));
    }
    if expected.honour_retry_after && chain.early_retries > 0 {
        failures.push(format!("{} retries were sent before the time in Retry-After", chain.early_retries));
    }
    if expected.no_duplicate_writes && chain.duplicate_writes > 0 {
        failures.push(format!("{} duplicate writes after a lost response", chain.duplicate_writes));
    }
    failures
}

impl Chain {
    fn title(&self) -> String {
        format!("{} {}", self.tenant.as_deref().unwrap_or("-"), self.operation.as_deref().unwrap_or("-"))
    }

    /// One line per attempt.
    fn attempt_lines(&self) -> String {
        self.attempts.iter().fold(String::new(), |mut lines, attempt| {
            let status = attempt.status.map_or_else(|| "no response".to_owned(), |status| status.to_string());
            let _ = write!(lines, "    request {}: {status} ({})", attempt.seq, attempt.outcome);
            if let Some(gap) = attempt.gap_ms {
                let _ = write!(lines, ", {gap} ms after the previous one");
            }
            if let Some(promised) = attempt.promised_ms {
                let _ = write!(lines, ", Retry-After was {promised} ms");
            }
            lines.push('\n');
            lines
        })
    }
}
