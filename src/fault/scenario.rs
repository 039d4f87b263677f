//! Scenarios: named files of fault rules. Some ship with the program, others are the user's.

use std::path::Path;

use serde::Deserialize;

use super::rule::Rule;
use super::target::Targets;
use crate::assets;
use crate::matcher::ParseError;

/// A named set of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// Its name, or the path of its file.
    #[serde(skip)]
    pub(crate) name: String,
    /// One sentence.
    pub(crate) description: String,
    /// Its rules, as text, in order.
    pub(crate) faults: Vec<String>,
    /// The whole file.
    #[serde(skip)]
    pub(crate) text: String,
}

/// The scenarios that ship with the program, by name.
pub(crate) fn shipped() -> Vec<Scenario> {
    assets::scenarios().filter_map(|(name, text)| Scenario::parse(name, text).ok()).collect()
}

impl Scenario {
    /// The scenario of this name, or in this file.
    pub(crate) fn load(name_or_file: &str) -> Result<Self, String> {
        let mut shipped = shipped();
        if let Some(position) = shipped.iter().position(|scenario| scenario.name == name_or_file) {
            return Ok(shipped.swap_remove(position));
        }
        let is_file = Path::new(name_or_file).extension().is_some() || name_or_file.contains('/');
        if !is_file {
            let names = shipped.iter().map(|scenario| scenario.name.as_str());
            return Err(ParseError::new(name_or_file, "is not a scenario").near(name_or_file, names).to_string());
        }
        let text = std::fs::read_to_string(name_or_file).map_err(|error| format!("{name_or_file}: {error}"))?;
        Self::parse(name_or_file, &text)
    }

    /// Its rules. An error names the rule that is wrong.
    pub(crate) fn rules(&self, targets: &Targets) -> Result<Vec<Rule>, String> {
        self.faults
            .iter()
            .map(|rule| Rule::parse(rule, targets).map_err(|error| format!("{rule:?}: {error}")))
            .collect()
    }

    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let scenario = toml::from_str(text).map_err(|error| format!("{name}: {}", error.to_string().trim_end()))?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), ..scenario })
    }
}
