//! Validation of parameters and bodies: JSON Schemas, compiled once. Violations have the format, messages and order of the
//! service's framework (type, loc, msg, input, ctx), after its lax type coercions.
//!
//! The messages were recorded from FastAPI 0.165 with pydantic 2.14; the golden cases in `tests/golden` assert them.

mod body;
mod bundle;
mod check;
mod coerce;
mod datetime;
mod deep;
mod form;
mod json_error;
mod node;
mod numbers;
mod pydantic;
mod reading;
mod uuid;
mod validate;

pub(crate) use body::{RawBody, read_body, read_form};
pub(crate) use check::{RawRequest, ValidRequest, check};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use json_error::{SyntaxError, check_syntax};
pub(crate) use pydantic::value_error;
pub(crate) use reading::{PlainValue, read_value};

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::{Draft, ValidationError, Validator};
use serde_json::Value;

use crate::assets;
use node::SchemaNode;

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Schema {
    /// The schema as JSON.
    pub(crate) source: Value,
    /// Compiled when it is first needed. The rules of the framework cover every keyword of the embedded schemas, which a
    /// test checks; compiling all of them would take half of the program's start and 2 MiB.
    validator: OnceLock<Validator>,
    /// Whether it may have keywords that the rules of the framework do not cover: there is a replaced schema.
    is_custom: bool,
    /// Whether parameters are to be validated even without a query: a path parameter has a format or a type other than
    /// string, or a query parameter is required.
    has_checked_params: bool,
}

/// All schemas by name.
#[derive(Debug)]
pub(crate) struct Schemas {
    by_name: BTreeMap<String, Schema>,
}

impl Schemas {
    /// Compiles the embedded schemas. Files in the folder `replacements` replace the schemas of the same name.
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
            let schema = bundle::bundle(name, &sources).and_then(|source| Schema::new(source, replacements.is_some()));
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

/// Replaces schemas in `sources` by the files of the same name in `folder`. Returns the path of each file by schema name.
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

impl Schema {
    /// A custom schema is validated against the meta-schema.
    fn new(source: Value, is_custom: bool) -> Result<Self, String> {
        let validator = OnceLock::new();
        if is_custom {
            let compiled = compile(&source).map_err(|error| format!("{error} (at {})", error.instance_path()))?;
            validator.get_or_init(|| compiled);
        }
        let node = SchemaNode::root(&source);
        let is_checked = |(name, field): (&String, &Value)| match field.get("x-in").and_then(Value::as_str) {
            Some("path") => field.get("format").is_some() || field.get("type").is_none_or(|kind| kind != "string"),
            Some("query") => node.requires(name),
            _ => false,
        };
        let has_checked_params = node.fields().into_iter().flatten().any(is_checked);
        Ok(Self { source, validator, is_custom, has_checked_params })
    }

    fn validator(&self) -> &Validator {
        self.validator.get_or_init(|| compile(&self.source).expect("a test compiles every embedded schema"))
    }

    /// Whether `value` satisfies the schema.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        self.validator().is_valid(value)
    }
}

fn compile(source: &Value) -> Result<Validator, ValidationError<'static>> {
    jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).build(source)
}
