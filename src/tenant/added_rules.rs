//! The rules that were added at run time, for the verdict on rules that never struck.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Tenants;
use crate::fault::Rule;

/// The rules added at run time, active or not, that may not have struck yet.
#[derive(Debug, Default)]
pub(super) struct AddedRules {
    rules: Vec<Rule>,
    /// The number of rules that were not kept, because there were [`MAX_ADDED_RULES`].
    omitted: u64,
}

/// Maximum number of rules added at run time that are kept until they strike.
pub(super) const MAX_ADDED_RULES: usize = 10_000;

impl Tenants {
    /// The number of requests that each rule has struck, by its name.
    pub(crate) fn strikes_by_rule(&self) -> BTreeMap<Arc<str>, u64> {
        let added = self.template.added_rules.lock();
        let given = self.given_faults();
        let mut strikes = BTreeMap::new();
        for rule in given.rules().chain(&added.rules) {
            *strikes.entry(Arc::clone(&rule.name)).or_default() += rule.total_strikes();
        }
        strikes
    }

    /// Keeps a rule that was added at run time, for [`Tenants::rules_never_struck`].
    pub(crate) fn note_rule(&self, rule: &Rule) {
        let mut added = self.template.added_rules.lock();
        if added.rules.len() >= MAX_ADDED_RULES {
            added.rules.retain(Rule::never_struck);
        }
        if added.rules.len() < MAX_ADDED_RULES {
            added.rules.push(rule.clone());
        } else {
            added.omitted += 1;
        }
    }

    /// The rules that have never struck a request of any tenant, as `name: rule`: those of the start, then those added
    /// since, active or not. If rules were not kept, the last line is their number.
    pub(crate) fn rules_never_struck(&self) -> Vec<String> {
        let added = self.template.added_rules.lock();
        let given = self.given_faults();
        let all = given.rules().chain(&added.rules);
        let omitted = (added.omitted > 0).then(|| {
            format!("{} more rules: unknown, because {MAX_ADDED_RULES} rules that never struck are kept", added.omitted)
        });
        all.filter(|rule| rule.never_struck()).map(|rule| format!("{}: {rule}", rule.name)).chain(omitted).collect()
    }
}
