//! The contract as one OpenAPI 3.1 document, assembled from the operation table and the schemas: what is served at
//! `/openapi.json` is what requests are held against. It decides nothing about requests.

use serde_json::{Map, Value, json};

use crate::operation::Operation;
use crate::schema::{Schema, Schemas};

/// Where the document keeps the schemas of bodies.
const COMPONENTS: &str = "#/components/schemas/";

/// Where a schema of ours keeps those that it refers to.
const DEFINITIONS: &str = "#/$defs/";

/// The schemas of refusals, by the name that they have in `schemas/`.
const REFUSAL: &str = "refusal";
const VIOLATIONS: &str = "violations";

/// The document of these operations.
pub fn document<'a>(operations: impl Iterator<Item = &'a Operation>, schemas: &Schemas) -> Value {
    let mut document = Document { schemas, components: Map::new() };
    let mut paths = Map::new();
    for operation in operations {
        let described = document.describe(operation);
        let path = paths.entry(operation.path).or_insert_with(|| Value::Object(Map::new()));
        path[operation.method.as_str().to_ascii_lowercase()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": env!("CARGO_PKG_NAME"),
            "description": env!("CARGO_PKG_DESCRIPTION"),
            "version": format!("{} (contract of {})", env!("CARGO_PKG_VERSION"), crate::CONTRACT_DATE),
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "paths": paths,
        "components": {
            "schemas": document.components,
            "securitySchemes": { "HTTPBearer": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// A document under way.
struct Document<'a> {
    schemas: &'a Schemas,
    components: Map<String, Value>,
}

impl Document<'_> {
    fn describe(&mut self, operation: &Operation) -> Value {
        let mut described = json!({
            "tags": [operation.name.split('.').next()],
            "summary": operation.summary,
            "operationId": operation.name,
            "security": [{ "HTTPBearer": [] }],
            "parameters": parameters(self.schema(operation.params)),
        });
        if let Some(name) = operation.body {
            described["requestBody"] = json!({ "required": true, "content": self.content(name) });
        }
        described["responses"] = self.responses(operation);
        described
    }

    fn responses(&mut self, operation: &Operation) -> Value {
        let success = operation.response.map_or_else(
            || json!({ "description": "Done." }),
            |name| json!({ "description": "Done.", "content": self.content(name) }),
        );
        let refusal = json!({ "description": "A refusal in one sentence.", "content": self.content(REFUSAL) });
        let violations = self.content(VIOLATIONS);
        json!({
            operation.status.to_string(): success,
            "401": refusal,
            "422": { "description": "A refusal by validation.", "content": violations },
            "default": refusal,
        })
    }

    fn content(&mut self, name: &str) -> Value {
        json!({ "application/json": { "schema": { "$ref": format!("{COMPONENTS}{}", self.component(name)) } } })
    }

    /// Puts a schema and what it refers to among the components; its name there is its title.
    fn component(&mut self, name: &str) -> String {
        let mut source = self.schema(name).source.clone();
        let title = source.get("title").and_then(Value::as_str).unwrap_or(name).to_owned();
        if let Some(fields) = source.as_object_mut() {
            fields.shift_remove("$schema");
            for (inner, schema) in fields.shift_remove("$defs").and_then(into_object).unwrap_or_default() {
                self.components.entry(inner).or_insert_with(|| relocated(schema));
            }
        }
        self.components.insert(title.clone(), relocated(source));
        title
    }

    fn schema(&self, name: &str) -> &Schema {
        self.schemas.get(name).expect("a test sees that every row names schemas that are there")
    }
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    if let Value::Object(map) = value { Some(map) } else { None }
}

/// The same schema with its references led to the components.
fn relocated(mut schema: Value) -> Value {
    relocate(&mut schema);
    schema
}

fn relocate(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && let Some(name) = target.strip_prefix(DEFINITIONS)
            {
                *target = format!("{COMPONENTS}{name}");
            }
            fields.values_mut().for_each(relocate);
        }
        Value::Array(items) => items.iter_mut().for_each(relocate),
        _ => {}
    }
}

/// The parameters that a schema names: `x-in` says where each one goes.
fn parameters(schema: &Schema) -> Vec<Value> {
    let required = schema.source.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let fields = schema.source.get("properties").and_then(Value::as_object);
    fields.into_iter().flatten().map(|(name, field)| parameter(name, field, required)).collect()
}

fn parameter(name: &str, field: &Value, required: &[Value]) -> Value {
    let mut schema = field.clone();
    let fields = schema.as_object_mut();
    let (place, description) =
        fields.map_or((None, None), |fields| (fields.shift_remove("x-in"), fields.shift_remove("description")));
    json!({ "name": name, "in": place, "required": required.iter().any(|known| known == name), "description": description, "schema": schema })
}
