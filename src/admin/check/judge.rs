//! Judges the records of tenants by requirements.

use std::fmt::Write as _;
use std::sync::Arc;

use super::judgement::{self, Judgement, Recorded, evicted_tenants_text};
use super::order::ExpectedOrder;
use super::report::{Check, Report, Verdict};
use super::requirement::{Requirement, Switch};
use super::unexpected;
use crate::admin::faults;
use crate::admin::litter::{self, Litter};
use crate::fault::RuleCounts;
use crate::instance::Instance;
use crate::journal::{DuplicateWrite, Entry, Expectation, Outcome, RetryAttempt, RetryChain, RetryReport};
use crate::key_label::with_name;
use crate::operation::Effect;
use crate::tenant::Tenant;

/// The reason why a check of requests is not judged.
const NO_REQUEST: &str = "nothing to judge: no request is recorded";

/// The number of open requests that a reason names.
const MAX_NAMED: usize = 3;

/// What is judged.
pub(in crate::admin) struct Records<'a> {
    instance: &'a Instance,
    /// The only tenant; `None` for all.
    only: Option<Arc<Tenant>>,
    pub(in crate::admin) tenants: Vec<Arc<Tenant>>,
    /// The requests of the tenants, of each in the order of their numbers; then those of no tenant.
    entries: Vec<Entry>,
    /// The number of entries that are of tenants.
    owned: usize,
    /// The number of evicted requests of the tenants.
    dropped: u64,
    /// The number of evicted requests of no tenant.
    unowned_dropped: u64,
    /// The number of tenants that were evicted with what they had.
    evicted_tenants: usize,
    /// The number of tenants that were forgotten with what they had.
    forgotten_tenants: usize,
}

/// The failures of a check, and the reason why it is not judged without any.
type Findings = (Vec<String>, Option<String>);

/// The report of a check that has no records, and why.
pub(super) fn unjudged(requirements: &[Requirement], problem: &str) -> Report {
    let check = |one: &Requirement| Check::of(one.flag(), Vec::new(), Some(problem.to_owned()));
    Report::of(requirements.iter().map(check).collect(), 0, 0)
}

impl<'a> Records<'a> {
    /// The records of the named tenant, if it exists, or of all.
    pub(in crate::admin) fn named(instance: &'a Instance, name: Option<&str>) -> Option<Self> {
        match name {
            Some(name) => Some(Self::of_one(instance, instance.existing_tenant(name)?)),
            None => Some(Self::of_all(instance)),
        }
    }

    /// The records of a tenant.
    pub(in crate::admin) fn of_one(instance: &'a Instance, tenant: Arc<Tenant>) -> Self {
        let tenants = vec![Arc::clone(&tenant)];
        Self { only: Some(tenant), ..Self::of(instance, tenants) }
    }

    /// The records of all tenants, and of the requests without one.
    pub(in crate::admin) fn of_all(instance: &'a Instance) -> Self {
        let mut records = Self::of(instance, instance.tenants.all());
        let unowned = instance.unauthenticated.lock();
        records.entries.extend(unowned.entries());
        records.unowned_dropped = unowned.dropped();
        records.dropped += instance.tenants.evicted_requests();
        records.evicted_tenants += instance.tenants.evicted_tenants();
        records.forgotten_tenants = instance.tenants.forgotten_tenants();
        drop(unowned);
        records
    }

    fn of(instance: &'a Instance, tenants: Vec<Arc<Tenant>>) -> Self {
        let (mut entries, mut dropped) = (Vec::new(), 0);
        for tenant in &tenants {
            let journal = &tenant.lock().journal;
            let first = entries.len();
            entries.extend(journal.entries());
            entries[first..].sort_by_key(|entry| entry.seq);
            dropped += journal.dropped();
        }
        let owned = entries.len();
        let evicted_tenants = tenants.iter().filter(|tenant| tenant.has_lost_resources()).count();
        let (unowned_dropped, forgotten_tenants) = (0, 0);
        Self {
            instance,
            only: None,
            tenants,
            entries,
            owned,
            dropped,
            unowned_dropped,
            evicted_tenants,
            forgotten_tenants,
        }
    }

    /// The requests.
    pub(in crate::admin) fn recorded(&self) -> Recorded<'_> {
        let (dropped, evicted_tenants) = (self.dropped + self.unowned_dropped, self.evicted_tenants);
        Recorded { entries: &self.entries, dropped, evicted_tenants }
    }

    /// The fault rules with their counts.
    pub(super) fn rules(&self) -> Vec<RuleCounts> {
        faults::counts(self.instance, self.only.as_ref())
    }

    fn of_tenants(&self) -> &[Entry] {
        &self.entries[..self.owned]
    }

    /// Judges each requirement; true if more requests, or time, can change the report.
    pub(super) fn report(&self, requirements: &[Requirement]) -> (Report, bool) {
        let retries = RetryReport::of(self.of_tenants(), self.dropped);
        let mut may_change = self.open().next().is_some();
        let mut check = |requirement: &Requirement| {
            let (failures, not_judged) = match requirement {
                Requirement::Expect(expectation) => {
                    let (findings, is_open) = self.expectation_check(expectation);
                    may_change |= is_open;
                    findings
                }
                Requirement::ExpectOrder(order) => self.order_check(order),
                Requirement::MaxAttempts(_) | Requirement::Switch(_) => self.findings(requirement, &retries),
            };
            Check::of(requirement.flag(), failures, not_judged)
        };
        let checks = requirements.iter().map(&mut check).collect();
        (Report::of(checks, retries.single_calls, retries.chains.len()), may_change)
    }

    /// Whether a request has not ended.
    pub(super) fn have_open(&self) -> bool {
        self.entries.iter().any(|entry| entry.outcome == Outcome::Open)
    }

    /// The requests that have not ended, and may still write.
    fn open(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.outcome == Outcome::Open && entry.effect != Effect::Reads)
    }

    fn findings(&self, requirement: &Requirement, retries: &RetryReport) -> Findings {
        match requirement {
            Requirement::Switch(Switch::AllRulesStruck) => self.rules_check(),
            Requirement::Switch(Switch::NoLitter) => self.litter_check(),
            Requirement::Switch(Switch::NoUnexpected) => self.unexpected_check(),
            Requirement::Switch(Switch::NoLockstep) => self.lockstep_check(retries),
            Requirement::Switch(Switch::NoDuplicateWrites) => {
                let failures = retries.duplicate_writes.iter().map(duplicate).collect();
                (failures, self.gaps().or_else(|| self.not_ended()))
            }
            _ => (retries.chains.iter().filter_map(|chain| failure(chain, requirement)).collect(), self.gaps()),
        }
    }

    /// Why a check of the recorded requests is not judged: there is none, or evicted ones may have broken the limit.
    fn gaps(&self) -> Option<String> {
        if self.dropped > 0 {
            return Some(evicted_text(self.dropped));
        }
        let has_entries = self.of_tenants().iter().any(|entry| entry.operation.is_some());
        (!has_entries).then(|| self.no_request())
    }

    /// Why a check of what requests did is not judged: some may still do it.
    fn not_ended(&self) -> Option<String> {
        let mut open = self.open().map(|entry| format!("{} (request {})", entry.operation.unwrap_or("-"), entry.seq));
        let named: Vec<String> = open.by_ref().take(MAX_NAMED).collect();
        let count = named.len() + open.count();
        (count > 0).then(|| format!("{count} requests have not ended: {}", named.join(", ")))
    }

    /// Why what tenants have, or had, is not known.
    fn evicted(&self) -> Option<String> {
        (self.evicted_tenants > 0).then(|| evicted_tenants_text(self.evicted_tenants))
    }

    /// Why the counts of rules lack those of some tenants.
    fn forgotten(&self) -> Option<String> {
        let count = self.forgotten_tenants;
        (count > 0).then(|| format!("{count} tenants were forgotten with what they had (DELETE /__admin/tenants)"))
    }

    /// Why nothing is judged where no request is recorded.
    fn no_request(&self) -> String {
        self.forgotten().map_or_else(|| NO_REQUEST.to_owned(), |forgotten| format!("{NO_REQUEST}; {forgotten}"))
    }

    fn rules_check(&self) -> Findings {
        let rules = self.rules();
        let unused = rules.iter().filter(|rule| rule.strikes == 0);
        let never_struck = |rule: &RuleCounts| format!("{}: never struck: {}", rule.name, rule.rule);
        // Its strikes went with the tenants.
        let lost = self.evicted().or_else(|| self.forgotten());
        if lost.is_some() && unused.clone().next().is_some() {
            return (Vec::new(), lost);
        }
        let not_judged = rules.is_empty().then(|| "nothing to judge: there are no fault rules".to_owned());
        (unused.map(never_struck).collect(), not_judged)
    }

    fn litter_check(&self) -> Findings {
        let litter = litter::of(&self.tenants);
        let line = |item: &Litter| {
            let tenant = with_name(Some(&item.tenant), item.tenant_name.as_deref());
            format!("{tenant} {}: created and not deleted: {}", item.kind, item.id)
        };
        let has_requests = self.dropped > 0 || self.gaps().is_none();
        let not_judged =
            if has_requests { self.evicted().or_else(|| self.not_ended()) } else { Some(self.no_request()) };
        (litter.iter().map(line).collect(), not_judged)
    }

    fn unexpected_check(&self) -> Findings {
        let evicted = self.dropped + self.unowned_dropped;
        let gaps = match (evicted, self.entries.is_empty()) {
            (0, true) => Some(self.no_request()),
            (0, false) => self.not_ended(),
            _ => Some(evicted_text(evicted)),
        };
        (unexpected::failures(&self.entries), gaps)
    }

    fn lockstep_check(&self, retries: &RetryReport) -> Findings {
        let in_lockstep = retries.spacing.iter().filter(|spacing| spacing.verdict == Some("lockstep"));
        let failures = in_lockstep.map(|spacing| {
            format!(
                "attempt {} of {} requests came {} to {} ms after the one before it, without variation",
                spacing.attempt, spacing.chains, spacing.least_ms, spacing.most_ms
            )
        });
        let is_judged = retries.spacing.iter().any(|spacing| spacing.verdict.is_some());
        let too_few =
            || "nothing to compare: it takes two requests that were retried without a promised wait".to_owned();
        (failures.collect(), self.gaps().or_else(|| (!is_judged).then(too_few)))
    }

    fn order_check(&self, order: &ExpectedOrder) -> Findings {
        let by_tenant = self.of_tenants().chunk_by(|one, other| one.tenant == other.tenant);
        let failures = by_tenant.flat_map(|entries| {
            let tenant = with_name(entries[0].tenant.as_deref(), entries[0].tenant_name.as_deref());
            order.failures(entries).into_iter().map(move |failure| format!("{tenant}: {failure}"))
        });
        match self.gaps() {
            // Evicted requests may have been the first ones.
            Some(gaps) => (Vec::new(), Some(gaps)),
            None => (failures.collect(), None),
        }
    }

    /// The findings, and whether they may change.
    fn expectation_check(&self, expectation: &Expectation) -> (Findings, bool) {
        if expectation.is_of_requests() && self.entries.is_empty() && self.dropped == 0 {
            return ((Vec::new(), Some(self.no_request())), true);
        }
        let Judgement { verdict, detail, misses, may_change, .. } =
            judgement::judge(expectation, self.recorded(), &self.tenants);
        let lines = misses.iter().skip(1).take(2).map(|miss| format!("\n  {miss}"));
        let findings = match verdict {
            Verdict::Passed => (Vec::new(), None),
            Verdict::Failed => (vec![detail + &lines.collect::<String>()], None),
            Verdict::NotJudged => (Vec::new(), Some(detail)),
        };
        (findings, may_change)
    }
}
fn evicted_text(dropped: u64) -> String {
    format!(
        "{dropped} requests were evicted from the journal; --journal-entries and --journal-bytes of the server keep \
         more"
    )
}

/// How a chain breaks a requirement, if it does, and its attempts.
fn failure(chain: &RetryChain, requirement: &Requirement) -> Option<String> {
    let attempts = chain.attempts.len();
    let (is_broken, failure) = match requirement {
        Requirement::MaxAttempts(max) => {
            (attempts > *max as usize, format!("sent {attempts} times, at most {max} are allowed"))
        }
        Requirement::Switch(Switch::HonourRetryAfter) => (
            chain.early_retries > 0,
            format!("{} retries were sent before the time in Retry-After", chain.early_retries),
        ),
        Requirement::Switch(Switch::NoNeedlessRetries) => {
            (chain.needless_retries > 0, format!("{} retries after a success or a final error", chain.needless_retries))
        }
        _ => return None,
    };
    let tenant = with_name(chain.tenant.as_deref(), chain.tenant_name.as_deref());
    let operation = chain.operation.unwrap_or("-");
    let lines = || chain.attempts.iter().map(line).collect::<Vec<_>>().join("\n");
    is_broken.then(|| format!("{tenant} {operation}: {failure}\n{}", lines()))
}

/// A duplicate write as a failure.
fn duplicate(write: &DuplicateWrite) -> String {
    let tenant = with_name(write.tenant.as_deref(), write.tenant_name.as_deref());
    let (operation, first, second) = (write.operation.unwrap_or("-"), write.first, write.second);
    format!(
        "{tenant} {operation}: request {second} created again what request {first} had created, whose response was lost"
    )
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
