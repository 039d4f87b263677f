//! Judges the records of a server by the expectations of the user.

use std::fmt::Write as _;

use super::evidence::{ChainBody, DuplicateBody, Evidence, FaultRule, LitterItem, Records, RetriesBody};
use super::report::{Check, Report};
use super::{Expectation, Expectations};

/// The reason why a check of requests is not judged.
const NO_REQUEST: &str = "nothing to judge: no request is recorded";

/// Judges each expectation; `not judged` if the records are not sufficient.
pub(super) fn judge(evidence: &Evidence, expected: &Expectations) -> Report {
    let expectations = expected.all.iter().copied();
    match evidence {
        Evidence::UnknownTenant(reason) => {
            let not_judged = |expectation| Check::of(expected.name(expectation), Vec::new(), Some(reason.clone()));
            Report { checks: expectations.map(not_judged).collect(), single_calls: 0, retried_calls: 0 }
        }
        Evidence::Recorded(records) => Report {
            checks: expectations
                .map(|expectation| {
                    let (failures, not_judged) = check(expectation, records);
                    Check::of(expected.name(expectation), failures, not_judged)
                })
                .collect(),
            single_calls: records.retries.single_calls,
            retried_calls: records.retries.chains.len(),
        },
    }
}

/// The failures of a check, and the reason why it is not judged without any.
type Findings = (Vec<String>, Option<String>);

fn check(expectation: Expectation, records: &Records) -> Findings {
    match expectation {
        Expectation::AllRulesStruck => rules_check(&records.rules),
        Expectation::NoLitter => litter_check(records),
        _ => retries_check(expectation, &records.retries),
    }
}

/// A check of the recorded requests. Evicted ones may have broken the limit: the check then fails or is not judged.
fn retries_check(expectation: Expectation, retries: &RetriesBody) -> Findings {
    let failures = match expectation {
        Expectation::NoDuplicateWrites => retries.duplicate_writes.iter().map(DuplicateBody::failure).collect(),
        _ => retries.chains.iter().filter_map(|chain| chain.failure(expectation)).collect(),
    };
    let not_judged = if retries.dropped > 0 {
        Some(format!(
            "{} requests were evicted from the journal; --journal-entries and --journal-bytes of the server keep more",
            retries.dropped
        ))
    } else if retries.single_calls + retries.chains.len() == 0 {
        Some(NO_REQUEST.to_owned())
    } else {
        None
    };
    (failures, not_judged)
}

fn rules_check(rules: &[FaultRule]) -> Findings {
    let unused = rules.iter().filter(|rule| rule.strikes == 0);
    let failures = unused.map(|rule| format!("{}: never struck: {}", rule.name, rule.rule)).collect();
    let not_judged = rules.is_empty().then(|| "nothing to judge: there are no fault rules".to_owned());
    (failures, not_judged)
}

fn litter_check(records: &Records) -> Findings {
    let line = |item: &LitterItem| format!("{} {}: created and not deleted: {}", item.tenant, item.kind, item.id);
    let failures = records.litter.iter().map(line).collect();
    let retries = &records.retries;
    let has_requests = retries.single_calls + retries.chains.len() > 0 || retries.dropped > 0;
    let not_judged = (!has_requests).then(|| NO_REQUEST.to_owned());
    (failures, not_judged)
}

impl DuplicateBody {
    fn failure(&self) -> String {
        let (tenant, operation) = (self.tenant.as_deref().unwrap_or("-"), self.operation.as_deref().unwrap_or("-"));
        format!(
            "{tenant} {operation}: request {} created again what request {} had created, whose response was lost",
            self.second, self.first
        )
    }
}

impl ChainBody {
    /// How the chain breaks an expectation, if it does, and its attempts.
    fn failure(&self, expectation: Expectation) -> Option<String> {
        let attempts = self.attempts.len();
        let (is_broken, failure) = match expectation {
            Expectation::MaxAttempts(max) => {
                (attempts > max as usize, format!("sent {attempts} times, at most {max} are allowed"))
            }
            Expectation::HonourRetryAfter => (
                self.early_retries > 0,
                format!("{} retries were sent before the time in Retry-After", self.early_retries),
            ),
            Expectation::NoNeedlessRetries => (
                self.needless_retries > 0,
                format!("{} retries after a success or a final error", self.needless_retries),
            ),
            Expectation::NoDuplicateWrites | Expectation::AllRulesStruck | Expectation::NoLitter => return None,
        };
        let (tenant, operation) = (self.tenant.as_deref().unwrap_or("-"), self.operation.as_deref().unwrap_or("-"));
        is_broken.then(|| format!("{tenant} {operation}: {failure}\n{}", self.attempt_lines()))
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
