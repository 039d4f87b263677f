//! Splits a line of text into clauses, and prints clauses as a line: words separated by spaces, values with spaces in
//! double quotes. The meaning of a word is in its row.

use std::fmt;

use serde_json::{Map, Value};

use crate::matcher::{ParseError, quoted, split_words};

/// One clause of a rule: a word, or a word and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClauseText {
    pub(super) word: String,
    pub(super) value: Option<String>,
}

/// The text of a rule: its subject and its clauses. A phase is joined to the operation, also if it was written as a
/// word of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuleText {
    pub(super) subject: String,
    pub(super) clauses: Vec<ClauseText>,
}

/// Fields of a rule in JSON that are not words of the rule language.
pub(super) const OTHER_FIELDS: &[&str] = &["rule", "operation", "phase", "tenant"];

/// Maximum length of a rule, in bytes.
const MAX_RULE_BYTES: usize = 16 * 1024;

impl fmt::Display for ClauseText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            None => f.write_str(&self.word),
            Some(value) => write!(f, "{}={}", self.word, quoted(value)),
        }
    }
}

impl fmt::Display for RuleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject)?;
        self.clauses.iter().try_for_each(|clause| write!(f, " {clause}"))
    }
}

impl RuleText {
    /// Splits a rule into its clauses.
    pub(super) fn from_text(text: &str) -> Result<Self, ParseError> {
        check_length(text)?;
        let mut words = split_words(text)?.into_iter().peekable();
        let operation = words.next().ok_or_else(|| {
            ParseError::new("rule", "is empty; it begins with an operation, or with * for all of them")
        })?;
        let phase = words.next_if(|word| word.starts_with('@')).unwrap_or_default();
        let clauses = words.map(|word| match word.split_once('=') {
            Some((word, value)) => ClauseText { word: word.to_owned(), value: Some(value.to_owned()) },
            None => ClauseText { word, value: None },
        });
        Ok(Self { subject: operation + &phase, clauses: clauses.collect() })
    }

    /// Refuses a rule whose printed form is too long to be read again.
    pub(super) fn check_printed(&self) -> Result<(), ParseError> {
        check_length(&self.to_string())
    }

    /// Reads the same words as fields: `{"operation": "*", "status": 503, "first": 2}`.
    pub(super) fn from_json(fields: &Map<String, Value>) -> Result<Self, ParseError> {
        let operation = text_field(fields, "operation")?
            .ok_or_else(|| ParseError::new("operation", "is missing; a rule names the operations that it is about"))?;
        let phase = text_field(fields, "phase")?.map_or_else(String::new, |phase| format!("@{phase}"));
        let subject = format!("{}{phase}", operation.replace(" @", "@"));
        Ok(Self { subject, clauses: clauses_of_fields(fields)? })
    }

    /// Puts labels in the place of API keys: rules are shown, keys are not.
    pub(super) fn hide_keys(&mut self, label: impl Fn(&str) -> String) {
        let keys = self.clauses.iter_mut().filter(|clause| clause.word == "key");
        keys.filter_map(|clause| clause.value.as_mut()).for_each(|key| *key = label(key));
    }
}

fn check_length(text: &str) -> Result<(), ParseError> {
    if text.len() > MAX_RULE_BYTES {
        return Err(ParseError::new("rule", format_args!("is longer than {MAX_RULE_BYTES} bytes")));
    }
    Ok(())
}

/// The value of a field that takes text; none when the field is absent.
fn text_field<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ParseError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ParseError::new(name, "takes a string")),
    }
}

/// The clauses in the fields of a rule.
pub(super) fn clauses_of_fields(fields: &Map<String, Value>) -> Result<Vec<ClauseText>, ParseError> {
    let clauses = fields.iter().filter(|(name, _)| !OTHER_FIELDS.contains(&name.as_str()));
    let clauses: Result<Vec<_>, _> = clauses.map(|(name, value)| clauses_of_field(name, value)).collect();
    Ok(clauses?.concat())
}

/// The clauses of a field: one for each item of a list, none for `null` and `false`.
fn clauses_of_field(name: &str, value: &Value) -> Result<Vec<ClauseText>, ParseError> {
    let word = name.replace('_', "-");
    let value = match value {
        Value::Null | Value::Bool(false) if word != "should-retry" => return Ok(Vec::new()),
        Value::Bool(true) if word != "should-retry" => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let clauses = items.iter().map(|item| clauses_of_field(name, item)).collect::<Result<Vec<_>, _>>()?;
            return Ok(clauses.concat());
        }
        Value::Object(_) => return Err(ParseError::new(name, "takes a string, a number or true")),
        other => Some(other.to_string()),
    };
    Ok(vec![ClauseText { word, value }])
}

/// A line without its comment: what follows a `#` that begins a word outside quotes.
pub(super) fn without_comment(line: &str) -> &str {
    let (mut is_quoted, mut is_escaped, mut begins_word) = (false, false, true);
    for (at, character) in line.char_indices() {
        match character {
            '#' if begins_word && !is_quoted => return &line[..at],
            '"' if !is_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        is_escaped = is_quoted && character == '\\' && !is_escaped;
        begins_word = character.is_whitespace();
    }
    line
}
