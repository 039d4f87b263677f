//! One clause into what it means: an effect, a condition or a note. It does not judge whether clauses go together.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use super::effect::{Drift, Effect};
use super::grammar::{RuleError, Written};
use super::when::When;
use crate::clock::parse_duration;
use crate::schema::read_value;
use crate::store::PageFault;

/// What a clause means.
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

/// PydanticError that may come more than once in a rule.
pub(super) const REPEATABLE: &[&str] = &["header", "drop", "null", "retype", "rename", "add"];

impl Clause {
    /// Reads one clause.
    pub(super) fn read(written: &Written) -> Result<Self, RuleError> {
        let known = WORDS.contains(&written.word.as_str());
        if !known {
            return Err(
                RuleError::new(written, "is no word of the rule language").near(&written.word, WORDS.iter().copied())
            );
        }
        let meaning = match &written.value {
            None => alone(&written.word),
            Some(value) => with_value(&written.word, value),
        };
        meaning.map_err(|reason| RuleError::new(written, reason))
    }
}

fn alone(word: &str) -> Result<Clause, String> {
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
        "first" => counted(value).map(Clause::First),
        "nth" => counted(value).map(Clause::Nth),
        "skip" => counted_from(0, value).map(Clause::Skip),
        "every" => counted(value).map(Clause::Every),
        "times" => counted(value).map(Clause::Times),
        "attempt" => counted(value).map(Clause::Attempt),
        "concurrency" => counted(value).map(Clause::Concurrency),
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
            Effect::ContentType(HeaderValue::from_str(value).map_err(|_| "is no header value".to_owned())?)
        }
        "content-length" => Effect::ContentLength(number(value)?),
        "drop" | "null" | "retype" | "rename" | "add" => Effect::Drift(drift(word, value)?),
        "reset" => reset(value)?,
        "dribble" => dribble(value)?,
        "bandwidth" => Effect::Bandwidth(counted(value.strip_suffix("/s").ok_or("is BYTES/s")?)?),
        "script" => Effect::Script(Arc::new(value.parse()?)),
        "message" => Effect::Message(value.to_owned()),
        "lag" => Effect::Lag(over_zero(value)?),
        "quota" => Effect::Quota(number(value)?),
        "limit" => limit(value)?,
        "burst" => Effect::Burst(counted(value)?),
        "page" => Effect::Page(page(value)?),
        _ => return Err("takes no value".to_owned()),
    })
}

/// The highest number of a request that a rule can name. No tenant will ever make so many.
const MOST_CALLS: u64 = 1_000_000_000_000;

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let reason = if digits { "is too large a number" } else { "is not a whole number" };
    value.parse().ok().filter(|_| digits).ok_or_else(|| format!("{value:?} {reason}"))
}

/// A number of requests or of bytes; with none it would never strike.
fn counted(value: &str) -> Result<u64, String> {
    counted_from(1, value)
}

fn counted_from(least: u64, value: &str) -> Result<u64, String> {
    match number(value)? {
        number if number < least => Err("counts from 1: with 0 it would never strike".to_owned()),
        number if number > MOST_CALLS => Err(format!("{value:?} is more than {MOST_CALLS}, so it would never strike")),
        number => Ok(number),
    }
}

fn over_zero(value: &str) -> Result<Duration, String> {
    let duration = parse_duration(value)?;
    if duration.is_zero() { Err("is no time at all, so it would never strike".to_owned()) } else { Ok(duration) }
}

/// A key that a request can show: what a bearer token can hold.
fn key(value: &str) -> Result<String, String> {
    let shown = !value.is_empty() && value.trim() == value && value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if shown {
        Ok(value.to_owned())
    } else {
        Err("is no key that a request could show, so it would never strike".to_owned())
    }
}

fn boolean(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("{value:?} is neither true nor false"))
}

fn rate(value: &str) -> Result<f64, String> {
    match value.parse() {
        Ok(0.0) => Err("of 0 would never strike".to_owned()),
        Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(rate),
        _ => Err(format!("{value:?} is not a share from 0 to 1")),
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
    if least <= most { Ok(Effect::Delay(least, most)) } else { Err("its least is more than its most".to_owned()) }
}

fn name(value: &str) -> Result<String, String> {
    let good = (1..=64).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if good {
        Ok(value.to_owned())
    } else {
        Err("a name is 1 to 64 letters, digits, dots, dashes or underscores".to_owned())
    }
}

fn header(value: &str) -> Result<Effect, String> {
    let (name, value) = value.split_once(':').ok_or("is NAME:VALUE")?;
    let name = HeaderName::from_str(name.trim()).map_err(|_| format!("{name:?} is no header name"))?;
    if ["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
        return Err(format!("{name} frames the answer; content-length=, truncate= and close spoil it on purpose"));
    }
    let value = HeaderValue::from_str(value.trim()).map_err(|_| format!("{value:?} is no header value"))?;
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
    Ok(Effect::Dribble(usize::try_from(counted(bytes)?).unwrap_or(usize::MAX), parse_duration(every)?))
}

fn limit(value: &str) -> Result<Effect, String> {
    let (requests, per) = value.split_once('/').ok_or("is N/DURATION")?;
    Ok(Effect::Limit(counted(requests)?, over_zero(per)?))
}

fn page(value: &str) -> Result<PageFault, String> {
    match value {
        "repeat-token" => Ok(PageFault::RepeatToken),
        "expired-token" => Ok(PageFault::ExpiredToken),
        "empty-middle" => Ok(PageFault::EmptyMiddle),
        _ => Err(format!("{value:?} is none of repeat-token, expired-token, empty-middle")),
    }
}

fn drift(word: &str, value: &str) -> Result<Drift, String> {
    let (at, rest) = match value.split_once(':') {
        Some((at, rest)) if word == "rename" || word == "add" => (at, Some(rest)),
        _ => (value, None),
    };
    let at = pointer(at)?;
    Ok(match (word, rest) {
        ("drop", _) => Drift::Drop(at),
        ("null", _) => Drift::Null(at),
        ("retype", _) => Drift::Retype(at),
        ("rename", Some(name)) if at.rsplit('/').next() == Some(name) => {
            return Err("gives the field the name that it has".to_owned());
        }
        ("rename", Some(name)) => Drift::Rename(at, name.to_owned()),
        ("add", Some(json)) => {
            Drift::Add(at, read_value(json.as_bytes()).map_err(|error| format!("{json:?} is no JSON: {error}"))?)
        }
        _ => return Err("is POINTER:VALUE".to_owned()),
    })
}

/// Checks a JSON pointer (RFC 6901) to something inside a document.
pub(super) fn pointer(text: &str) -> Result<String, String> {
    let escapes_are_good = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.starts_with('/') && escapes_are_good {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a JSON pointer such as /items/0/id"))
    }
}
