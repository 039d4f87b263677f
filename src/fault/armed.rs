//! A tenant's rules with their counts: armed, replaced, taken out, let go when their time is over. It decides no request.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::effect::Effect;
use super::kind::Phase;
use super::rule::Rule;
use super::trigger::Bucket;
use super::view::RequestView;
use crate::clock::{self, Timestamp};
use crate::seed::{Draws, RandomStream};

/// A tenant's rules, in the order in which they were given.
#[derive(Debug, Default)]
pub struct Faults {
    pub(super) armed: Vec<Armed>,
    /// How many rules requests have brought for themselves.
    brought: u64,
}

/// A rule and what it has counted.
#[derive(Debug)]
pub(super) struct Armed {
    pub(super) rule: Arc<Rule>,
    /// What most requests need to know of the rule, at hand without a look at it.
    targets: u64,
    phase: Phase,
    pub(super) strikes: u64,
    matches: u64,
    bucket: Option<Bucket>,
    /// Where its rate draws from, once it has.
    rate_draws: Option<Box<Draws>>,
    /// Tells rules apart that are alike to the letter: they strike independently.
    duplicate_index: u64,
    /// When its time to live is over, on the tenant's clock and on the wall: whichever comes first.
    until: Option<(Timestamp, Timestamp)>,
}

/// A rule that a request has hit.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) position: usize,
    pub(super) rule: Arc<Rule>,
    /// How long until a limit lets a request pass again.
    pub(super) wait: Duration,
    duplicate_index: u64,
    /// The request's number among those that the rule counts.
    ordinal: u64,
}

/// A rule with its counts.
#[derive(Debug, Clone, Serialize)]
pub struct Counted {
    /// Its name.
    pub name: Arc<str>,
    /// Its text.
    pub rule: String,
    /// How many requests it counted.
    pub matches: u64,
    /// How many of them it hit.
    pub strikes: u64,
}

impl Counted {
    /// A rule that has counted nothing yet.
    pub fn none(rule: &Rule) -> Self {
        Self { name: Arc::clone(&rule.name), rule: rule.to_string(), matches: 0, strikes: 0 }
    }

    /// Adds what the same rule counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.matches += other.matches;
        self.strikes += other.strikes;
    }
}

impl Faults {
    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    /// The operations that some rule strikes at the head: bit n is set for the n-th.
    pub fn head_targets(&self) -> u64 {
        let at_head = self.armed.iter().filter(|armed| armed.rule.strikes_at_head());
        at_head.fold(0, |targets, armed| targets | armed.rule.targets)
    }

    /// The longest lag of any rule.
    pub fn longest_lag(&self) -> Duration {
        self.armed.iter().map(|armed| armed.rule.lag()).max().unwrap_or_default()
    }

    /// Puts a rule behind the others, or in the place of the one with its name, and starts its time to live. A rule
    /// without a name gets one.
    pub fn arm(&mut self, rule: Rule, now: Timestamp) {
        let rule = if rule.has_name() { rule } else { rule.named(&free_name(|name| self.has(name))) };
        let until = ends(&rule, now);
        let twins = self.armed.iter().filter(|armed| armed.rule.chance == rule.chance && armed.rule.name != rule.name);
        let duplicate_index = twins.count() as u64;
        let armed = Armed { until, ..Armed::new(Arc::new(rule), duplicate_index) };
        match self.armed.iter_mut().find(|known| known.rule.name == armed.rule.name) {
            Some(known) => *known = armed,
            None => self.armed.push(armed),
        }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.armed.len()
    }

    /// Whether a rule has this name.
    pub fn has(&self, name: &str) -> bool {
        self.armed.iter().any(|armed| &*armed.rule.name == name)
    }

    /// Takes a rule out; false when none has this name.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.armed.len();
        self.armed.retain(|armed| &*armed.rule.name != name);
        self.armed.len() < before
    }

    /// Takes every rule out.
    pub fn clear(&mut self) {
        self.armed.clear();
    }

    /// The same rules with nothing counted; their times to live run on.
    #[must_use]
    pub fn fresh(&self) -> Self {
        let fresh =
            |armed: &Armed| Armed { until: armed.until, ..Armed::new(Arc::clone(&armed.rule), armed.duplicate_index) };
        Self { armed: self.armed.iter().map(fresh).collect(), brought: 0 }
    }

    /// The same rules with nothing counted, and their times to live begun at `now`.
    #[must_use]
    pub fn rearmed(&self, now: Timestamp) -> Self {
        let mut rearmed = self.fresh();
        for armed in &mut rearmed.armed {
            armed.until = ends(&armed.rule, now);
        }
        rearmed
    }

    /// Lets rules go whose time is over.
    pub fn expire(&mut self, now: Timestamp) {
        if self.armed.iter().any(|armed| armed.until.is_some()) {
            let wall = clock::system_now();
            self.armed.retain(|armed| armed.until.is_none_or(|(until, wall_until)| now < until && wall < wall_until));
        }
    }

    /// How long after a tenant's first request each window of a rule begins.
    pub fn windows(&self) -> impl Iterator<Item = Duration> + '_ {
        self.armed.iter().filter_map(|armed| armed.rule.trigger.between.map(|(from, _)| from))
    }

    /// Every rule with its counts.
    pub fn counted(&self) -> impl Iterator<Item = Counted> + '_ {
        self.armed.iter().map(|armed| Counted {
            matches: armed.matches,
            strikes: armed.strikes,
            ..Counted::none(&armed.rule)
        })
    }

    /// Every rule.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.armed.iter().map(|armed| &*armed.rule)
    }

    /// Puts a rule before all others for one request; [`Faults::take_out`] takes it out again.
    pub fn put_first(&mut self, rule: Arc<Rule>) {
        self.brought += 1;
        self.armed.insert(0, Armed::new(rule, self.brought));
    }

    /// Takes out what [`Faults::put_first`] put in.
    pub fn take_out(&mut self, rule: &Arc<Rule>) {
        self.armed.retain(|armed| !Arc::ptr_eq(&armed.rule, rule));
    }

    /// Counts a strike of the rule that was hit.
    pub(super) fn strike(&mut self, hit: &Hit) {
        if let Some(armed) = self.armed_of(hit) {
            armed.strikes += 1;
            armed.rule.note_strike();
        }
    }

    /// Takes back a [`Faults::strike`] of what then did not fit.
    pub(super) fn unstrike(&mut self, hit: &Hit) {
        if let Some(armed) = self.armed_of(hit) {
            armed.strikes = armed.strikes.saturating_sub(1);
            armed.rule.forget_strike();
        }
    }

    /// The rule that was hit. Between a request's head and its body, rules may have come and gone.
    fn armed_of(&mut self, hit: &Hit) -> Option<&mut Armed> {
        let is_it = |armed: &Armed| Arc::ptr_eq(&armed.rule, &hit.rule);
        let position = match self.armed.get(hit.position) {
            Some(armed) if is_it(armed) => hit.position,
            _ => self.armed.iter().position(is_it)?,
        };
        self.armed.get_mut(position)
    }
}

/// When the time to live of a rule that is armed at `now` is over, on the tenant's clock and on the wall.
fn ends(rule: &Rule, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    rule.ttl.map(|ttl| (now.plus(ttl), clock::system_now().plus(ttl)))
}

/// The first of `rule-1`, `rule-2`, … that is not taken.
pub fn free_name(is_taken: impl Fn(&str) -> bool) -> String {
    let mut names = (1u64..).map(|number| format!("rule-{number}"));
    names.find(|name| !is_taken(name)).expect("the numbers do not run out")
}

impl Armed {
    fn new(rule: Arc<Rule>, duplicate_index: u64) -> Self {
        let (targets, phase) = (rule.targets, rule.phase);
        Self {
            rule,
            targets,
            phase,
            matches: 0,
            strikes: 0,
            bucket: None,
            rate_draws: None,
            duplicate_index,
            until: None,
        }
    }

    /// Whether the rule is about an operation, in a phase.
    pub(super) fn is_about(&self, operation: usize, phase: Phase) -> bool {
        self.phase == phase && self.targets & (1 << operation) != 0
    }

    /// Counts a request, and tells whether it is hit.
    pub(super) fn count(&mut self, position: usize, request: &RequestView<'_>) -> Option<Hit> {
        self.matches += 1;
        let (rule, ordinal, duplicate_index) = (&self.rule, self.matches, self.duplicate_index);
        let rate_draws = &mut self.rate_draws;
        let chance = || {
            let draws = || Box::new(request.seed.draws(&purpose("strike", duplicate_index, rule)));
            rate_draws.get_or_insert_with(draws).fraction(ordinal)
        };
        if !rule.trigger.hits(ordinal, self.strikes, chance) {
            return None;
        }
        let most = |effect: &Effect| if let Effect::Quota(most) = effect { Some(*most) } else { None };
        if rule.find(most).is_some_and(|most| request.indexes < most) {
            return None;
        }
        let hit = Hit { position, rule: Arc::clone(rule), ordinal, duplicate_index, wait: Duration::ZERO };
        match limit_of(&self.rule) {
            None => Some(hit),
            Some((requests, per, capacity)) => {
                let bucket = self.bucket.get_or_insert_with(|| Bucket::full(capacity, request.now));
                bucket.take((requests, per), capacity, request.now).err().map(|wait| Hit { wait, ..hit })
            }
        }
    }
}

impl Hit {
    /// A stream of chance for this rule and this request.
    pub(super) fn stream(&self, what: &str, request: &RequestView<'_>) -> RandomStream {
        request.seed.stream(&purpose(what, self.duplicate_index, &self.rule), self.ordinal)
    }
}

/// What a rule's chance is for.
fn purpose(what: &str, duplicate_index: u64, rule: &Rule) -> String {
    format!("{what} {duplicate_index} of {}", rule.chance)
}

fn limit_of(rule: &Rule) -> Option<(u64, Duration, u64)> {
    let (requests, per) =
        rule.find(|effect| if let Effect::Limit(requests, per) = effect { Some((*requests, *per)) } else { None })?;
    let burst = rule.find(|effect| if let Effect::Burst(burst) = effect { Some(*burst) } else { None });
    Some((requests, per, burst.unwrap_or(requests)))
}
