//! Validation of parameters and bodies. The JSON Schema of an operation judges each request. Only what it refuses is
//! translated: into what the service's framework coerces it to, or into the violations that the framework reports.
//!
//! The messages were recorded from FastAPI 0.165 with pydantic 2.14; the golden cases in `tests/golden` assert them.

#[cfg(test)]
mod agreement_tests;
mod body;
mod bundle;
mod check;
mod coerce;
mod datetime;
mod form;
mod json_error;
mod judge;
mod node;
mod numbers;
mod params;
mod pydantic;
mod reading;
mod translate;
mod uuid;

pub(crate) use body::{RawBody, read_body, read_form};
pub(crate) use check::{RawRequest, ValidRequest, check};
pub(crate) use coerce::Integer;
pub(crate) use datetime::Time;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use json_error::{SyntaxError, check_syntax};
pub(crate) use pydantic::value_error;
pub(crate) use reading::{PlainValue, read_value};

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::assets;

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Schema {
    /// The schema as JSON.
    pub(crate) source: Value,
    /// Compiled at the first request that it judges, or at the start if a file may have replaced it. To compile all at
    /// the start takes 8 ms and 4 MiB.
    validator: OnceLock<Validator>,
}

/// All schemas by name.
#[derive(Debug)]
pub(crate) struct Schemas {
    by_name: BTreeMap<String, Schema>,
}

impl Schemas {
    /// Reads the embedded schemas. Files in the folder `replacements` replace the schemas of the same name.
    ///
    /// Errors: a file cannot be read, has the name of no schema, or is not a valid JSON Schema.
    pub(crate) fn load(replacements: Option<&Path>) -> Result<Self, String> {
        let mut sources = BTreeMap::new();
        for (name, text) in assets::schemas() {
            let source = serde_json::from_str(text).map_err(|error| format!("schema {name}: {error}"))?;
            sources.insert(name.to_owned(), source);
        }
        let mut files = BTreeMap::new();
        if let Some(folder) = replacements {
            files = replace_from(folder, &mut sources)?;
        }
        let compiled = |name: &String| {
            let place =
                || files.get(name).map_or_else(|| format!("schema {name}"), |path| format!("--schemas: {path}"));
            let schema = bundle::bundle(name, &sources).map(Schema::from).and_then(|schema| match replacements {
                Some(_) => schema.compiled(),
                None => Ok(schema),
            });
            schema.map(|schema| (name.clone(), schema)).map_err(|error| format!("{}: {error}", place()))
        };
        Ok(Self { by_name: sources.keys().map(compiled).collect::<Result<_, _>>()? })
    }

    /// The schema of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Schema> {
        self.by_name.get(name)
    }

    /// The schema that a row of the operation table names. Panics if there is none.
    pub(crate) fn named(&self, name: &str) -> &Schema {
        self.get(name).expect("a test checks that every row names schemas that exist")
    }

    /// All schemas with their names.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.by_name.iter().map(|(name, schema)| (name.as_str(), schema))
    }
}

/// Replaces schemas in `sources` by the files of the same name in `folder`. Returns the path of each file by schema
/// name.
fn replace_from(folder: &Path, sources: &mut BTreeMap<String, Value>) -> Result<BTreeMap<String, String>, String> {
    let place = |path: &Path, error: &dyn std::fmt::Display| format!("--schemas: {}: {error}", path.display());
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|error| place(folder, &error))? {
        let path = entry.map_err(|error| place(folder, &error))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if !sources.contains_key(&name) {
            let near = crate::suggest::nearest(&name, sources.keys().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}.json?"));
            return Err(place(&path, &format_args!("there is no schema of this name{hint}")));
        }
        let text = std::fs::read(&path).map_err(|error| place(&path, &error))?;
        let source = serde_json::from_slice(&text).map_err(|error| place(&path, &error))?;
        files.insert(name.clone(), path.display().to_string());
        sources.insert(name, source);
    }
    Ok(files)
}
