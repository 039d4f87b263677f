//! Numbers of ranking that are the same on every machine.

/// A count as a float. Counts of chunks are far below the limit of exact floats.
pub(super) fn count_as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The natural logarithm of a positive normal number, made of operations that give the same on every machine; `f64::ln`
/// does not promise that.
pub(super) fn natural_logarithm(number: f64) -> f64 {
    let mut mantissa = number;
    let mut halvings = 0.0;
    while mantissa > 1.5 {
        mantissa /= 2.0;
        halvings += 1.0;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)); the quotient is at most 0.2.
    let quotient = (mantissa - 1.0) / (mantissa + 1.0);
    let square = quotient * quotient;
    let series = (0..12).rev().fold(0.0, |sum, index| sum * square + 1.0 / f64::from(2 * index + 1));
    2.0 * quotient * series + halvings * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_exact_enough() {
        for number in [1.0, 1.000_1, 1.5, 1.500_1, 2.0, 10.0, 12_345.678, 4e9] {
            assert!((natural_logarithm(number) - f64::ln(number)).abs() < 1e-12, "{number}");
        }
    }
}
