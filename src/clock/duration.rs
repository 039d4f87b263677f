//! Durations as users write them in settings, rules and the admin API.

use std::ops::Range;
use std::time::Duration;

use jiff::fmt::friendly::{Designator, Spacing, SpanParser, SpanPrinter};

/// Maximum duration in a setting or a rule: a hundred years.
pub(crate) const MAX_DURATION: Duration = Duration::from_hours(100 * 365 * 24);

/// Prints compact durations with ASCII units, such as `1m30s` and `200us`.
const PRINTER: SpanPrinter = SpanPrinter::new().designator(Designator::HumanTime).spacing(Spacing::None);

/// `delay` times `scale`; the longest possible duration if that overflows.
pub(crate) fn scaled(delay: Duration, scale: f64) -> Duration {
    Duration::try_from_secs_f64(delay.as_secs_f64() * scale).unwrap_or(Duration::MAX)
}

/// Parses a duration such as `10ms`, `2s`, `5m`, `1m30s` or `0`, rounded to a microsecond.
///
/// Errors: the text is not a duration, or it is longer than a hundred years.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let duration = SpanParser::new()
        .parse_unsigned_duration(text)
        .map_err(|_| format!("{text:?} is not a duration like 10ms, 2s, 5m or 1m30s"))?;
    if duration > MAX_DURATION {
        return Err(format!("{text:?} is longer than a hundred years"));
    }
    Ok(rounded_to_micros(duration))
}

/// Parses a window such as `5s..10s`.
///
/// Errors: it is not of this form, or it ends before it begins.
pub(crate) fn parse_window(text: &str) -> Result<Range<Duration>, String> {
    let (from, to) =
        text.split_once("..").ok_or_else(|| format!("{text:?} is not of the form FROM..TO, as 5s..10s"))?;
    let (from, to) = (parse_duration(from)?, parse_duration(to)?);
    if from < to { Ok(from..to) } else { Err(format!("{text:?} ends before it begins, so it would have no effect")) }
}

/// Prints a duration in a form that [`parse_duration`] reads.
pub(crate) fn format_duration(duration: Duration) -> String {
    PRINTER.unsigned_duration_to_string(&rounded_to_micros(duration))
}

/// `duration` rounded to a microsecond, the resolution of timestamps, so that it does not change when it is added to
/// one.
fn rounded_to_micros(duration: Duration) -> Duration {
    Duration::from_micros(whole_micros(duration.saturating_add(Duration::from_nanos(500))).unsigned_abs())
}

/// The number of whole microseconds in `duration`.
pub(super) fn whole_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_unit_and_combination() {
        for (text, micros) in [
            ("0", 0),
            ("0s", 0),
            ("200us", 200),
            ("10ms", 10_000),
            ("2s", 2_000_000),
            ("1.5s", 1_500_000),
            ("0.3ms", 300),
            ("5m", 300_000_000),
            ("1m30s", 90_000_000),
            ("1h", 3_600_000_000),
            ("1.5us", 2),
            ("876000h", 876_000 * 3_600_000_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "5", "s", "-1s", "1s ago", "200y", "1d", "1.s", "1e3s", "soon"] {
            let expected = format!("{text:?} is not a duration like 10ms, 2s, 5m or 1m30s");
            assert_eq!(parse_duration(text), Err(expected));
        }
        assert_eq!(parse_duration("876000h1us"), Err("\"876000h1us\" is longer than a hundred years".to_owned()));
    }

    #[test]
    fn printed_durations_are_compact_and_read_back() {
        for (micros, text) in [
            (0, "0s"),
            (200, "200us"),
            (1_500, "1ms500us"),
            (200_000, "200ms"),
            (90_000_000, "1m30s"),
            (129_600_000_000, "36h"),
        ] {
            let duration = Duration::from_micros(micros);
            assert_eq!((format_duration(duration).as_str(), parse_duration(text)), (text, Ok(duration)));
        }
    }
}
