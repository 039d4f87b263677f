//! A rule with its counts, and the requests that it strikes.

use std::sync::Arc;
use std::time::Duration;

use super::action::{ActionKind, Phase};
use super::effects::TokenBucket;
use super::rule::Rule;
use super::view::RequestView;
use crate::clock::{self, Timestamp};
use crate::seed::{Draws, RandomStream};

/// A rule and its counts.
#[derive(Debug)]
pub(super) struct ActiveRule {
    pub(super) rule: Arc<Rule>,
    /// Copies of two fields of the rule, so that rules about other operations are skipped without following a pointer.
    pub(super) targets: u64,
    phase: Phase,
    /// Ascending over the rules of a tenant, from 1, and stable while other rules are added and removed; 0 for the rule
    /// in the header of a request.
    pub(super) order: u64,
    pub(super) strikes: u64,
    pub(super) matches: u64,
    /// Whether it counts and strikes requests.
    pub(super) is_enabled: bool,
    bucket: Option<TokenBucket>,
    /// Up to this time, writes were missing from a read because of its lag, or are older than the rule; on an `auto`
    /// clock reads miss later writes, whatever the time.
    missed_until: Option<Timestamp>,
    /// The draws of `rate=`, made at the first use.
    rate_draws: Option<Box<Draws>>,
    /// Numbers rules with the same random name: they strike independently of each other.
    pub(super) duplicate_index: u64,
    /// When it was added, in real time.
    pub(super) added_at: Timestamp,
    /// The end of its time to live, in real time.
    pub(super) expires_at: Option<Timestamp>,
}

/// A request that a rule strikes, if no rule before it wins.
#[derive(Debug, Clone)]
pub(super) struct RuleHit {
    pub(super) order: u64,
    pub(super) rule: Arc<Rule>,
    /// The time until a limit admits a request again.
    pub(super) limit_wait: Duration,
    /// The time after which writes are held back by a lag.
    pub(super) held_after: Timestamp,
    duplicate_index: u64,
    /// The number of the request among those that the rule counts, from 1.
    ordinal: u64,
}

impl ActiveRule {
    /// The rule with all counts at zero; `duplicate_index` numbers it among those of its random name.
    pub(super) fn new(rule: Arc<Rule>, duplicate_index: u64) -> Self {
        let mut active = Self {
            targets: rule.targets,
            phase: rule.phase,
            rule,
            order: 0,
            matches: 0,
            strikes: 0,
            is_enabled: true,
            bucket: None,
            missed_until: None,
            rate_draws: None,
            duplicate_index,
            added_at: clock::system_now(),
            expires_at: None,
        };
        active.restart_ttl();
        active
    }

    /// Lets its time to live begin now.
    pub(super) fn restart_ttl(&mut self) {
        self.expires_at = self.rule.ttl.map(|ttl| clock::system_now().plus(ttl));
    }

    /// The same rule with all counts at zero.
    pub(super) fn without_counts(&self) -> Self {
        Self {
            order: self.order,
            added_at: self.added_at,
            expires_at: self.expires_at,
            is_enabled: self.is_enabled,
            ..Self::new(Arc::clone(&self.rule), self.duplicate_index)
        }
    }

    /// Whether the rule is switched on and about an operation, in a phase.
    pub(super) fn is_about(&self, operation: usize, phase: Phase) -> bool {
        self.is_enabled && self.phase == phase && self.targets & (1 << operation) != 0
    }

    /// Counts a request that fulfils the rule's conditions; a hit if the rule strikes it.
    pub(super) fn count(&mut self, request: &RequestView<'_>) -> Option<RuleHit> {
        self.matches += 1;
        let (rule, ordinal, duplicate_index) = (&self.rule, self.matches, self.duplicate_index);
        let rate_draws = &mut self.rate_draws;
        let draw = || {
            let draws = || Box::new(request.seed.draws(&purpose("strike", duplicate_index, rule)));
            rate_draws.get_or_insert_with(draws).fraction(ordinal)
        };
        if !rule.trigger.strikes(ordinal, self.strikes, draw) || is_below_quota(rule, request) {
            return None;
        }
        let limit_wait = match rule.action.kind {
            ActionKind::Limit(limit) => {
                let bucket = self.bucket.get_or_insert_with(|| TokenBucket::full(limit, request.now));
                bucket.take(request.now).err()?
            }
            _ => Duration::ZERO,
        };
        let held_after = self.held_after(request);
        Some(RuleHit { order: self.order, rule: Arc::clone(rule), limit_wait, held_after, duplicate_index, ordinal })
    }

    /// The time after which its lag holds writes back until a read has missed them: never on a clock that does not
    /// jump, and not beyond a time to which the clock was set.
    fn held_after(&self, request: &RequestView<'_>) -> Timestamp {
        let Some(jumped_from) = request.jumped_from else { return Timestamp::MAX };
        self.missed_until.unwrap_or_default().max(jumped_from.minus(self.rule.lag()))
    }

    /// Writes up to this time are not held back by its lag, unless they are already not.
    pub(super) fn end_hold(&mut self, until: Timestamp) {
        self.missed_until = self.missed_until.max(Some(until));
    }

    /// Begins its lag at `now`, unless it has begun: earlier writes are not held back.
    pub(super) fn begin_lag(&mut self, now: Timestamp) {
        self.missed_until.get_or_insert(now.minus(self.rule.lag()));
    }
}

/// Whether a create is still within the quota of the rule, if it has one.
fn is_below_quota(rule: &Rule, request: &RequestView<'_>) -> bool {
    let ActionKind::State(faults, _) = &rule.action.kind else { return false };
    faults.quota.is_some_and(|limit| request.resources < limit)
}

impl RuleHit {
    /// A random stream of its own for this rule and this request.
    pub(super) fn stream(&self, what: &str, request: &RequestView<'_>) -> RandomStream {
        request.seed.stream(&purpose(what, self.duplicate_index, &self.rule), self.ordinal)
    }
}

/// The purpose by which a rule's random numbers are named.
fn purpose(what: &str, duplicate_index: u64, rule: &Rule) -> String {
    format!("{what} {duplicate_index} of {}", rule.random_name)
}
