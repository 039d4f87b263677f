//! A point in time in the format of the service.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use super::duration::whole_micros;

/// A point in time with a resolution of a microsecond. It is printed as the service prints it: UTC with `Z`, without
/// the fraction if that is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Timestamp(i64);

impl Timestamp {
    /// The latest time of a clock: two days before the end of the year 9999, so that it has four digits in every time
    /// zone.
    pub(crate) const MAX: Self = Self(253_402_207_200_999_999);

    /// Microseconds since 1970.
    pub(crate) const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub(crate) const fn micros(self) -> i64 {
        self.0
    }

    /// The timestamp `by` later, at most [`Timestamp::MAX`].
    #[must_use]
    pub(crate) fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(whole_micros(by))).min(Self::MAX)
    }

    /// The timestamp in the format of HTTP's `Date` header.
    pub(crate) fn to_http_date(self) -> String {
        let stamp = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        // Fails only for years after 9999.
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&stamp).unwrap_or_default()
    }

    /// The duration since `earlier`; zero if `earlier` is later.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        if self.0.rem_euclid(1_000_000) == 0 { write!(f, "{stamp:.0}") } else { write!(f, "{stamp:.6}") }
    }
}

impl FromStr for Timestamp {
    type Err = String;

    /// Reads an RFC 3339 timestamp between 1970 and 9999.
    fn from_str(text: &str) -> Result<Self, String> {
        let unreadable = |_| format!("{text:?} is not a timestamp like 2026-01-01T00:00:00Z");
        let stamp: jiff::Timestamp = text.parse().map_err(unreadable)?;
        let micros = stamp.as_microsecond();
        if (0..=Self::MAX.0).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(format!("{text:?} is not between 1970 and 9999"))
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
