//! An expectation in one line: how many requests, or resources, are as it says.
//!
//! ```text
//! expectation = ( operation { "status=" S | "when=" C | "fault=" NAME | "outcome=" O }
//!               | "state" KIND { "when=body:" … } ) [ "count=" COUNT ]
//! COUNT = N | N ".." | ".." N | N ".." M      (1.. by default)
//! ```

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::filter::Filter;
use crate::matcher::{Condition, OperationFacts, ParseError, quoted, split_words};

/// The first word of an expectation about resources.
const STATE: &str = "state";

/// The word for the operations of requests in an expectation in JSON.
const OPERATION: &str = "operation";

/// Maximum length of an expectation, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// How many requests or resources are expected.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    /// As it was written.
    pub(crate) text: String,
    pub(crate) subject: ExpectationSubject,
    pub(crate) count: CountRange,
}

/// What is counted.
#[derive(Debug, Clone)]
pub(crate) enum ExpectationSubject {
    /// The recorded requests that fit.
    Requests(Filter),
    /// The resources of this kind for which all conditions hold.
    State { kind: String, conditions: Vec<Condition> },
}

/// The numbers that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CountRange {
    pub(crate) least: usize,
    /// `None`: any number from the least on.
    pub(crate) most: Option<usize>,
}

/// The names that an expectation may have: the operations, and the kinds of resources as the state shows them.
#[derive(Debug)]
pub(crate) struct Vocabulary<'a, O> {
    pub(crate) operations: &'a [O],
    pub(crate) kinds: &'a [&'static str],
}

impl Expectation {
    /// Whether it is about requests, not about resources.
    pub(crate) fn is_of_requests(&self) -> bool {
        matches!(self.subject, ExpectationSubject::Requests(_))
    }

    /// Reads one line.
    pub(crate) fn parse(text: &str, known: &Vocabulary<'_, impl OperationFacts>) -> Result<Self, ParseError> {
        if text.len() > MAX_BYTES {
            return Err(format!("is longer than {MAX_BYTES} bytes").into());
        }
        let mut words = split_words(text)?.into_iter();
        let first =
            words.next().ok_or("is empty; it begins with an operation, or with state and a kind of resources")?;
        let subject = if first == STATE {
            (STATE.to_owned(), words.next().unwrap_or_default())
        } else if first.contains('@') {
            return Err(ParseError::new(first, "has a phase, which only fault rules have"));
        } else {
            (OPERATION.to_owned(), first)
        };
        let others: Result<Vec<_>, _> = words.map(|word| word_and_value(&word)).collect();
        Self::of_words(text.to_owned(), subject, others?, known)
    }

    /// Reads the same words as fields: `{"operation": "indexes.create", "when": ["body:/name=a"], "count": 1}`.
    pub(crate) fn of_fields(
        fields: &Map<String, Value>,
        known: &Vocabulary<'_, impl OperationFacts>,
    ) -> Result<Self, ParseError> {
        let (mut subjects, mut others) = (Vec::new(), Vec::new());
        for (name, value) in fields {
            let words = if [STATE, OPERATION].contains(&name.as_str()) { &mut subjects } else { &mut others };
            words.extend(texts(name, value)?.into_iter().map(|text| (name.clone(), text)));
        }
        let subject = match (subjects.pop(), subjects.is_empty()) {
            (Some(subject), true) => subject,
            (Some(_), false) => return Err(ParseError::new(STATE, "is beside operation; an expectation is about one")),
            (None, _) => return Err("is without operation, for requests, and without state, for resources".into()),
        };
        let words = others.iter().map(|(name, value)| format!(" {name}={}", quoted(value)));
        let first = if subject.0 == STATE { format!("{STATE} ") } else { String::new() };
        let text = first + &quoted(&subject.1) + &words.collect::<String>();
        Self::of_words(text, subject, others, known)
    }

    fn of_words(
        text: String,
        subject: (String, String),
        mut words: Vec<(String, String)>,
        known: &Vocabulary<'_, impl OperationFacts>,
    ) -> Result<Self, ParseError> {
        let count = words.iter().position(|(word, _)| word == "count").map(|at| words.remove(at));
        let count = match count {
            Some((_, count)) => count.parse().map_err(|error: ParseError| error.at(format_args!("count={count}")))?,
            None => CountRange { least: 1, most: None },
        };
        let subject = if subject.0 == STATE {
            ExpectationSubject::of_resources(subject.1, &words, known.kinds)?
        } else {
            words.insert(0, subject);
            ExpectationSubject::Requests(Filter::of(&words, known.operations)?)
        };
        Ok(Self { text, subject, count })
    }
}

fn word_and_value(word: &str) -> Result<(String, String), ParseError> {
    let (name, value) = word.split_once('=').ok_or_else(|| {
        ParseError::new(word, "is without a value; the words are status=, when=, fault=, outcome= and count=")
    })?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The values of a field as texts: none for `null`, one for each item of a list.
fn texts(name: &str, value: &Value) -> Result<Vec<String>, ParseError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Number(number) => Ok(vec![number.to_string()]),
        Value::Array(items) => Ok(items.iter().map(|item| texts(name, item)).collect::<Result<Vec<_>, _>>()?.concat()),
        _ => Err(ParseError::new(name, "takes a string, a number or a list of strings")),
    }
}

impl ExpectationSubject {
    fn of_resources(kind: String, words: &[(String, String)], kinds: &[&str]) -> Result<Self, ParseError> {
        if !kinds.contains(&kind.as_str()) {
            return Err(ParseError::none_of(&kind, kinds).at(STATE));
        }
        let condition = |(word, value): &(String, String)| {
            let of_requests = || ParseError::new(format_args!("{word}={value}"), "is about requests, not resources");
            if word != "when" {
                return Err(of_requests());
            }
            let condition = Condition::parse(value).map_err(|error| error.at(format_args!("when={value}")))?;
            if condition.needs_body() { Ok(condition) } else { Err(of_requests()) }
        };
        let conditions = words.iter().map(condition).collect::<Result<_, _>>()?;
        Ok(Self::State { kind, conditions })
    }
}

impl FromStr for CountRange {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let number = |digits: &str| {
            let error = || ParseError::from(format!("{digits:?} is not a number; a count is N, N.., ..N or N..M"));
            digits.parse::<usize>().map_err(|_| error())
        };
        let range = match text.split_once("..") {
            None => {
                let count = number(text)?;
                Self { least: count, most: Some(count) }
            }
            Some((least, most)) => Self {
                least: if least.is_empty() { 0 } else { number(least)? },
                most: if most.is_empty() { None } else { Some(number(most)?) },
            },
        };
        match range.most {
            Some(most) if range.least > most => Err(format!("{} is more than {most}", range.least).into()),
            None if range.least == 0 => Err("expects nothing: it accepts every number".into()),
            _ => Ok(range),
        }
    }
}

/// As a part of a sentence: `2`, `at least 2`, `at most 2`, `2 to 3`.
impl fmt::Display for CountRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, Some(most)) if least == most => write!(f, "{least}"),
            (0, Some(most)) => write!(f, "at most {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
            (least, None) => write!(f, "at least {least}"),
        }
    }
}
