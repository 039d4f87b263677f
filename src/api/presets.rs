//! The configurations that exist without being created: one for each tier of parsing. Official examples use
//! `cfg-PARSE_AGENTIC`; that the other tiers have one too is inferred. How the service shows them is not known.

use serde_json::{Map, Value};

/// A configuration that exists without being created.
#[derive(Debug)]
pub(super) struct Preset {
    pub(super) id: &'static str,
    pub(super) parameters: Map<String, Value>,
}

/// The ids and their tiers.
const TIERS: &[(&str, &str)] = &[
    ("cfg-PARSE_FAST", "fast"),
    ("cfg-PARSE_COST_EFFECTIVE", "cost_effective"),
    ("cfg-PARSE_AGENTIC", "agentic"),
    ("cfg-PARSE_AGENTIC_PLUS", "agentic_plus"),
];

impl Preset {
    /// The version of all presets.
    pub(super) const VERSION: &str = "2026-10-16T00:00:00Z";

    /// The preset with this id.
    pub(super) fn with_id(id: &str) -> Option<Self> {
        let (id, tier) = TIERS.iter().find(|(own, _)| *own == id)?;
        let fields = [("product_type", "parse_v2"), ("tier", *tier), ("version", "latest")];
        let parameters = fields.map(|(name, text)| (name.to_owned(), Value::from(text)));
        Some(Self { id, parameters: parameters.into_iter().collect() })
    }

    /// Its name: the id without the prefix.
    pub(super) fn name(&self) -> &'static str {
        self.id.trim_start_matches("cfg-")
    }
}
