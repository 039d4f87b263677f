//! Which recorded requests are asked for: by operation, status, conditions on the request, faults that struck, and how
//! they ended. Queries over the journal and expectations use it.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::entry::{Entry, EntryParts, FaultOutcome, Outcome};
use super::text_search::TextSearch;
use crate::matcher::{Condition, OperationFacts, ParseError, RequestParts, matching_operations};
use crate::operation::path_param_names;

/// The words of a filter beside its operations.
pub(crate) const WORDS: &[&str] = &["status", "when", "fault", "outcome"];

/// Which requests are asked for. All criteria must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    criteria: Vec<Criterion>,
}

/// One property that a request must have.
#[derive(Debug, Clone)]
enum Criterion {
    Operation {
        pattern: String,
        names: Vec<&'static str>,
    },
    Status(StatusPattern),
    When(Condition),
    /// This rule struck it.
    Fault(String),
    Outcome(Outcome),
    Text(TextSearch),
}

/// A status, or a class of them such as `2xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatusPattern {
    Exact(u16),
    Class(u16),
}

/// Whether a request has what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    Fits,
    /// Not known: the request has not ended, or its body was not kept whole.
    Undecided,
    Differs,
}

/// A property that a request does not have.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Difference {
    /// The property, as conditions name it: `status`, `body:/name`, `header:x`, `query:x`, `fault`, `outcome`.
    #[serde(rename = "where")]
    pub(crate) place: String,
    pub(crate) expected: String,
    /// `null` if there is none.
    pub(crate) actual: Option<String>,
}

impl Filter {
    /// The filter of these words and their values: `operation` takes a pattern, the others are [`WORDS`].
    ///
    /// Errors: an unknown word, a word twice but for `when`, or a value that no request can have.
    pub(crate) fn of(words: &[(String, String)], operations: &[impl OperationFacts]) -> Result<Self, ParseError> {
        let mut filter = Self::default();
        for (at, (word, value)) in words.iter().enumerate() {
            if word != "when" && words[..at].iter().any(|(earlier, _)| earlier == word) {
                return Err(ParseError::new(word, "is given twice"));
            }
            filter.criteria.push(Criterion::read(word, value, operations)?);
        }
        filter.check_path_params(operations)?;
        Ok(filter)
    }

    /// The same, with a text that must be in the path or in a body.
    pub(crate) fn with_text(mut self, text: &str) -> Result<Self, ParseError> {
        self.criteria.push(Criterion::Text(TextSearch::parse(text)?));
        Ok(self)
    }

    /// Refuses a condition on a parameter that no operation that is asked for has in its path.
    fn check_path_params(&self, operations: &[impl OperationFacts]) -> Result<(), ParseError> {
        let is_meant = |operation: &&_| {
            self.criteria.iter().all(|criterion| match criterion {
                Criterion::Operation { names, .. } => names.contains(&OperationFacts::name(*operation)),
                _ => true,
            })
        };
        let params: Vec<&str> =
            operations.iter().filter(is_meant).flat_map(|operation| path_param_names(operation.path())).collect();
        self.criteria.iter().try_for_each(|criterion| match criterion {
            Criterion::When(condition) => condition.check_path_param(&params),
            _ => Ok(()),
        })
    }

    /// Whether a request fits.
    pub(crate) fn fit(&self, entry: &Entry) -> Fit {
        let parts = EntryParts::of(entry);
        self.criteria.iter().map(|criterion| criterion.fit(&parts)).max().unwrap_or(Fit::Fits)
    }

    /// Whether a request is of one of the operations, whatever else is asked for.
    pub(crate) fn has_operation(&self, entry: &Entry) -> bool {
        let parts = EntryParts::of(entry);
        let operations = self.criteria.iter().filter(|criterion| matches!(criterion, Criterion::Operation { .. }));
        operations.map(|criterion| criterion.fit(&parts)).all(|fit| fit == Fit::Fits)
    }

    /// The properties that a request does not have.
    pub(crate) fn differences(&self, entry: &Entry) -> Vec<Difference> {
        let parts = EntryParts::of(entry);
        let differing = self.criteria.iter().filter(|criterion| criterion.fit(&parts) == Fit::Differs);
        differing.map(|criterion| criterion.difference(&parts)).collect()
    }

    /// The operations as they were written, if any were.
    pub(crate) fn pattern(&self) -> Option<&str> {
        self.criteria.iter().find_map(|criterion| match criterion {
            Criterion::Operation { pattern, .. } => Some(pattern.as_str()),
            _ => None,
        })
    }

    /// The name of the rule that must have struck.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.criteria.iter().find_map(|criterion| match criterion {
            Criterion::Fault(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Criterion {
    fn read(word: &str, value: &str, operations: &[impl OperationFacts]) -> Result<Self, ParseError> {
        let at_word = |error: ParseError| error.at(word);
        match word {
            "operation" => {
                let positions = matching_operations(value, operations)?;
                let names = positions.into_iter().map(|position| operations[position].name()).collect();
                Ok(Self::Operation { pattern: value.to_owned(), names })
            }
            "status" => value.parse().map(Self::Status).map_err(at_word),
            "when" => {
                let condition = Condition::parse(value).map_err(|error| error.at(format_args!("when={value}")))?;
                Ok(Self::When(condition))
            }
            "fault" if value.is_empty() => Err(ParseError::new(word, "is empty; it is the name of a rule")),
            "fault" => Ok(Self::Fault(value.to_owned())),
            "outcome" => Outcome::named(value).map(Self::Outcome).map_err(at_word),
            _ => Err(ParseError::new(word, "is not a word of an expectation").near(word, WORDS.iter().copied())),
        }
    }

    fn fit(&self, parts: &EntryParts<'_>) -> Fit {
        let entry = parts.entry;
        let is_open = entry.outcome == Outcome::Open;
        let known = |fits: bool| if fits { Fit::Fits } else { Fit::Differs };
        match self {
            Self::Operation { names, .. } => known(entry.operation.is_some_and(|name| names.contains(&name))),
            Self::Status(_) | Self::Fault(_) if entry.is_unanswered() => Fit::Undecided,
            Self::Status(wanted) => known(entry.status.is_some_and(|status| wanted.accepts(status))),
            Self::Fault(name) => known(struck(entry).any(|rule| rule == name)),
            Self::Outcome(wanted) if is_open && *wanted != Outcome::Open => Fit::Undecided,
            Self::Outcome(wanted) => known(entry.outcome == *wanted),
            Self::When(condition) if condition.needs_body() && entry.lacks_body() => Fit::Undecided,
            Self::When(condition) => known(condition.holds(parts)),
            Self::Text(text) => text.fit(entry),
        }
    }

    fn difference(&self, parts: &EntryParts<'_>) -> Difference {
        let entry = parts.entry;
        let (place, expected, actual) = match self {
            Self::Operation { pattern, .. } => {
                ("operation".into(), pattern.clone(), entry.operation.map(str::to_owned))
            }
            Self::Status(wanted) => {
                ("status".into(), wanted.to_string(), entry.status.map(|status| status.to_string()))
            }
            Self::Fault(name) => {
                let names = struck(entry).collect::<Vec<_>>().join(", ");
                ("fault".into(), name.clone(), Some(names).filter(|names| !names.is_empty()))
            }
            Self::Outcome(wanted) => ("outcome".into(), wanted.to_string(), Some(entry.outcome.to_string())),
            Self::Text(text) => ("text".into(), text.to_string(), None),
            Self::When(condition) => return Difference::of(condition, parts),
        };
        Difference { place, expected, actual }
    }
}

impl Difference {
    /// How a request or a resource differs from a condition.
    pub(crate) fn of(condition: &Condition, parts: &impl RequestParts) -> Self {
        Self { place: condition.place(), expected: condition.expected(), actual: condition.actual(parts) }
    }
}

/// As in `body:/name is Draft, expected draft`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.actual {
            Some(actual) => write!(f, "{} is {actual}, expected {}", self.place, self.expected),
            None => write!(f, "{} is absent, expected {}", self.place, self.expected),
        }
    }
}

/// The names of the rules that struck a request.
fn struck(entry: &Entry) -> impl Iterator<Item = &str> {
    entry.faults.iter().filter(|note| note.outcome == FaultOutcome::Struck).map(|note| &*note.rule)
}

impl StatusPattern {
    fn accepts(self, status: u16) -> bool {
        match self {
            Self::Exact(wanted) => status == wanted,
            Self::Class(class) => status / 100 == class,
        }
    }
}

impl FromStr for StatusPattern {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let class =
            text.strip_suffix("xx").and_then(|class| class.parse().ok()).filter(|class| (1..=5).contains(class));
        let exact = || text.parse().ok().filter(|status| (100..=599).contains(status));
        let error = || format!("{text} is not a status from 100 to 599, nor a class such as 2xx").into();
        class.map(Self::Class).or_else(|| exact().map(Self::Exact)).ok_or_else(error)
    }
}

impl fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}
