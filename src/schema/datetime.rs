//! Reads dates and times as the service's framework does, with the parser that the framework itself uses: RFC 3339 with
//! or without an offset, a date alone, or a number of seconds or milliseconds since 1970.

use serde::Deserialize;
use serde_json::json;
use speedate::{
    Date, DateConfig, DateTime, DateTimeConfig, MicrosecondsPrecisionOverflowBehavior, ParseError, TimeConfig,
};
use strum::EnumMessage;

use super::pydantic::PydanticError;
use crate::clock::Timestamp;

const MICROS_A_SECOND: i64 = 1_000_000;

/// A time in the input of a handler, in any of the forms that the framework reads.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Time(pub(crate) Timestamp);

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        read(&text).map(Self).map_err(|_| "the text is no time")
    }
}

/// `text` as a time. One without an offset counts as UTC, and one that no resource can have becomes the nearest one
/// that a resource can.
///
/// Errors: the framework's.
pub(super) fn read(text: &str) -> Result<Timestamp, PydanticError> {
    let read = parse(text.as_bytes()).map_err(|error| {
        let error = error.get_documentation().unwrap_or_default();
        let msg = format!("Input should be a valid datetime or date, {error}");
        PydanticError::with("datetime_from_date_parsing", msg, json!({ "error": error }))
    })?;
    if read.date.year == 0 {
        let error = "year 0 is out of range";
        let msg = format!("Input should be a valid datetime, {error}");
        return Err(PydanticError::with("datetime_parsing", msg, json!({ "error": error })));
    }
    let micros = read.timestamp_tz() * MICROS_A_SECOND + i64::from(read.time.microsecond);
    Ok(Timestamp::from_micros(micros.clamp(0, Timestamp::MAX.micros())))
}

/// A time, or a date as its first moment. If it is neither, the framework reports why it is no date.
fn parse(text: &[u8]) -> Result<DateTime, ParseError> {
    let time = TimeConfig {
        microseconds_precision_overflow_behavior: MicrosecondsPrecisionOverflowBehavior::Truncate,
        unix_timestamp_offset: Some(0),
    };
    let config = DateTimeConfig { time_config: time, ..DateTimeConfig::default() };
    DateTime::parse_bytes_with_config(text, &config).or_else(|_| {
        let date = Date::parse_bytes_with_config(text, &DateConfig::default())?;
        let time = speedate::Time { hour: 0, minute: 0, second: 0, microsecond: 0, tz_offset: None };
        Ok(DateTime { date, time })
    })
}
