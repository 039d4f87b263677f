//! The subcommand `scenarios`: lists the built-in scenarios, and shows one.

use std::fmt::Write as _;

use crate::fault::{Rule, Scenario, shipped};
use crate::instance::targets;

/// One line per built-in scenario.
pub(super) fn list() -> String {
    let scenarios = shipped();
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let line = |scenario: &Scenario| format!("{:width$}  {}\n", scenario.name, scenario.description);
    scenarios.iter().map(line).collect::<Vec<_>>().concat()
}

/// The text of a scenario. A comment at its end names the first rule that needs a real clock, if there is one.
pub(super) fn show(name: &str) -> Result<String, String> {
    let scenario = Scenario::load(name)?;
    let rules = scenario.rules(&targets()).map_err(|error| format!("{name}: {error}"))?;
    let mut text = scenario.text;
    if let Some(rule) = rules.iter().find(|rule| rule.waits_on_clock()) {
        let (end, name) = (if text.ends_with('\n') { "" } else { "\n" }, shown_name(rule));
        let _ = writeln!(text, "{end}# Needs --clock real: on an auto clock the delay of {name} ends at once.");
    }
    Ok(text)
}

/// The name of a rule, or its text if it has none.
fn shown_name(rule: &Rule) -> String {
    if rule.has_name() { rule.name.to_string() } else { rule.to_string() }
}
