//! A point in time in the format of the service.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::tz::Offset;
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use super::duration::whole_micros;
use crate::json_object::{JsonText, append_plain};

/// A point in time with a resolution of a microsecond. It is printed as the service prints it: UTC with `Z`, without
/// the fraction if that is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Timestamp(i64);

/// Bytes of a timestamp with its fraction.
const TEXT_BYTES: usize = 27;

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

    /// The timestamp `by` earlier, at least 1970.
    #[must_use]
    pub(crate) fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(whole_micros(by)).max(0))
    }

    /// The timestamp in the format of HTTP's `Date` header.
    pub(crate) fn to_http_date(self) -> String {
        // Fails only for years after 9999.
        rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&self.to_jiff()).unwrap_or_default()
    }

    /// Reads a date as HTTP headers state it, such as `Sun, 06 Nov 1994 08:49:37 GMT`. The weekday may be wrong.
    pub(crate) fn from_http_date(text: &str) -> Option<Self> {
        let date = rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
        Some(Self(date.as_microsecond()).clamp(Self(0), Self::MAX))
    }

    /// Writes the timestamp in the format of the service. Every response has a few, and the printer of jiff takes
    /// about twice as long.
    fn print(self, buffer: &mut [u8; TEXT_BYTES]) -> &[u8] {
        let time = Offset::UTC.to_datetime(self.to_jiff());
        let (year, micros) = (time.year(), time.subsec_nanosecond() / 1000);
        buffer.copy_from_slice(b"0000-00-00T00:00:00.000000Z");
        for (at, pair) in [
            (0, pair(year / 100)),
            (2, pair(year % 100)),
            (5, time.month().unsigned_abs()),
            (8, time.day().unsigned_abs()),
            (11, time.hour().unsigned_abs()),
            (14, time.minute().unsigned_abs()),
            (17, time.second().unsigned_abs()),
            (20, pair(micros / 10_000)),
            (22, pair(micros / 100 % 100)),
            (24, pair(micros % 100)),
        ] {
            (buffer[at], buffer[at + 1]) = (b'0' + pair / 10, b'0' + pair % 10);
        }
        if micros == 0 {
            buffer[19] = b'Z';
            &buffer[..20]
        } else {
            buffer
        }
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }

    /// The duration since `earlier`; zero if `earlier` is later.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A number of two digits.
fn pair(number: impl TryInto<u8>) -> u8 {
    number.try_into().unwrap_or_default()
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(self.print(&mut [0; TEXT_BYTES])).expect("digits and signs are ASCII"))
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

impl JsonText for Timestamp {
    fn append_to(&self, json: &mut Vec<u8>) {
        append_plain(json, &[self.print(&mut [0; TEXT_BYTES])]);
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_timestamp_is_printed_as_jiff_prints_it(seconds in 0..=253_402_207_200_i64, micros in 0..1_000_000_i64) {
            for at in [seconds * 1_000_000, seconds * 1_000_000 + micros].map(|at| Timestamp(at).min(Timestamp::MAX)) {
                let decimals = if at.0 % 1_000_000 == 0 { 0 } else { 6 };
                prop_assert_eq!(at.to_string(), format!("{:.decimals$}", at.to_jiff()));
                prop_assert_eq!(at.to_string().parse::<Timestamp>(), Ok(at));
            }
        }
    }
}
