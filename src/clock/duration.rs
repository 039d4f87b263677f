//! Durations as users write them in settings, rules and the admin API.

use std::time::Duration;

/// `delay` times `scale`; the longest possible duration if that overflows.
pub fn scaled(delay: Duration, scale: f64) -> Duration {
    Duration::try_from_secs_f64(delay.as_secs_f64() * scale).unwrap_or(Duration::MAX)
}

/// The units of a duration in microseconds, longest first.
const UNITS: &[(&str, f64)] = &[("h", 3.6e9), ("m", 6e7), ("s", 1e6), ("ms", 1e3), ("us", 1.0)];

/// Reads a duration as users write it: `10ms`, `2s`, `5m`, `1h`, `1m30s`, and `0`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = micros_of(text)
        .and_then(|micros| Duration::try_from_secs_f64(micros / 1e6).ok())
        .ok_or_else(|| format!("{text:?} is not a duration like 10ms, 2s, 5m, 1h or 1m30s"))?;
    if duration > LONGEST {
        Err(format!("{text:?} is longer than a hundred years"))
    } else {
        Ok(nearest_micro(duration))
    }
}

/// The sum of the parts of a duration, each a number and a unit, from the longest unit to the shortest. Zero needs no unit.
fn micros_of(text: &str) -> Option<f64> {
    let is_in_number = |character: char| character.is_ascii_digit() || character == '.';
    if text.chars().all(is_in_number) {
        return text.parse().ok().filter(|number| *number == 0.0);
    }
    let (mut rest, mut units, mut sum) = (text, UNITS, 0.0);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c| !is_in_number(c))?);
        let (unit, after) = after.split_at(after.find(is_in_number).unwrap_or(after.len()));
        let position = units.iter().position(|(name, _)| *name == unit)?;
        sum += number.parse::<f64>().ok()? * units[position].1;
        (rest, units) = (after, &units[position + 1..]);
    }
    Some(sum)
}

/// A clock shows no less than a microsecond; a finer duration would be another one once it is written and read again.
fn nearest_micro(duration: Duration) -> Duration {
    Duration::from_micros(whole_micros(duration + Duration::from_nanos(500)).unsigned_abs())
}

/// The longest duration a setting or a rule can hold.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// Writes a duration in the form that [`parse_duration`] reads.
pub fn format_duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let units = [(3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1_000, "ms"), (1, "us")];
    let whole = units.iter().find(|(unit, _)| micros >= *unit && micros.is_multiple_of(*unit));
    whole.map_or_else(|| "0".to_owned(), |(unit, name)| format!("{}{name}", micros / unit))
}

/// Its whole microseconds.
pub(super) fn whole_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
