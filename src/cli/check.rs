//! `check`: asks the running server of the same settings whether its clients' retries hold, and says readably what does
//! not.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::cli::Expectations;
use crate::cli::client;
use crate::config::Settings;

/// Whether everything that was asked for held.
#[derive(Debug, PartialEq, Eq)]
pub enum Finding {
    /// It did; a sentence for people.
    Holds(String),
    /// It did not; a report for people.
    Broken(String),
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

/// Holds the retries that the server saw against what is expected of them.
pub fn run(settings: &Settings, expected: &Expectations) -> Result<Finding, String> {
    let tenant = expected.tenant.as_deref().map_or_else(String::new, |tenant| {
        let encoded: String = form_urlencoded::byte_serialize(tenant.as_bytes()).collect();
        format!("?tenant={encoded}")
    });
    let answer = client::get(settings, &format!("/__admin/retries{tenant}"))?;
    if answer.status != 200 {
        return Err(format!("{}/__admin/retries answers {}: {}", answer.from, answer.status, answer.body));
    }
    let retries: Retries = serde_json::from_str(&answer.body)
        .map_err(|error| format!("{}/__admin/retries cannot be read: {error}", answer.from))?;
    Ok(judge(&retries, expected))
}

fn judge(retries: &Retries, expected: &Expectations) -> Finding {
    let mut report = String::new();
    for chain in &retries.chains {
        for complaint in complaints(chain, expected) {
            let _ = write!(report, "{}: {complaint}\n{}", chain.title(), chain.course());
        }
    }
    if report.is_empty() {
        let (requests, chains) = (retries.single_calls, retries.chains.len());
        let dropped = match retries.dropped {
            0 => String::new(),
            dropped => format!("; {dropped} are no longer in the journal (--journal-entries) and were not judged"),
        };
        Finding::Holds(format!("retries hold: {requests} requests tried once, {chains} tried again{dropped}"))
    } else {
        Finding::Broken(report)
    }
}

fn complaints(chain: &Chain, expected: &Expectations) -> Vec<String> {
    let attempts = chain.attempts.len();
    let mut complaints = Vec::new();
    if let Some(most) = expected.max_attempts.filter(|most| attempts > *most as usize) {
        complaints.push(format!("tried {attempts} times, at most {most} are allowed"));
    }
    if expected.honour_retry_after.is_some() && chain.early_retries > 0 {
        complaints.push(format!("{} retries came before the promised time", chain.early_retries));
    }
    if expected.no_duplicate_writes.is_some() && chain.duplicate_writes > 0 {
        complaints.push(format!("{} duplicates were made after a lost answer", chain.duplicate_writes));
    }
    complaints
}

impl Chain {
    fn title(&self) -> String {
        format!("{} {}", self.tenant.as_deref().unwrap_or("-"), self.operation.as_deref().unwrap_or("-"))
    }

    /// One line a try.
    fn course(&self) -> String {
        self.attempts.iter().fold(String::new(), |mut lines, attempt| {
            let status = attempt.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let _ = write!(lines, "    request {}: {status} ({})", attempt.seq, attempt.outcome);
            if let Some(gap) = attempt.gap_ms {
                let _ = write!(lines, ", {gap} ms after the one before");
            }
            if let Some(promised) = attempt.promised_ms {
                let _ = write!(lines, ", {promised} ms were promised");
            }
            lines.push('\n');
            lines
        })
    }
}
