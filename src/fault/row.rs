//! The row type of the rule language: the form of a clause, what it may meet, what it does, and how it is explained.
//! The parser, the refusals, the subcommand `faults` and the tables of docs/faults.md follow from the rows.

use super::action::RuleDraft;
use super::grammar::ClauseText;
use crate::matcher::ParseError;
use crate::store::state_faults::StateFault;

/// One form of a clause.
#[derive(Debug)]
pub(super) struct ClauseRow {
    /// Such as `lag=DURATION`.
    pub(super) syntax: &'static str,
    /// What it does, in one sentence.
    pub(super) summary: &'static str,
    /// A rule with it.
    pub(super) example: &'static str,
    pub(super) class: ClauseClass,
    /// Whether its word may come more than once in a rule.
    pub(super) is_repeatable: bool,
    /// The word without which it has no effect.
    pub(super) goes_with: Option<&'static str>,
    /// Whether there must be a request with a body.
    pub(super) needs_request_body: bool,
    /// The words of the effects on a response that it may meet, for an effect on the state.
    pub(super) meets: &'static [&'static str],
    /// The form of the bodies that it can change.
    pub(super) form: BodyForm,
    reader: ClauseReader,
    /// What it sets in a response.
    sets: &'static [Aspect],
    /// What no other clause may set beside it.
    keeps: &'static [Aspect],
}

/// What a clause is about. The action of a rule and its phase follow from the classes of its clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClauseClass {
    /// The state that the request meets.
    State(StateFault),
    /// The message of a script.
    Message,
    /// Another response instead of the service's.
    Replace,
    /// The connection: no byte of a response is sent.
    Wire,
    /// A field in the JSON of a successful response.
    Json,
    /// The body of a successful response, or where it is cut off.
    Edit,
    /// The speed or the headers of any response.
    Adjust,
    /// How the connection ends after any response.
    Close,
    /// The request while it is read.
    Upload,
    /// How long a request waits.
    Delay,
    /// When the rule strikes.
    Trigger,
    /// The rule itself.
    Setting,
}

/// An aspect of a response. Effects that set the same one exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    /// Where the response comes from.
    Source,
    /// The body as JSON.
    Json,
    /// The bytes of the body.
    Body,
    /// Whether the body has bytes.
    Length,
    /// How much of the response is sent.
    End,
    /// How fast it is sent.
    Pace,
}

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyForm {
    /// One that is known whole before it is sent.
    Whole,
    /// A stream of events.
    Events,
    /// Any.
    Any,
}

#[derive(Debug)]
enum ClauseReader {
    /// The clause is its syntax.
    Fixed(fn(&mut RuleDraft)),
    /// The clause has a value.
    Value(fn(&mut RuleDraft, &str) -> Result<(), ParseError>),
}

/// The row of a clause that is a word, or a word with one fixed value.
pub(super) const fn fixed(syntax: &'static str, class: ClauseClass, set: fn(&mut RuleDraft)) -> ClauseRow {
    ClauseRow::new(syntax, class, ClauseReader::Fixed(set))
}

/// The row of a clause with a value.
pub(super) const fn valued(
    syntax: &'static str,
    class: ClauseClass,
    read: fn(&mut RuleDraft, &str) -> Result<(), ParseError>,
) -> ClauseRow {
    ClauseRow::new(syntax, class, ClauseReader::Value(read))
}

impl ClauseRow {
    const fn new(syntax: &'static str, class: ClauseClass, reader: ClauseReader) -> Self {
        let (sets, keeps): (&[Aspect], &[Aspect]) = match class {
            ClauseClass::Replace => (&[Aspect::Source], &[]),
            ClauseClass::Wire => (&[Aspect::End], &[]),
            ClauseClass::Json => (&[], &[Aspect::Json]),
            _ => (&[], &[]),
        };
        let is_repeatable = matches!(class, ClauseClass::Json);
        let needs_request_body = matches!(class, ClauseClass::Upload);
        let form = if is_repeatable { BodyForm::Whole } else { BodyForm::Any };
        let (summary, example, goes_with, meets): (_, _, _, &[&str]) = ("", "", None, &[]);
        Self {
            syntax,
            summary,
            example,
            class,
            is_repeatable,
            goes_with,
            needs_request_body,
            meets,
            form,
            reader,
            sets,
            keeps,
        }
    }

    /// The same row with its explanation.
    pub(super) const fn doc(self, summary: &'static str, example: &'static str) -> Self {
        Self { summary, example, ..self }
    }

    /// The same row for a word that may come more than once.
    pub(super) const fn repeatable(self) -> Self {
        Self { is_repeatable: true, ..self }
    }

    /// The same row for a clause that has no effect without this word.
    pub(super) const fn with(self, word: &'static str) -> Self {
        Self { goes_with: Some(word), ..self }
    }

    /// The same row for an effect on the state that may meet these effects on the response.
    pub(super) const fn meeting(self, words: &'static [&'static str]) -> Self {
        Self { meets: words, ..self }
    }

    /// The same row for an effect on bodies of this form.
    pub(super) const fn of(self, form: BodyForm) -> Self {
        Self { form, ..self }
    }

    /// The same row for an effect that sets these aspects, and has no effect if another clause sets those that it
    /// `keeps`.
    pub(super) const fn sets(self, sets: &'static [Aspect], keeps: &'static [Aspect]) -> Self {
        Self { sets, keeps, ..self }
    }

    pub(super) fn word(&self) -> &'static str {
        self.syntax.split('=').next().unwrap_or_default()
    }

    /// The only value that it takes, if there is just one.
    pub(super) fn fixed_value(&self) -> Option<&'static str> {
        let is_fixed = matches!(self.reader, ClauseReader::Fixed(_));
        self.syntax.split_once('=').map(|(_, value)| value).filter(|_| is_fixed)
    }

    /// Whether it is the row of its word with this value.
    pub(super) fn takes(&self, value: Option<&str>) -> bool {
        match self.reader {
            ClauseReader::Fixed(_) => self.fixed_value() == value,
            ClauseReader::Value(_) => value.is_some(),
        }
    }

    /// Adds the clause to a draft.
    pub(super) fn update(&self, draft: &mut RuleDraft, clause: &ClauseText) -> Result<(), ParseError> {
        match self.reader {
            ClauseReader::Fixed(set) => set(draft),
            ClauseReader::Value(read) => {
                read(draft, clause.value.as_deref().unwrap_or_default()).map_err(|error| error.at(clause))?;
            }
        }
        Ok(())
    }

    /// Whether it is an effect, not a trigger or a setting.
    pub(super) fn is_effect(&self) -> bool {
        !matches!(self.class, ClauseClass::Trigger | ClauseClass::Setting)
    }

    /// Whether it is about the script of a sync.
    pub(super) fn is_script(&self) -> bool {
        matches!(self.class, ClauseClass::State(StateFault::Script) | ClauseClass::Message)
    }

    /// The fault on state that it plans, if any.
    pub(super) fn state_fault(&self) -> Option<StateFault> {
        if let ClauseClass::State(fault) = self.class { Some(fault) } else { None }
    }

    /// Whether it changes the body of a response or how that is sent, so that there must be a body.
    pub(super) fn needs_body(&self) -> bool {
        self.class == ClauseClass::Json
            || matches!(self.class, ClauseClass::Edit | ClauseClass::Adjust) && !self.sets.is_empty()
    }

    /// Whether one of the two has no effect beside the other.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        let is_set = |aspect: &Aspect| other.sets.contains(aspect);
        self.sets.iter().any(|aspect| is_set(aspect) || other.keeps.contains(aspect)) || self.keeps.iter().any(is_set)
    }
}
