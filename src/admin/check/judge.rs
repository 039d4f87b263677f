//! Judges the records of tenants by expectations.

use std::fmt::Write as _;
use std::sync::Arc;

use super::expectation::Expectation;
use super::report::{Check, Report};
use crate::admin::litter::{self, Litter};
use crate::admin::{faults, read, retries};
use crate::instance::Instance;
use crate::journal::{DuplicateWrite, RetryAttempt, RetryChain, RetryReport};
use crate::tenant::Tenant;

/// The reason why a check of requests is not judged.
const NO_REQUEST: &str = "nothing to judge: no request is recorded";

/// What is judged.
struct Records<'a> {
    instance: &'a Instance,
    /// The only tenant; `None` for all.
    only: Option<Arc<Tenant>>,
    tenants: Vec<Arc<Tenant>>,
    retries: RetryReport,
}

/// The failures of a check, and the reason why it is not judged without any.
type Findings = (Vec<String>, Option<String>);

/// Judges each expectation; not judged if the records are not sufficient, or if there is no such tenant.
pub(super) fn report(instance: &Instance, expectations: &[Expectation], tenant: Option<&str>) -> Report {
    let records = match Records::of(instance, tenant) {
        Ok(records) => records,
        Err(problem) => {
            let check = |one: &Expectation| Check::of(one.flag(), Vec::new(), Some(problem.clone()));
            return Report::of(expectations.iter().map(check).collect(), 0, 0);
        }
    };
    let check = |expectation: &Expectation| {
        let (failures, not_judged) = records.findings(*expectation);
        Check::of(expectation.flag(), failures, not_judged)
    };
    let retries = &records.retries;
    Report::of(expectations.iter().map(check).collect(), retries.single_calls, retries.chains.len())
}

impl<'a> Records<'a> {
    /// The records of the named tenant, or of all. Error: there is no such tenant.
    fn of(instance: &'a Instance, name: Option<&str>) -> Result<Self, String> {
        let find = |name| instance.existing_tenant(name).ok_or_else(|| read::unknown_tenant(instance, name));
        let only = name.map(find).transpose()?;
        let tenants = only.clone().map_or_else(|| instance.tenants.all(), |tenant| vec![tenant]);
        Ok(Self { instance, only, retries: retries::report(&tenants), tenants })
    }

    fn findings(&self, expectation: Expectation) -> Findings {
        match expectation {
            Expectation::AllRulesStruck => self.rules_check(),
            Expectation::NoLitter => self.litter_check(),
            _ => self.retries_check(expectation),
        }
    }

    /// A check of the recorded requests. Evicted ones may have broken the limit: the check then fails or is not judged.
    fn retries_check(&self, expectation: Expectation) -> Findings {
        let RetryReport { chains, duplicate_writes, .. } = &self.retries;
        let failures = match expectation {
            Expectation::NoDuplicateWrites => duplicate_writes.iter().map(duplicate).collect(),
            _ => chains.iter().filter_map(|chain| failure(chain, expectation)).collect(),
        };
        let dropped = self.retries.dropped;
        let not_judged = if dropped > 0 {
            Some(format!(
                "{dropped} requests were evicted from the journal; --journal-entries and --journal-bytes of the \
                 server keep more"
            ))
        } else if self.has_entries() {
            None
        } else {
            Some(NO_REQUEST.to_owned())
        };
        (failures, not_judged)
    }

    fn rules_check(&self) -> Findings {
        let rules = faults::counts(self.instance, self.only.as_ref());
        let unused = rules.iter().filter(|rule| rule.strikes == 0);
        let failures = unused.map(|rule| format!("{}: never struck: {}", rule.name, rule.rule)).collect();
        let not_judged = rules.is_empty().then(|| "nothing to judge: there are no fault rules".to_owned());
        (failures, not_judged)
    }

    fn litter_check(&self) -> Findings {
        let litter = litter::of(&self.tenants);
        let line = |item: &Litter| format!("{} {}: created and not deleted: {}", item.tenant, item.kind, item.id);
        let has_requests = self.has_entries() || self.retries.dropped > 0;
        let not_judged = (!has_requests).then(|| NO_REQUEST.to_owned());
        (litter.iter().map(line).collect(), not_judged)
    }

    fn has_entries(&self) -> bool {
        self.retries.single_calls + self.retries.chains.len() > 0
    }
}

/// How a chain breaks an expectation, if it does, and its attempts.
fn failure(chain: &RetryChain, expectation: Expectation) -> Option<String> {
    let attempts = chain.attempts.len();
    let (is_broken, failure) = match expectation {
        Expectation::MaxAttempts(max) => {
            (attempts > max as usize, format!("sent {attempts} times, at most {max} are allowed"))
        }
        Expectation::HonourRetryAfter => (
            chain.early_retries > 0,
            format!("{} retries were sent before the time in Retry-After", chain.early_retries),
        ),
        Expectation::NoNeedlessRetries => {
            (chain.needless_retries > 0, format!("{} retries after a success or a final error", chain.needless_retries))
        }
        Expectation::NoDuplicateWrites | Expectation::AllRulesStruck | Expectation::NoLitter => return None,
    };
    let subject = subject(chain.tenant.as_deref(), chain.operation);
    let lines = || chain.attempts.iter().map(line).collect::<Vec<_>>().join("\n");
    is_broken.then(|| format!("{subject}: {failure}\n{}", lines()))
}

/// A duplicate write as a failure.
fn duplicate(write: &DuplicateWrite) -> String {
    let (subject, first, second) = (subject(write.tenant.as_deref(), write.operation), write.first, write.second);
    format!("{subject}: request {second} created again what request {first} had created, whose response was lost")
}

/// The tenant and the operation of a failure.
fn subject(tenant: Option<&str>, operation: Option<&str>) -> String {
    format!("{} {}", tenant.unwrap_or("-"), operation.unwrap_or("-"))
}

/// An attempt as a line.
fn line(attempt: &RetryAttempt) -> String {
    let status = attempt.status.map_or_else(|| "no response".to_owned(), |status| status.to_string());
    let mut line = format!("  request {}: {status} ({})", attempt.seq, attempt.outcome);
    if let Some(gap) = attempt.gap {
        let _ = write!(line, ", {} ms after the previous one", gap.as_millis());
    }
    if let Some(promised) = attempt.promised_wait {
        let _ = write!(line, ", Retry-After was {} ms", promised.as_millis());
    }
    line
}
