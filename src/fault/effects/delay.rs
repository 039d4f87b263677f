//! The durations of `delay=`: one, a range, or a distribution given by two percentiles, on the tenant's clock or in
//! real time.

use std::f64::consts::TAU;
use std::str::FromStr;
use std::time::Duration;

use crate::clock::parse_duration;
use crate::fault::row::{ClauseClass, ClauseRow, valued};
use crate::matcher::ParseError;
use crate::response::Delay;
use crate::seed::{self, RandomStream};

pub(super) const ROWS: &[ClauseRow] =
    &[valued("delay=[real:]TIME|FROM..TO|p50:TIME,p99:TIME", ClauseClass::Delay, |draft, value| {
        value.parse().map(|delay| draft.adjustment.delay = Some(delay))
    })
    .doc(
        "waits: a fixed time, a random time in a range, or one of a distribution with this median and 99th percentile",
        "indexes.list delay=200ms..2s",
    )];

/// The `delay=` of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::fault) struct DelayEffect {
    length: DelayLength,
    /// Whether it is in real time on every clock.
    pub(in crate::fault) is_real: bool,
}

/// How long a rule delays a request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum DelayLength {
    /// Evenly between two durations; they are equal for a fixed delay.
    Range(Duration, Duration),
    /// Log-normally, as latencies of real services roughly are: half of the delays are below `p50`, and one in a
    /// hundred is above `p99`.
    Percentiles { p50: Duration, p99: Duration },
}

/// How many standard deviations the 99th percentile of a normal distribution is above its mean.
const P99_DEVIATIONS: f64 = 2.326_347_874_040_841;

impl DelayEffect {
    /// A delay drawn from a random stream.
    pub(in crate::fault) fn draw(self, stream: &mut RandomStream) -> Delay {
        let length = self.length.draw(stream);
        if self.is_real {
            Delay { real: length, ..Delay::default() }
        } else {
            Delay { on_clock: length, ..Delay::default() }
        }
    }
}

impl DelayLength {
    fn draw(self, stream: &mut RandomStream) -> Duration {
        match self {
            Self::Range(least, most) => least + most.saturating_sub(least).mul_f64(seed::fraction(stream)),
            Self::Percentiles { p50, p99 } => {
                let deviation = (p99.as_secs_f64() / p50.as_secs_f64()).ln() / P99_DEVIATIONS;
                let seconds = p50.as_secs_f64() * (deviation * normal(stream)).exp();
                Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
            }
        }
    }
}

/// A draw from the normal distribution with mean 0 and deviation 1 (Box and Muller's method).
fn normal(stream: &mut RandomStream) -> f64 {
    // From 0 exclusive, so that its logarithm is finite.
    let radius = (-2.0 * (1.0 - seed::fraction(stream)).ln()).sqrt();
    radius * (TAU * seed::fraction(stream)).cos()
}

impl FromStr for DelayEffect {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (is_real, length) = text.strip_prefix("real:").map_or((false, text), |length| (true, length));
        Ok(Self { length: length.parse()?, is_real })
    }
}

impl FromStr for DelayLength {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some((p50, p99)) = text.strip_prefix("p50:").and_then(|text| text.split_once(",p99:")) {
            let (p50, p99) = (parse_duration(p50)?, parse_duration(p99)?);
            if p50.is_zero() {
                return Err("has a p50 of zero; it is over zero".into());
            }
            if p99 < p50 {
                return Err("has a p99 that is shorter than its p50".into());
            }
            return Ok(Self::Percentiles { p50, p99 });
        }
        if text.starts_with('p') {
            return Err("is not of the form DURATION, DURATION..DURATION or p50:DURATION,p99:DURATION".into());
        }
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let (least, most) = (parse_duration(least)?, parse_duration(most)?);
        if least <= most { Ok(Self::Range(least, most)) } else { Err("begins with the longer duration".into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn percentiles_are_met_by_the_draws() {
        let delay: DelayLength = "p50:80ms,p99:2s".parse().expect("is a delay");
        let mut stream = Seed::new(1, "t").stream("delay", 0);
        let mut draws: Vec<Duration> = (0..20_000).map(|_| delay.draw(&mut stream)).collect();
        draws.sort();
        let percentile = |percent: usize| draws[draws.len() * percent / 100].as_secs_f64();
        assert!((0.078..0.082).contains(&percentile(50)), "{}", percentile(50));
        assert!((1.7..2.3).contains(&percentile(99)), "{}", percentile(99));
    }

    #[test]
    fn equal_percentiles_are_a_fixed_delay() {
        let delay: DelayLength = "p50:1s,p99:1s".parse().expect("is a delay");
        let mut stream = Seed::new(1, "t").stream("delay", 0);
        assert!((0..100).all(|_| delay.draw(&mut stream) == Duration::from_secs(1)));
    }
}
