//! A tenant's rules with their counts, and the decision of one call: which rules strike, which are shadowed.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::clause::Effect;
use super::rule::{AfterStrike, Kind, Phase, Rule};
use super::spoil;
use super::trigger::Bucket;
use super::{Waits, answer};
use crate::call::Head;
use crate::clock::{self, Moment};
use crate::journal::{FaultNote, Struck as Fate};
use crate::reply::{Break, End, HeadOrder, Reply};
use crate::schema::read_value;
use crate::seed::{Seed, Stream};
use crate::store::{Conditions, Vanish};
use crate::sync::Script;

/// What rules see of a call.
#[derive(Debug)]
pub struct CallView<'a> {
    /// The operation's position in the table.
    pub operation: usize,
    /// The label of its tenant.
    pub tenant: &'a str,
    /// Its head.
    pub head: &'a Head,
    /// Its body; empty while that is not read yet.
    pub body: &'a [u8],
    /// When it came.
    pub now: Moment,
    /// When the tenant's first call came.
    pub first_call: Moment,
    /// The tenant's calls that are open, this one too.
    pub open_calls: usize,
    /// The tenant's streams of chance.
    pub seed: &'a Seed,
    /// How waits are promised.
    pub waits: Waits,
    json: OnceCell<Option<Value>>,
}

/// A tenant's rules, in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    armed: Vec<Armed>,
}

#[derive(Debug, Clone)]
struct Armed {
    rule: Arc<Rule>,
    matches: u64,
    strikes: u64,
    bucket: Option<Bucket>,
    /// Whether it has struck any tenant's call; shared by all tenants that begin with it.
    struck_ever: Arc<AtomicBool>,
    /// When its time to live is over, on the tenant's clock and on the wall: whichever comes first.
    until: Option<(Moment, Moment)>,
}

/// A rule with its counts.
#[derive(Debug, Clone, Serialize)]
pub struct Counted {
    /// Its name.
    pub name: Arc<str>,
    /// Its text.
    pub rule: String,
    /// How many calls it counted.
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

/// A rule that a call has hit.
#[derive(Debug, Clone)]
struct Hit {
    position: usize,
    rule: Arc<Rule>,
    /// The call's number among those that the rule counts.
    ordinal: u64,
    /// How long until a limit lets a call pass again.
    wait: Duration,
}

/// What the rules decide of a call before it acts.
#[derive(Debug, Default)]
pub struct Decision {
    /// What is answered instead of acting.
    pub injection: Option<Injection>,
    /// What the call is made to see.
    pub conditions: Conditions,
    /// What became of the rules.
    pub notes: Vec<FaultNote>,
}

/// An answer of the rules' making.
#[derive(Debug)]
pub struct Injection {
    /// What is answered.
    pub reply: Reply,
    /// The wait that it promises.
    pub promised: Option<Duration>,
}

impl<'a> CallView<'a> {
    /// A view without a body.
    pub fn new(operation: usize, tenant: (&'a str, &'a Seed), head: &'a Head, now: Moment) -> Self {
        Self {
            operation,
            tenant: tenant.0,
            head,
            body: &[],
            now,
            first_call: now,
            open_calls: 1,
            seed: tenant.1,
            waits: Waits::Real,
            json: OnceCell::new(),
        }
    }

    /// Which try of its caller this is, from 1, as the official SDKs say.
    pub fn attempt(&self) -> u64 {
        self.head
            .header("x-stainless-retry-count")
            .and_then(|count| count.parse::<u64>().ok())
            .unwrap_or(0)
            .saturating_add(1)
    }

    pub(super) fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| read_value(self.body).ok()).as_ref()
    }

    fn stream(&self, purpose: &str, hit: (&str, u64)) -> Stream {
        self.seed.stream(&format!("{purpose} of {}", hit.0), hit.1)
    }
}

/// Which rules a pass looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Those that can be decided by the head.
    Head,
    /// Those that need the body.
    Body,
    /// Both.
    All,
}

impl Faults {
    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    /// Whether some rule strikes at the head.
    pub fn has_head_orders(&self) -> bool {
        self.armed.iter().any(|armed| armed.rule.strikes_at_head())
    }

    /// The longest lag of any rule.
    pub fn longest_lag(&self) -> Duration {
        self.armed.iter().map(|armed| armed.rule.lag()).max().unwrap_or_default()
    }

    /// Puts a rule behind the others, or in the place of the one with its name, and starts its time to live. A rule
    /// without a name gets one.
    pub fn arm(&mut self, rule: Rule, now: Moment) -> Arc<Rule> {
        let rule = if rule.has_name() { rule } else { rule.named(&free_name(|name| self.has(name))) };
        let until = rule.ttl.map(|ttl| (now.plus(ttl), clock::wall().plus(ttl)));
        let rule = Arc::new(rule);
        let armed = Armed { until, ..Armed::new(Arc::clone(&rule)) };
        match self.armed.iter_mut().find(|known| known.rule.name == rule.name) {
            Some(known) => *known = armed,
            None => self.armed.push(armed),
        }
        rule
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

    /// The same rules with nothing counted.
    #[must_use]
    pub fn fresh(&self) -> Self {
        let fresh = |armed: &Armed| Armed { matches: 0, strikes: 0, bucket: None, ..armed.clone() };
        Self { armed: self.armed.iter().map(fresh).collect() }
    }

    /// Lets rules go whose time is over.
    pub fn expire(&mut self, now: Moment) {
        if self.armed.iter().any(|armed| armed.until.is_some()) {
            let wall = clock::wall();
            self.armed.retain(|armed| armed.until.is_none_or(|(until, wall_until)| now < until && wall < wall_until));
        }
    }

    /// Every rule with its counts.
    pub fn counted(&self) -> impl Iterator<Item = Counted> + '_ {
        self.armed.iter().map(|armed| Counted {
            matches: armed.matches,
            strikes: armed.strikes,
            ..Counted::none(&armed.rule)
        })
    }

    /// Decides by the head alone whether the connection breaks before the call is read. What was counted here is not
    /// counted again by [`Faults::before`] with `Some` of what this returns.
    pub fn at_head(&mut self, call: &CallView<'_>) -> AtHead {
        let hits = self.pass(call, (Phase::Before, Look::Head));
        let first = hits.iter().find(|hit| hit.rule.kind != Kind::Sync);
        let Some(first) = first.filter(|hit| hit.rule.strikes_at_head()) else {
            return AtHead { hits, order: None, notes: Vec::new() };
        };
        let in_body = first.rule.effects.iter().any(|effect| matches!(effect, Effect::ResetBody));
        let order = if in_body { HeadOrder::ResetInBody } else { HeadOrder::ResetAtHead };
        let (_, notes) = self.settle(hits);
        AtHead { hits: Vec::new(), order: Some(order), notes }
    }

    /// Decides what happens instead of the act, or shapes it.
    pub fn before(&mut self, call: &CallView<'_>, at_head: Option<AtHead>) -> Decision {
        let mut hits = match at_head {
            Some(at_head) => [at_head.hits, self.pass(call, (Phase::Before, Look::Body))].concat(),
            None => self.pass(call, (Phase::Before, Look::All)),
        };
        if hits.is_empty() {
            return Decision::default();
        }
        hits.sort_by_key(|hit| hit.position);
        let (winners, notes) = self.settle(hits);
        Decision { injection: injection(&winners, call), conditions: conditions(&winners), notes }
    }

    /// Spoils the answer of a call that was not replaced. Rules that replace or edit an answer look at good ones alone.
    pub fn after(&mut self, call: &CallView<'_>, reply: Reply, notes: &mut Vec<FaultNote>) -> Injection {
        let mut hits = self.pass(call, (Phase::After, Look::All));
        if !reply.is_success() {
            hits.retain(|hit| hit.rule.kind == Kind::Carry);
        }
        let (winners, mut fates) = self.settle(hits);
        let mut injection = Injection { reply, promised: None };
        for hit in winners {
            let (spoiled, fits) = spoil_with(&hit, injection, call);
            injection = spoiled;
            if !fits {
                self.unstrike(&hit);
                fates
                    .iter_mut()
                    .filter(|note| note.rule == hit.rule.name)
                    .for_each(|note| note.outcome = Fate::Inapplicable);
            }
        }
        notes.append(&mut fates);
        injection
    }

    /// Counts a call with every rule that is about it, and finds those that it hits.
    fn pass(&mut self, call: &CallView<'_>, (phase, look): (Phase, Look)) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (position, armed) in self.armed.iter_mut().enumerate() {
            let looked_at = match look {
                Look::All => true,
                Look::Head => !armed.rule.trigger.needs_body(),
                Look::Body => armed.rule.trigger.needs_body(),
            };
            if looked_at
                && armed.rule.is_about(call.operation)
                && armed.rule.phase == phase
                && armed.rule.trigger.counts(call)
            {
                hits.extend(armed.count(position, call));
            }
        }
        hits
    }

    /// The rules that win among those that were hit, in order, and what became of each.
    fn settle(&mut self, hits: Vec<Hit>) -> (Vec<Hit>, Vec<FaultNote>) {
        let (mut winners, mut notes) = (Vec::new(), Vec::new());
        let (mut decided, mut scripted) = (AfterStrike::GoOn, AfterStrike::GoOn);
        for hit in hits {
            let state = if hit.rule.kind == Kind::Sync { &mut scripted } else { &mut decided };
            let outcome = if *state == AfterStrike::GoOn { Fate::Struck } else { Fate::Shadowed };
            notes.push(FaultNote { rule: Arc::clone(&hit.rule.name), outcome });
            if outcome == Fate::Struck {
                *state = hit.rule.after_strike;
                if let Some(armed) = self.armed_of(&hit) {
                    armed.strikes += 1;
                    armed.struck_ever.store(true, Ordering::Relaxed);
                }
                winners.push(hit);
            }
        }
        (winners, notes)
    }

    fn unstrike(&mut self, hit: &Hit) {
        if let Some(armed) = self.armed_of(hit) {
            armed.strikes = armed.strikes.saturating_sub(1);
        }
    }

    /// The rule that was hit. Between a call's head and its body, rules may have come and gone.
    fn armed_of(&mut self, hit: &Hit) -> Option<&mut Armed> {
        let is_it = |armed: &Armed| Arc::ptr_eq(&armed.rule, &hit.rule);
        let position = match self.armed.get(hit.position) {
            Some(armed) if is_it(armed) => hit.position,
            _ => self.armed.iter().position(is_it)?,
        };
        self.armed.get_mut(position)
    }

    /// The rules that have never struck any tenant's call, as `name: rule`.
    pub fn never_struck(&self) -> impl Iterator<Item = String> + '_ {
        let unstruck = self.armed.iter().filter(|armed| !armed.struck_ever.load(Ordering::Relaxed));
        unstruck.map(|armed| format!("{}: {}", armed.rule.name, armed.rule))
    }

    /// Puts a rule before all others for one call; [`Faults::take_out`] takes it out again.
    pub fn put_first(&mut self, rule: Arc<Rule>) {
        self.armed.insert(0, Armed::new(rule));
    }

    /// Takes out what [`Faults::put_first`] put in.
    pub fn take_out(&mut self, rule: &Arc<Rule>) {
        self.armed.retain(|armed| !Arc::ptr_eq(&armed.rule, rule));
    }
}

/// The first of `rule-1`, `rule-2`, … that is not taken.
pub fn free_name(is_taken: impl Fn(&str) -> bool) -> String {
    let mut names = (1u64..).map(|number| format!("rule-{number}"));
    names.find(|name| !is_taken(name)).expect("the numbers do not run out")
}

/// What the head of a call came to.
#[derive(Debug, Default)]
pub struct AtHead {
    hits: Vec<Hit>,
    /// How the connection breaks, if it does.
    pub order: Option<HeadOrder>,
    /// What became of the rules, if it does.
    pub notes: Vec<FaultNote>,
}

impl Armed {
    fn new(rule: Arc<Rule>) -> Self {
        Self { rule, matches: 0, strikes: 0, bucket: None, struck_ever: Arc::default(), until: None }
    }

    fn count(&mut self, position: usize, call: &CallView<'_>) -> Option<Hit> {
        self.matches += 1;
        let (rule, ordinal) = (&self.rule, self.matches);
        if !rule.trigger.hits(ordinal, self.strikes, || call.stream("strike", (&rule.name, ordinal))) {
            return None;
        }
        let mut wait = Duration::ZERO;
        if let Some((calls, per, capacity)) = limit_of(rule) {
            let bucket = self.bucket.get_or_insert_with(|| Bucket::full(capacity, call.now));
            wait = bucket.take((calls, per), capacity, call.now).err()?;
        }
        Some(Hit { position, rule: Arc::clone(rule), ordinal, wait })
    }
}

fn limit_of(rule: &Rule) -> Option<(u64, Duration, u64)> {
    let (calls, per) = rule
        .effects
        .iter()
        .find_map(|effect| if let Effect::Limit(calls, per) = effect { Some((*calls, *per)) } else { None })?;
    let burst =
        rule.effects.iter().find_map(|effect| if let Effect::Burst(burst) = effect { Some(*burst) } else { None });
    Some((calls, per, burst.unwrap_or(calls)))
}

/// What the winners make a call see.
fn conditions(winners: &[Hit]) -> Conditions {
    let mut conditions = Conditions::default();
    for hit in winners {
        let status = hit
            .rule
            .effects
            .iter()
            .find_map(|effect| if let Effect::Status(status) = effect { Some(*status) } else { None });
        let message = hit
            .rule
            .effects
            .iter()
            .find_map(|effect| if let Effect::Message(message) = effect { Some(message) } else { None });
        for effect in &hit.rule.effects {
            match effect {
                Effect::Lag(lag) => conditions.lag = *lag,
                Effect::Vanish => conditions.vanish = Some(Vanish),
                Effect::Quota(most) => conditions.quota = Some((*most, status.unwrap_or(402))),
                Effect::Page(fault) => conditions.page = Some(*fault),
                Effect::Script(script) => {
                    conditions.script = Some(message.map_or_else(
                        || Arc::clone(script),
                        |message| Arc::new(Script::clone(script).with_message(message)),
                    ));
                }
                _ => {}
            }
        }
    }
    conditions
}

/// What the winners answer instead of acting, if one of them does.
fn injection(winners: &[Hit], call: &CallView<'_>) -> Option<Injection> {
    let chosen = winners.iter().position(|hit| hit.rule.kind == Kind::Replace)?;
    let mut injection = Injection { reply: Reply::empty(0), promised: None };
    for hit in winners[chosen..].iter().filter(|hit| matches!(hit.rule.kind, Kind::Replace | Kind::Carry)) {
        injection = spoil_with(hit, injection, call).0;
    }
    Some(injection)
}

/// Does what a rule says to an answer; false when that fits no such answer.
fn spoil_with(hit: &Hit, mut injection: Injection, call: &CallView<'_>) -> (Injection, bool) {
    let effects = &hit.rule.effects;
    let mut stream = call.stream("answer", (&hit.rule.name, hit.ordinal));
    for effect in effects {
        match effect {
            Effect::Status(status) => injection.reply = answer::of_status(*status, &mut stream),
            Effect::Limit(calls, _) => injection.reply = answer::over_limit(*calls, hit.wait, &mut stream),
            Effect::Reset => injection.reply.wire.end = End::Silent(Break::Reset),
            Effect::Close => injection.reply.wire.end = End::Silent(Break::Close),
            Effect::Hang => injection.reply.wire.end = End::Silent(Break::Hang),
            Effect::Garbage => injection.reply.wire.end = End::Garbage,
            _ => {}
        }
    }
    let promised = answer::promise(&mut injection.reply, effects, call.waits, call.attempt());
    injection.promised = promised.or(injection.promised);
    let fits = spoil::spoil(&mut injection.reply, effects, &mut stream);
    if fits {
        spoil::mark(&mut injection.reply, &hit.rule.name);
    }
    (injection, fits)
}
