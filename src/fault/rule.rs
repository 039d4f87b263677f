//! A rule that can strike: clauses put together, and refused when they could never all hold.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::clause::{Clause, Drift, Effect, REPEATABLE};
use super::grammar::{Line, RuleError};
use super::trigger::Trigger;
use crate::tenant_label::{is_label, label_of};

/// An operation as rules know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Whether its call has a body.
    pub body: Has,
    /// Whether its answer has one.
    pub answer: Has,
}

/// Whether something has a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// It has.
    Json,
    /// It has not.
    Nothing,
}

/// All operations, in the order of their table.
pub type Targets = [Target];

/// A rule of injected failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// How it is called; unique among a tenant's rules.
    pub name: Arc<str>,
    /// Bit n is set when it is about the n-th operation.
    pub(super) targets: u64,
    pub(super) phase: Phase,
    pub(super) kind: Kind,
    pub(super) effects: Vec<Effect>,
    pub(super) trigger: Trigger,
    pub(super) ttl: Option<Duration>,
    pub(super) after_strike: AfterStrike,
    line: Line,
}

/// When a rule is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Instead of the act, or to shape it.
    Before,
    /// Once the act is done.
    After,
}

/// What kind of thing a rule does, from which its phase and its limits follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The sync that the call starts.
    Sync,
    /// What the call sees of the world.
    State,
    /// An answer or a break of the connection instead of the service's answer.
    Replace,
    /// An edit of a good answer.
    Edit,
    /// Any answer, held back, slowed or marked.
    Carry,
}

/// Whether the rules behind one that struck are still looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterStrike {
    Stop,
    GoOn,
}

/// The subject of rules for syncs, and the operations that start one.
const SYNC: &str = "sync";
const STARTS_SYNC: &[&str] = &["indexes.create", "indexes.sync"];

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line.fmt(f)
    }
}

impl Rule {
    /// Reads a rule.
    pub fn parse(text: &str, targets: &Targets) -> Result<Self, RuleError> {
        Self::from_line(&Line::from_text(text)?, targets)
    }

    /// Reads the clauses of a rule about `operation`.
    pub fn parse_clauses(operation: &str, clauses: &str, targets: &Targets) -> Result<Self, RuleError> {
        Self::from_line(&Line::from_clauses(operation, clauses)?, targets)
    }

    /// Reads a rule from JSON: its text, an object that holds it as `rule`, or the same words as fields.
    pub fn from_json(value: &Value, targets: &Targets) -> Result<Self, RuleError> {
        match value {
            Value::String(text) => Self::parse(text, targets),
            Value::Object(fields) => match fields.get("rule") {
                Some(Value::String(text)) => {
                    let mut line = Line::from_text(text)?;
                    let rest = fields
                        .iter()
                        .filter(|(name, _)| *name != "rule")
                        .map(|(name, value)| (name.clone(), value.clone()));
                    let rest = rest.chain([("operation".to_owned(), Value::from("*"))]).collect();
                    line.clauses.extend(Line::from_json(&rest)?.clauses);
                    Self::from_line(&line, targets)
                }
                Some(_) => Err(RuleError::new("rule", "takes a text")),
                None => Self::from_line(&Line::from_json(fields)?, targets),
            },
            _ => Err(RuleError::new("rule", "is a text or an object")),
        }
    }

    /// The same rule under another name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Whether the rule's writer gave it a name.
    pub fn has_name(&self) -> bool {
        !self.name.is_empty()
    }

    pub(super) fn is_about(&self, operation: usize) -> bool {
        self.targets & (1 << operation) != 0
    }

    /// Whether it strikes as soon as the head is read.
    pub fn strikes_at_head(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::ResetHead | Effect::ResetBody))
    }

    /// For how long a deleted thing may still be seen because of it.
    pub(super) fn lag(&self) -> Duration {
        let lag = |effect: &Effect| if let Effect::Lag(lag) = effect { Some(*lag) } else { None };
        self.effects.iter().find_map(lag).unwrap_or_default()
    }

    fn from_line(line: &Line, targets: &Targets) -> Result<Self, RuleError> {
        line.check_printed()?;
        let (subject, said_phase) = split_phase(&line.subject)?;
        let mut rule = Self {
            name: "".into(),
            targets: matching(subject, targets)?,
            phase: Phase::Before,
            kind: Kind::Carry,
            effects: Vec::new(),
            trigger: Trigger::default(),
            ttl: None,
            after_strike: AfterStrike::Stop,
            line: line.clone(),
        };
        for (position, written) in line.clauses.iter().enumerate() {
            let twice = line.clauses[..position].iter().any(|earlier| earlier.word == written.word);
            if twice && !REPEATABLE.contains(&written.word.as_str()) {
                return Err(RuleError::new(written, "is there twice"));
            }
            rule.add(Clause::read(written)?);
        }
        rule.kind = rule.kind_of(subject)?;
        rule.phase = rule.phase_of(said_phase)?;
        rule.check(targets)?;
        Ok(rule)
    }

    fn add(&mut self, clause: Clause) {
        let trigger = &mut self.trigger;
        match clause {
            Clause::Effect(effect) => self.effects.push(effect),
            Clause::First(n) => trigger.first = Some(n),
            Clause::Nth(n) => trigger.nth = Some(n),
            Clause::Skip(n) => trigger.skip = Some(n),
            Clause::Every(n) => trigger.every = Some(n),
            Clause::Times(n) => trigger.times = Some(n),
            Clause::Rate(rate) => trigger.rate = Some(rate),
            Clause::Between(from, to) => trigger.between = Some((from, to)),
            Clause::When(when) => trigger.when = Some(when),
            Clause::Key(key) => trigger.tenant = Some(if is_label(&key) { key } else { label_of(&key) }),
            Clause::Attempt(n) => trigger.attempt = Some(n),
            Clause::Concurrency(n) => trigger.concurrency = Some(n),
            Clause::Name(name) => self.name = name.into(),
            Clause::Ttl(ttl) => self.ttl = Some(ttl),
            Clause::Continue => self.after_strike = AfterStrike::GoOn,
        }
    }

    fn has(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(wanted)
    }

    fn kind_of(&self, subject: &str) -> Result<Kind, RuleError> {
        let kinds: Vec<Kind> = self.effects.iter().filter_map(kind).collect();
        let is = |kind: Kind| kinds.contains(&kind);
        let chosen = [Kind::Sync, Kind::State, Kind::Replace, Kind::Edit].into_iter().find(|kind| is(*kind));
        match chosen {
            _ if self.effects.is_empty() => {
                Err(RuleError::new(&self.line, "says when but not what: it needs an effect, such as status=503"))
            }
            Some(Kind::Sync) if subject != SYNC => {
                Err(RuleError::new("script", "goes with the subject sync: 'sync script=…'"))
            }
            Some(Kind::Sync) if kinds.iter().any(|kind| *kind != Kind::Sync) => {
                Err(RuleError::new("sync", "takes script= and message= alone"))
            }
            Some(Kind::Sync) if !self.has(|effect| matches!(effect, Effect::Script(_))) => {
                Err(RuleError::new("message", "goes with script="))
            }
            None | Some(Kind::State | Kind::Replace | Kind::Edit) if subject == SYNC => {
                Err(RuleError::new("sync", "needs script="))
            }
            Some(Kind::State) if is(Kind::Replace) && !self.has(|effect| matches!(effect, Effect::Quota(_))) => {
                Err(RuleError::new(
                    &self.line,
                    "both bends the state and replaces the answer; two rules and continue say that",
                ))
            }
            Some(Kind::State) if is(Kind::Edit) => Err(RuleError::new(
                &self.line,
                "both bends the state and edits the answer; two rules and continue say that",
            )),
            Some(Kind::Replace) if is(Kind::Edit) && self.has(|effect| matches!(effect, Effect::Drift(_))) => {
                Err(RuleError::new(&self.line, "both edits the service's answer and replaces it"))
            }
            chosen => Ok(chosen.unwrap_or(Kind::Carry)),
        }
    }

    fn phase_of(&self, said: Option<Phase>) -> Result<Phase, RuleError> {
        let default = match self.kind {
            Kind::Sync | Kind::State | Kind::Replace => Phase::Before,
            Kind::Edit | Kind::Carry => Phase::After,
        };
        match (said, self.kind) {
            (Some(Phase::After), Kind::Sync | Kind::State) => {
                Err(RuleError::new("@after", "comes too late: this shapes what the call does"))
            }
            (Some(Phase::Before), Kind::Edit) => {
                Err(RuleError::new("@before", "comes too early: there is no answer yet to edit"))
            }
            (Some(Phase::After), _) if self.strikes_at_head() => {
                Err(RuleError::new("@after", "comes too late: this strikes before the call is read"))
            }
            (Some(Phase::After), _) if self.has(|effect| matches!(effect, Effect::Limit(..))) => {
                Err(RuleError::new("@after", "comes too late for a limit"))
            }
            // What only carries an answer does so once there is one, whatever was said.
            (_, Kind::Carry) => Ok(Phase::After),
            (said, _) => Ok(said.unwrap_or(default)),
        }
    }

    fn check(&self, targets: &Targets) -> Result<(), RuleError> {
        let about =
            || targets.iter().enumerate().filter(|(position, _)| self.is_about(*position)).map(|(_, target)| target);
        if let Some(why) = self.trigger.contradiction() {
            return Err(RuleError::new(&self.line, why));
        }
        if self.trigger.needs_body() && self.strikes_at_head() {
            return Err(RuleError::new(
                "when",
                "looks at the body, but reset=head and reset=body strike before it is read",
            ));
        }
        if self.trigger.needs_body() && about().all(|target| target.body == Has::Nothing) {
            return Err(RuleError::new("when", "looks at the body, but no call of this operation has one"));
        }
        if self.has(|effect| matches!(effect, Effect::Drift(_))) && about().all(|target| target.answer == Has::Nothing)
        {
            return Err(RuleError::new(&self.line.subject, "answers without a body, so there is nothing to edit"));
        }
        self.check_state(&about().map(|target| target.name).collect::<Vec<_>>())?;
        self.check_company()
    }

    /// State effects go with the operations whose handlers know them.
    fn check_state(&self, names: &[&str]) -> Result<(), RuleError> {
        let fits = |effect: &Effect, name: &str| match effect {
            Effect::Lag(_) => matches!(name, "indexes.get" | "indexes.list"),
            Effect::Vanish => matches!(name, "indexes.get" | "indexes.delete" | "indexes.sync" | "indexes.cancel_sync"),
            Effect::Quota(_) => name == "indexes.create",
            Effect::Page(_) => name.rsplit('.').next() == Some("list"),
            _ => true,
        };
        match self.effects.iter().find(|effect| !names.iter().any(|name| fits(effect, name))) {
            Some(effect) => Err(RuleError::new(
                &self.line.subject,
                format_args!("{} is nothing that can happen to this operation", state_word(effect)),
            )),
            None => Ok(()),
        }
    }

    /// Effects that say two things at once about the same.
    fn check_company(&self) -> Result<(), RuleError> {
        let ends = |effect: &&Effect| {
            matches!(
                effect,
                Effect::Reset
                    | Effect::ResetHead
                    | Effect::ResetBody
                    | Effect::ResetReply
                    | Effect::Close
                    | Effect::Hang
                    | Effect::Stall
                    | Effect::Garbage
                    | Effect::Truncate(_)
            )
        };
        let paces = |effect: &&Effect| matches!(effect, Effect::Dribble(..) | Effect::Bandwidth(_));
        let bodies = |effect: &&Effect| matches!(effect, Effect::Body(_) | Effect::Malformed | Effect::Empty);
        if self.effects.iter().filter(ends).count() > 1
            || self.effects.iter().filter(paces).count() > 1
            || self.effects.iter().filter(bodies).count() > 1
        {
            return Err(RuleError::new(&self.line, "says two things of the same answer that cannot both be"));
        }
        let silent = self.has(|effect| {
            matches!(
                effect,
                Effect::Reset | Effect::ResetHead | Effect::ResetBody | Effect::Close | Effect::Hang | Effect::Garbage
            )
        });
        if silent && self.has(|effect| matches!(effect, Effect::Status(_) | Effect::Limit(..))) {
            return Err(RuleError::new(&self.line, "gives a status to an answer of which no byte is sent"));
        }
        if self.has(|effect| matches!(effect, Effect::Burst(_)))
            && !self.has(|effect| matches!(effect, Effect::Limit(..)))
        {
            return Err(RuleError::new("burst", "goes with limit="));
        }
        Ok(())
    }
}

/// The kind of rule that an effect makes; none for what goes with any.
fn kind(effect: &Effect) -> Option<Kind> {
    match effect {
        Effect::Script(_) | Effect::Message(_) => Some(Kind::Sync),
        Effect::Lag(_) | Effect::Vanish | Effect::Quota(_) | Effect::Page(_) => Some(Kind::State),
        Effect::Status(_)
        | Effect::Reset
        | Effect::ResetHead
        | Effect::ResetBody
        | Effect::Close
        | Effect::Hang
        | Effect::Garbage
        | Effect::Limit(..) => Some(Kind::Replace),
        Effect::Drift(Drift::Drop(_) | Drift::Null(_) | Drift::Retype(_) | Drift::Rename(..) | Drift::Add(..)) => {
            Some(Kind::Edit)
        }
        Effect::Malformed
        | Effect::Truncate(_)
        | Effect::Empty
        | Effect::ContentType(_)
        | Effect::ContentLength(_)
        | Effect::ResetReply
        | Effect::Stall
        | Effect::Body(_) => Some(Kind::Edit),
        _ => None,
    }
}

fn state_word(effect: &Effect) -> &'static str {
    match effect {
        Effect::Lag(_) => "lag",
        Effect::Vanish => "vanish",
        Effect::Quota(_) => "quota",
        _ => "page",
    }
}

fn split_phase(subject: &str) -> Result<(&str, Option<Phase>), RuleError> {
    match subject.split_once('@') {
        None => Ok((subject, None)),
        Some((subject, "before")) => Ok((subject, Some(Phase::Before))),
        Some((subject, "after")) => Ok((subject, Some(Phase::After))),
        Some((_, other)) => Err(RuleError::new(format_args!("@{other}"), "is neither @before nor @after")
            .near(other, ["before", "after"].into_iter())),
    }
}

/// The operations that a subject names, as bits.
fn matching(subject: &str, targets: &Targets) -> Result<u64, RuleError> {
    let family = subject.strip_suffix("*").filter(|family| family.ends_with('.'));
    let is_meant = |name: &str| match (subject, family) {
        ("*", _) => true,
        (SYNC, _) => STARTS_SYNC.contains(&name),
        (_, Some(family)) => name.starts_with(family),
        (exact, None) => exact == name,
    };
    let bits = targets
        .iter()
        .enumerate()
        .filter(|(_, target)| is_meant(target.name))
        .fold(0, |bits, (position, _)| bits | 1 << position);
    if bits == 0 {
        let families = targets.iter().filter_map(|target| target.name.split('.').next());
        let error = RuleError::new(subject, "is no operation");
        return Err(match family {
            Some(family) => error.near(family.trim_end_matches('.'), families),
            None => error.near(subject, targets.iter().map(|target| target.name).chain([SYNC])),
        });
    }
    Ok(bits)
}
