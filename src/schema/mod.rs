//! The contract of bodies and parameters: JSON Schemas compiled once, and violations put into the words of the service's
//! framework (type, loc, msg, input, ctx), in its order, after its lax coercions. It knows no operation by name.
//!
//! What the framework says was measured on FastAPI 0.165 with pydantic 2.14; the golden cases under `tests/golden` hold it.

mod body;
mod check;
mod coerce;
mod deep;
mod json_error;
mod node;
mod numbers;
mod pydantic;
mod reading;
mod uuid;

pub use body::{RawBody, read_body};
pub use check::{RawRequest, ValidRequest, check};
pub use json_error::{Located, locate};
pub use pydantic::value_error;
pub use reading::read_value;

use std::collections::BTreeMap;
use std::path::Path;

use jsonschema::{Draft, Validator};
use serde_json::Value;

use crate::assets;

/// A schema and what it was compiled to.
#[derive(Debug)]
pub struct Schema {
    /// Its text as JSON.
    pub source: Value,
    validator: Validator,
}

/// All schemas by name.
#[derive(Debug)]
pub struct Schemas {
    by_name: BTreeMap<String, Schema>,
}

impl Schemas {
    /// Compiles the schemas that ship with the program, or those of the same name in the folder `replacements`.
    pub fn load(replacements: Option<&Path>) -> Result<Self, String> {
        let mut by_name = BTreeMap::new();
        for (name, text) in assets::SCHEMAS {
            let schema = Schema::from_text(text.as_bytes()).map_err(|error| format!("schema {name}: {error}"))?;
            by_name.insert((*name).to_owned(), schema);
        }
        let mut schemas = Self { by_name };
        if let Some(folder) = replacements {
            schemas.replace_from(folder)?;
        }
        Ok(schemas)
    }

    /// The schema of this name.
    pub fn get(&self, name: &str) -> Option<&Schema> {
        self.by_name.get(name)
    }

    /// All schemas with their names.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.by_name.iter().map(|(name, schema)| (name.as_str(), schema))
    }

    fn replace_from(&mut self, folder: &Path) -> Result<(), String> {
        let shown = |path: &Path, error: &dyn std::fmt::Display| format!("--schemas: {}: {error}", path.display());
        let entries = std::fs::read_dir(folder).map_err(|error| shown(folder, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| shown(folder, &error))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            if !self.by_name.contains_key(&name) {
                let near = crate::suggest::nearest(&name, self.by_name.keys().map(String::as_str));
                let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}.json?"));
                return Err(shown(&path, &format_args!("no schema has this name{hint}")));
            }
            let text = std::fs::read(&path).map_err(|error| shown(&path, &error))?;
            self.by_name.insert(name, Schema::from_text(&text).map_err(|error| shown(&path, &error))?);
        }
        Ok(())
    }
}

impl Schema {
    /// Compiles a schema, and checks it against the meta-schema on the way.
    fn from_text(text: &[u8]) -> Result<Self, String> {
        let source: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        let validator = options.build(&source).map_err(|error| format!("{error} (at {})", error.instance_path()))?;
        Ok(Self { source, validator })
    }

    /// Whether `value` keeps to the schema.
    pub fn is_valid(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }
}
