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
mod known;
mod node;
mod numbers;
mod own_file;
mod params;
mod pydantic;
mod python;
mod reading;
mod translate;
mod unknown;
mod uuid;

pub(crate) use body::{RawBody, read_body, read_form};
pub(crate) use check::{RawRequest, ValidRequest, check};
pub(crate) use coerce::Integer;
pub(crate) use datetime::Time;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use json_error::{SyntaxError, check_syntax};
pub(crate) use pydantic::value_error;
pub(crate) use reading::{PlainValue, read_unique, read_value};
pub(crate) use unknown::UnknownInput;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use jsonschema::Validator;
use serde_json::Value;

use self::known::Known;
use crate::assets;

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Schema {
    /// The schema as JSON.
    pub(crate) source: Value,
    /// Compiled at the first request that it judges, or at the start if a file may have replaced it. To compile all at
    /// the start takes 8 ms and 4 MiB.
    validator: OnceLock<Validator>,
    /// The names that it knows, compiled at the first request that it accepts: 15,000 instructions less for a create.
    known: OnceLock<Known>,
}

/// All schemas by name.
#[derive(Debug)]
pub(crate) struct Schemas {
    sources: Sources,
    /// Each is read at its first use, or at the start if a file may have replaced it. To read all at the start takes
    /// nine million instructions and 1.2 MiB.
    by_name: BTreeMap<String, OnceLock<Arc<Schema>>>,
}

/// The schemas of what an operation takes.
#[derive(Debug)]
pub(crate) struct InputSchemas {
    /// That of its path, query and cookie parameters.
    params: Arc<Schema>,
    /// That of its request body; `None` if a body is ignored.
    body: Option<Arc<Schema>>,
}

/// The texts of all schemas by name, with references between them.
type Sources = BTreeMap<String, Cow<'static, str>>;

impl Schemas {
    /// Reads the embedded schemas. Files in the folder `replacements` replace the schemas of the same name.
    ///
    /// Errors: a file cannot be read, has the name of no schema, or is not a valid JSON Schema.
    pub(crate) fn load(replacements: Option<&Path>) -> Result<Self, String> {
        let mut sources: Sources = assets::schemas().map(|(name, text)| (name.to_owned(), text.into())).collect();
        let Some(folder) = replacements else { return Ok(Self::of(sources)) };
        let files = replace_from(folder, &mut sources)?;
        let mut schemas = Self::of(sources);
        for (name, schema) in &mut schemas.by_name {
            let place =
                || files.get(name).map_or_else(|| format!("schema {name}"), |path| format!("--schemas: {path}"));
            let compiled = bundle::bundle(name, &schemas.sources).map(Schema::from).and_then(Schema::compiled);
            *schema = compiled.map(Arc::new).map_err(|error| format!("{}: {error}", place()))?.into();
        }
        Ok(schemas)
    }

    fn of(sources: Sources) -> Self {
        let by_name = sources.keys().map(|name| (name.clone(), OnceLock::new())).collect();
        Self { sources, by_name }
    }

    /// The schema of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Schema> {
        self.shared(name).map(|schema| &**schema)
    }

    /// The schemas with these names, for an operation. Panics if there is none of such a name.
    pub(crate) fn of_input(&self, params: &str, body: Option<&str>) -> InputSchemas {
        let named = |name| Arc::clone(self.shared(name).unwrap_or_else(|| panic!("there is no schema {name}")));
        InputSchemas { params: named(params), body: body.map(named) }
    }

    fn shared(&self, name: &str) -> Option<&Arc<Schema>> {
        let read =
            || Schema::from(bundle::bundle(name, &self.sources).expect("a test reads every embedded schema")).into();
        Some(self.by_name.get(name)?.get_or_init(read))
    }

    /// The schema that a row of the operation table names. Panics if there is none.
    pub(crate) fn named(&self, name: &str) -> &Schema {
        self.get(name).expect("a test checks that every row names schemas that exist")
    }

    /// All schemas with their names.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.by_name.keys().map(|name| (name.as_str(), self.named(name)))
    }
}

/// Replaces schemas in `sources` by the files of the same name in `folder`. Returns the path of each file by schema
/// name.
fn replace_from(folder: &Path, sources: &mut Sources) -> Result<BTreeMap<String, String>, String> {
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
        let source: Value = serde_json::from_slice(&text).map_err(|error| place(&path, &error))?;
        files.insert(name.clone(), path.display().to_string());
        sources.insert(name, source.to_string().into());
    }
    Ok(files)
}
