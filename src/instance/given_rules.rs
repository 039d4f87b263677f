//! The fault rules that are given at the start, and the operations that rules can be about.

use crate::api;
use crate::config::flags::{FAULT, SCENARIO};
use crate::config::{Fidelity, RawSettings, Settings};
use crate::fault::{FaultRules, Rule, Scenario, Target};
use crate::operation::{BodyKind, Operation};

/// What fault rules need to know of each operation of the API.
pub(crate) fn targets() -> Vec<Target> {
    api::operations().map(|operation| target(operation, Fidelity::default())).collect()
}

/// What fault rules need to know of an operation.
pub(super) fn target(operation: &Operation, fidelity: Fidelity) -> Target {
    let is_emulated = operation.is_emulated();
    Target {
        name: operation.name,
        path: operation.path,
        request_body: is_emulated && operation.body != BodyKind::None,
        // A download has a body too, which no schema describes; the refusal of what is not emulated is one.
        response_body: !is_emulated || operation.status != 204,
        streams: operation.streams && fidelity == Fidelity::Service,
        reads: operation.reads(),
        state_faults: if is_emulated { operation.state_faults } else { &[] },
    }
}

/// The rules of the settings: those of scenarios first, in order. An error names the setting that is wrong.
pub(super) fn read(settings: &Settings, raw: &RawSettings, targets: &[Target]) -> Result<FaultRules, String> {
    let (scenarios, faults) = (raw.get(&SCENARIO).place(), raw.get(&FAULT).place());
    let mut rules = Vec::new();
    for name in &settings.scenarios {
        let scenario = Scenario::load(name).map_err(|error| format!("{scenarios}: {error}"))?;
        let origin = format!("{scenarios} {name}");
        let own = scenario.rules(targets).map_err(|error| format!("{origin}: {error}"))?;
        rules.extend(own.into_iter().map(|rule| rule.with_origin(&origin)));
    }
    for rule in &settings.faults {
        let place = |error| format!("{faults} {rule:?}: {error}");
        rules.push(Rule::parse(rule, targets).map_err(place)?.with_origin(&faults));
    }
    if let Some(rule) = rules.iter().find(|rule| rule.only_key().is_some_and(|key| !settings.accepts_label(key))) {
        return Err(format!("{faults} \"{rule}\": key: is not accepted (--api-key), so this would never strike"));
    }
    let mut active = FaultRules::default();
    for rule in rules {
        if active.has(&rule.name) {
            return Err(format!("two rules have the name {}; a name is unique", rule.name));
        }
        active.add(rule);
    }
    Ok(active)
}
