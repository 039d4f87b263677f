//! Parses a clause into its meaning: an effect, a trigger, or a setting of the rule. Whether clauses can be combined is
//! checked in `validate.rs`.

use std::sync::Arc;
use std::time::Duration;

use super::effect::Effect;
use super::grammar::ClauseText;
use super::json_edit::JsonEdit;
use super::value;
use crate::clock::parse_duration;
use crate::matcher::{Condition, ParseError, check_pointer};
use crate::schema::read_value;
use crate::store::state_faults::PageFault;

/// The meaning of a clause.
#[derive(Debug)]
pub(super) enum Clause {
    Effect(Effect),
    First(u64),
    Nth(u64),
    Skip(u64),
    Every(u64),
    Times(u64),
    Rate(f64),
    Between(Duration, Option<Duration>),
    When(Condition),
    Key(String),
    Attempt(u64),
    Concurrency(u64),
    Name(String),
    Ttl(Duration),
    Continue,
}

/// Every word.
pub(super) const WORDS: &[&str] = &[
    "status",
    "body",
    "header",
    "retry-after",
    "retry-after-ms",
    "should-retry",
    "delay",
    "malformed",
    "truncate",
    "empty",
    "content-type",
    "content-length",
    "drop",
    "null",
    "retype",
    "rename",
    "add",
    "reset",
    "close",
    "hang",
    "stall",
    "dribble",
    "bandwidth",
    "garbage",
    "script",
    "message",
    "lag",
    "vanish",
    "quota",
    "limit",
    "burst",
    "page",
    "first",
    "nth",
    "skip",
    "every",
    "times",
    "rate",
    "between",
    "when",
    "key",
    "attempt",
    "concurrency",
    "name",
    "ttl",
    "continue",
];

/// Words of other tools, and the clauses that replace them.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("disconnect", "close or reset"),
    ("latency", "delay=DURATION"),
    ("percent", "rate=30%"),
    ("probability", "rate=0.3"),
    ("refuse", "reset, or POST /__admin/listener {\"refuse\": DURATION} to refuse connections"),
    ("sleep", "delay=DURATION"),
    ("timeout", "hang, or delay=DURATION"),
    ("wait", "delay=DURATION"),
];

/// Words that may come more than once in a rule.
pub(super) const REPEATABLE: &[&str] = &["header", "drop", "null", "retype", "rename", "add"];

impl Clause {
    /// Reads one clause.
    pub(super) fn read(text: &ClauseText) -> Result<Self, ParseError> {
        let word = text.word.as_str();
        if word.starts_with('@') {
            return Err(ParseError::new(text, "is a phase, which comes once, right after the operation"));
        }
        if !WORDS.contains(&word) {
            return Err(unknown(word, "is not a word of the rule language", &[]).at(text));
        }
        let meaning = match &text.value {
            None => without_value(word),
            Some(value) => with_value(word, value),
        };
        meaning.map_err(|error| error.at(text))
    }
}

/// The error of a word that is not one of the rule language; `others` are valid in its place too.
pub(super) fn unknown(word: &str, problem: &str, others: &[&str]) -> ParseError {
    let error = ParseError::new(word, problem);
    match OTHER_WORDS.iter().find(|(other, _)| *other == word) {
        Some((_, here)) => ParseError { nearest: Some((*here).to_owned()), ..error },
        None => error.near(word, WORDS.iter().chain(others).copied()),
    }
}

fn without_value(word: &str) -> Result<Clause, ParseError> {
    Ok(Clause::Effect(match word {
        "malformed" => Effect::Malformed,
        "empty" => Effect::Empty,
        "reset" => Effect::Reset,
        "close" => Effect::Close,
        "hang" => Effect::Hang,
        "stall" => Effect::Stall,
        "garbage" => Effect::Garbage,
        "vanish" => Effect::Vanish,
        "continue" => return Ok(Clause::Continue),
        _ => return Err(format!("takes a value: {word}=…").into()),
    }))
}

fn with_value(word: &str, value: &str) -> Result<Clause, ParseError> {
    match word {
        "first" => value::positive(value).map(Clause::First),
        "nth" => value::positive(value).map(Clause::Nth),
        "skip" => value::at_least(0, value).map(Clause::Skip),
        "every" => value::positive(value).map(Clause::Every),
        "times" => value::positive(value).map(Clause::Times),
        "attempt" => value::positive(value).map(Clause::Attempt),
        "concurrency" => value::positive(value).map(Clause::Concurrency),
        "rate" => value::share(value).map(Clause::Rate),
        "between" => value::window(value).map(|(from, to)| Clause::Between(from, to)),
        "when" => Condition::parse(value).map(Clause::When),
        "key" => value::key(value).map(Clause::Key),
        "name" => value::name(value).map(Clause::Name),
        "ttl" => value::over_zero(value).map(Clause::Ttl),
        _ => effect(word, value).map(Clause::Effect),
    }
}

fn effect(word: &str, value: &str) -> Result<Effect, ParseError> {
    Ok(match word {
        "status" => Effect::Status(value::status(value)?),
        "body" => Effect::Body(value.to_owned()),
        "header" => header(value)?,
        "retry-after" => Effect::RetryAfter(value::seconds(value)?),
        "retry-after-ms" => Effect::RetryAfterMs(value::number(value)?),
        "should-retry" => Effect::ShouldRetry(if value::boolean(value)? { "true" } else { "false" }),
        "delay" => Effect::Delay(value.parse()?),
        "truncate" => Effect::Truncate(value::number(value)?),
        "content-type" => Effect::ContentType(value::header_value(value)?),
        "content-length" => Effect::ContentLength(value::number(value)?),
        "drop" | "null" | "retype" | "rename" | "add" => Effect::Json(json_edit(word, value)?),
        "reset" => reset(value)?,
        "dribble" => dribble(value)?,
        "bandwidth" => {
            Effect::Bandwidth(value::positive(value.strip_suffix("/s").ok_or("is not of the form BYTES/s")?)?)
        }
        "script" => Effect::Script(Arc::new(value.parse()?)),
        "message" => Effect::Message(value.to_owned()),
        "lag" => Effect::Lag(value::over_zero(value)?),
        "quota" => Effect::Quota(value::number(value)?),
        "limit" => limit(value)?,
        "burst" => Effect::Burst(value::positive(value)?),
        "page" => Effect::Page(page(value)?),
        _ => return Err("takes no value".into()),
    })
}

fn header(value: &str) -> Result<Effect, ParseError> {
    let (name, value) = value.split_once(':').ok_or("is not of the form NAME:VALUE")?;
    let name = value::header_name(name.trim())?;
    if ["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
        let problem = format!("{name} frames the response; content-length=, truncate= and close break it on purpose");
        return Err(problem.into());
    }
    Ok(Effect::Header(name, value::header_value(value.trim())?))
}

fn reset(value: &str) -> Result<Effect, ParseError> {
    match value {
        "head" => Ok(Effect::ResetHead),
        "body" => Ok(Effect::ResetBody),
        "reply" => Ok(Effect::ResetReply),
        _ => Err(ParseError::none_of(value, &["head", "body", "reply"])),
    }
}

fn dribble(value: &str) -> Result<Effect, ParseError> {
    let (bytes, every) = value.split_once('/').ok_or("is not of the form BYTES/DURATION")?;
    Ok(Effect::Dribble(usize::try_from(value::positive(bytes)?).unwrap_or(usize::MAX), parse_duration(every)?))
}

fn limit(value: &str) -> Result<Effect, ParseError> {
    let (requests, per) = value.split_once('/').ok_or("is not of the form N/DURATION")?;
    Ok(Effect::Limit(value::positive(requests)?, value::over_zero(per)?))
}

fn page(value: &str) -> Result<PageFault, ParseError> {
    match value {
        "repeat-token" => Ok(PageFault::RepeatToken),
        "expired-token" => Ok(PageFault::ExpiredToken),
        "empty-middle" => Ok(PageFault::EmptyMiddle),
        _ => Err(ParseError::none_of(value, &["repeat-token", "expired-token", "empty-middle"])),
    }
}

fn json_edit(word: &str, value: &str) -> Result<JsonEdit, ParseError> {
    let (pointer, rest) = match value.split_once(':') {
        Some((pointer, rest)) if word == "rename" || word == "add" => (pointer, Some(rest)),
        _ => (value, None),
    };
    let pointer = check_pointer(pointer)?;
    Ok(match (word, rest) {
        ("drop", _) => JsonEdit::Drop(pointer),
        ("null", _) => JsonEdit::Null(pointer),
        ("retype", _) => JsonEdit::Retype(pointer),
        ("rename", Some(name)) if pointer.rsplit('/').next() == Some(name) => {
            return Err("gives the field the name that it has already".into());
        }
        ("rename", Some(name)) => JsonEdit::Rename(pointer, name.to_owned()),
        ("add", Some(json)) => {
            let value = read_value(json.as_bytes()).map_err(|error| format!("{json:?} is not JSON: {error}"))?;
            JsonEdit::Add(pointer, value)
        }
        _ => return Err("is not of the form POINTER:VALUE".into()),
    })
}
