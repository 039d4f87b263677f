//! References between schema files. Shared definitions are written once and referred to as `FILE.json#/$defs/NAME` or
//! `FILE.json`; before a schema is compiled, the definitions that it refers to are copied into its own `$defs`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Sources;

/// The schema called `name`, with the definitions from other files copied into its own `$defs`.
///
/// Errors: a file is not JSON; a reference names a file or a place that does not exist; two definitions from different
/// places share a name.
pub(super) fn bundle(name: &str, sources: &Sources) -> Result<Value, String> {
    let mut schema = read(name, sources)?;
    let mut bundle = Bundle { sources, definitions: Map::new(), origins: BTreeMap::new() };
    bundle.localise(&mut schema, None)?;
    let definitions = std::mem::take(&mut bundle.definitions);
    if let Some(fields) = schema.as_object_mut() {
        fields.shift_remove("$id");
        if !definitions.is_empty() {
            let own = fields.entry("$defs").or_insert_with(|| Value::Object(Map::new()));
            let own = own.as_object_mut().ok_or("$defs is not an object")?;
            if let Some(name) = definitions.keys().find(|name| own.contains_key(*name)) {
                return Err(format!("$defs: {name} is defined here and in {}", bundle.origins[name]));
            }
            own.extend(definitions);
        }
    }
    Ok(schema)
}

struct Bundle<'a> {
    sources: &'a Sources,
    definitions: Map<String, Value>,
    /// The place that each definition was copied from, as a reference.
    origins: BTreeMap<String, String>,
}

impl Bundle<'_> {
    /// Rewrites references to other files into references to definitions of the bundle. `file` is the file that `part`
    /// was copied from, if it is not the bundled schema itself; references inside that file are rewritten too.
    fn localise(&mut self, part: &mut Value, file: Option<&str>) -> Result<(), String> {
        match part {
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get_mut("$ref")
                    && let Some((other, pointer)) = split(target, file)
                {
                    *target = format!("#/$defs/{}", self.define(other, pointer)?);
                }
                fields.values_mut().try_for_each(|value| self.localise(value, file))
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.localise(item, file)),
            _ => Ok(()),
        }
    }

    /// Adds a definition from another file; returns its name in the bundle.
    fn define(&mut self, file: &str, pointer: &str) -> Result<String, String> {
        let source = read(file, self.sources).map_err(|error| format!("$ref: {error}"))?;
        let definition =
            source.pointer(pointer).ok_or_else(|| format!("$ref: {file}.json has nothing at {pointer}"))?;
        let title = definition.get("title").and_then(Value::as_str).unwrap_or(file);
        let name = pointer.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(title).to_owned();
        let origin = format!("{file}.json#{pointer}");
        if let Some(other) = self.origins.get(&name).filter(|other| **other != origin) {
            return Err(format!("$ref: {origin} and {other} have the same name"));
        }
        if !self.definitions.contains_key(&name) {
            self.origins.insert(name.clone(), origin);
            // Inserted first, so that a definition that refers to itself does not recurse forever.
            self.definitions.insert(name.clone(), Value::Null);
            let mut definition = definition.clone();
            if let Some(fields) = definition.as_object_mut() {
                fields.shift_remove("$schema");
                fields.shift_remove("$id");
                // What it refers to is copied too.
                fields.shift_remove("$defs");
            }
            self.localise(&mut definition, Some(file))?;
            self.definitions.insert(name.clone(), definition);
        }
        Ok(name)
    }
}

/// The schema called `name` as it is written.
fn read(name: &str, sources: &Sources) -> Result<Value, String> {
    let text = sources.get(name).ok_or_else(|| format!("no schema is called {name}.json"))?;
    serde_json::from_str(text).map_err(|error| format!("{name}.json: {error}"))
}

/// The schema and the JSON pointer of a reference in `file`; `None` for a reference inside the bundled schema.
fn split<'a>(reference: &'a str, file: Option<&'a str>) -> Option<(&'a str, &'a str)> {
    match reference.split_once('#').unwrap_or((reference, "")) {
        ("", pointer) => Some((file?, pointer)),
        (other, pointer) => Some((other.strip_suffix(".json")?, pointer)),
    }
}
