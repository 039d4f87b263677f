//! The words of the rule language: the list of all rows, those about the rule itself, and the row of a clause.

use super::grammar::ClauseText;
use super::row::{ClauseClass::Setting, ClauseRow, fixed, valued};
use super::{effects, trigger, value};
use crate::matcher::ParseError;

/// The clauses about the rule itself.
const RULE_ROWS: &[ClauseRow] = &[
    valued("name=WORD", Setting, |draft, value| value::name(value).map(|name| draft.name = Some(name)))
        .doc("the name in reports and in the header x-mock-fault", "* status=503 name=outage"),
    valued("ttl=DURATION", Setting, |draft, value| value::over_zero(value).map(|ttl| draft.ttl = Some(ttl)))
        .doc("removes the rule after this time, which is real time on every clock", "* status=503 ttl=5m"),
    fixed("continue", Setting, |draft| draft.continues = true)
        .doc("lets later rules strike too", "* delay=50ms continue"),
];

/// Words of other tools, and the clauses that replace them.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("disconnect", "close or reset"),
    ("latency", "delay=DURATION"),
    ("percent", "rate=30%"),
    ("probability", "rate=0.3"),
    ("refuse", "reset, or POST /__admin/listener {\"refuse\": DURATION} or --refuse FROM..TO to refuse connections"),
    ("sleep", "delay=DURATION"),
    ("timeout", "hang, or delay=DURATION"),
    ("wait", "delay=DURATION"),
];

/// Every row.
pub(super) fn rows() -> impl Iterator<Item = &'static ClauseRow> {
    effects::ROWS.iter().copied().chain([trigger::ROWS, RULE_ROWS]).flatten()
}

/// Whether a word is one of the rule language.
pub(super) fn is_word(word: &str) -> bool {
    rows().any(|row| row.word() == word)
}

/// The row of a clause that comes after others.
pub(super) fn row_of(clause: &ClauseText, earlier: &[&'static ClauseRow]) -> Result<&'static ClauseRow, ParseError> {
    let word = clause.word.as_str();
    if word.starts_with('@') {
        return Err(ParseError::new(clause, "is a phase, which comes once, right after the operation"));
    }
    if earlier.iter().any(|row| row.word() == word && !row.is_repeatable) {
        return Err(ParseError::new(clause, "is given twice"));
    }
    if !is_word(word) {
        return Err(unknown(word, "is not a word of the rule language", &[]).at(clause));
    }
    let value = clause.value.as_deref();
    let rows: Vec<&ClauseRow> = rows().filter(|row| row.word() == word).collect();
    rows.iter().copied().find(|row| row.takes(value)).ok_or_else(|| {
        let values: Vec<&str> = rows.iter().filter_map(|row| row.fixed_value()).collect();
        let error = match value {
            None => format!("takes a value: {word}=…").into(),
            Some(_) if values.is_empty() => "takes no value".into(),
            Some(value) => ParseError::none_of(value, &values),
        };
        error.at(clause)
    })
}

/// The error of a word that is not one of the rule language; `others` are valid in its place too.
pub(super) fn unknown(word: &str, problem: &str, others: &[&str]) -> ParseError {
    let error = ParseError::new(word, problem);
    match OTHER_WORDS.iter().find(|(other, _)| *other == word) {
        Some((_, here)) => ParseError { nearest: Some((*here).to_owned()), ..error },
        None => error.near(word, rows().map(|row| row.word() as &str).chain(others.iter().copied())),
    }
}
