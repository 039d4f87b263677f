//! The printed table: one row for each figure with its target.

use std::fmt::Display;

/// The target of a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// The maximum, in the figure's unit.
    pub(crate) maximum: f64,
    /// The printed unit.
    pub(crate) unit: &'static str,
}

/// Prints the column headings.
pub(crate) fn heading() {
    println!("{:<58} {:>12} {:>12}  ", "", "measured", "target");
}

/// Starts a part of the table.
pub(crate) fn part(title: impl Display) {
    println!("\n{title}");
}

/// Prints a figure without a target.
pub(crate) fn figure(label: impl Display, value: f64, unit: &str) {
    println!("  {:<56} {:>12}", label.to_string(), with_unit(value, unit));
}

/// Prints a figure and whether it meets its target.
pub(crate) fn figure_with_target(label: impl Display, value: f64, target: Target) {
    let verdict = if value <= target.maximum { "met" } else { "MISSED" };
    let (value, maximum) = (with_unit(value, target.unit), with_unit(target.maximum, target.unit));
    println!("  {:<56} {value:>12} {maximum:>12}  {verdict}", label.to_string());
}

/// Prints the headings of columns of measures.
pub(crate) fn columns(label: impl Display, names: [&str; 3]) {
    let [one, two, three] = names;
    println!("  {:<48} {one:>9} {two:>9} {three:>9}", label.to_string());
}

/// Prints a row of measures.
pub(crate) fn row(label: impl Display, values: [f64; 3]) {
    let [one, two, three] = values;
    println!("    {:<46} {one:>9.3} {two:>9.3} {three:>9.3}", label.to_string());
}

fn with_unit(value: f64, unit: &str) -> String {
    if value.abs() >= 1000.0 { format!("{value:.0} {unit}") } else { format!("{value:.2} {unit}") }
}

/// The median; of an even number of figures the upper one of the middle two.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "figures are printed to three digits")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
