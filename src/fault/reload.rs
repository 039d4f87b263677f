//! Rules that are read from files again: those that did not change keep their counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::active::ActiveRule;
use super::rule::Rule;
use super::rules::{FaultRules, free_name};

/// The texts of the rules that a reload changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RuleChanges {
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
}

impl FaultRules {
    /// These given rules, read again as `rules`: one with the same text from the same place stays the same rule, under
    /// its name.
    ///
    /// Errors: two rules have one name.
    pub(crate) fn read_again(&self, rules: Vec<Rule>) -> Result<Self, String> {
        let mut unmatched: Vec<&ActiveRule> = self.rules.iter().collect();
        let known: Vec<Option<Arc<Rule>>> = rules
            .iter()
            .map(|rule| {
                let at = unmatched.iter().position(|active| active.rule.is_written_like(rule))?;
                Some(Arc::clone(&unmatched.remove(at).rule))
            })
            .collect();
        let all = known.iter().flatten().map(|rule| &rule.name).chain(rules.iter().map(|rule| &rule.name));
        let mut taken: BTreeSet<String> = all.map(ToString::to_string).collect();
        let mut read = Self::default();
        for (rule, known) in rules.into_iter().zip(known) {
            let rule = match known {
                Some(known) => known,
                None if rule.has_name() => Arc::new(rule),
                None => Arc::new(rule.named(&free_name(|name| taken.contains(name)))),
            };
            if read.has(&rule.name) {
                return Err(format!("two rules have the name {}; a name is unique", rule.name));
            }
            taken.insert(rule.name.to_string());
            read.add_named(rule);
        }
        Ok(read)
    }

    /// How these given rules differ from those `before`.
    pub(crate) fn changes_since(&self, before: &Self) -> RuleChanges {
        let missing_in = |other: &Self, active: &&ActiveRule| !other.has_same(active);
        let texts = |rules: &Self, other: &Self| {
            rules
                .rules
                .iter()
                .filter(|active| missing_in(other, active))
                .map(|active| active.rule.to_string())
                .collect()
        };
        RuleChanges { added: texts(self, before), removed: texts(before, self) }
    }

    /// Replaces the rules that were given as `before` by those `given` now. A rule that is in both keeps its counts.
    /// Rules that were added or replaced at run time stay, behind the others.
    pub(crate) fn replace_given(&mut self, before: &Self, given: &Self) {
        let (mut of_files, added): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.rules).into_iter().partition(|active| before.has_same(active));
        let is_replaced = |rule: &ActiveRule| added.iter().any(|other| other.rule.name == rule.rule.name);
        for rule in given.rules.iter().filter(|rule| !is_replaced(rule)) {
            let at = of_files.iter().position(|active| Arc::ptr_eq(&active.rule, &rule.rule));
            self.rules.push(at.map_or_else(|| rule.without_counts(), |at| of_files.remove(at)));
        }
        self.rules.extend(added);
        for (order, active) in (1..).zip(&mut self.rules) {
            active.order = order;
            self.last_order = order;
        }
    }

    fn has_same(&self, active: &ActiveRule) -> bool {
        self.rules.iter().any(|own| Arc::ptr_eq(&own.rule, &active.rule))
    }
}
