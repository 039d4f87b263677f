//! A fault rule: its operations, its action and its trigger, made of the clauses of a line.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};

use super::action::{ActionKind, FaultAction, Phase, RuleDraft};
use super::check;
use super::grammar::{OTHER_FIELDS, RuleText, clauses_of_fields};
use super::target::{self, Targets};
use super::trigger::{Trigger, key_label};
use super::words;
use crate::journal::{FaultNote, FaultOutcome};
use crate::matcher::ParseError;

/// A rule of injected failure.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Its name, unique among a tenant's rules; empty until it has one.
    pub(crate) name: Arc<str>,
    /// Bit n is set when it is about the n-th operation.
    pub(super) targets: u64,
    pub(super) phase: Phase,
    pub(super) action: Arc<FaultAction>,
    pub(super) trigger: Trigger,
    /// Its time to live, in real time.
    pub(super) ttl: Option<Duration>,
    /// Whether later rules may strike too.
    pub(super) continues: bool,
    /// Whether its delay comes before the request acts, rather than before the response is sent.
    pub(super) waits_before_act: bool,
    /// The name of its random streams: the name in its text, else its text. It does not depend on other rules, so that
    /// adding a rule does not change the draws of the others.
    pub(super) random_name: Arc<str>,
    /// Where it comes from, such as `--fault` or `admin`.
    pub(super) origin: Arc<str>,
    /// The name of the scenario that it is of, if it is of one.
    pub(super) scenario: Option<Arc<str>>,
    /// The label of the only tenant that has it; none for a rule of all tenants.
    pub(super) tenant: Option<Arc<str>>,
    /// The number of strikes over all tenants, shared by all copies of a rule.
    pub(super) total_strikes: Arc<AtomicU64>,
    text: RuleText,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl Rule {
    pub(crate) fn parse(text: &str, targets: &Targets) -> Result<Self, ParseError> {
        Self::from_text(RuleText::from_text(text)?, targets)
    }

    /// Reads the clauses in the header of a single request of `operation`.
    pub(crate) fn parse_clauses(operation: &str, clauses: &str, targets: &Targets) -> Result<Self, ParseError> {
        let rule = Self::from_text(RuleText::from_text(&format!("{operation} {clauses}"))?, targets)?;
        let limit = matches!(rule.action.kind, ActionKind::Limit(_)).then_some("limit");
        if let Some(word) = rule.trigger.excludes_first().or(limit) {
            return Err(ParseError::new(word, "would never strike: the rule is for this one request"));
        }
        if rule.ttl.is_some() {
            return Err(ParseError::new("ttl", "has no effect: the rule is for this one request"));
        }
        Ok(rule)
    }

    /// Reads a rule from JSON: its text, an object that holds it as `rule`, or the same words as fields.
    pub(crate) fn from_json(value: &Value, targets: &Targets) -> Result<Self, ParseError> {
        let fields = match value {
            Value::String(text) => return Self::parse(text, targets),
            Value::Object(fields) => fields,
            _ => return Err(ParseError::new("rule", "is a string or an object")),
        };
        check_fields(fields)?;
        match fields.get("rule") {
            Some(Value::String(text)) => Self::from_text(with_fields(RuleText::from_text(text)?, fields)?, targets),
            Some(_) => Err(ParseError::new("rule", "takes a string")),
            None => Self::from_text(RuleText::from_json(fields)?, targets),
        }
    }

    /// The same rule under another name.
    #[must_use]
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// The same rule from another place.
    #[must_use]
    pub(crate) fn with_origin(mut self, origin: &str) -> Self {
        self.origin = origin.into();
        self
    }

    /// The same rule as one of a scenario.
    #[must_use]
    pub(super) fn of_scenario(mut self, name: &str) -> Self {
        self.scenario = Some(name.into());
        self
    }

    /// The same rule for one tenant only, by its label.
    #[must_use]
    pub(crate) fn for_tenant(mut self, label: &Arc<str>) -> Self {
        self.tenant = Some(Arc::clone(label));
        self
    }

    /// Whether it has the same text, and is from the same place.
    pub(super) fn is_written_like(&self, other: &Self) -> bool {
        self.origin == other.origin && self.to_string() == other.to_string()
    }

    pub(crate) fn has_name(&self) -> bool {
        !self.name.is_empty()
    }

    /// The label of the only API key whose requests it counts, if there is one.
    pub(crate) fn only_key(&self) -> Option<&str> {
        self.trigger.key.as_deref()
    }

    /// Whether it acts as soon as the head is read.
    pub(crate) fn acts_on_head(&self) -> bool {
        matches!(self.action.kind, ActionKind::ResetRequest(_) | ActionKind::SlowUpload(_))
    }

    /// Whether it depends on the number of the attempt.
    pub(crate) fn counts_attempts(&self) -> bool {
        self.trigger.attempt.is_some()
    }

    /// Whether it makes a client wait on the tenant's clock, for which an `auto` clock takes no real time.
    pub(crate) fn waits_on_clock(&self) -> bool {
        self.action.waits_on_clock()
    }

    /// Whether it holds a request without a time limit.
    pub(crate) fn holds(&self) -> bool {
        self.action.holds()
    }

    /// Whether it closes the connection after the whole response.
    fn closes_after(&self) -> bool {
        self.action.adjustment.effects.iter().any(|effect| effect.closes_after())
    }

    /// Takes its strike back if it was to close the connection after a response that was not written: its note then
    /// says so.
    pub(super) fn take_back_close(&self, notes: &mut [FaultNote]) -> bool {
        let is_own = |note: &&mut FaultNote| Arc::ptr_eq(&note.rule, &self.name);
        let struck = self.closes_after() && self.struck(notes);
        if let Some(note) = notes.iter_mut().find(is_own).filter(|_| struck) {
            note.outcome = FaultOutcome::Inapplicable;
            self.total_strikes.fetch_sub(1, Ordering::Relaxed);
        }
        struck
    }

    /// Whether it struck the request with these notes. A rule that replaced it under the same name is another one.
    pub(crate) fn struck(&self, notes: &[FaultNote]) -> bool {
        notes.iter().any(|note| note.outcome == FaultOutcome::Struck && Arc::ptr_eq(&note.rule, &self.name))
    }

    /// The time for which deleted resources can still be read because of it.
    pub(super) fn lag(&self) -> Duration {
        match &self.action.kind {
            ActionKind::State(faults, _) => faults.lag.map_or(Duration::ZERO, |lag| lag.duration),
            _ => Duration::ZERO,
        }
    }

    /// The number of requests that it has struck, of all tenants.
    pub(crate) fn total_strikes(&self) -> u64 {
        self.total_strikes.load(Ordering::Relaxed)
    }

    /// Whether it has never struck a request of any tenant.
    pub(crate) fn never_struck(&self) -> bool {
        self.total_strikes() == 0
    }

    fn from_text(mut text: RuleText, targets: &Targets) -> Result<Self, ParseError> {
        text.check_printed()?;
        let (subject, stated_phase) = split_phase(&text.subject)?;
        let subject = subject.to_owned();
        let (mut draft, mut rows) = (RuleDraft::default(), Vec::new());
        for clause in &text.clauses {
            let row = words::row_of(clause, &rows)?;
            row.update(&mut draft, clause)?;
            rows.push(row);
        }
        text.hide_keys(key_label);
        let targets_of_rule = target::matching(&subject, targets)?;
        check::check_classes(&text, &subject, &rows)?;
        let action = draft.take_action(&rows);
        let name: Arc<str> = draft.name.unwrap_or_default().into();
        let rule = Self {
            random_name: if name.is_empty() { text.to_string().into() } else { Arc::clone(&name) },
            name,
            targets: targets_of_rule,
            phase: action.phase(stated_phase)?,
            waits_before_act: stated_phase == Some(Phase::Before)
                && matches!(action.kind, ActionKind::Adjust | ActionKind::State(..)),
            action: Arc::new(action),
            trigger: draft.trigger,
            ttl: draft.ttl,
            continues: draft.continues,
            origin: "".into(),
            scenario: None,
            tenant: None,
            total_strikes: Arc::default(),
            text,
        };
        check::check(&rule, &rows, targets)?;
        Ok(rule)
    }
}

/// Refuses an unknown field.
fn check_fields(fields: &Map<String, Value>) -> Result<(), ParseError> {
    let is_known = |name: &str| OTHER_FIELDS.contains(&name) || words::is_word(&name.replace('_', "-"));
    match fields.keys().find(|name| !is_known(name)) {
        Some(name) => Err(words::unknown(name, "is not a field of a fault rule", OTHER_FIELDS)),
        None => Ok(()),
    }
}

/// The text of a rule with the clauses in the other fields of its JSON.
fn with_fields(mut text: RuleText, fields: &Map<String, Value>) -> Result<RuleText, ParseError> {
    if let Some(field) = ["operation", "phase"].iter().find(|field| fields.contains_key(**field)) {
        return Err(ParseError::new(field, "is in the text of the rule already"));
    }
    text.clauses.extend(clauses_of_fields(fields)?);
    Ok(text)
}

fn split_phase(subject: &str) -> Result<(&str, Option<Phase>), ParseError> {
    match subject.split_once('@') {
        None => Ok((subject, None)),
        Some((subject, "before")) => Ok((subject, Some(Phase::Before))),
        Some((subject, "after")) => Ok((subject, Some(Phase::After))),
        Some((_, other)) => Err(ParseError::new(format_args!("@{other}"), "is neither @before nor @after")
            .near(other, ["before", "after"].into_iter())),
    }
}
