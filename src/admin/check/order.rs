//! The order in which operations are expected to be requested first.

use crate::journal::Entry;
use crate::matcher::{OperationFacts, ParseError, matching_operations};

/// Operations, or families of them, in an order.
#[derive(Debug, Clone)]
pub(super) struct ExpectedOrder {
    /// As it was written.
    pub(super) text: String,
    /// Each name, and the operations that it stands for.
    steps: Vec<(String, Vec<&'static str>)>,
}

impl ExpectedOrder {
    /// Reads names or families with commas between them.
    pub(super) fn parse(text: &str, operations: &[impl OperationFacts]) -> Result<Self, ParseError> {
        let mut steps: Vec<(String, Vec<&'static str>)> = Vec::new();
        for name in text.split(',').map(str::trim) {
            if steps.iter().any(|(earlier, _)| earlier == name) {
                return Err(ParseError::new(name, "is there twice; the first request of each operation counts"));
            }
            let positions = matching_operations(name, operations)?;
            let names = positions.into_iter().map(|position| operations[position].name()).collect();
            steps.push((name.to_owned(), names));
        }
        if steps.len() < 2 {
            return Err(ParseError::from("has one operation; an order needs two"));
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// How the requests of a tenant, in their order, differ from it.
    pub(super) fn failures(&self, entries: &[Entry]) -> Vec<String> {
        let first = |names: &[&str]| {
            let mut named = entries.iter().filter(|entry| entry.operation.is_some_and(|name| names.contains(&name)));
            named.next().map(|entry| entry.seq)
        };
        let firsts: Vec<_> = self.steps.iter().map(|(name, names)| (name, first(names))).collect();
        let missing = firsts.iter().filter(|(_, first)| first.is_none());
        let missing = missing.map(|(name, _)| format!("{name} was never requested"));
        let sent: Vec<(&String, u64)> = firsts.iter().filter_map(|(name, first)| Some((*name, (*first)?))).collect();
        let pairs = sent.windows(2).filter(|pair| pair[0].1 > pair[1].1);
        let pairs = pairs.map(|pair| {
            let [(one, first), (other, second)] = [pair[0], pair[1]];
            format!("{one} was first requested by request {first}, after {other} by request {second}")
        });
        missing.chain(pairs).collect()
    }
}
