//! Scenarios: named files of fault rules. Some ship with the program, others are the user's.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::grammar::without_comment;
use super::rule::Rule;
use super::target::Targets;
use crate::assets;
use crate::clock::parse_window;
use crate::matcher::ParseError;

/// A named set of rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// Its name, or the name of its file without the extension.
    #[serde(skip)]
    pub(crate) name: String,
    /// One sentence; may be empty.
    #[serde(default)]
    pub(crate) description: String,
    /// Its rules, as text, in order.
    #[serde(default)]
    pub(crate) faults: Vec<String>,
    /// When connections are refused, as texts such as `5s..10s`.
    #[serde(default)]
    refuse: Vec<String>,
    /// The whole file.
    #[serde(skip)]
    pub(crate) text: String,
}

/// The scenarios that ship with the program, by name.
pub(crate) fn shipped() -> Vec<Scenario> {
    assets::scenarios().filter_map(|(name, text)| Scenario::parse(&format!("{name}.toml"), text).ok()).collect()
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
        let rules = self.faults.iter().map(|text| {
            let rule = Rule::parse(text, targets).map_err(|error| format!("{text:?}: {error}"))?;
            Ok(rule.of_scenario(&self.name))
        });
        rules.collect()
    }

    /// When connections are refused, in real time since the start.
    pub(crate) fn refusals(&self) -> Result<Vec<Range<Duration>>, String> {
        self.refuse.iter().map(|text| parse_window(text).map_err(|problem| format!("refuse: {problem}"))).collect()
    }

    /// Reads a file: TOML or JSON by the extension of its name; one with another extension is TOML, or a rule a line.
    fn parse(file: &str, text: &str) -> Result<Self, String> {
        let path = Path::new(file);
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let read = match extension {
            "toml" => toml::from_str(text).map_err(|error| error.to_string()),
            "json" => serde_json::from_str(text).map_err(|error| error.to_string()),
            _ => Ok(toml::from_str(text).unwrap_or_else(|_| Self::of_lines(text))),
        };
        let scenario: Self = read.map_err(|error| format!("{file}: {}", error.trim_end()))?;
        if scenario.faults.is_empty() && scenario.refuse.is_empty() {
            return Err(format!("{file}: has no effect: there is neither a rule nor a time of refused connections"));
        }
        let name = path.file_stem().map_or_else(|| file.to_owned(), |stem| stem.to_string_lossy().into_owned());
        Ok(Self { name, text: text.to_owned(), ..scenario })
    }

    /// A rule a line, with comments from a `#` on. The comment in the first line is its description.
    fn of_lines(text: &str) -> Self {
        let description = text.lines().next().and_then(|line| line.trim().strip_prefix('#')).unwrap_or_default();
        let rules = text.lines().map(|line| without_comment(line).trim()).filter(|line| !line.is_empty());
        Self {
            name: String::new(),
            description: description.trim().to_owned(),
            faults: rules.map(str::to_owned).collect(),
            refuse: Vec::new(),
            text: String::new(),
        }
    }
}
