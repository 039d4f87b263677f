//! Reads the files that settings name again, while the server runs: scenarios with their rules, and worlds.

use std::sync::Arc;

use serde::Serialize;

use super::{Instance, given_rules};
use crate::world::WorldReader;

/// What a reload changed, and what it read.
#[derive(Debug, Serialize)]
pub(crate) struct ReloadReport {
    /// The rules that are new, as texts.
    added: Vec<String>,
    /// The rules that are no longer there, as texts.
    removed: Vec<String>,
    /// The names of the scenarios.
    scenarios: Vec<String>,
    /// The files of the worlds.
    worlds: Vec<String>,
}

impl Instance {
    /// Reads scenarios and worlds again. What tenants have stays, and so do rules that were added at run time and the
    /// counts of rules that did not change.
    ///
    /// Errors: what is wrong with a file; then nothing is changed.
    pub(crate) fn reload(&self) -> Result<ReloadReport, String> {
        let (settings, raw) = (&*self.settings, &self.raw_settings);
        // Without a lock: documents may take seconds.
        let reader = WorldReader::new(settings, &self.schemas, &self.worker, &self.budget);
        let worlds = reader.worlds_of_settings(raw)?;
        let _guard = self.tenants.lock_rule_changes();
        let scenarios = given_rules::scenarios(settings, raw)?;
        let rules = given_rules::read(settings, raw, &self.targets, &scenarios)?;
        let rules = self.tenants.given_faults().read_again(rules)?;
        if given_rules::refusals(settings, &scenarios)? != self.refusals {
            return Err("refuse: the times of refused connections can only be given at the start".to_owned());
        }
        let changes = self.tenants.replace_given(&rules, worlds);
        let names = scenarios.iter().map(|scenario| scenario.name.clone()).collect();
        *self.scenarios.write() = Arc::new(scenarios);
        Ok(ReloadReport {
            added: changes.added,
            removed: changes.removed,
            scenarios: names,
            worlds: settings.worlds.clone(),
        })
    }
}
