//! The table that is printed: one row a figure, its aim beside it. It judges nothing but whether an aim is met.

use std::fmt::Display;

/// What a figure should not go beyond.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aim {
    /// The most that it may be, in the figure's unit.
    pub(crate) most: f64,
    /// The unit, as it is printed.
    pub(crate) unit: &'static str,
}

/// Prints what the columns hold.
pub(crate) fn heading() {
    println!("{:<58} {:>12} {:>12}  ", "", "measured", "aim");
}

/// Begins a part of the table.
pub(crate) fn part(title: impl Display) {
    println!("\n{title}");
}

/// Prints a figure that has no aim.
pub(crate) fn figure(what: impl Display, value: f64, unit: &str) {
    println!("  {:<56} {:>12}", what.to_string(), with_unit(value, unit));
}

/// Prints a figure and whether it is within its aim.
pub(crate) fn aimed(what: impl Display, value: f64, aim: Aim) {
    let verdict = if value <= aim.most { "met" } else { "MISSED" };
    let (value, most) = (with_unit(value, aim.unit), with_unit(aim.most, aim.unit));
    println!("  {:<56} {value:>12} {most:>12}  {verdict}", what.to_string());
}

fn with_unit(value: f64, unit: &str) -> String {
    if value.abs() >= 1000.0 { format!("{value:.0} {unit}") } else { format!("{value:.2} {unit}") }
}

/// The middle one of some figures; the upper of two.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "figures are printed to three digits")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
