//! Types of fields in the inputs of handlers. A schema accepts a value in several forms; these types have one.

use serde::Deserialize;
use serde_json::{Number, Value};

use super::{coerce, datetime};
use crate::clock::Timestamp;

/// An integer of any size. A request may write it as a float without a fraction.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Number")]
pub(crate) struct Integer(Number);

impl Integer {
    /// The nearest integer of 64 bits.
    pub(crate) fn clamped(&self) -> i64 {
        let limit = if self.0.as_str().starts_with('-') { i64::MIN } else { i64::MAX };
        self.0.as_str().parse().unwrap_or(limit)
    }

    /// The same as a count of at least 1, if it is one.
    pub(crate) fn positive(&self) -> Option<usize> {
        usize::try_from(self.clamped()).ok().filter(|count| *count > 0)
    }
}

impl TryFrom<Number> for Integer {
    type Error = &'static str;

    fn try_from(number: Number) -> Result<Self, Self::Error> {
        match coerce::integer(&Value::Number(number)) {
            Ok(Value::Number(number)) => Ok(Self(number)),
            _ => Err("the number is no integer"),
        }
    }
}

impl From<Integer> for Value {
    fn from(Integer(number): Integer) -> Self {
        Self::Number(number)
    }
}

/// A time, in any of the forms that the framework reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Time(pub(crate) Timestamp);

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        datetime::read(&text).map(Self).map_err(|_| "the text is no time")
    }
}
