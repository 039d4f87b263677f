//! Durations as users write them in settings, rules and the admin API.

use std::time::Duration;

/// `delay` times `scale`; the longest possible duration if that overflows.
pub fn scaled(delay: Duration, scale: f64) -> Duration {
    Duration::try_from_secs_f64(delay.as_secs_f64() * scale).unwrap_or(Duration::MAX)
}

/// Reads a duration as users write it: `10ms`, `2s`, `5m`, `1h`, and `0`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let unreadable = || format!("{text:?} is not a duration like 10ms, 2s, 5m or 1h");
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..split].parse().map_err(|_| unreadable())?;
    // Divided rather than multiplied by what no float holds exactly, so that every whole number of a unit is read as it is.
    let seconds = match &text[split..] {
        "us" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        "" if number == 0.0 => 0.0,
        _ => return Err(unreadable()),
    };
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| unreadable())?;
    if duration > LONGEST {
        Err(format!("{text:?} is longer than a hundred years"))
    } else {
        Ok(nearest_micro(duration))
    }
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
