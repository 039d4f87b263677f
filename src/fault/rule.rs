//! A rule: what it is about, what it does and when, put together from the clauses of a line. What could never strike is
//! refused here and in `kind.rs` and `sense.rs`; nothing here decides a request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};

use super::clause::{Clause, REPEATABLE};
use super::effect::Effect;
use super::grammar::{RuleError, RuleText};
use super::kind::{self, Phase, RuleKind};
use super::target::{self, Targets};
use super::trigger::Trigger;
use super::validate;
use crate::key_label::{is_label, label_of};

/// A rule of injected failure.
#[derive(Debug, Clone)]
pub struct Rule {
    /// How it is called; unique among a tenant's rules.
    pub name: Arc<str>,
    /// Bit n is set when it is about the n-th operation.
    pub(super) targets: u64,
    pub(super) phase: Phase,
    pub(super) kind: RuleKind,
    pub(super) effects: Vec<Effect>,
    pub(super) trigger: Trigger,
    pub(super) ttl: Option<Duration>,
    pub(super) after_strike: AfterStrike,
    /// What its streams of chance are called by: its name if its writer gave it one, else its text. Its place among other
    /// rules is no part of it, so that a rule more or less moves nothing.
    pub(super) chance: Arc<str>,
    ever: Ever,
    line: RuleText,
}

/// How many requests of any tenant a rule has hit: every copy of the rule counts here.
#[derive(Debug, Clone, Default)]
pub(super) struct Ever(Arc<AtomicU64>);

/// Whether the rules behind one that struck are still looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterStrike {
    Stop,
    GoOn,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line.fmt(f)
    }
}

impl Rule {
    /// Reads a rule.
    pub fn parse(text: &str, targets: &Targets) -> Result<Self, RuleError> {
        Self::from_line(RuleText::from_text(text)?, targets)
    }

    /// Reads the clauses of a rule about `operation` that a single request brings for itself.
    pub fn parse_clauses(operation: &str, clauses: &str, targets: &Targets) -> Result<Self, RuleError> {
        let rule = Self::from_line(RuleText::from_clauses(operation, clauses)?, targets)?;
        match rule.trigger.misses_first() {
            Some(word) => Err(RuleError::new(word, "is for this request alone, so it would never strike")),
            None => Ok(rule),
        }
    }

    /// Reads a rule from JSON: its text, an object that holds it as `rule`, or the same words as fields.
    pub fn from_json(value: &Value, targets: &Targets) -> Result<Self, RuleError> {
        match value {
            Value::String(text) => Self::parse(text, targets),
            Value::Object(fields) => match fields.get("rule") {
                Some(Value::String(text)) => Self::from_line(with_fields(RuleText::from_text(text)?, fields)?, targets),
                Some(_) => Err(RuleError::new("rule", "takes a text")),
                None => Self::from_line(RuleText::from_json(fields)?, targets),
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

    /// The label of the only tenant whose requests it counts, if there is one.
    pub fn only_tenant(&self) -> Option<&str> {
        self.trigger.tenant.as_deref()
    }

    pub(super) fn is_about(&self, operation: usize) -> bool {
        self.targets & (1 << operation) != 0
    }

    pub(super) fn has(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(wanted)
    }

    /// The first thing that `wanted` finds among its effects.
    pub(super) fn find<T>(&self, wanted: impl Fn(&Effect) -> Option<T>) -> Option<T> {
        self.effects.iter().find_map(wanted)
    }

    /// Whether it strikes as soon as the head is read.
    pub fn strikes_at_head(&self) -> bool {
        self.has(|effect| matches!(effect, Effect::ResetHead | Effect::ResetBody))
    }

    /// For how long a deleted thing may still be seen because of it.
    pub(super) fn lag(&self) -> Duration {
        self.find(|effect| if let Effect::Lag(lag) = effect { Some(*lag) } else { None }).unwrap_or_default()
    }

    /// Whether it has never hit a request of any tenant.
    pub fn never_struck(&self) -> bool {
        self.ever.0.load(Ordering::Relaxed) == 0
    }

    pub(super) fn note_strike(&self) {
        self.ever.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes back a [`Rule::note_strike`] of what then did not fit.
    pub(super) fn forget_strike(&self) {
        self.ever.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn from_line(mut line: RuleText, targets: &Targets) -> Result<Self, RuleError> {
        line.check_printed()?;
        let (subject, said_phase) = split_phase(&line.subject)?;
        let subject = subject.to_owned();
        let clauses = read_clauses(&line)?;
        line.hide_key(show_key);
        let mut rule = Self {
            name: "".into(),
            targets: target::matching(&subject, targets)?,
            phase: Phase::Before,
            kind: RuleKind::Carry,
            effects: Vec::new(),
            trigger: Trigger::default(),
            ttl: None,
            after_strike: AfterStrike::Stop,
            chance: line.to_string().into(),
            ever: Ever::default(),
            line,
        };
        for clause in clauses {
            rule.add(clause);
        }
        rule.kind = kind::kind_of(&rule, &subject)?;
        rule.phase = kind::phase_of(&rule, said_phase)?;
        validate::check(&rule, targets)?;
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
            Clause::Key(key) => trigger.tenant = Some(show_key(&key)),
            Clause::Attempt(n) => trigger.attempt = Some(n),
            Clause::Concurrency(n) => trigger.concurrency = Some(n),
            Clause::Name(name) => {
                self.name = name.into();
                self.chance = Arc::clone(&self.name);
            }
            Clause::Ttl(ttl) => self.ttl = Some(ttl),
            Clause::Continue => self.after_strike = AfterStrike::GoOn,
        }
    }
}

fn read_clauses(line: &RuleText) -> Result<Vec<Clause>, RuleError> {
    let mut clauses = Vec::new();
    for (position, written) in line.clauses.iter().enumerate() {
        let twice = line.clauses[..position].iter().any(|earlier| earlier.word == written.word);
        if twice && !REPEATABLE.contains(&written.word.as_str()) {
            return Err(RuleError::new(written, "is there twice"));
        }
        clauses.push(Clause::read(written)?);
    }
    Ok(clauses)
}

/// A rule's text with further words as fields beside it.
fn with_fields(mut line: RuleText, fields: &Map<String, Value>) -> Result<RuleText, RuleError> {
    if let Some(field) = ["operation", "phase"].iter().find(|field| fields.contains_key(**field)) {
        return Err(RuleError::new(field, "is said by the text of the rule already"));
    }
    let rest = fields.iter().filter(|(name, _)| *name != "rule").map(|(name, value)| (name.clone(), value.clone()));
    let rest = rest.chain([("operation".to_owned(), Value::from("*"))]).collect();
    line.clauses.extend(RuleText::from_json(&rest)?.clauses);
    Ok(line)
}

/// A key as it is shown.
fn show_key(key: &str) -> String {
    if is_label(key) { key.to_owned() } else { label_of(key) }
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
