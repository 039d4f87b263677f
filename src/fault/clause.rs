//! A clause into its meaning: an effect, a trigger, or a setting of the rule. Whether clauses go together is checked in
//! `validate.rs`.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use super::effect::Effect;
use super::grammar::{ClauseText, RuleError};
use super::json_edit::JsonEdit;
use super::when::When;
use crate::clock::parse_duration;
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
    Between(Duration, Duration),
    When(When),
    Key(String),
    Attempt(u64),
    Concurrency(u64),
    Name(String),
    Ttl(Duration),
    Continue,
}

/// Every word, for finding the nearest one.
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

/// Words that may come more than once in a rule.
pub(super) const REPEATABLE: &[&str] = &["header", "drop", "null", "retype", "rename", "add"];

impl Clause {
    /// Reads one clause.
    pub(super) fn read(text: &ClauseText) -> Result<Self, RuleError> {
        let known = WORDS.contains(&text.word.as_str());
        if !known {
            return Err(
                RuleError::new(text, "is not a word of the rule language").near(&text.word, WORDS.iter().copied())
            );
        }
        let meaning = match &text.value {
            None => without_value(&text.word),
            Some(value) => with_value(&text.word, value),
        };
        meaning.map_err(|reason| RuleError::new(text, reason))
    }
}

fn without_value(word: &str) -> Result<Clause, String> {
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
        _ => return Err(format!("takes a value: {word}=…")),
    }))
}

fn with_value(word: &str, value: &str) -> Result<Clause, String> {
    match word {
        "first" => positive(value).map(Clause::First),
        "nth" => positive(value).map(Clause::Nth),
        "skip" => at_least(0, value).map(Clause::Skip),
        "every" => positive(value).map(Clause::Every),
        "times" => positive(value).map(Clause::Times),
        "attempt" => positive(value).map(Clause::Attempt),
        "concurrency" => positive(value).map(Clause::Concurrency),
        "rate" => rate(value).map(Clause::Rate),
        "between" => between(value),
        "when" => When::parse(value).map(Clause::When),
        "key" => key(value).map(Clause::Key),
        "name" => name(value).map(Clause::Name),
        "ttl" => over_zero(value).map(Clause::Ttl),
        _ => effect(word, value).map(Clause::Effect),
    }
}

fn effect(word: &str, value: &str) -> Result<Effect, String> {
    Ok(match word {
        "status" => Effect::Status(status(value)?),
        "body" => Effect::Body(value.to_owned()),
        "header" => header(value)?,
        "retry-after" => Effect::RetryAfter(parse_duration(value)?),
        "retry-after-ms" => Effect::RetryAfterMs(number(value)?),
        "should-retry" => Effect::ShouldRetry(if boolean(value)? { "true" } else { "false" }),
        "delay" => delay(value)?,
        "truncate" => Effect::Truncate(number(value)?),
        "content-type" => {
            Effect::ContentType(HeaderValue::from_str(value).map_err(|_| "is not a header value".to_owned())?)
        }
        "content-length" => Effect::ContentLength(number(value)?),
        "drop" | "null" | "retype" | "rename" | "add" => Effect::Json(json_edit(word, value)?),
        "reset" => reset(value)?,
        "dribble" => dribble(value)?,
        "bandwidth" => Effect::Bandwidth(positive(value.strip_suffix("/s").ok_or("is BYTES/s")?)?),
        "script" => Effect::Script(Arc::new(value.parse()?)),
        "message" => Effect::Message(value.to_owned()),
        "lag" => Effect::Lag(over_zero(value)?),
        "quota" => Effect::Quota(number(value)?),
        "limit" => limit(value)?,
        "burst" => Effect::Burst(positive(value)?),
        "page" => Effect::Page(page(value)?),
        _ => return Err("takes no value".to_owned()),
    })
}

/// The highest number that a rule can count to; no tenant makes this many requests.
const MAX_COUNT: u64 = 1_000_000_000_000;

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let reason = if digits { "is too large a number" } else { "is not a whole number" };
    value.parse().ok().filter(|_| digits).ok_or_else(|| format!("{value:?} {reason}"))
}

/// A number of requests or of bytes, at least 1.
fn positive(value: &str) -> Result<u64, String> {
    at_least(1, value)
}

fn at_least(least: u64, value: &str) -> Result<u64, String> {
    match number(value)? {
        number if number < least => Err("counts from 1: with 0 it would never strike".to_owned()),
        number if number > MAX_COUNT => Err(format!("{value:?} is more than {MAX_COUNT}, so it would never strike")),
        number => Ok(number),
    }
}

fn over_zero(value: &str) -> Result<Duration, String> {
    let duration = parse_duration(value)?;
    if duration.is_zero() { Err("is zero, so it would never strike".to_owned()) } else { Ok(duration) }
}

/// An API key that a request can have: what a bearer token can hold.
fn key(value: &str) -> Result<String, String> {
    let is_key = !value.is_empty() && value.trim() == value && value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_key { Ok(value.to_owned()) } else { Err("is not a valid API key, so it would never strike".to_owned()) }
}

fn boolean(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("{value:?} is neither true nor false"))
}

fn rate(value: &str) -> Result<f64, String> {
    match value.parse() {
        Ok(0.0) => Err("of 0 would never strike".to_owned()),
        Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(rate),
        _ => Err(format!("{value:?} is not a number from 0 to 1")),
    }
}

fn status(value: &str) -> Result<u16, String> {
    let status = value.parse().ok().filter(|status| (100..=599).contains(status));
    status.ok_or_else(|| format!("{value:?} is not a status from 100 to 599"))
}

fn between(value: &str) -> Result<Clause, String> {
    let (from, to) = value.split_once("..").ok_or("is DURATION..DURATION")?;
    let (from, to) = (parse_duration(from)?, parse_duration(to)?);
    if from < to {
        Ok(Clause::Between(from, to))
    } else {
        Err("ends before it begins, so it would never strike".to_owned())
    }
}

fn delay(value: &str) -> Result<Effect, String> {
    let (least, most) = value.split_once("..").unwrap_or((value, value));
    let (least, most) = (parse_duration(least)?, parse_duration(most)?);
    if least <= most { Ok(Effect::Delay(least, most)) } else { Err("begins with the longer duration".to_owned()) }
}

fn name(value: &str) -> Result<String, String> {
    let is_name = (1..=64).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if is_name {
        Ok(value.to_owned())
    } else {
        Err("a name is 1 to 64 letters, digits, dots, dashes or underscores".to_owned())
    }
}

fn header(value: &str) -> Result<Effect, String> {
    let (name, value) = value.split_once(':').ok_or("is NAME:VALUE")?;
    let name = HeaderName::from_str(name.trim()).map_err(|_| format!("{name:?} is not a header name"))?;
    if ["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
        return Err(format!("{name} frames the response; content-length=, truncate= and close break it on purpose"));
    }
    let value = HeaderValue::from_str(value.trim()).map_err(|_| format!("{value:?} is not a header value"))?;
    Ok(Effect::Header(name, value))
}

fn reset(value: &str) -> Result<Effect, String> {
    match value {
        "head" => Ok(Effect::ResetHead),
        "body" => Ok(Effect::ResetBody),
        "reply" => Ok(Effect::ResetReply),
        _ => Err(format!("{value:?} is none of head, body, reply")),
    }
}

fn dribble(value: &str) -> Result<Effect, String> {
    let (bytes, every) = value.split_once('/').ok_or("is BYTES/DURATION")?;
    Ok(Effect::Dribble(usize::try_from(positive(bytes)?).unwrap_or(usize::MAX), parse_duration(every)?))
}

fn limit(value: &str) -> Result<Effect, String> {
    let (requests, per) = value.split_once('/').ok_or("is N/DURATION")?;
    Ok(Effect::Limit(positive(requests)?, over_zero(per)?))
}

fn page(value: &str) -> Result<PageFault, String> {
    match value {
        "repeat-token" => Ok(PageFault::RepeatToken),
        "expired-token" => Ok(PageFault::ExpiredToken),
        "empty-middle" => Ok(PageFault::EmptyMiddle),
        _ => Err(format!("{value:?} is none of repeat-token, expired-token, empty-middle")),
    }
}

fn json_edit(word: &str, value: &str) -> Result<JsonEdit, String> {
    let (at, rest) = match value.split_once(':') {
        Some((at, rest)) if word == "rename" || word == "add" => (at, Some(rest)),
        _ => (value, None),
    };
    let at = pointer(at)?;
    Ok(match (word, rest) {
        ("drop", _) => JsonEdit::Drop(at),
        ("null", _) => JsonEdit::Null(at),
        ("retype", _) => JsonEdit::Retype(at),
        ("rename", Some(name)) if at.rsplit('/').next() == Some(name) => {
            return Err("gives the field the name that it has already".to_owned());
        }
        ("rename", Some(name)) => JsonEdit::Rename(at, name.to_owned()),
        ("add", Some(json)) => {
            JsonEdit::Add(at, read_value(json.as_bytes()).map_err(|error| format!("{json:?} is not JSON: {error}"))?)
        }
        _ => return Err("is POINTER:VALUE".to_owned()),
    })
}

/// Checks a JSON pointer (RFC 6901) to a value inside a document.
pub(super) fn pointer(text: &str) -> Result<String, String> {
    let has_valid_escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.starts_with('/') && has_valid_escapes {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a JSON pointer such as /items/0/id"))
    }
}
