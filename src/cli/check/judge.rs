//! Judges the records of a server by the expectations of the user.

use std::fmt::Write as _;

use super::Expectations;
use super::evidence::{Chain, Evidence, FaultRule, Litter, Records, Retries};
use super::report::{Check, Report, Verdict};

/// Judges each expectation. One that the records say nothing about is not judged.
pub(super) fn judge(evidence: &Evidence, expected: &Expectations) -> Report {
    match evidence {
        Evidence::UnknownTenant(reason) => {
            let not_judged = |name| Check { name, verdict: Verdict::NotJudged, details: vec![reason.clone()] };
            Report { checks: names(expected).into_iter().map(not_judged).collect(), single: 0, retried: 0 }
        }
        Evidence::Recorded(records) => Report {
            checks: checks(records, expected),
            single: records.retries.single_calls,
            retried: records.retries.chains.len(),
        },
    }
}

/// The expectations as the user wrote them, in the order of the report.
fn names(expected: &Expectations) -> Vec<String> {
    let max_attempts = expected.max_attempts.map(|max| format!("--max-attempts {max}"));
    let switches = [
        ("--honour-retry-after", expected.honour_retry_after),
        ("--no-duplicate-writes", expected.no_duplicate_writes),
        ("--no-needless-retries", expected.no_needless_retries),
        ("--all-rules-struck", expected.all_rules_struck),
        ("--no-litter", expected.no_litter),
    ];
    let given = switches.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name.to_owned());
    max_attempts.into_iter().chain(given).collect()
}

fn checks(records: &Records, expected: &Expectations) -> Vec<Check> {
    let check = |name: String| match name.as_str() {
        "--all-rules-struck" => rules_check(name, records.rules.as_deref().unwrap_or_default()),
        "--no-litter" => litter_check(name, records),
        _ => retries_check(name, &records.retries, expected),
    };
    names(expected).into_iter().map(check).collect()
}

/// A check of the recorded requests. Evicted ones may have broken the limit, so without them nothing is sure but a failure.
fn retries_check(name: String, retries: &Retries, expected: &Expectations) -> Check {
    let broken = retries.chains.iter().filter_map(|chain| {
        let failure = failure(&name, chain, expected)?;
        Some(format!("{}: {failure}\n{}", chain.title(), chain.attempt_lines()))
    });
    let failures: Vec<String> = broken.collect();
    let not_judged = if retries.dropped > 0 {
        Some(format!(
            "{} requests were evicted from the journal; --journal-entries and --journal-bytes of the server keep more",
            retries.dropped
        ))
    } else if retries.single_calls + retries.chains.len() == 0 {
        Some("nothing to judge: no request is recorded".to_owned())
    } else {
        None
    };
    Check::of(name, failures, not_judged)
}

/// How the chain breaks the limit of this name, if it does.
fn failure(name: &str, chain: &Chain, expected: &Expectations) -> Option<String> {
    let attempts = chain.attempts.len();
    match name {
        "--honour-retry-after" => (chain.early_retries > 0)
            .then(|| format!("{} retries were sent before the time in Retry-After", chain.early_retries)),
        "--no-duplicate-writes" => (chain.duplicate_writes > 0)
            .then(|| format!("{} duplicate writes after a lost response", chain.duplicate_writes)),
        "--no-needless-retries" => (chain.needless_retries > 0)
            .then(|| format!("{} retries after a success or a final error", chain.needless_retries)),
        _ => {
            let max = expected.max_attempts.filter(|max| attempts > *max as usize)?;
            Some(format!("sent {attempts} times, at most {max} are allowed"))
        }
    }
}

fn rules_check(name: String, rules: &[FaultRule]) -> Check {
    let unused = rules.iter().filter(|rule| rule.strikes == 0);
    let failures = unused.map(|rule| format!("{}: never struck: {}", rule.name, rule.rule)).collect();
    let not_judged = rules.is_empty().then(|| "nothing to judge: there are no fault rules".to_owned());
    Check::of(name, failures, not_judged)
}

fn litter_check(name: String, records: &Records) -> Check {
    let shown = |litter: &Litter| format!("{} {}: created and not deleted: {}", litter.tenant, litter.kind, litter.id);
    let failures = records.litter.iter().flatten().map(shown).collect();
    let retries = &records.retries;
    let has_requests = retries.single_calls + retries.chains.len() > 0 || retries.dropped > 0;
    let not_judged = (!has_requests).then(|| "nothing to judge: no request is recorded".to_owned());
    Check::of(name, failures, not_judged)
}

impl Chain {
    fn title(&self) -> String {
        format!("{} {}", self.tenant.as_deref().unwrap_or("-"), self.operation.as_deref().unwrap_or("-"))
    }

    /// One line per attempt.
    fn attempt_lines(&self) -> String {
        let lines = self.attempts.iter().map(|attempt| {
            let status = attempt.status.map_or_else(|| "no response".to_owned(), |status| status.to_string());
            let mut line = format!("  request {}: {status} ({})", attempt.seq, attempt.outcome);
            if let Some(gap) = attempt.gap_ms {
                let _ = write!(line, ", {gap} ms after the previous one");
            }
            if let Some(promised) = attempt.promised_ms {
                let _ = write!(line, ", Retry-After was {promised} ms");
            }
            line
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
