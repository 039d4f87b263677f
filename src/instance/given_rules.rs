//! The fault rules that are given at the start, and the operations that rules can be about.

use std::ops::Range;
use std::time::Duration;

use crate::api;
use crate::config::flags::{FAULT, SCENARIO};
use crate::config::{Fidelity, RawSettings, Settings};
use crate::fault::{Rule, Scenario, Target};
use crate::operation::{BodyKind, Operation};

/// The page that explains rules and scenarios.
const PAGE: &str = "docs/faults.md";

/// What fault rules need to know of each operation of the API.
pub(crate) fn targets() -> Vec<Target> {
    api::operations().map(|operation| target(operation, Fidelity::default())).collect()
}

/// What fault rules need to know of an operation.
pub(super) fn target(operation: &Operation, fidelity: Fidelity) -> Target {
    Target {
        name: operation.name,
        path: operation.path,
        request_body: operation.body != BodyKind::None,
        // A download has a body too, which no schema describes.
        response_body: operation.status != 204,
        streams: operation.streams && fidelity == Fidelity::Service,
        reads: operation.reads(),
        state_faults: operation.state_faults,
    }
}

/// The scenarios of the settings, in order. An error names the setting that is wrong.
pub(super) fn scenarios(settings: &Settings, raw: &RawSettings) -> Result<Vec<Scenario>, String> {
    let place = raw.get(&SCENARIO).place();
    let mut scenarios: Vec<Scenario> = Vec::new();
    for name in &settings.scenarios {
        let scenario = Scenario::load(name).map_err(|error| format!("{place}: {error} ({PAGE})"))?;
        if scenarios.iter().any(|known| known.name == scenario.name) {
            return Err(format!("{place}: two scenarios have the name {}; a name is unique", scenario.name));
        }
        scenarios.push(scenario);
    }
    Ok(scenarios)
}

/// When connections are refused, in real time since the start: in order, and apart from each other.
pub(super) fn refusals(settings: &Settings, scenarios: &[Scenario]) -> Result<Vec<Range<Duration>>, String> {
    let mut windows = settings.refuse.clone();
    for scenario in scenarios {
        windows.extend(scenario.refusals().map_err(|error| format!("--scenario {}: {error}", scenario.name))?);
    }
    windows.sort_by_key(|window| window.start);
    let mut apart: Vec<Range<Duration>> = Vec::new();
    for window in windows {
        match apart.last_mut().filter(|last| window.start <= last.end) {
            Some(last) => last.end = last.end.max(window.end),
            None => apart.push(window),
        }
    }
    Ok(apart)
}

/// The rules of the settings: those of scenarios first, in order. An error names the setting that is wrong.
pub(super) fn read(
    settings: &Settings,
    raw: &RawSettings,
    targets: &[Target],
    scenarios: &[Scenario],
) -> Result<Vec<Rule>, String> {
    let (place, faults) = (raw.get(&SCENARIO).place(), raw.get(&FAULT).place());
    let mut rules = Vec::new();
    for (given, scenario) in settings.scenarios.iter().zip(scenarios) {
        let origin = format!("{place} {given}");
        let own = scenario.rules(targets).map_err(|error| format!("{origin}: {error} ({PAGE})"))?;
        rules.extend(own.into_iter().map(|rule| rule.with_origin(&origin)));
    }
    for rule in &settings.faults {
        let place = |error| format!("{faults} {rule:?}: {error} ({PAGE})");
        rules.push(Rule::parse(rule, targets).map_err(place)?.with_origin(&faults));
    }
    if let Some(rule) = rules.iter().find(|rule| rule.only_key().is_some_and(|key| !settings.accepts_label(key))) {
        return Err(format!("{faults} \"{rule}\": key: is not accepted (--api-key), so this would never strike"));
    }
    Ok(rules)
}
