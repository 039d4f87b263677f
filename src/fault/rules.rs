//! A tenant's fault rules: added, replaced, removed, expired. Requests are decided in `decide.rs`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::action::Phase;
use super::active::{ActiveRule, RuleHit};
use super::rule::Rule;
use super::view::RequestView;
use crate::clock::{self, Timestamp};
use crate::journal::FaultNote;

/// A tenant's rules, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct FaultRules {
    pub(super) rules: Vec<ActiveRule>,
    /// The order number of the rule that was added last.
    pub(super) last_order: u64,
    /// The number of requests with a rule in their header.
    own_rules: u64,
}

/// A rule with its counts, as the admin API shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RuleCounts {
    pub(crate) name: Arc<str>,
    pub(crate) rule: String,
    /// The label of the only tenant that has it; `null` for a rule of all tenants.
    pub(crate) tenant: Option<Arc<str>>,
    /// `admin`, or the setting that it was given in.
    pub(crate) origin: Arc<str>,
    /// Whether it counts and strikes requests.
    pub(crate) enabled: bool,
    /// The number of requests that it counted.
    pub(crate) matches: u64,
    pub(crate) strikes: u64,
    /// The rest of its time to live, in milliseconds of real time; `null` if it has none.
    pub(crate) ttl_left_ms: Option<u64>,
    /// When it was added, in real time.
    #[serde(skip)]
    pub(crate) added_at: Timestamp,
    /// The label of the only API key whose requests it counts, if there is one.
    #[serde(skip)]
    pub(crate) only_key: Option<Arc<str>>,
}

impl RuleCounts {
    /// The counts of a rule that is added now.
    pub(crate) fn zero(rule: &Rule) -> Self {
        Self {
            name: Arc::clone(&rule.name),
            rule: rule.to_string(),
            tenant: rule.tenant.clone(),
            origin: Arc::clone(&rule.origin),
            enabled: true,
            matches: 0,
            strikes: 0,
            ttl_left_ms: rule.ttl.map(whole_millis),
            added_at: clock::system_now(),
            only_key: rule.only_key().map(Arc::from),
        }
    }

    /// Whether they are of the same rule: one of all tenants, or of the same tenant.
    pub(crate) fn is_same_rule(&self, other: &Self) -> bool {
        self.name == other.name && self.tenant == other.tenant
    }

    /// Adds the counts of the same rule at another tenant; it is enabled if it is so for one.
    pub(crate) fn add(&mut self, other: &Self) {
        self.enabled |= other.enabled;
        self.matches += other.matches;
        self.strikes += other.strikes;
    }
}

impl FaultRules {
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// The operations for which a rule acts on the head of a request: bit n is set for the n-th operation.
    pub(crate) fn head_operations(&self) -> u64 {
        let at_head = self.rules.iter().filter(|active| active.is_enabled && active.rule.acts_on_head());
        at_head.fold(0, |operations, active| operations | active.targets)
    }

    /// The longest `lag=` of all rules.
    pub(crate) fn longest_lag(&self) -> Duration {
        self.rules.iter().map(|active| active.rule.lag()).max().unwrap_or_default()
    }

    /// Whether a rule about the operation depends on the number of the attempt.
    pub(crate) fn count_attempts(&self, operation: usize) -> bool {
        self.rules.iter().any(|active| active.targets & (1 << operation) != 0 && active.rule.counts_attempts())
    }

    /// Begins the lags of the rules that are new at `now`.
    pub(crate) fn begin_lags(&mut self, now: Timestamp) {
        self.rules.iter_mut().for_each(|active| active.begin_lag(now));
    }

    /// Notes that a read missed a write of this time because of the rule of this hit.
    pub(super) fn end_hold(&mut self, hit: &RuleHit, write: Timestamp) {
        if let Some(active) = self.rule_of(hit) {
            active.end_hold(write);
        }
    }

    /// Adds a rule behind the others, or in the place of the one with its name, and starts its time to live. A rule
    /// without a name gets a free one.
    pub(crate) fn add(&mut self, rule: Rule) {
        let rule = if rule.has_name() { rule } else { rule.named(&free_name(|name| self.has(name))) };
        self.add_named(Arc::new(rule));
    }

    /// The same for a rule that has a name.
    pub(super) fn add_named(&mut self, rule: Arc<Rule>) {
        let is_duplicate = |known: &&Rule| known.random_name == rule.random_name && known.name != rule.name;
        let duplicate_index = self.rules().filter(is_duplicate).count() as u64;
        let mut active = ActiveRule::new(rule, duplicate_index);
        if let Some(known) = self.rules.iter_mut().find(|known| known.rule.name == active.rule.name) {
            (active.order, active.added_at) = (known.order, known.added_at);
            *known = active;
        } else {
            self.last_order += 1;
            active.order = self.last_order;
            self.rules.push(active);
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.rules.iter().any(|active| &*active.rule.name == name)
    }

    /// Removes the rule with this name; false when there is none.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let before = self.rules.len();
        self.rules.retain(|active| &*active.rule.name != name);
        self.rules.len() < before
    }

    /// Switches the rule with this name on or off, if there is one. Its counts stay.
    pub(crate) fn enable(&mut self, name: &str, is_enabled: bool) {
        let active = self.rules.iter_mut().filter(|active| &*active.rule.name == name);
        active.for_each(|active| active.is_enabled = is_enabled);
    }

    /// Whether a rule is of this scenario.
    pub(crate) fn has_scenario(&self, name: &str) -> bool {
        self.rules().any(|rule| rule.scenario.as_deref() == Some(name))
    }

    /// Removes the rules of a scenario.
    pub(crate) fn remove_scenario(&mut self, name: &str) {
        self.rules.retain(|active| active.rule.scenario.as_deref() != Some(name));
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Removes the rules whose time to live is over; whether there were any.
    pub(crate) fn remove_expired(&mut self) -> bool {
        let before = self.rules.len();
        self.rules.retain(|active| active.expires_at.is_none_or(|end| clock::system_now() < end));
        self.rules.len() < before
    }

    /// Whether one of the rules that struck a request still exists, is switched on, and holds it without a time limit.
    pub(crate) fn hold(&self, notes: &[FaultNote]) -> bool {
        self.rules.iter().any(|active| active.is_enabled && active.rule.holds() && active.rule.struck(notes))
    }

    /// The next end of the time to live of a rule that holds the request with these notes; `None` if none of them has
    /// one.
    pub(crate) fn next_release(&self, notes: &[FaultNote]) -> Option<Timestamp> {
        let holding = self.rules.iter().filter(|active| active.rule.holds() && active.rule.struck(notes));
        holding.filter_map(|active| active.expires_at).min()
    }

    /// The same rules with all counts at zero; their times to live continue.
    #[must_use]
    pub(crate) fn without_counts(&self) -> Self {
        let rules = self.rules.iter().map(ActiveRule::without_counts).collect();
        Self { rules, last_order: self.last_order, own_rules: 0 }
    }

    /// The same rules with all counts at zero, and with their times to live started again.
    #[must_use]
    pub(crate) fn restarted(&self) -> Self {
        let mut restarted = self.without_counts();
        restarted.rules.iter_mut().for_each(ActiveRule::restart_ttl);
        restarted
    }

    /// How long after a tenant's first request the window of each rule with `between=` begins.
    pub(crate) fn window_starts(&self) -> impl Iterator<Item = Duration> + '_ {
        self.rules.iter().filter_map(|active| active.rule.trigger.between.map(|(from, _)| from))
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = RuleCounts> + '_ {
        let now = clock::system_now();
        self.rules.iter().map(move |active| RuleCounts {
            enabled: active.is_enabled,
            matches: active.matches,
            strikes: active.strikes,
            ttl_left_ms: active.expires_at.map(|end| whole_millis(end.since(now))),
            added_at: active.added_at,
            ..RuleCounts::zero(&active.rule)
        })
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|active| &*active.rule)
    }

    /// Counts a request with the request's own rule and every other rule of this phase that is about it and
    /// `is_considered`. Returns the hits, in the order of the rules.
    pub(super) fn count(
        &mut self,
        request: &RequestView<'_>,
        own_rule: Option<&mut ActiveRule>,
        phase: Phase,
        is_considered: impl Fn(&Rule) -> bool,
    ) -> Vec<RuleHit> {
        let mut hits = Vec::new();
        for active in own_rule.into_iter().chain(&mut self.rules) {
            let rule = &active.rule;
            if active.is_about(request.operation, phase) && is_considered(rule) && rule.trigger.counts(request) {
                hits.extend(active.count(request));
            }
        }
        hits
    }

    /// Numbers the rule in the header of a request, so that equal ones draw independently.
    pub(super) fn number_own_rule(&mut self, rule: &Arc<Rule>) -> ActiveRule {
        self.own_rules += 1;
        let mut active = ActiveRule::new(Arc::clone(rule), self.own_rules);
        // It has no later request that could see what it held back.
        active.end_hold(Timestamp::MAX);
        active
    }

    /// Counts a strike of the rule of this hit.
    pub(super) fn add_strike(&mut self, hit: &RuleHit) {
        hit.rule.total_strikes.fetch_add(1, Ordering::Relaxed);
        if let Some(active) = self.rule_of(hit) {
            active.strikes += 1;
        }
    }

    /// Subtracts the strike of a rule whose effect could not be applied.
    pub(super) fn subtract_strike(&mut self, hit: &RuleHit) {
        hit.rule.total_strikes.fetch_sub(1, Ordering::Relaxed);
        if let Some(active) = self.rule_of(hit) {
            active.strikes = active.strikes.saturating_sub(1);
        }
    }

    /// Takes back the strikes of `close=after` on a request whose response was not written; the notes then. `own_rule`
    /// is the rule in the header of the request.
    pub(crate) fn take_back_closes(&mut self, own_rule: Option<&Rule>, mut notes: Vec<FaultNote>) -> Vec<FaultNote> {
        if let Some(rule) = own_rule {
            rule.take_back_close(&mut notes);
        }
        for active in &mut self.rules {
            if active.rule.take_back_close(&mut notes) {
                active.strikes = active.strikes.saturating_sub(1);
            }
        }
        notes
    }

    /// The rule of a hit; none for a request's own rule and for one that was removed in the meantime.
    fn rule_of(&mut self, hit: &RuleHit) -> Option<&mut ActiveRule> {
        let is_own = |active: &ActiveRule| Arc::ptr_eq(&active.rule, &hit.rule);
        let position = self.rules.binary_search_by_key(&hit.order, |active| active.order).ok();
        // A reload may have moved it.
        let position = position.filter(|position| is_own(&self.rules[*position]));
        let position = position.or_else(|| self.rules.iter().position(is_own));
        self.rules.get_mut(position?)
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The first of `rule-1`, `rule-2`, … that is free.
pub(crate) fn free_name(is_taken: impl Fn(&str) -> bool) -> String {
    let mut names = (1u64..).map(|number| format!("rule-{number}"));
    names.find(|name| !is_taken(name)).expect("the numbers do not run out")
}
