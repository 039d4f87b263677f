//! The values of clauses: numbers, shares, durations, names. Each function parses one kind of value.

use std::str::FromStr;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use crate::clock::parse_duration;
use crate::matcher::ParseError;

/// Maximum number in a trigger; no tenant sends this many requests.
const MAX_COUNT: u64 = 1_000_000_000_000;

/// Maximum length of the name of a rule, in bytes.
const MAX_NAME_BYTES: usize = 64;

pub(super) fn number<T: FromStr>(value: &str) -> Result<T, ParseError> {
    let is_whole = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let problem = if is_whole { "is too large a number" } else { "is not a whole number" };
    value.parse().ok().filter(|_| is_whole).ok_or_else(|| format!("{value:?} {problem}").into())
}

/// A number of requests or of bytes, at least 1.
pub(super) fn positive(value: &str) -> Result<u64, ParseError> {
    at_least(1, value)
}

pub(super) fn at_least(least: u64, value: &str) -> Result<u64, ParseError> {
    match number(value)? {
        number if number < least => Err("counts from 1: with 0 it would never strike".into()),
        number if number > MAX_COUNT => {
            Err(format!("{value:?} is more than {MAX_COUNT}, so it would never strike").into())
        }
        number => Ok(number),
    }
}

pub(super) fn over_zero(value: &str) -> Result<Duration, ParseError> {
    let duration = parse_duration(value)?;
    if duration.is_zero() { Err("is zero, so it would never strike".into()) } else { Ok(duration) }
}

/// A duration; a number without a unit is in seconds, as in the header `Retry-After`.
pub(super) fn seconds(value: &str) -> Result<Duration, ParseError> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let text = if is_number { format!("{value}s") } else { value.to_owned() };
    Ok(parse_duration(&text)?)
}

/// `DURATION..DURATION`, or `DURATION..` for a window without an end.
pub(super) fn window(value: &str) -> Result<(Duration, Option<Duration>), ParseError> {
    let (from, to) = value.split_once("..").ok_or("is not of the form DURATION..DURATION or DURATION..")?;
    let from = parse_duration(from)?;
    let to = if to.is_empty() { None } else { Some(parse_duration(to)?) };
    if to.is_some_and(|to| to <= from) {
        return Err("ends before it begins, so it would never strike".into());
    }
    Ok((from, to))
}

/// An API key that a request can have: what a bearer token can hold.
pub(super) fn key(value: &str) -> Result<String, ParseError> {
    let is_key = !value.is_empty() && value.trim() == value && value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_key { Ok(value.to_owned()) } else { Err("is not a valid API key, so it would never strike".into()) }
}

pub(super) fn boolean(value: &str) -> Result<bool, ParseError> {
    value.parse().map_err(|_| ParseError::none_of(value, &["true", "false"]))
}

/// A share of the requests: `0.3` or `30%`.
pub(super) fn share(value: &str) -> Result<f64, ParseError> {
    let share = match value.strip_suffix('%') {
        Some(percent) => percent.parse().map(|percent: f64| percent / 100.0),
        None => value.parse(),
    };
    match share {
        Ok(0.0) => Err("is zero, so it would never strike".into()),
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("{value:?} is neither a number from 0 to 1 nor a percentage such as 30%").into()),
    }
}

pub(super) fn status(value: &str) -> Result<u16, ParseError> {
    let status = value.parse().ok().filter(|status| (100..=599).contains(status));
    status.ok_or_else(|| format!("{value:?} is not a status from 100 to 599").into())
}

pub(super) fn name(value: &str) -> Result<String, ParseError> {
    let is_name = (1..=MAX_NAME_BYTES).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if is_name {
        Ok(value.to_owned())
    } else {
        Err(format!("is not a name of 1 to {MAX_NAME_BYTES} letters, digits, dots, dashes or underscores").into())
    }
}

pub(super) fn header_name(value: &str) -> Result<HeaderName, ParseError> {
    HeaderName::from_str(value).map_err(|_| format!("{value:?} is not a header name").into())
}

pub(super) fn header_value(value: &str) -> Result<HeaderValue, ParseError> {
    HeaderValue::from_str(value).map_err(|_| format!("{value:?} is not a header value").into())
}
